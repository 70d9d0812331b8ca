//! NOOP (RFC 5321 §4.1.1.9): does nothing, whatever its argument.

use super::Step;
use crate::lmtp::response::Reply;

/// `noop = "NOOP" [ SP String ] CRLF`
pub fn run() -> Step {
    Step::Reply(Reply::new(250, "2.0.0", "done"))
}

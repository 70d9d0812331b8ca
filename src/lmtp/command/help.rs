//! HELP (RFC 5321 §4.1.1.8): lists the commands.

use super::Step;
use crate::lmtp::response::Reply;

/// `help = "HELP" [ SP String ] CRLF`
pub fn run() -> Step {
    let lines = ["this is LMTP (RFC 2033)", "LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"];
    Step::Reply(Reply { code: 214, status: "2.0.0", lines: lines.map(Into::into).to_vec() })
}

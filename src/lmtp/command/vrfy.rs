//! VRFY (RFC 5321 §4.1.1.6): tells nobody which addresses exist (§7.3); RCPT does, to whoever has mail.

use super::Step;
use crate::lmtp::response::Reply;

/// `vrfy = "VRFY" SP String CRLF`
pub fn run(arguments: &str) -> Step {
    if arguments.trim().is_empty() {
        return Step::Reply(Reply::new(501, "5.5.4", "VRFY needs an address"));
    }
    Step::Reply(Reply::new(252, "2.0.0", "not verified; send mail to find out"))
}

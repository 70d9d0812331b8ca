//! RSET (RFC 5321 §4.1.1.5): forgets the transaction.

use super::{Step, no_arguments};
use crate::lmtp::conversation::Conversation;
use crate::lmtp::response::Reply;

/// `rset = "RSET" CRLF`
pub fn run(conversation: &mut Conversation, arguments: &str) -> Step {
    if !arguments.trim().is_empty() {
        return no_arguments();
    }
    conversation.transaction = None;
    Step::Reply(Reply::new(250, "2.0.0", "forgotten"))
}

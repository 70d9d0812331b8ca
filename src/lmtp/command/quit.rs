//! QUIT (RFC 5321 §4.1.1.10): ends the connection.

use super::Step;
use crate::lmtp::conversation::Conversation;
use crate::lmtp::response::Reply;

/// `quit = "QUIT" CRLF`
pub fn run(conversation: &Conversation) -> Step {
    Step::Close(Reply::new(221, "2.0.0", format!("{} says goodbye", conversation.setup.hostname)))
}

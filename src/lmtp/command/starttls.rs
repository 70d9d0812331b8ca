//! STARTTLS (RFC 3207 §4): goes on in TLS, where that is offered.

use super::{Step, bad_sequence, no_arguments};
use crate::lmtp::conversation::Conversation;
use crate::lmtp::response::Reply;

/// `starttls = "STARTTLS" CRLF`
pub fn run(conversation: &Conversation, arguments: &str) -> Step {
    if !conversation.setup.starttls {
        return Step::Reply(Reply::new(502, "5.5.1", "TLS is not offered here"));
    }
    if conversation.secure {
        return bad_sequence("this is TLS already");
    }
    if !arguments.trim().is_empty() {
        return no_arguments();
    }
    Step::StartTls
}

//! STLS (RFC 2595 §4): goes on in TLS, where that is offered.

use super::{Step, err};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;

/// `"STLS"`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if conversation.setup.secure {
        return err(Text::TlsAlready);
    }
    if !conversation.setup.starttls {
        return err(Text::TlsNotOffered);
    }
    // RFC 6856 §2.1: the client must not say it in this order.
    if conversation.utf8 {
        return err(Text::TlsAfterUtf8);
    }
    match grammar::nothing(arguments) {
        Some(()) => Step::StartTls,
        None => err(Text::NoArguments),
    }
}

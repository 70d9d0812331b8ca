//! CAPA (RFC 2449 §5): what this server can do, in the state that the client is in.

use super::{Step, err, lines};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;

/// `"CAPA"`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if grammar::nothing(arguments).is_none() {
        return err(Text::NoArguments);
    }
    let capabilities = list(conversation);
    lines(conversation, Text::Capabilities, &capabilities)
}

/// What there is before login is announced after it, too (RFC 2449 §5); only STLS is not (RFC 2595 §9).
fn list(conversation: &Conversation) -> Vec<String> {
    let mut capabilities: Vec<String> = ALWAYS.iter().map(|&capability| capability.to_owned()).collect();
    let terms = &conversation.setup.terms;
    if terms.plaintext_allowed {
        capabilities.push("USER".to_owned());
    }
    let mechanisms = terms.mechanisms();
    if !mechanisms.is_empty() {
        capabilities.push(format!("SASL {}", mechanisms.join(" ")));
    }
    if conversation.setup.starttls && !conversation.setup.secure && !conversation.logged_in() {
        capabilities.push("STLS".to_owned());
    }
    capabilities
}

/// EXPIRE: nothing here deletes mail by itself. LOGIN-DELAY: clients may come as often as they like.
const ALWAYS: [&str; 10] = [
    "TOP",
    "UIDL",
    "RESP-CODES",
    "AUTH-RESP-CODE",
    "PIPELINING",
    "EXPIRE NEVER",
    "LOGIN-DELAY 0",
    "UTF8 USER",
    "LANG",
    "IMPLEMENTATION Archiveopteryx",
];

//! RETR (RFC 1939 §5): a whole message.

use super::{Step, err};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;
use crate::pop3::retrieval;

/// `"RETR" SP message`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    match grammar::message(arguments) {
        Some(number) => retrieval::begin(number, None, conversation),
        None => err(Text::NumberWanted),
    }
}

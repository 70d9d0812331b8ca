//! TOP (RFC 1939 §7): the header of a message, and the first lines of its body.

use super::{Step, err};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;
use crate::pop3::retrieval;

/// `"TOP" SP message SP lines`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    match grammar::message_and_lines(arguments) {
        Some((number, lines)) => retrieval::begin(number, Some(lines), conversation),
        None => err(Text::NumberAndLinesWanted),
    }
}

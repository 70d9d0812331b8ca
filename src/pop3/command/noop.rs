//! NOOP (RFC 1939 §5): nothing, which keeps the connection alive.

use super::{Step, err, ok};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;

/// `"NOOP"`
pub fn run(_: &mut Conversation, arguments: &[u8]) -> Step {
    match grammar::nothing(arguments) {
        Some(()) => ok(Text::Done),
        None => err(Text::NoArguments),
    }
}

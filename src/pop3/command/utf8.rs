//! UTF8 (RFC 6856 §2.1): the client takes UTF-8 in headers.

use super::{Step, err, ok};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;

/// `"UTF8"`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if grammar::nothing(arguments).is_none() {
        return err(Text::NoArguments);
    }
    conversation.utf8 = true;
    ok(Text::Utf8On)
}

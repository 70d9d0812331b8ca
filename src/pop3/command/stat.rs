//! STAT (RFC 1939 §5): how much there is.

use super::{Step, err, ok};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;

/// `"STAT"`. The answer is for programs, in every language.
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if grammar::nothing(arguments).is_none() {
        return err(Text::NoArguments);
    }
    let (messages, octets) = conversation.maildrop().drop_listing();
    ok(Text::Plain(format!("{messages} {octets}")))
}

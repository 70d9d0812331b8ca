//! DELE (RFC 1939 §5): marks a message, which QUIT will remove.

use super::{Step, err, ok};
use crate::policy::Rights;
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;

/// `"DELE" SP message`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    let Some(number) = grammar::message(arguments) else { return err(Text::NumberWanted) };
    let maildrop = conversation.maildrop();
    // The client is told now what QUIT could not do.
    let needed = Rights::MARK_DELETED.with(Rights::EXPUNGE);
    if !maildrop.permit().rights.contains(needed) {
        return Step::Reply(maildrop.permit().lacking(needed).into());
    }
    match maildrop.mark(number) {
        Ok(()) => ok(Text::Marked),
        Err(text) => err(text),
    }
}

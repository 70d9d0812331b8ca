//! RSET (RFC 1939 §5): takes the marks of DELE away.

use super::{Step, err, ok};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;

/// `"RSET"`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if grammar::nothing(arguments).is_none() {
        return err(Text::NoArguments);
    }
    let maildrop = conversation.maildrop();
    maildrop.unmark_all();
    ok(maildrop.text())
}

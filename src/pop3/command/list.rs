//! LIST (RFC 1939 §5): the messages with their sizes.

use std::io::Write;

use super::{Step, err, ok};
use crate::limits;
use crate::mailbox::Entry;
use crate::pop3::conversation::{Answer, Conversation, Plan};
use crate::pop3::grammar;
use crate::pop3::language::Text;
use crate::pop3::maildrop::Maildrop;
use crate::pop3::response::Reply;

/// `"LIST" [SP message]`. A size is that of what RETR sends, without the stuffing of dots.
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    listing(conversation, arguments, |_, entry| entry.size.to_string())
}

/// What a listing says of a message.
pub(super) type Say = fn(&Maildrop, &Entry) -> String;

/// Says something of one message, or of all that are not marked.
pub(super) fn listing(conversation: &mut Conversation, arguments: &[u8], say: Say) -> Step {
    if grammar::nothing(arguments).is_some() {
        let text = conversation.maildrop().text();
        conversation.reply(Reply::ok(text));
        return Step::Run(go_on(1, say, conversation));
    }
    let Some(number) = grammar::message(arguments) else { return err(Text::NumberWanted) };
    let maildrop = conversation.maildrop();
    match maildrop.message(number) {
        Ok(entry) => ok(Text::Plain(format!("{number} {}", say(maildrop, entry)))),
        Err(text) => err(text),
    }
}

/// Writes lines from `number` on, a piece at a time.
fn go_on(number: u32, say: Say, conversation: &mut Conversation) -> Plan {
    let (_, maildrop, out) = conversation.reading();
    for (number, entry) in maildrop.from(number) {
        // Writing to memory does not fail.
        let _ = write!(out, "{number} {}\r\n", say(maildrop, entry));
        if out.len() >= limits::FETCH_EMIT_BYTES {
            let piece = std::mem::take(out);
            return Plan::emit(piece, move |conversation| go_on(number + 1, say, conversation));
        }
    }
    out.extend_from_slice(b".\r\n");
    Plan::Done(Answer::default())
}

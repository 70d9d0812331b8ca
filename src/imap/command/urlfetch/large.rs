//! A section that is larger than a page: it leaves in pieces, and is never in memory whole.

use std::ops::Range;

use super::{Reader, Wanted, respond};
use crate::db::{self, Content, FetchedMessage};
use crate::error::Error;
use crate::imap::answer::{After, Answer};
use crate::imap::command::fetch::part_of;
use crate::imap::conversation::{Conversation, Plan};
use crate::imap::grammar::url::MessageUrl;
use crate::limits;

/// The answer for one URL, under way.
struct Large {
    reader: Reader,
    stored: FetchedMessage,
    /// What ends the line.
    end: &'static [u8],
}

/// Begins with a section, which is there in the message.
pub(super) fn begin(
    reader: Reader,
    wanted: &Wanted,
    url: &MessageUrl,
    (stored, section): (FetchedMessage, Range<u64>),
) -> Plan {
    let range = part_of(section, url.partial);
    let (out, end) = respond::announce(wanted, range.end - range.start);
    Large { reader, stored, end }.stream(out, range)
}

impl Large {
    /// Writes what is left, a piece at a time, then goes on with the next URL.
    fn stream(mut self, mut out: Vec<u8>, left: Range<u64>) -> Plan {
        if left.is_empty() {
            out.extend_from_slice(self.end);
            return self.reader.say(out);
        }
        let end = left.end.min(left.start + limits::FETCH_PAGE_BYTES as u64);
        let piece = left.start..end;
        let (bodies, unit) = self.stored.replace_content(piece.clone());
        Plan::run(unit, move |outcome: Result<Vec<Content>, db::Error>, _: &mut Conversation| {
            match outcome {
                Ok(contents) => self.stored.content = bodies.into_iter().zip(contents).collect(),
                Err(error) => return broken(out, error.into()),
            }
            if !self.stored.write(piece, &mut out) {
                return broken(out, Error::bug("content that a URL leads to is incomplete"));
            }
            Plan::emit(out, move |_: &mut Conversation| self.stream(Vec::new(), end..left.end))
        })
    }
}

/// A literal was announced and cannot be filled: the client would take whatever follows for mail, so nothing follows.
fn broken(untagged: Vec<u8>, error: Error) -> Plan {
    tracing::error!(%error, "a section broke off in the middle, and so does its connection");
    Plan::Done(Answer { untagged, next: After::Close, ..Answer::default() })
}

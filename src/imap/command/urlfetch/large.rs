//! A section that is larger than a page: it leaves in pieces, and is never in memory whole.

use std::ops::Range;

use super::{Reader, Wanted, respond};
use crate::db::{self, Content, FetchedMessage};
use crate::error::{Code, Error};
use crate::imap::answer::{After, Answer};
use crate::imap::command::fetch::{Pieces, check_encoding, part_of, pieces};
use crate::imap::conversation::{Conversation, Plan};
use crate::imap::grammar::url::MessageUrl;
use crate::limits;
use crate::policy::Viewer;

/// The answer for one URL, under way.
struct Large {
    reader: Reader,
    stored: FetchedMessage,
    /// The body whose octets are written; None for those of the message.
    body: Option<usize>,
    /// What ends the line.
    end: &'static [u8],
}

/// Begins with a section, which is there in the message.
pub(super) fn begin(
    reader: Reader,
    wanted: Wanted,
    url: MessageUrl,
    viewer: Viewer,
    (stored, section): (FetchedMessage, Range<u64>),
) -> Plan {
    let part = &url.section.part;
    let is_decoded = wanted.items.is_some_and(|items| items.content == Some(super::Content::Binary));
    let (body, section) = match (&stored.recipe, is_decoded && url.section.text.is_none()) {
        (Some(recipe), true) => match (check_encoding(part, &stored), pieces(part, recipe)) {
            (Err(Error::No { code: Code::UnknownCte, .. }), _) => {
                return reader.say(respond::undecodable(&wanted));
            }
            (Err(error), _) => return reader.failed(error),
            (Ok(()), Some(Pieces::Message(range))) => (None, range),
            (Ok(()), Some(Pieces::Body(body, octets))) => (Some(body), 0..octets),
            // What has to be decoded for this is the content of one part.
            (Ok(()), None) => return reader.read(wanted, url, viewer, false),
        },
        _ => (None, section),
    };
    let range = part_of(section, url.partial);
    let (out, end) = respond::announce(&wanted, range.end - range.start);
    Large { reader, stored, body, end }.stream(out, range)
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
        let (bodies, unit) = match self.body {
            Some(body) => self.stored.replace_body(body, piece.clone()),
            None => self.stored.replace_content(piece.clone()),
        };
        Plan::run(unit, move |outcome: Result<Vec<Content>, db::Error>, _: &mut Conversation| {
            match outcome {
                Ok(contents) => self.stored.content = bodies.into_iter().zip(contents).collect(),
                Err(error) => return broken(out, error.into()),
            }
            if !self.write(piece, &mut out) {
                return broken(out, Error::bug("content that a URL leads to is incomplete"));
            }
            Plan::emit(out, move |_: &mut Conversation| self.stream(Vec::new(), end..left.end))
        })
    }

    /// Writes octets that have been read; false when some are missing.
    fn write(&self, range: Range<u64>, out: &mut Vec<u8>) -> bool {
        let Some(body) = self.body else { return self.stored.write(range, out) };
        let octets = self.stored.body_octets(body, range);
        out.extend_from_slice(octets.unwrap_or_default());
        octets.is_some()
    }
}

/// A literal was announced and cannot be filled: the client would take whatever follows for mail, so nothing follows.
fn broken(untagged: Vec<u8>, error: Error) -> Plan {
    tracing::error!(%error, "a section broke off in the middle, and so does its connection");
    Plan::Done(Answer { untagged, next: After::Close, ..Answer::default() })
}

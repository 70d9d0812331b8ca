//! A message that is larger than a page: its content leaves in pieces, and is never in memory whole.

use std::borrow::Cow;
use std::ops::Range;

use super::plan::{Fetching, OnPage};
use super::respond::{Line, literal_length, part_of};
use super::{Item, binary};
use crate::db::{FetchedMessage, FetchedPage};
use crate::error::{Code, Error};
use crate::imap::answer::{After, Answer};
use crate::imap::selected::{Selected, Step};
use crate::limits;
use crate::message::recipe::Recipe;
use crate::message::section::SectionBytes;
use crate::plan::Plan;

/// The response for one large message, under way.
struct Large {
    fetching: Fetching,
    message: OnPage,
    stored: FetchedMessage,
    /// The item that is next.
    item: usize,
    /// Where the response begins, as long as nothing of it has left.
    start: usize,
}

/// What octets are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Message,
    /// The body with this index.
    Body(usize),
}

/// Begins with the only message of the page.
pub(super) fn begin(
    mut fetching: Fetching,
    mut page: Vec<OnPage>,
    fetched: FetchedPage,
    selected: &mut Selected,
) -> Step {
    let message = page.pop().expect("a large message is a page of its own");
    let Some(stored) = fetched.into_single() else {
        fetching.missed = true;
        return fetching.next_page(selected);
    };
    let mut out = std::mem::take(&mut fetching.running.untagged);
    let start = out.len();
    let _ = Line::begin(&mut out, &message, selected);
    Large { fetching, message, stored, item: 0, start }.go_on(out, selected)
}

impl Large {
    /// Writes items up to the next one that must be read.
    fn go_on(mut self, mut out: Vec<u8>, selected: &mut Selected) -> Step {
        while let Some(item) = self.fetching.items.get(self.item) {
            // Content that is decoded is read whole, if it is not streamed: it is that of one part.
            let needed = match item {
                Item::Binary(wanted) if self.pieces(item).is_some() => {
                    self.recipe().declared_encoding(&wanted.part)
                }
                Item::Section(wanted) => match self.recipe().section(&wanted.section) {
                    SectionBytes::Fields { header, .. } if !wanted.is_header() => Some(header),
                    _ => None,
                },
                _ => binary::extent(item).and_then(|extent| extent.range(self.recipe())),
            };
            if let Some(range) = needed.filter(|range| !self.has(range)) {
                return self.read(Of::Message, range, selected, |large, selected| large.go_on(out, selected));
            }
            self.item += 1;
            match self.announce(item, &mut out, selected) {
                Ok(None) => {}
                Ok(Some((of, range))) => return self.stream(out, of, range, selected),
                Err(error @ Error::No { code: Code::UnknownCte, .. }) => {
                    self.fetching.undecodable.get_or_insert(error);
                }
                Err(error) => return broken(out, error),
            }
        }
        let line = Line::resume(&mut out, &self.message, selected);
        match line.is_empty() {
            true => out.truncate(self.start),
            false => line.end(&self.fetching.items),
        }
        Plan::emit(out, |selected| self.fetching.next_page(selected))
    }

    /// Writes an item, or the beginning of one whose octets follow.
    fn announce(
        &self,
        item: &Item,
        out: &mut Vec<u8>,
        selected: &Selected,
    ) -> Result<Option<(Of, Range<u64>)>, Error> {
        let Some((of, range)) = self.pieces(item) else {
            Line::resume(out, &self.message, selected).item(item, &self.stored)?;
            return Ok(None);
        };
        match item {
            Item::Binary(wanted) => {
                binary::check_encoding(&wanted.part, &self.stored)?;
                binary::announce(out, wanted, range.end - range.start);
            }
            Item::Section(wanted) => {
                Line::resume(out, &self.message, selected).name(wanted);
                literal_length(out, range.end - range.start);
            }
            _ => {}
        }
        Ok(Some((of, range)))
    }

    /// Where the octets of an item are that need not be in memory as a whole.
    fn pieces(&self, item: &Item) -> Option<(Of, Range<u64>)> {
        match item {
            Item::Binary(wanted) => {
                let (of, all) = match binary::pieces(&wanted.part, self.recipe())? {
                    binary::Pieces::Message(range) => (Of::Message, range),
                    binary::Pieces::Body(body, octets) => (Of::Body(body), 0..octets),
                };
                Some((of, part_of(all, wanted.partial)))
            }
            Item::Section(wanted) if !wanted.is_header() => match self.recipe().section(&wanted.section) {
                SectionBytes::Range(section) => Some((Of::Message, part_of(section, wanted.partial))),
                _ => None,
            },
            _ => None,
        }
    }

    /// Writes a range, a piece at a time, then goes on with the next item.
    fn stream(self, mut out: Vec<u8>, of: Of, range: Range<u64>, selected: &mut Selected) -> Step {
        if range.is_empty() {
            out.push(b' ');
            return self.go_on(out, selected);
        }
        let end = range.end.min(range.start + limits::FETCH_PAGE_BYTES as u64);
        let piece = range.start..end;
        let Some(octets) = self.octets(of, &piece) else {
            return self
                .read(of, piece, selected, move |large, selected| large.stream(out, of, range, selected));
        };
        out.extend_from_slice(&octets);
        Plan::emit(out, move |selected| self.stream(Vec::new(), of, end..range.end, selected))
    }

    fn recipe(&self) -> &Recipe {
        self.stored.recipe.as_ref().expect("it was asked for")
    }

    /// Octets, if the content that is here has them.
    fn octets(&self, of: Of, range: &Range<u64>) -> Option<Cow<'_, [u8]>> {
        match of {
            Of::Message => self.stored.octets(range.clone()).map(Cow::Owned),
            Of::Body(index) => self.stored.body_octets(index, range.clone()).map(Cow::Borrowed),
        }
    }

    /// Whether a range of the message can be written with the content that is here.
    fn has(&self, range: &Range<u64>) -> bool {
        self.octets(Of::Message, range).is_some()
    }

    /// Reads the content that a range needs, and forgets other content.
    fn read(
        mut self,
        of: Of,
        range: Range<u64>,
        _: &mut Selected,
        then: impl FnOnce(Large, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        let (bodies, unit) = match of {
            Of::Message => self.stored.replace_content(range.clone()),
            Of::Body(index) => self.stored.replace_body(index, range.clone()),
        };
        Plan::run(unit, move |outcome, selected: &mut Selected| {
            let error = match outcome {
                Ok(contents) => {
                    self.stored.content = bodies.into_iter().zip(contents).collect();
                    if self.octets(of, &range).is_some() {
                        return then(self, selected);
                    }
                    Error::bug(format!("content of message {} is incomplete", self.message.entry.message))
                }
                Err(error) => error.into(),
            };
            broken(Vec::new(), error)
        })
    }
}

/// A literal was announced and cannot be filled: the client would take whatever follows for mail, so nothing follows.
fn broken(untagged: Vec<u8>, error: Error) -> Step {
    tracing::error!(%error, "a message broke off in the middle, and so does its connection");
    Plan::Done(Answer { untagged, next: After::Close, ..Answer::default() })
}

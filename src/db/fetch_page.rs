//! Reads what FETCH wants of a page of messages: stored columns, and as much of the content as is asked for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use tokio_postgres::Row;

use super::read_content::{Content, ReadContent, Wanted, read_content};
use super::unit::{Access, Error, Lent, Unit};
use crate::error;
use crate::limits;
use crate::mailbox::{AccountId, MessageId};
use crate::message::recipe::{BodyRef, Piece, Place, Recipe, Segment, Source};
use crate::message::section::{Section, SectionBytes};
use crate::message::short_envelope;
use crate::message::transfer::decode;

/// Reads some messages of an account. Messages that are no more are left out.
pub struct FetchPage {
    pub account: AccountId,
    pub messages: Vec<MessageId>,
    pub columns: Columns,
    /// The octets that are wanted of each message, which need header and recipe too.
    pub extents: Vec<Extent>,
}

/// The columns to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns {
    pub envelope: bool,
    pub bodystructure: bool,
    pub header: bool,
    pub recipe: bool,
}

/// Content that is wanted of each message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub section: Section,
    pub origin: u64,
    /// At most so many; `u64::MAX` means to the end.
    pub length: u64,
    pub wants: Wants,
}

/// What an [`Extent`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// These octets of the section, counted within the section.
    Octets,
    /// The section with the header of its part, which says how it is encoded.
    Decoded,
    /// What it takes to know how large the decoded section is: nothing but that header, where the recipe says it.
    DecodedSize,
    /// The beginning of the first readable text, wherever that is.
    Preview,
}

/// What was read of one message. What was not asked for is empty.
#[derive(Debug, Clone, Default)]
pub struct FetchedMessage {
    pub envelope: Vec<u8>,
    pub bodystructure: Vec<u8>,
    pub header: Vec<u8>,
    pub recipe: Option<Recipe>,
    /// Content by the index that the body has in the recipe.
    pub content: Vec<(usize, Content)>,
}

/// The messages of a page by their ids.
#[derive(Debug, Default)]
pub struct FetchedPage {
    /// Sorted by id.
    messages: Vec<(MessageId, Arc<FetchedMessage>)>,
}

impl FetchedPage {
    /// From messages in any order.
    pub fn new(mut messages: Vec<(MessageId, Arc<FetchedMessage>)>) -> FetchedPage {
        messages.sort_unstable_by_key(|(id, _)| *id);
        FetchedPage { messages }
    }

    /// The message with this id, if it is there.
    pub fn get(&self, id: MessageId) -> Option<&FetchedMessage> {
        let at = self.messages.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.messages[at].1)
    }

    /// The only message.
    pub fn into_single(mut self) -> Option<FetchedMessage> {
        self.messages.pop().map(|(_, message)| Arc::unwrap_or_clone(message))
    }
}

impl Unit for FetchPage {
    type Output = FetchedPage;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<FetchedPage, Error> {
        let (content, printed) = (db.message_cache(), db.printed_cache());
        let mut messages = match self.kind() {
            Kind::Content => content.get(self.account, &self.messages),
            Kind::Printed => printed.get(self.account, self.columns, &self.messages),
            Kind::Mixed => Vec::new(),
        };
        if messages.len() < self.messages.len() {
            let known: HashSet<MessageId> = messages.iter().map(|(id, _)| *id).collect();
            let missing: Vec<MessageId> =
                self.messages.iter().copied().filter(|id| !known.contains(id)).collect();
            let read = self.read(db, &missing).await?;
            match self.kind() {
                Kind::Content => content.keep(self.account, &read),
                Kind::Printed => printed.keep(self.account, self.columns, &read),
                Kind::Mixed => {}
            }
            messages.extend(read);
        }
        Ok(FetchedPage::new(messages))
    }
}

/// What is wanted, by where it may be kept.
enum Kind {
    /// A message that was read for its content has all of it.
    Content,
    /// Nothing but what is printed as it is stored.
    Printed,
    /// Something of both, or neither.
    Mixed,
}

impl FetchPage {
    fn kind(&self) -> Kind {
        let Columns { envelope, bodystructure, header, recipe } = self.columns;
        match (envelope || bodystructure, !self.extents.is_empty()) {
            (false, true) => Kind::Content,
            (true, false) if !header && !recipe => Kind::Printed,
            _ => Kind::Mixed,
        }
    }

    /// Reads messages from the database.
    async fn read(
        &self,
        db: &Lent<'_>,
        messages: &[MessageId],
    ) -> Result<Vec<(MessageId, Arc<FetchedMessage>)>, Error> {
        let ids: Vec<i64> = messages.iter().map(|id| id.0).collect();
        let Columns { envelope, bodystructure, header, recipe } = self.columns;
        let for_content = !self.extents.is_empty();
        let (header, recipe) = (header || for_content, recipe || for_content);
        let account = &self.account.0;
        let rows = match ids.as_slice() {
            [id] => {
                let sql = include_str!("sql/select_message.sql");
                db.query(sql, &[account, id, &envelope, &bodystructure, &header, &recipe]).await?
            }
            _ => {
                let sql = include_str!("sql/select_message_columns.sql");
                db.query(sql, &[account, &ids, &envelope, &bodystructure, &header, &recipe]).await?
            }
        };
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            messages.push((MessageId(row.get(0)), FetchedMessage::new(row)?));
        }
        if for_content {
            self.read_extents(db, &mut messages).await?;
        }
        Ok(messages.into_iter().map(|(id, message)| (id, Arc::new(message))).collect())
    }

    /// Reads the bodies that the extents touch, of all messages at once.
    async fn read_extents(
        &self,
        db: &Lent<'_>,
        messages: &mut [(MessageId, FetchedMessage)],
    ) -> Result<(), Error> {
        let mut wanted = Vec::new();
        let mut owners = Vec::new();
        for (index, (_, message)) in messages.iter().enumerate() {
            let recipe = message.recipe.as_ref().expect("it was asked for");
            let ranges = self.extents.iter().filter_map(|extent| extent.range(recipe));
            for (body, one) in needed(recipe, ranges) {
                owners.push((index, body));
                wanted.push(one);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let contents = read_content(db, &wanted).await?;
        for ((index, body), content) in owners.into_iter().zip(contents) {
            messages[index].1.content.push((body, content));
        }
        Ok(())
    }
}

impl Extent {
    /// Which octets of the whole message these are. None for nothing.
    pub fn range(&self, recipe: &Recipe) -> Option<Range<u64>> {
        match self.wants {
            Wants::Octets => {}
            Wants::Decoded | Wants::DecodedSize => {
                let content = self.octets_range(recipe);
                let is_known = recipe.decoded_size(&self.section.part).is_some();
                let content = content.filter(|_| self.wants == Wants::Decoded || !is_known);
                return match (recipe.declared_encoding(&self.section.part), content) {
                    (Some(header), Some(content)) => Some(header.start..content.end),
                    (header, content) => header.or(content),
                };
            }
            Wants::Preview => {
                let text = recipe.parts[recipe.first_text()?].body.clone();
                return Some(text.start..text.end.min(text.start.saturating_add(self.length)));
            }
        }
        self.octets_range(recipe)
    }

    fn octets_range(&self, recipe: &Recipe) -> Option<Range<u64>> {
        let section = match recipe.section(&self.section) {
            SectionBytes::Range(section) => section,
            // The whole header of a part is needed to select fields from it.
            SectionBytes::Fields { header, .. } => return Some(header),
            SectionBytes::Missing => return None,
        };
        let start = section.start.saturating_add(self.origin).min(section.end);
        let end = start.saturating_add(self.length).min(section.end);
        (start < end).then_some(start..end)
    }
}

/// The content that is needed to write some ranges of a message, with the index of each body.
pub(super) fn needed(recipe: &Recipe, ranges: impl Iterator<Item = Range<u64>>) -> Vec<(usize, Wanted)> {
    let needs = ranges.flat_map(|range| recipe.needs(range));
    needs
        .filter_map(|need| {
            let BodyRef { place, octets } = *recipe.bodies.get(need.body)?;
            let Place::Shared(hash) = place else { return None };
            Some((need.body, Wanted { hash, octets, range: need.decoded }))
        })
        .collect()
}

impl FetchedMessage {
    fn new(row: &Row) -> Result<FetchedMessage, Error> {
        let octets = |column: usize| row.get::<_, Option<&[u8]>>(column);
        let owned = |column: usize| octets(column).unwrap_or_default().to_vec();
        let recipe = match octets(4) {
            None => None,
            Some(stored) => Some(Recipe::from_bytes(stored).map_err(|error| {
                error::Error::bug(format!("the recipe of message {}: {error}", row.get::<_, i64>(0)))
            })?),
        };
        Ok(FetchedMessage {
            envelope: short_envelope::expand(octets(1).unwrap_or_default()),
            bodystructure: owned(2),
            header: owned(3),
            recipe,
            content: Vec::new(),
        })
    }

    /// Forgets what content is here, and says what reads the content that a range of the message needs: the bodies that
    /// the contents will belong to, in their order, and the unit. The recipe must have been read.
    pub fn replace_content(&mut self, range: Range<u64>) -> (Vec<usize>, ReadContent) {
        let recipe = self.recipe.as_ref().expect("content is asked for when the recipe is known");
        let (bodies, wanted) = needed(recipe, std::iter::once(range)).into_iter().unzip();
        self.content = Vec::new();
        (bodies, ReadContent { wanted })
    }

    /// The same for octets of one body.
    pub fn replace_body(&mut self, index: usize, range: Range<u64>) -> (Vec<usize>, ReadContent) {
        let bodies = self.recipe.iter().flat_map(|recipe| recipe.bodies.get(index));
        let wanted = bodies.filter_map(|body| match body.place {
            Place::Shared(hash) => Some(Wanted { hash, octets: body.octets, range: range.clone() }),
            Place::Small(_) => None,
        });
        let wanted: Vec<Wanted> = wanted.collect();
        self.content = Vec::new();
        (vec![index; wanted.len()], ReadContent { wanted })
    }

    /// Octets of a body, from the content that was read. None when some are missing.
    pub fn body_octets(&self, index: usize, range: Range<u64>) -> Option<&[u8]> {
        let length = (range.end - range.start) as usize;
        let within = |octets: &'_ [u8], offset: u64| {
            let start = range.start.checked_sub(offset)? as usize;
            (start + length <= octets.len()).then_some(start..start + length)
        };
        if let Some(small) = self.recipe.as_ref()?.small(index) {
            return Some(&small[within(small, 0)?]);
        }
        let contents = self.content.iter().filter(|(which, _)| *which == index);
        let mut pieces =
            contents.filter_map(|(_, Content { offset, octets })| Some(&octets[within(octets, *offset)?]));
        pieces.next()
    }

    /// The octets of a range of the whole message, from the content that was read. None when some is missing.
    pub fn octets(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        self.write(range, &mut octets).then_some(octets)
    }

    /// Appends the same octets to `out`; false when some are missing, and then `out` is as it was.
    pub fn write(&self, range: Range<u64>, out: &mut Vec<u8>) -> bool {
        let Some(recipe) = &self.recipe else { return false };
        let pieces: Vec<Piece<'_>> = self
            .content
            .iter()
            .map(|(body, content)| Piece { body: *body, offset: content.offset, octets: &content.octets })
            .collect();
        let start = out.len();
        let length = range.end - range.start;
        out.reserve(length.min(limits::FETCH_PAGE_BYTES as u64) as usize);
        recipe.write_range(&self.header, range, &pieces, &mut |octets: &[u8]| out.extend_from_slice(octets));
        let is_complete = (out.len() - start) as u64 == length;
        if !is_complete {
            out.truncate(start);
        }
        is_complete
    }

    /// What is here of the decoded content of a part, from its beginning on: `upto` octets, or all there are. None when that
    /// was not read, or the part only contains others.
    pub fn decoded(&self, part: usize, upto: u64) -> Option<Cow<'_, [u8]>> {
        let recipe = self.recipe.as_ref()?;
        match recipe.source(part)? {
            Source::Body(body) => self.body(body, upto).map(Cow::Borrowed),
            Source::EncodedBody(body, encoding) => Some(decode(encoding, self.body(body, upto)?)),
            Source::Range(range, encoding) => {
                let end = range.end.min(range.start.saturating_add(upto));
                Some(Cow::Owned(decode(encoding, &self.octets(range.start..end)?).into_owned()))
            }
        }
    }

    /// The beginning of a body.
    fn body(&self, index: usize, upto: u64) -> Option<&[u8]> {
        let recipe = self.recipe.as_ref()?;
        let length = recipe.bodies.get(index)?.octets.min(upto) as usize;
        if length == 0 {
            return Some(&[]);
        }
        if let Some(small) = recipe.small(index) {
            return small.get(..length);
        }
        let pieces = self.content.iter().filter(|(which, content)| *which == index && content.offset == 0);
        pieces.filter_map(|(_, content)| content.octets.get(..length)).next()
    }

    /// Whether every octet of the message can be written.
    pub fn is_whole(&self) -> bool {
        let Some(recipe) = &self.recipe else { return false };
        let is_here = |(index, body): (usize, &BodyRef)| {
            body.octets == 0
                || matches!(body.place, Place::Small(_))
                || self.content.iter().any(|(which, content)| {
                    *which == index && content.offset == 0 && content.octets.len() as u64 == body.octets
                })
        };
        self.header.len() as u64 == recipe.header_octets && recipe.bodies.iter().enumerate().all(is_here)
    }

    /// About how much memory it takes.
    pub fn memory_bytes(&self) -> usize {
        let content: usize = self.content.iter().map(|(_, content)| content.octets.len() + 64).sum();
        let parts = self.recipe.as_ref().map_or(0, |recipe| {
            let gaps = recipe.segments.iter().map(|segment| match segment {
                Segment::Gap(octets) => octets.len(),
                Segment::Leaf { .. } => 64,
            });
            gaps.sum::<usize>() + recipe.small.len() + recipe.segments.len() * 64 + recipe.parts.len() * 256
        });
        size_of::<FetchedMessage>() + 64 + self.header.len() + content + parts
    }
}

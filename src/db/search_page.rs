//! Asks a page of messages what only they can say: the keys of SEARCH that are not answered from memory.

use std::borrow::Cow;
use std::collections::HashMap;

use futures_util::future;
use postgres_types::ToSql;
use tokio_postgres::Row;

use super::pipeline::{Begun, Sending, begin};
use super::read_content::{self, Content, Wanted, read_content};
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{AccountId, MessageId};
use crate::message::recipe::{BodyRef, Piece, Place, Recipe, Source as Origin};
use crate::message::{PartKind, decode_header_value, header, search_text, transfer};
use crate::search::{Field, Matcher, Source, StoredLeaf, StoredText};

/// Finds which messages have what each leaf looks for, a page after the other.
pub struct SearchPage {
    pub account: AccountId,
    pub messages: Vec<MessageId>,
    pub leaves: Vec<StoredLeaf>,
}

/// What must be read for all leaves together.
#[derive(Clone, Copy, Default)]
struct Needs {
    subject: bool,
    sent_on: bool,
    addresses: bool,
    header: bool,
    bodies: bool,
}

/// One message as far as it was read.
struct Candidate<'a> {
    row: &'a Row,
    text: StoredText<'a>,
}

impl Unit for SearchPage {
    /// For each leaf, in their order, the messages that it selects.
    type Output = Vec<Vec<MessageId>>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let matchers: Vec<Matcher<'_>> = self.leaves.iter().map(Matcher::new).collect();
        let mut selected = vec![Vec::new(); matchers.len()];
        let reads_bodies = self.needs().bodies;
        if reads_bodies {
            read_content::prepare(db).await?;
        }
        let mut pages = self.messages.chunks(limits::SEARCH_PAGE_MESSAGES);
        let mut next = pages.next().map(|page| self.read(db, page));
        while let Some(reading) = next {
            let page = reading.await?;
            let following = pages.next().map(|page| self.read(db, page));
            if reads_bodies {
                // Answers come in the order of the questions, and an answer that nobody takes holds up those behind it.
                // So the next page must not be on its way before the bodies of this one.
                self.ask(db, &page, &matchers, &mut selected).await?;
                next = following;
                continue;
            }
            // PostgreSQL reads the next page while this one is looked through.
            next = match following {
                Some(reading) => Some(Box::pin(begin(reading).await.answer())),
                None => None,
            };
            self.ask(db, &page, &matchers, &mut selected).await?;
        }
        Ok(selected)
    }
}

/// What was read of a page.
struct Page {
    rows: Vec<Row>,
    addresses: HashMap<i64, Vec<(Field, Cow<'static, str>)>>,
}

impl SearchPage {
    /// Reads a page, without the bodies.
    fn read<'a>(&'a self, db: &'a Lent<'_>, page: &[MessageId]) -> Sending<'a, Page> {
        let ids: Vec<i64> = page.iter().map(|id| id.0).collect();
        let Needs { subject, sent_on, header, bodies, addresses } = self.needs();
        Box::pin(async move {
            let columns = db.prepare(include_str!("sql/select_search_columns.sql")).await?;
            let (header, account) = (header || bodies, self.account.0);
            let params: [&(dyn ToSql + Sync); 6] = [&account, &ids, &subject, &sent_on, &header, &bodies];
            if !addresses {
                let rows = db.client().query(&columns, &params).await?;
                return Ok(Page { rows, addresses: HashMap::new() });
            }
            let fields = db.prepare(include_str!("sql/select_search_addresses.sql")).await?;
            let field_params: [&(dyn ToSql + Sync); 3] = [&account, &ids, &&FIELDS[..]];
            let rows = db.client().query(&columns, &params);
            let (rows, found) = future::try_join(rows, db.client().query(&fields, &field_params)).await?;
            let mut addresses: HashMap<i64, Vec<(Field, Cow<'static, str>)>> = HashMap::new();
            for row in &found {
                let of_message = addresses.entry(row.get(0)).or_default();
                of_message.extend(field(row.get(1)).map(|field| (field, Cow::Owned(address(row)))));
            }
            Ok(Page { rows, addresses })
        })
    }

    /// Asks the messages of a page; reads the bodies where they are needed.
    async fn ask(
        &self,
        db: &Lent<'_>,
        page: &Page,
        matchers: &[Matcher<'_>],
        selected: &mut [Vec<MessageId>],
    ) -> Result<(), Error> {
        let needs = self.needs();
        let mut batches: Vec<Batch<'_>> = Vec::new();
        for row in &page.rows {
            let mut candidate = self.candidate(row, needs);
            candidate.text.addresses =
                page.addresses.get(&row.get(0)).map(|of_message| of_message.to_vec()).unwrap_or_default();
            let recipe = row.get::<_, Option<&[u8]>>(4).and_then(|stored| Recipe::from_bytes(stored).ok());
            let Some(recipe) = recipe.filter(|_| needs.bodies) else {
                candidate.ask(matchers, selected);
                continue;
            };
            // As much text as a page of FETCH may hold is looked through at a time.
            match batches.last_mut().filter(|batch| batch.bytes < limits::FETCH_PAGE_BYTES as u64) {
                Some(batch) => batch.push(candidate, recipe),
                None => {
                    let mut batch = Batch::default();
                    batch.push(candidate, recipe);
                    batches.push(batch);
                }
            }
        }
        let mut before: Option<(Batch<'_>, Begun<'_, Vec<Content>>)> = None;
        for batch in batches {
            let flat = batch.wanted.iter().flatten().map(|(_, one)| one.clone()).collect();
            let reading = begin(contents(db, flat)).await;
            if let Some((batch, contents)) = before.replace((batch, reading)) {
                batch.ask(contents.answer().await?, matchers, selected);
            }
        }
        if let Some((batch, contents)) = before {
            batch.ask(contents.answer().await?, matchers, selected);
        }
        Ok(())
    }

    /// What was read of a message, decoded.
    fn candidate<'a>(&self, row: &'a Row, needs: Needs) -> Candidate<'a> {
        let mut text = StoredText {
            subject: row.get::<_, Option<&str>>(1).map(Cow::Borrowed),
            sent_on: row.get(2),
            ..StoredText::default()
        };
        if needs.header {
            let fields = header::fields(row.get::<_, Option<&[u8]>>(3).unwrap_or_default());
            let decoded = fields.filter(|field| self.asks_for(field.name)).map(|field| {
                let name = String::from_utf8_lossy(field.name);
                (name, Cow::Owned(decode_header_value(field.value)))
            });
            text.header = decoded.collect();
        }
        Candidate { row, text }
    }

    /// Whether any leaf looks at header fields with this name: the others need not be decoded.
    fn asks_for(&self, field: &[u8]) -> bool {
        self.leaves.iter().any(|leaf| match leaf {
            StoredLeaf::Header { name, .. } => name.as_bytes().eq_ignore_ascii_case(field),
            leaf => leaf.source() == Source::HeaderAndBody,
        })
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for leaf in &self.leaves {
            match leaf.source() {
                Source::Subject => needs.subject = true,
                Source::SentOn => needs.sent_on = true,
                Source::Addresses => needs.addresses = true,
                Source::Header => needs.header = true,
                Source::Body => needs.bodies = true,
                Source::HeaderAndBody => (needs.header, needs.bodies) = (true, true),
            }
        }
        needs
    }
}

impl Candidate<'_> {
    fn ask(&self, matchers: &[Matcher<'_>], selected: &mut [Vec<MessageId>]) {
        for (matcher, selected) in matchers.iter().zip(selected) {
            if matcher.matches(&self.text) {
                selected.push(MessageId(self.row.get(0)));
            }
        }
    }
}

/// Messages whose bodies are read at once.
#[derive(Default)]
struct Batch<'a> {
    messages: Vec<(Candidate<'a>, Recipe)>,
    wanted: Vec<Vec<(usize, Wanted)>>,
    bytes: u64,
}

impl<'a> Batch<'a> {
    fn push(&mut self, candidate: Candidate<'a>, recipe: Recipe) {
        self.bytes += text_bytes(&recipe);
        self.wanted.push(text_wanted(&recipe));
        self.messages.push((candidate, recipe));
    }

    /// Asks the messages with their text, which was read in the order in which it was wanted.
    fn ask(self, contents: Vec<Content>, matchers: &[Matcher<'_>], selected: &mut [Vec<MessageId>]) {
        let mut contents = contents.into_iter();
        for ((mut candidate, recipe), wanted) in self.messages.into_iter().zip(&self.wanted) {
            let content: HashMap<usize, Content> =
                wanted.iter().map(|(body, _)| *body).zip(contents.by_ref()).collect();
            let header = candidate.row.get::<_, Option<&[u8]>>(3).unwrap_or_default();
            let texts = text_parts(&recipe).filter_map(|part| text_of(&recipe, part, header, &content));
            candidate.text.bodies = texts.map(Cow::Owned).collect();
            candidate.ask(matchers, selected);
        }
    }
}

/// Reads bodies.
fn contents<'a>(db: &'a Lent<'_>, wanted: Vec<Wanted>) -> Sending<'a, Vec<Content>> {
    Box::pin(async move {
        match wanted.is_empty() {
            true => Ok(Vec::new()),
            false => read_content(db, &wanted).await,
        }
    })
}

/// The parts that have text to search, by their index.
fn text_parts(recipe: &Recipe) -> impl Iterator<Item = usize> + '_ {
    let parts = recipe.parts.iter().enumerate();
    let texts = parts.filter(|(_, part)| part.kind == PartKind::Single && is_text(&part.content_type));
    texts.map(|(index, _)| index)
}

/// Types whose content people read as text.
fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/") || content_type.starts_with("message/")
}

/// The bodies that the text of a message is made of, each once.
fn text_wanted(recipe: &Recipe) -> Vec<(usize, Wanted)> {
    let mut wanted: Vec<(usize, Wanted)> = Vec::new();
    for part in text_parts(recipe) {
        let bodies: Vec<usize> = match recipe.source(part) {
            Some(Origin::Body(body) | Origin::EncodedBody(body, _)) => vec![body],
            Some(Origin::Range(range, _)) => recipe.needs(range).into_iter().map(|need| need.body).collect(),
            None => Vec::new(),
        };
        for body in bodies {
            let Some(BodyRef { place: Place::Shared(hash), octets }) = recipe.bodies.get(body).copied()
            else {
                continue;
            };
            if octets > 0 && wanted.iter().all(|(known, _)| *known != body) {
                wanted.push((body, Wanted { hash, octets, range: 0..octets }));
            }
        }
    }
    wanted
}

fn text_bytes(recipe: &Recipe) -> u64 {
    text_parts(recipe).map(|part| recipe.parts[part].body.end - recipe.parts[part].body.start).sum()
}

/// The text of one part, decoded.
fn text_of(recipe: &Recipe, part: usize, header: &[u8], content: &HashMap<usize, Content>) -> Option<String> {
    let described = &recipe.parts[part];
    let as_text = |octets: &[u8]| search_text(&described.content_type, described.charset.as_deref(), octets);
    let of_body = |body| recipe.small(body).or_else(|| content.get(&body).map(|read| &read.octets[..]));
    Some(match recipe.source(part)? {
        Origin::Body(body) => as_text(of_body(body)?),
        Origin::EncodedBody(body, encoding) => as_text(&transfer::decode(encoding, of_body(body)?)),
        Origin::Range(range, encoding) => {
            let pieces = content.iter().map(|(body, content)| Piece {
                body: *body,
                offset: content.offset,
                octets: &content.octets,
            });
            let pieces: Vec<Piece<'_>> = pieces.collect();
            as_text(&transfer::decode(encoding, &recipe.rebuild_range(header, range, &pieces)))
        }
    })
}

/// The numbers of From, To, Cc and Bcc in message_addresses.
const FIELDS: [i16; 4] = [1, 4, 5, 6];

fn field(number: i16) -> Option<Field> {
    Some(match number {
        1 => Field::From,
        4 => Field::To,
        5 => Field::Cc,
        6 => Field::Bcc,
        _ => return None,
    })
}

/// An address as a person would write it.
fn address(row: &Row) -> String {
    let (name, localpart, domain): (Option<&str>, &str, &str) = (row.get(2), row.get(3), row.get(4));
    match name {
        Some(name) => format!("{name} <{localpart}@{domain}>"),
        None => format!("{localpart}@{domain}"),
    }
}

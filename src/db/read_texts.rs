//! Reads what messages say, decoded, a page after the other: for searches, and for the text index.

use std::borrow::Cow;
use std::collections::HashMap;

use futures_util::future;
use postgres_types::ToSql;
use tokio_postgres::Row;

use super::pipeline::{Begun, Sending, begin};
use super::read_content::{self, Content, Wanted, read_content};
use super::unit::{Error, Lent};
use crate::limits;
use crate::mailbox::{AccountId, MessageId};
use crate::message::recipe::{BodyRef, Piece, Place, Recipe, Source as Origin};
use crate::message::{
    PartKind, PartTexts, decode_header_value, group_names, header, is_text, part_texts, search_texts,
    transfer,
};
use crate::search::labels::with_u_labels;
use crate::search::{Field, Source, StoredLeaf, StoredText};

/// What must be read of messages.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs<'a> {
    subject: bool,
    sent_on: bool,
    addresses: bool,
    /// The names of groups of addresses, which stand in the header only.
    groups: bool,
    header: bool,
    message_id: bool,
    bodies: bool,
    /// Those who ask; without them, everything is wanted.
    leaves: Option<&'a [StoredLeaf]>,
}

impl<'a> Needs<'a> {
    /// Everything that can be searched.
    pub fn all() -> Needs<'static> {
        Needs {
            subject: true,
            sent_on: true,
            addresses: true,
            groups: true,
            header: true,
            message_id: true,
            bodies: true,
            leaves: None,
        }
    }

    /// What these ask for.
    pub fn of(leaves: &'a [StoredLeaf]) -> Needs<'a> {
        let mut needs = Needs { leaves: Some(leaves), ..Needs::default() };
        for leaf in leaves {
            // Nobody writes as a group.
            needs.groups |=
                matches!(leaf, StoredLeaf::Address { field: Field::To | Field::Cc | Field::Bcc, .. });
            match leaf.source() {
                Source::Subject => needs.subject = true,
                Source::SentOn => needs.sent_on = true,
                Source::Addresses => needs.addresses = true,
                Source::Header => needs.header = true,
                Source::Body => needs.bodies = true,
                Source::HeaderAndBody => (needs.header, needs.bodies) = (true, true),
                Source::Place => {}
            }
            // To be nearly in the subject counts for more than to be elsewhere.
            needs.subject |=
                matches!(leaf, StoredLeaf::Fuzzy(about) if matches!(**about, StoredLeaf::Text(_)));
        }
        needs
    }

    /// Whether header fields with this name are looked at: the others need not be decoded.
    fn wants(&self, field: &[u8]) -> bool {
        self.leaves.is_none_or(|leaves| leaves.iter().any(|leaf| leaf.is_about_field(field)))
    }
}

/// Calls `see` with each of the messages that is there, and with what it says; None where its texts have more octets than
/// `bytes_max`, which are not read then. Ends when `see` returns false.
pub(super) async fn each_text(
    db: &Lent<'_>,
    account: AccountId,
    messages: &[MessageId],
    needs: Needs<'_>,
    bytes_max: u64,
    see: &mut dyn FnMut(MessageId, Option<&StoredText<'_>>) -> bool,
) -> Result<(), Error> {
    if needs.bodies {
        read_content::prepare(db).await?;
    }
    let mut pages = messages.chunks(limits::SEARCH_PAGE_MESSAGES);
    let mut next = pages.next().map(|page| read(db, account, needs, page));
    while let Some(reading) = next {
        let page = reading.await?;
        let batches = page.batches(needs, bytes_max);
        let following = pages.next().map(|page| read(db, account, needs, page));
        // Answers come in the order of the questions, and an answer that nobody takes holds up those behind it. So the
        // next page must not be on its way before bodies of this one that are kept apart.
        let reads = batches.iter().any(Batch::reads);
        next = match following {
            // PostgreSQL reads the next page while this one is looked through.
            Some(reading) if !reads => Some(Box::pin(begin(reading).await.answer())),
            following => following,
        };
        if !see_batches(db, batches, see).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// What was read of a page, without the bodies.
struct Page {
    rows: Vec<Row>,
    addresses: HashMap<i64, Vec<(Field, Cow<'static, str>)>>,
}

/// Reads a page, without the bodies.
fn read<'a>(db: &'a Lent<'_>, account: AccountId, needs: Needs<'_>, page: &[MessageId]) -> Sending<'a, Page> {
    let ids: Vec<i64> = page.iter().map(|id| id.0).collect();
    let Needs { subject, sent_on, header, message_id, bodies, addresses, groups, .. } = needs;
    Box::pin(async move {
        let columns = db.prepare(include_str!("sql/select_search_columns.sql")).await?;
        let header = header || bodies || groups;
        let params: [&(dyn ToSql + Sync); 7] =
            [&account.0, &ids, &subject, &sent_on, &header, &bodies, &message_id];
        if !addresses {
            let rows = db.client().query(&columns, &params).await?;
            return Ok(Page { rows, addresses: HashMap::new() });
        }
        let fields = db.prepare(include_str!("sql/select_search_addresses.sql")).await?;
        let field_params: [&(dyn ToSql + Sync); 3] = [&account.0, &ids, &&FIELDS[..]];
        let rows = db.client().query(&columns, &params);
        let (rows, found) = future::try_join(rows, db.client().query(&fields, &field_params)).await?;
        let mut addresses: HashMap<i64, Vec<(Field, Cow<'static, str>)>> = HashMap::new();
        for row in &found {
            let of_message = addresses.entry(row.get(0)).or_default();
            if let Some(field) = field(row.get(1)) {
                of_message.extend(addresses_of(row).map(|address| (field, Cow::Owned(address))));
            }
        }
        Ok(Page { rows, addresses })
    })
}

impl Page {
    /// The messages in pieces whose bodies are read at once: as much text as a page of FETCH may hold.
    fn batches(&self, needs: Needs<'_>, bytes_max: u64) -> Vec<Batch<'_>> {
        let mut batches: Vec<Batch<'_>> = Vec::new();
        for row in &self.rows {
            let stored = row.get::<_, Option<&[u8]>>(4).filter(|_| needs.bodies);
            let recipe = stored.and_then(|stored| Recipe::from_bytes(stored).ok());
            let candidate = Candidate {
                row,
                text: self.text(row, needs),
                content: match recipe {
                    None => Text::None,
                    Some(recipe) if text_bytes(&recipe) > bytes_max => Text::TooMuch,
                    Some(recipe) => Text::Of(recipe),
                },
            };
            match batches.last_mut().filter(|batch| batch.bytes < limits::FETCH_PAGE_BYTES as u64) {
                Some(batch) => batch.push(candidate),
                None => {
                    let mut batch = Batch::default();
                    batch.push(candidate);
                    batches.push(batch);
                }
            }
        }
        batches
    }

    /// What was read of a message, decoded.
    fn text<'a>(&self, row: &'a Row, needs: Needs<'_>) -> StoredText<'a> {
        let mut text = StoredText {
            subject: row.get::<_, Option<&str>>(1).map(Cow::Borrowed),
            sent_on: row.get(2),
            message_id: row.get::<_, Option<&str>>(5).map(Cow::Borrowed),
            ..StoredText::default()
        };
        if needs.addresses {
            text.addresses = self.addresses.get(&row.get(0)).cloned().unwrap_or_default();
        }
        if needs.groups {
            let header = row.get::<_, Option<&[u8]>>(3).unwrap_or_default();
            text.addresses.extend(groups(header).map(|(field, name)| (field, Cow::Owned(name))));
        }
        if needs.header {
            let fields = header::fields(row.get::<_, Option<&[u8]>>(3).unwrap_or_default());
            let decoded = fields.filter(|field| needs.wants(field.name)).map(|field| {
                let name = String::from_utf8_lossy(field.name);
                (name, Cow::Owned(decode_header_value(field.value)))
            });
            text.header = decoded.collect();
        }
        text
    }
}

/// One message as far as it was read.
struct Candidate<'a> {
    row: &'a Row,
    text: StoredText<'a>,
    content: Text,
}

/// What is known of the text of the parts.
enum Text {
    /// Nobody asks for it.
    None,
    TooMuch,
    Of(Recipe),
}

/// Messages whose bodies are read at once.
#[derive(Default)]
struct Batch<'a> {
    messages: Vec<Candidate<'a>>,
    wanted: Vec<Vec<(usize, Wanted)>>,
    bytes: u64,
}

impl<'a> Batch<'a> {
    fn push(&mut self, candidate: Candidate<'a>) {
        let mut wanted = Vec::new();
        if let Text::Of(recipe) = &candidate.content {
            self.bytes += text_bytes(recipe);
            wanted = text_wanted(recipe);
        }
        self.wanted.push(wanted);
        self.messages.push(candidate);
    }

    /// Whether anything has to be read for it.
    fn reads(&self) -> bool {
        self.wanted.iter().any(|wanted| !wanted.is_empty())
    }

    /// Shows the messages with their text, which was read in the order in which it was wanted.
    fn see(
        self,
        contents: Vec<Content>,
        see: &mut dyn FnMut(MessageId, Option<&StoredText<'_>>) -> bool,
    ) -> bool {
        let mut contents = contents.into_iter();
        self.messages.into_iter().zip(&self.wanted).all(|(mut candidate, wanted)| {
            let content: HashMap<usize, Content> =
                wanted.iter().map(|(body, _)| *body).zip(contents.by_ref()).collect();
            let message = MessageId(candidate.row.get(0));
            if let Text::Of(recipe) = &candidate.content {
                let header = candidate.row.get::<_, Option<&[u8]>>(3).unwrap_or_default();
                let pieces = pieces(&content);
                let texts = text_parts(recipe).flat_map(|part| texts_of(recipe, part, header, &content));
                let PartTexts { bodies, fields } = part_texts(recipe, header, &pieces);
                candidate.text.bodies = texts.chain(bodies).map(Cow::Owned).collect();
                let owned = |(name, value)| (Cow::Owned(name), Cow::Owned(value));
                candidate.text.part_header = fields.into_iter().map(owned).collect();
            }
            let read = !matches!(candidate.content, Text::TooMuch);
            see(message, read.then_some(&candidate.text))
        })
    }
}

/// Shows all messages of the batches; the bodies of one are read while the one before it is looked through.
async fn see_batches(
    db: &Lent<'_>,
    batches: Vec<Batch<'_>>,
    see: &mut dyn FnMut(MessageId, Option<&StoredText<'_>>) -> bool,
) -> Result<bool, Error> {
    let mut before: Option<(Batch<'_>, Begun<'_, Vec<Content>>)> = None;
    for batch in batches {
        let flat = batch.wanted.iter().flatten().map(|(_, one)| one.clone()).collect();
        let reading = begin(contents(db, flat)).await;
        if let Some((batch, contents)) = before.replace((batch, reading))
            && !batch.see(contents.answer().await?, see)
        {
            return Ok(false);
        }
    }
    match before {
        Some((batch, contents)) => Ok(batch.see(contents.answer().await?, see)),
        None => Ok(true),
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

/// The bodies that the text of a message is made of, each once, and what of others the headers of parts are made of: most
/// stand in the recipe, but not those of a message that is kept whole.
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
    let texts = wanted.len();
    for need in recipe.parts.iter().skip(1).flat_map(|part| recipe.needs(part.header.clone())) {
        let BodyRef { place: Place::Shared(hash), octets } = recipe.bodies[need.body] else { continue };
        match wanted.iter().position(|(known, _)| *known == need.body) {
            None => wanted.push((need.body, Wanted { hash, octets, range: need.decoded })),
            // What is read for its text is read whole.
            Some(at) if at < texts => {}
            Some(at) => {
                let range = &mut wanted[at].1.range;
                *range = range.start.min(need.decoded.start)..range.end.max(need.decoded.end);
            }
        }
    }
    wanted
}

/// What was read, as recipes take it.
fn pieces(content: &HashMap<usize, Content>) -> Vec<Piece<'_>> {
    let read = content.iter();
    read.map(|(body, read)| Piece { body: *body, offset: read.offset, octets: &read.octets }).collect()
}

fn text_bytes(recipe: &Recipe) -> u64 {
    text_parts(recipe).map(|part| recipe.parts[part].body.end - recipe.parts[part].body.start).sum()
}

/// The texts of one part, decoded.
fn texts_of(recipe: &Recipe, part: usize, header: &[u8], content: &HashMap<usize, Content>) -> Vec<String> {
    let described = &recipe.parts[part];
    let as_text = |octets: &[u8]| search_texts(&described.content_type, described.charset.as_deref(), octets);
    let of_body = |body| recipe.small(body).or_else(|| content.get(&body).map(|read| &read.octets[..]));
    match recipe.source(part) {
        Some(Origin::Body(body)) => of_body(body).map(as_text).unwrap_or_default(),
        Some(Origin::EncodedBody(body, encoding)) => {
            of_body(body).map(|octets| as_text(&transfer::decode(encoding, octets))).unwrap_or_default()
        }
        Some(Origin::Range(range, encoding)) => {
            as_text(&transfer::decode(encoding, &recipe.rebuild_range(header, range, &pieces(content))))
        }
        None => Vec::new(),
    }
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

/// The names of groups in To, Cc and Bcc: in ENVELOPE they stand where addresses do (RFC 3501 §7.4.2).
fn groups(header: &[u8]) -> impl Iterator<Item = (Field, String)> + '_ {
    header::fields(header).flat_map(|field| {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name.as_bytes()) && field.value.contains(&b':');
        let known = [("To", Field::To), ("Cc", Field::Cc), ("Bcc", Field::Bcc)];
        let known = known.into_iter().find(|(name, _)| is(name)).map(|(_, known)| known);
        known.into_iter().flat_map(move |known| {
            let named = move |name: Vec<u8>| (known, decode_header_value(&name));
            group_names(field.value).into_iter().map(named)
        })
    })
}

/// An address as a person would write it, and with U-labels once more.
fn addresses_of(row: &Row) -> impl Iterator<Item = String> {
    let (name, localpart, domain): (Option<&str>, &str, &str) = (row.get(2), row.get(3), row.get(4));
    let at = |domain: &str| match name {
        Some(name) => format!("{name} <{localpart}@{domain}>"),
        None => format!("{localpart}@{domain}"),
    };
    [at(domain)].into_iter().chain(with_u_labels(domain).map(|domain| at(&domain)))
}

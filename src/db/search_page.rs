//! Asks a page of messages what only they can say: the keys of SEARCH that are not answered from memory.

use std::borrow::Cow;
use std::collections::HashMap;

use postgres_types::ToSql;
use tokio_postgres::Row;

use super::read_content::{Content, Wanted, read_content};
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{AccountId, MessageId};
use crate::message::recipe::{Piece, Recipe, Source as Origin};
use crate::message::{PartKind, decode_header_value, header, search_text, transfer};
use crate::search::{Field, Matcher, Source, StoredLeaf, StoredText};

/// Finds which messages have what each leaf looks for.
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
        let needs = self.needs();
        let ids: Vec<i64> = self.messages.iter().map(|id| id.0).collect();
        let Needs { subject, sent_on, header, bodies, .. } = needs;
        let (header, account) = (header || bodies, self.account.0);
        let params: [&(dyn ToSql + Sync); 6] = [&account, &ids, &subject, &sent_on, &header, &bodies];
        let rows = db.query(include_str!("sql/select_search_columns.sql"), &params).await?;
        let mut addresses: HashMap<i64, Vec<(Field, Cow<'_, str>)>> = HashMap::new();
        if needs.addresses {
            let params: [&(dyn ToSql + Sync); 3] = [&account, &ids, &&FIELDS[..]];
            for row in db.query(include_str!("sql/select_search_addresses.sql"), &params).await? {
                let found = addresses.entry(row.get(0)).or_default();
                found.extend(field(row.get(1)).map(|field| (field, Cow::Owned(address(&row)))));
            }
        }
        let matchers: Vec<Matcher<'_>> = self.leaves.iter().map(Matcher::new).collect();
        let mut selected = vec![Vec::new(); matchers.len()];
        let mut waiting: Vec<(Candidate<'_>, Recipe)> = Vec::new();
        let mut waiting_bytes = 0;
        for row in &rows {
            let mut candidate = Candidate::new(row, needs);
            candidate.text.addresses = addresses.remove(&row.get(0)).unwrap_or_default();
            let recipe = row.get::<_, Option<&[u8]>>(4).and_then(|stored| Recipe::from_bytes(stored).ok());
            let Some(recipe) = recipe.filter(|_| needs.bodies) else {
                candidate.ask(&matchers, &mut selected);
                continue;
            };
            waiting_bytes += text_bytes(&recipe);
            waiting.push((candidate, recipe));
            // As much text as a page of FETCH may hold is looked through at a time.
            if waiting_bytes > limits::FETCH_PAGE_BYTES as u64 {
                waiting_bytes = 0;
                read_bodies(db, std::mem::take(&mut waiting), &matchers, &mut selected).await?;
            }
        }
        read_bodies(db, waiting, &matchers, &mut selected).await?;
        Ok(selected)
    }
}

impl SearchPage {
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

impl<'a> Candidate<'a> {
    fn new(row: &'a Row, needs: Needs) -> Candidate<'a> {
        let mut text = StoredText {
            subject: row.get::<_, Option<&str>>(1).map(Cow::Borrowed),
            sent_on: row.get(2),
            ..StoredText::default()
        };
        if needs.header {
            let fields = header::fields(row.get::<_, Option<&[u8]>>(3).unwrap_or_default());
            let decoded = fields.map(|field| {
                let name = String::from_utf8_lossy(field.name);
                (name, Cow::Owned(decode_header_value(field.value)))
            });
            text.header = decoded.collect();
        }
        Candidate { row, text }
    }

    fn ask(&self, matchers: &[Matcher<'_>], selected: &mut [Vec<MessageId>]) {
        for (matcher, selected) in matchers.iter().zip(selected) {
            if matcher.matches(&self.text) {
                selected.push(MessageId(self.row.get(0)));
            }
        }
    }
}

/// Reads the text of some messages, and asks them.
async fn read_bodies(
    db: &Lent<'_>,
    messages: Vec<(Candidate<'_>, Recipe)>,
    matchers: &[Matcher<'_>],
    selected: &mut [Vec<MessageId>],
) -> Result<(), Error> {
    let wanted: Vec<Vec<(usize, Wanted)>> = messages.iter().map(|(_, recipe)| text_wanted(recipe)).collect();
    let flat: Vec<Wanted> = wanted.iter().flatten().map(|(_, one)| one.clone()).collect();
    let mut contents = if flat.is_empty() { Vec::new() } else { read_content(db, &flat).await? }.into_iter();
    for ((mut candidate, recipe), wanted) in messages.into_iter().zip(&wanted) {
        let content: HashMap<usize, Content> =
            wanted.iter().map(|(body, _)| *body).zip(contents.by_ref()).collect();
        let header = candidate.row.get::<_, Option<&[u8]>>(3).unwrap_or_default();
        let texts = text_parts(&recipe).filter_map(|part| text_of(&recipe, part, header, &content));
        candidate.text.bodies = texts.map(Cow::Owned).collect();
        candidate.ask(matchers, selected);
    }
    Ok(())
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
            let Some(stored) = recipe.bodies.get(body) else { continue };
            if stored.octets > 0 && wanted.iter().all(|(known, _)| *known != body) {
                wanted.push((
                    body,
                    Wanted { hash: stored.hash, octets: stored.octets, range: 0..stored.octets },
                ));
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
    Some(match recipe.source(part)? {
        Origin::Body(body) => as_text(&content.get(&body)?.octets),
        Origin::EncodedBody(body, encoding) => {
            as_text(&transfer::decode(encoding, &content.get(&body)?.octets))
        }
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

//! Storing messages and putting them into mailboxes: what deliveries and IMAP APPEND have in common.
//!
//! The order is the same for all writers, so that none waits for another in a circle: bodies and addresses, which are
//! shared, in the order of their keys; then the rows of the messages; and last, mailbox by mailbox in the order of
//! their keys, uid and modseq under the lock of the mailbox's row.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::body::StoredBody;
use super::keywords::KeywordIds;
use super::new_message::{NewAddress, NewMessage, NewPart, joined, text, text_opt};
use super::pipeline::Sending;
use super::{Error, Lent};
use crate::error::{self, Code};
use crate::mailbox::{
    Change, FlagSet, InternalDate, Loaded, MailboxKey, MessageId, ModSeq, System, Uid, UidValidity,
};

/// Messages to be put into one mailbox.
#[derive(Debug, Clone)]
pub struct Placing {
    /// Where they go.
    pub key: MailboxKey,
    /// When that happens.
    pub saved_at: Timestamp,
    /// What goes there, in the order of the uids it gets.
    pub messages: Vec<PlacingMessage>,
}

/// One message to be put into a mailbox.
#[derive(Debug, Clone)]
pub struct PlacingMessage {
    /// Which.
    pub message: MessageId,
    /// Its flags.
    pub flags: FlagSet,
    /// Its internal date.
    pub internal_date: InternalDate,
    /// Its length.
    pub octets: u32,
}

/// Where the messages of a [`Placing`] are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The uid of the first; the others follow without a gap.
    pub first_uid: Uid,
    /// What their being there is known by.
    pub modseq: ModSeq,
    /// The mailbox's uidvalidity.
    pub uidvalidity: UidValidity,
}

impl Placed {
    /// What has happened to the mailbox, for those who watch it.
    pub fn change(&self, placing: &Placing) -> Change {
        let mut change = Change::new(placing.key, ModSeq(self.modseq.0 - 1), self.modseq);
        change.appended.extend(self.uids().zip(&placing.messages).map(|(uid, message)| Loaded {
            uid,
            message: message.message,
            modseq: self.modseq,
            size: message.octets,
            internal_date: message.internal_date,
            flags: message.flags.clone(),
        }));
        change
    }

    /// The uids from the first one on; the caller knows how many.
    pub fn uids(&self) -> impl Iterator<Item = Uid> {
        (self.first_uid.get()..=u32::MAX).filter_map(Uid::new)
    }
}

/// Prepares what [`store`] and [`place`] send, so that they can be pipelined.
pub async fn prepare(db: &Lent<'_>) -> Result<(), Error> {
    for sql in [STORE, CHUNKS, PLACE] {
        db.prepare(sql).await?;
    }
    Ok(())
}

/// Which bodies [`store`] need not send, because they are there. Only large ones are asked about: for a small one the
/// question costs more than sending it again.
pub async fn known_bodies(db: &Lent<'_>, messages: &[&NewMessage]) -> Result<HashSet<[u8; 32]>, Error> {
    let large: Vec<&[u8]> = distinct_bodies(messages)
        .filter(|body| body.stored_bytes() > ASK_BYTES_MIN)
        .map(|body| body.hash.as_slice())
        .collect();
    if large.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = db.query(include_str!("sql/select_body_hashes.sql"), &[&large]).await?;
    Ok(rows.iter().filter_map(|row| row.get::<_, &[u8]>(0).try_into().ok()).collect())
}

/// The statements that store `messages` and their bodies, in the order in which they must be sent.
pub fn store<'a>(
    db: &'a Lent<'a>,
    messages: &'a [&'a NewMessage],
    known: &HashSet<[u8; 32]>,
) -> Vec<Sending<'a, Option<Placed>>> {
    let bodies: Vec<&StoredBody> =
        distinct_bodies(messages).filter(|body| !known.contains(&body.hash)).collect();
    let chunked: Vec<&StoredBody> = bodies.iter().copied().filter(|body| body.chunks.len() > 1).collect();
    let mut statements: Vec<Sending<'a, Option<Placed>>> = vec![Box::pin(insert(db, messages, bodies))];
    if !chunked.is_empty() {
        statements.push(Box::pin(insert_chunks(db, chunked)));
    }
    statements
}

/// The statement that puts stored messages into one mailbox. Returns None when the mailbox is gone, or fails then when it
/// `must_fit`. Every keyword of the messages must be in `keywords`.
pub async fn place(
    db: &Lent<'_>,
    placing: &Placing,
    keywords: &KeywordIds,
    must_fit: bool,
) -> Result<Option<Placed>, Error> {
    let all = &placing.messages;
    let count = |flag: System| all.iter().filter(|m| m.flags.system.contains(flag)).count() as i64;
    let total = all.len() as i64;
    let unseen = total - count(System::SEEN);
    let octets: Vec<i64> = all.iter().map(|m| i64::from(m.octets)).collect();
    let keywords: Vec<Option<String>> = all.iter().map(|m| keyword_list(&m.flags, keywords)).collect();
    let dates: Vec<Timestamp> = all.iter().map(|m| timestamp(m.internal_date)).collect();
    let row = db
        .query_opt(
            PLACE,
            &[
                &placing.key.account.0,
                &placing.key.mailbox.0,
                &total,
                &unseen,
                &count(System::DELETED),
                &octets.iter().sum::<i64>(),
                &placing.saved_at,
                &all.iter().map(|m| m.message.0).collect::<Vec<_>>(),
                &all.iter().map(|m| i16::from(m.flags.system.0)).collect::<Vec<_>>(),
                &keywords,
                &dates,
                &all.iter().map(|m| m.internal_date.zone_minutes).collect::<Vec<_>>(),
                &octets,
                &must_fit,
            ],
        )
        .await?;
    row.map(|row| placed(row.get(0), row.get(1), row.get(2), total)).transpose()
}

/// Checks that all uids fit RFC 9051 §9 (nz-number).
fn placed(first_uid: i64, modseq: i64, uidvalidity: i64, count: i64) -> Result<Placed, Error> {
    u32::try_from(first_uid + count - 1).map_err(|_| full())?;
    let number = |value: i64| u32::try_from(value).ok();
    Ok(Placed {
        first_uid: number(first_uid).and_then(Uid::new).ok_or_else(full)?,
        modseq: ModSeq(modseq.unsigned_abs()),
        uidvalidity: number(uidvalidity)
            .and_then(UidValidity::new)
            .ok_or_else(|| error::Error::bug("a mailbox has no valid uidvalidity"))?,
    })
}

/// The refusal of a mailbox without uids.
pub fn full() -> error::Error {
    error::Error::no(Code::Limit, "the mailbox has used up all its unique identifiers")
}

fn keyword_list(flags: &FlagSet, ids: &KeywordIds) -> Option<String> {
    let mut ids: Vec<i32> = flags.keywords().iter().filter_map(|keyword| ids.get(keyword).copied()).collect();
    ids.sort_unstable();
    let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
    (!ids.is_empty()).then(|| ids.join(","))
}

/// A date that jiff cannot hold is no date anybody meant; it becomes the beginning of time.
fn timestamp(date: InternalDate) -> Timestamp {
    Timestamp::from_second(date.seconds).unwrap_or_default()
}

/// Each body once, in the order of the digests.
fn distinct_bodies<'a>(messages: &[&'a NewMessage]) -> impl Iterator<Item = &'a StoredBody> + use<'a> {
    let bodies: BTreeMap<_, _> =
        messages.iter().flat_map(|m| &m.bodies).map(|body| (body.hash, &**body)).collect();
    bodies.into_values()
}

/// Sends everything but the further chunks of large bodies.
async fn insert(
    db: &Lent<'_>,
    messages: &[&NewMessage],
    bodies: Vec<&StoredBody>,
) -> Result<Option<Placed>, Error> {
    let addresses = distinct_addresses(messages);
    let parts: Vec<_> = messages
        .iter()
        .flat_map(|m| (0i32..).zip(&m.derived.parts).map(move |(ordinal, part)| (*m, ordinal, part)))
        .collect();
    let refs = body_refs(messages);
    let fields: Vec<_> =
        messages.iter().flat_map(|m| m.derived.addresses.iter().map(move |a| (*m, a))).collect();
    let columns = [
        body_columns(&bodies),
        address_columns(&addresses),
        message_columns(messages),
        part_columns(&parts),
        ref_columns(&refs),
        field_columns(&fields),
    ];
    let params: Vec<&(dyn ToSql + Sync)> = columns.iter().flatten().map(|column| &**column).collect();
    db.execute(STORE, &params).await?;
    Ok(None)
}

/// A parameter: the values of one column, row by row.
type Column<'a> = Box<dyn ToSql + Sync + 'a>;

fn column<'a, R, V: ToSql + Sync + 'a>(rows: &'a [R], value: impl Fn(&'a R) -> V) -> Column<'a> {
    Box::new(rows.iter().map(value).collect::<Vec<V>>())
}

fn body_columns<'a>(bodies: &'a [&'a StoredBody]) -> Vec<Column<'a>> {
    vec![
        column(bodies, |body| body.hash.as_slice()),
        column(bodies, |body| body.octets as i64),
        column(bodies, |body| body.chunks.first().map(|c| c.codec as i16).unwrap_or_default()),
        column(bodies, |body| body.chunks.first().map(|c| c.data.as_slice()).unwrap_or_default()),
    ]
}

/// Each address of an account once, in the order of their keys.
fn distinct_addresses<'a>(messages: &[&'a NewMessage]) -> Vec<((i64, i64), &'a NewAddress)> {
    let all = messages.iter().flat_map(|m| m.derived.addresses.iter().map(|a| ((m.account.0, a.id), a)));
    all.collect::<BTreeMap<_, _>>().into_iter().collect()
}

fn address_columns<'a>(addresses: &'a [((i64, i64), &'a NewAddress)]) -> Vec<Column<'a>> {
    vec![
        column(addresses, |((account, _), _)| *account),
        column(addresses, |((_, id), _)| *id),
        column(addresses, |(_, address)| text_opt(&address.name)),
        column(addresses, |(_, address)| text(&address.localpart)),
        column(addresses, |(_, address)| text(&address.domain)),
    ]
}

fn message_columns<'a>(messages: &'a [&'a NewMessage]) -> Vec<Column<'a>> {
    vec![
        column(messages, |m| m.account.0),
        column(messages, |m| m.id.0),
        column(messages, |m| m.digest.as_slice()),
        column(messages, |m| i64::from(m.octets)),
        column(messages, |m| &*m.header),
        column(messages, |m| m.recipe.as_slice()),
        column(messages, |m| m.verbatim),
        column(messages, |m| m.canonicalized),
        column(messages, |m| m.arrived_at),
        column(messages, |m| text_opt(&m.derived.subject)),
        column(messages, |m| text_opt(&m.derived.base_subject)),
        column(messages, |m| m.derived.sent_at),
        column(messages, |m| m.derived.sent_on),
        column(messages, |m| text_opt(&m.derived.message_id)),
        column(messages, |m| joined(&m.derived.references)),
        column(messages, |m| text_opt(&m.derived.in_reply_to)),
        column(messages, |m| text_opt(&m.derived.list_id)),
        column(messages, |m| m.derived.envelope.as_slice()),
        column(messages, |m| joined(&m.derived.repairs)),
        column(messages, |m| m.derived.bodystructure.as_slice()),
    ]
}

fn part_columns<'a>(parts: &'a [(&'a NewMessage, i32, &'a NewPart)]) -> Vec<Column<'a>> {
    vec![
        column(parts, |(m, _, _)| m.account.0),
        column(parts, |(m, _, _)| m.id.0),
        column(parts, |(_, ordinal, _)| *ordinal),
        column(parts, |(_, _, part)| part.parent),
        column(parts, |(_, _, part)| part.section.as_str()),
        column(parts, |(_, _, part)| text(&part.content_type)),
        column(parts, |(_, _, part)| text_opt(&part.charset)),
        column(parts, |(_, _, part)| text_opt(&part.disposition)),
        column(parts, |(_, _, part)| text_opt(&part.filename)),
        column(parts, |(_, _, part)| text_opt(&part.encoding)),
        column(parts, |(_, _, part)| part.octets),
        column(parts, |(_, _, part)| part.lines),
        column(parts, |(_, _, part)| part.body.as_ref().map(|hash| hash.as_slice())),
    ]
}

/// Which messages use which bodies, each pair once.
fn body_refs<'a>(messages: &[&'a NewMessage]) -> Vec<(&'a [u8], i64, i64)> {
    let all = messages.iter().flat_map(|m| m.bodies.iter().map(|b| (b.hash.as_slice(), m.account.0, m.id.0)));
    let mut refs: Vec<_> = all.collect();
    refs.sort_unstable();
    refs.dedup();
    refs
}

fn ref_columns<'a>(refs: &'a [(&'a [u8], i64, i64)]) -> Vec<Column<'a>> {
    vec![
        column(refs, |(hash, _, _)| *hash),
        column(refs, |(_, account, _)| *account),
        column(refs, |(_, _, message)| *message),
    ]
}

fn field_columns<'a>(fields: &'a [(&'a NewMessage, &'a NewAddress)]) -> Vec<Column<'a>> {
    vec![
        column(fields, |(m, _)| m.account.0),
        column(fields, |(m, _)| m.id.0),
        column(fields, |(_, address)| address.field),
        column(fields, |(_, address)| address.position),
        column(fields, |(_, address)| address.id),
    ]
}

async fn insert_chunks(db: &Lent<'_>, bodies: Vec<&StoredBody>) -> Result<Option<Placed>, Error> {
    let further: Vec<_> = bodies
        .iter()
        .flat_map(|body| {
            (1i32..).zip(body.chunks.iter().skip(1)).map(|(ordinal, c)| (&body.hash, ordinal, c))
        })
        .collect();
    let columns = [
        column(&further, |(hash, _, _)| hash.as_slice()),
        column(&further, |(_, ordinal, _)| *ordinal),
        column(&further, |(_, _, chunk)| chunk.codec as i16),
        column(&further, |(_, _, chunk)| chunk.data.as_slice()),
    ];
    let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| &**column).collect();
    db.execute(CHUNKS, &params).await?;
    Ok(None)
}

/// Stored octets from which a body is worth a question before it is sent.
const ASK_BYTES_MIN: usize = 64 * 1024;

const STORE: &str = include_str!("sql/store_messages.sql");
const CHUNKS: &str = include_str!("sql/insert_body_chunks.sql");
const PLACE: &str = include_str!("sql/place_messages.sql");

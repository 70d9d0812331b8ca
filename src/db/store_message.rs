//! Storing messages and putting them into mailboxes: what deliveries and IMAP APPEND have in common.
//!
//! The order is the same for all writers, so that none waits for another in a circle: bodies and addresses, which are
//! shared, in the order of their keys; then the rows of the messages; and last, mailbox by mailbox in the order of
//! their keys, uid and modseq under the lock of the mailbox's row.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::body::StoredBody;
use super::keywords::KeywordIds;
use super::new_message::{NewMessage, joined, text, text_opt};
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
    for sql in [BODIES, CHUNKS, ADDRESSES, MESSAGES, PARTS, BODY_REFS, MESSAGE_ADDRESSES, PLACE] {
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
    let large = bodies.iter().any(|body| body.chunks.len() > 1);
    let mut statements: Vec<Sending<'a, Option<Placed>>> = Vec::with_capacity(8);
    let chunked = if large { bodies.clone() } else { Vec::new() };
    statements.push(Box::pin(insert_bodies(db, bodies)));
    if large {
        statements.push(Box::pin(insert_chunks(db, chunked)));
    }
    statements.push(Box::pin(insert_addresses(db, messages)));
    statements.push(Box::pin(insert_messages(db, messages)));
    statements.push(Box::pin(insert_parts(db, messages)));
    statements.push(Box::pin(insert_body_refs(db, messages)));
    statements.push(Box::pin(insert_message_addresses(db, messages)));
    statements
}

/// The statement that puts stored messages into one mailbox. Returns None when the mailbox is gone. Every keyword of
/// the messages must be in `keywords`.
pub async fn place(db: &Lent<'_>, placing: &Placing, keywords: &KeywordIds) -> Result<Option<Placed>, Error> {
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
            ],
        )
        .await?;
    row.map(|row| placed(row.get(0), row.get(1), row.get(2), total)).transpose()
}

/// Checks that all uids fit RFC 9051 §9 (nz-number).
fn placed(first_uid: i64, modseq: i64, uidvalidity: i64, count: i64) -> Result<Placed, Error> {
    let full = || error::Error::no(Code::Limit, "the mailbox has used up all its unique identifiers");
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

async fn insert_bodies(db: &Lent<'_>, bodies: Vec<&StoredBody>) -> Result<Option<Placed>, Error> {
    if bodies.is_empty() {
        return Ok(None);
    }
    let first = |body: &&StoredBody| body.chunks.first().map(|c| c.codec as i16).unwrap_or_default();
    let hashes: Vec<&[u8]> = bodies.iter().map(|body| body.hash.as_slice()).collect();
    let octets: Vec<i64> = bodies.iter().map(|body| body.octets as i64).collect();
    let codecs: Vec<i16> = bodies.iter().map(first).collect();
    let data: Vec<&[u8]> = bodies
        .iter()
        .map(|body| body.chunks.first().map(|c| c.data.as_slice()).unwrap_or_default())
        .collect();
    db.execute(BODIES, &[&hashes, &octets, &codecs, &data]).await?;
    Ok(None)
}

async fn insert_chunks(db: &Lent<'_>, bodies: Vec<&StoredBody>) -> Result<Option<Placed>, Error> {
    let (mut hashes, mut ordinals) = (Vec::<&[u8]>::new(), Vec::<i32>::new());
    let (mut codecs, mut data) = (Vec::<i16>::new(), Vec::<&[u8]>::new());
    for body in bodies {
        for (ordinal, chunk) in (1..).zip(body.chunks.iter().skip(1)) {
            hashes.push(&body.hash);
            ordinals.push(ordinal);
            codecs.push(chunk.codec as i16);
            data.push(&chunk.data);
        }
    }
    db.execute(CHUNKS, &[&hashes, &ordinals, &codecs, &data]).await?;
    Ok(None)
}

async fn insert_addresses(db: &Lent<'_>, messages: &[&NewMessage]) -> Result<Option<Placed>, Error> {
    let mut distinct = BTreeMap::new();
    for message in messages {
        for address in &message.derived.addresses {
            distinct.insert((message.account.0, address.id), address);
        }
    }
    if distinct.is_empty() {
        return Ok(None);
    }
    let accounts: Vec<i64> = distinct.keys().map(|(account, _)| *account).collect();
    let ids: Vec<i64> = distinct.keys().map(|(_, id)| *id).collect();
    let names: Vec<_> = distinct.values().map(|a| text_opt(&a.name)).collect();
    let localparts: Vec<_> = distinct.values().map(|a| text(&a.localpart)).collect();
    let domains: Vec<_> = distinct.values().map(|a| text(&a.domain)).collect();
    db.execute(ADDRESSES, &[&accounts, &ids, &names, &localparts, &domains]).await?;
    Ok(None)
}

async fn insert_messages(db: &Lent<'_>, messages: &[&NewMessage]) -> Result<Option<Placed>, Error> {
    let derived = || messages.iter().map(|m| &*m.derived);
    db.execute(
        MESSAGES,
        &[
            &messages.iter().map(|m| m.account.0).collect::<Vec<_>>(),
            &messages.iter().map(|m| m.id.0).collect::<Vec<_>>(),
            &messages.iter().map(|m| m.digest.as_slice()).collect::<Vec<_>>(),
            &messages.iter().map(|m| i64::from(m.octets)).collect::<Vec<_>>(),
            &messages.iter().map(|m| &*m.header).collect::<Vec<_>>(),
            &messages.iter().map(|m| m.recipe.as_slice()).collect::<Vec<_>>(),
            &messages.iter().map(|m| m.verbatim).collect::<Vec<_>>(),
            &messages.iter().map(|m| m.canonicalized).collect::<Vec<_>>(),
            &messages.iter().map(|m| m.arrived_at).collect::<Vec<_>>(),
            &derived().map(|d| text_opt(&d.subject)).collect::<Vec<_>>(),
            &derived().map(|d| text_opt(&d.base_subject)).collect::<Vec<_>>(),
            &derived().map(|d| d.sent_at).collect::<Vec<_>>(),
            &derived().map(|d| d.sent_on).collect::<Vec<_>>(),
            &derived().map(|d| text_opt(&d.message_id)).collect::<Vec<_>>(),
            &derived().map(|d| joined(&d.references)).collect::<Vec<_>>(),
            &derived().map(|d| text_opt(&d.in_reply_to)).collect::<Vec<_>>(),
            &derived().map(|d| text_opt(&d.list_id)).collect::<Vec<_>>(),
            &derived().map(|d| d.envelope.as_slice()).collect::<Vec<_>>(),
            &derived().map(|d| joined(&d.repairs)).collect::<Vec<_>>(),
            &derived().map(|d| d.bodystructure.as_slice()).collect::<Vec<_>>(),
        ],
    )
    .await?;
    Ok(None)
}

async fn insert_parts(db: &Lent<'_>, messages: &[&NewMessage]) -> Result<Option<Placed>, Error> {
    let rows: Vec<_> = messages
        .iter()
        .flat_map(|m| (0i32..).zip(&m.derived.parts).map(move |(ordinal, part)| (m, ordinal, part)))
        .collect();
    db.execute(
        PARTS,
        &[
            &rows.iter().map(|(m, _, _)| m.account.0).collect::<Vec<_>>(),
            &rows.iter().map(|(m, _, _)| m.id.0).collect::<Vec<_>>(),
            &rows.iter().map(|(_, ordinal, _)| *ordinal).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| p.parent).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| p.section.as_str()).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| text(&p.content_type)).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| text_opt(&p.charset)).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| text_opt(&p.disposition)).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| text_opt(&p.filename)).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| text_opt(&p.encoding)).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| p.octets).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| p.lines).collect::<Vec<_>>(),
            &rows.iter().map(|(_, _, p)| p.body.as_ref().map(|hash| hash.as_slice())).collect::<Vec<_>>(),
        ],
    )
    .await?;
    Ok(None)
}

async fn insert_body_refs(db: &Lent<'_>, messages: &[&NewMessage]) -> Result<Option<Placed>, Error> {
    let mut rows: Vec<_> = messages
        .iter()
        .flat_map(|m| m.bodies.iter().map(move |body| (body.hash, m.account.0, m.id.0)))
        .collect();
    rows.sort_unstable();
    rows.dedup();
    if rows.is_empty() {
        return Ok(None);
    }
    let hashes: Vec<&[u8]> = rows.iter().map(|(hash, _, _)| hash.as_slice()).collect();
    let accounts: Vec<i64> = rows.iter().map(|(_, account, _)| *account).collect();
    let ids: Vec<i64> = rows.iter().map(|(_, _, id)| *id).collect();
    db.execute(BODY_REFS, &[&hashes, &accounts, &ids]).await?;
    Ok(None)
}

async fn insert_message_addresses(db: &Lent<'_>, messages: &[&NewMessage]) -> Result<Option<Placed>, Error> {
    let rows: Vec<_> =
        messages.iter().flat_map(|m| m.derived.addresses.iter().map(move |a| (m, a))).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let accounts: Vec<i64> = rows.iter().map(|(m, _)| m.account.0).collect();
    let ids: Vec<i64> = rows.iter().map(|(m, _)| m.id.0).collect();
    let fields: Vec<i16> = rows.iter().map(|(_, a)| a.field).collect();
    let positions: Vec<i16> = rows.iter().map(|(_, a)| a.position).collect();
    let addresses: Vec<i64> = rows.iter().map(|(_, a)| a.id).collect();
    db.execute(MESSAGE_ADDRESSES, &[&accounts, &ids, &fields, &positions, &addresses]).await?;
    Ok(None)
}

/// Stored octets from which a body is worth a question before it is sent.
const ASK_BYTES_MIN: usize = 64 * 1024;

const BODIES: &str = include_str!("sql/insert_bodies.sql");
const CHUNKS: &str = include_str!("sql/insert_body_chunks.sql");
const ADDRESSES: &str = include_str!("sql/insert_addresses.sql");
const MESSAGES: &str = include_str!("sql/insert_messages.sql");
const PARTS: &str = include_str!("sql/insert_parts.sql");
const BODY_REFS: &str = include_str!("sql/insert_body_refs.sql");
const MESSAGE_ADDRESSES: &str = include_str!("sql/insert_message_addresses.sql");
const PLACE: &str = include_str!("sql/place_messages.sql");

//! A group of deliveries in one transaction, each of them exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future;
use jiff::Timestamp;

use super::keywords::KeywordIds;
use super::new_message::NewMessage;
use super::pipeline::{Sending, pipelined};
use super::store_message::{self, Placed, Placing, PlacingMessage};
use super::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Change, FlagSet, InternalDate, MailboxKey, MessageId};

/// Delivers messages that came at about the same time, and forgets receipts that have served.
pub struct Deliver {
    /// When that happens.
    pub saved_at: Timestamp,
    /// What is delivered.
    pub messages: Vec<Arc<Delivering>>,
    /// Receipts whose clients have heard of their deliveries.
    pub clear: Vec<Receipt>,
    /// Wait for the receipts before anything is written. Without it everything is sent at once, which is faster, and
    /// refused with [`Code::AlreadyExists`] if one of the messages was delivered before.
    pub cautious: bool,
}

/// One message for one mailbox.
#[derive(Debug, Clone)]
pub struct Delivering {
    /// Where it goes.
    pub key: MailboxKey,
    /// The message, with its id. The id must stay the same when the delivery is tried again.
    pub message: NewMessage,
    /// What the same delivery is recognized by.
    pub mark: Mark,
    /// Deliveries of the same mark that are known to be others: their clients are here and wait for more.
    pub others: Vec<MessageId>,
}

/// What a delivery and its repetition have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mark {
    /// SHA-256 of the octets as they were received.
    pub digest: [u8; 32],
    /// The recipient as the client wrote it.
    pub recipient: String,
    /// The sender, empty for `<>`.
    pub sender: String,
}

/// The row that says that a delivery was made, until its client has evidently heard of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Who got it.
    pub account: AccountId,
    /// See [`Mark`].
    pub digest: [u8; 32],
    /// What they got.
    pub message: MessageId,
}

/// What became of one [`Delivering`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// It is in the mailbox.
    New,
    /// It had been delivered before, as this message; this client heard nothing of it.
    Before(MessageId),
}

/// What a [`Deliver`] did.
#[derive(Debug, Default)]
pub struct Group {
    /// One for each message, in their order.
    pub delivered: Vec<Delivered>,
    /// For those who watch the mailboxes.
    pub changes: Vec<Change>,
}

impl Unit for Deliver {
    type Output = Group;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Group, Error> {
        prepare(db).await?;
        // What has served goes first: a client that has heard of its delivery may well make the same once more.
        let clear = delete_receipts(db, &self.clear);
        if self.messages.is_empty() {
            clear.await?;
            return Ok(Group::default());
        }
        if self.cautious {
            let (_, delivered) = future::try_join(clear, self.met_before(db)).await?;
            let new: Vec<&Delivering> = only_new(&self.messages, &delivered).collect();
            let changes = write(db, &new, self.saved_at, future::ready(Ok(()))).await?;
            return Ok(Group { delivered, changes });
        }
        let all: Vec<&Delivering> = self.messages.iter().map(|delivering| &**delivering).collect();
        let nothing_met = async {
            let (_, delivered) = future::try_join(clear, self.met_before(db)).await?;
            delivered.iter().all(|delivered| *delivered == Delivered::New).then_some(()).ok_or_else(met)
        };
        let changes = write(db, &all, self.saved_at, nothing_met).await?;
        Ok(Group { delivered: vec![Delivered::New; all.len()], changes })
    }
}

impl Deliver {
    /// Asks for receipts. One that a client still here has caused is another delivery of the same octets; any other
    /// is this delivery, whose reply was lost.
    async fn met_before(&self, db: &Lent<'_>) -> Result<Vec<Delivered>, Error> {
        let all = &self.messages;
        let rows = db
            .query(
                SELECT_RECEIPTS,
                &[
                    &all.iter().map(|d| d.key.account.0).collect::<Vec<_>>(),
                    &all.iter().map(|d| d.mark.digest.as_slice()).collect::<Vec<_>>(),
                    &all.iter().map(|d| d.mark.recipient.as_str()).collect::<Vec<_>>(),
                    &all.iter().map(|d| d.mark.sender.as_str()).collect::<Vec<_>>(),
                ],
            )
            .await?;
        let mut delivered = vec![Delivered::New; all.len()];
        for row in rows {
            let (n, message) = (row.get::<_, i64>(0) as usize - 1, MessageId(row.get(1)));
            // A commit of our own whose answer was lost is the surest of all.
            let own = delivered[n] == Delivered::Before(all[n].message.id);
            if !own && !all[n].others.contains(&message) {
                delivered[n] = Delivered::Before(message);
            }
        }
        Ok(delivered)
    }
}

/// Stores `new` and puts it into its mailboxes, with everything on its way at once; the statements of `before` first.
async fn write(
    db: &Lent<'_>,
    new: &[&Delivering],
    saved_at: Timestamp,
    before: impl Future<Output = Result<(), Error>>,
) -> Result<Vec<Change>, Error> {
    if new.is_empty() {
        before.await?;
        return Ok(Vec::new());
    }
    let messages: Vec<&NewMessage> = new.iter().map(|delivering| &delivering.message).collect();
    let known = store_message::known_bodies(db, &messages).await?;
    let placings = placings(new, saved_at);
    let keywords = KeywordIds::new();
    let mut statements: Vec<Sending<'_, Option<Placed>>> = store_message::store(db, &messages, &known);
    statements.push(Box::pin(insert_receipts(db, new)));
    for placing in &placings {
        statements.push(Box::pin(store_message::place(db, placing, &keywords)));
    }
    let (_, answers) = future::try_join(before, pipelined(statements)).await?;
    let placed = &answers[answers.len() - placings.len()..];
    let change = |(placing, placed): (&Placing, &Option<Placed>)| {
        placed.as_ref().map(|placed| placed.change(placing)).ok_or_else(gone)
    };
    placings.iter().zip(placed).map(change).collect()
}

fn only_new<'a>(
    messages: &'a [Arc<Delivering>],
    delivered: &[Delivered],
) -> impl Iterator<Item = &'a Delivering> {
    messages.iter().zip(delivered).filter(|(_, delivered)| **delivered == Delivered::New).map(|(d, _)| &**d)
}

/// What goes into each mailbox, in the order in which mailboxes are locked.
fn placings(new: &[&Delivering], saved_at: Timestamp) -> Vec<Placing> {
    let mut placings: BTreeMap<MailboxKey, Placing> = BTreeMap::new();
    for delivering in new {
        let empty = || Placing { key: delivering.key, saved_at, messages: Vec::new() };
        placings.entry(delivering.key).or_insert_with(empty).messages.push(PlacingMessage {
            message: delivering.message.id,
            flags: FlagSet::default(),
            internal_date: InternalDate {
                seconds: delivering.message.arrived_at.as_second(),
                zone_minutes: 0,
            },
            octets: delivering.message.octets,
        });
    }
    placings.into_values().collect()
}

/// The mailbox was deleted after its address had been resolved. Nothing of the group may stay, least of all a receipt
/// for mail that is in no mailbox.
fn gone() -> Error {
    error::Error::no(Code::NonExistent, "the mailbox has just been deleted").into()
}

/// Something of the group was delivered before. Nothing of it may stay; the group is tried again, cautiously.
fn met() -> Error {
    error::Error::no(Code::AlreadyExists, "some of this was delivered before").into()
}

async fn prepare(db: &Lent<'_>) -> Result<(), Error> {
    store_message::prepare(db).await?;
    for sql in [SELECT_RECEIPTS, INSERT_RECEIPTS, DELETE_RECEIPTS] {
        db.prepare(sql).await?;
    }
    Ok(())
}

async fn insert_receipts(db: &Lent<'_>, new: &[&Delivering]) -> Result<Option<Placed>, Error> {
    db.execute(
        INSERT_RECEIPTS,
        &[
            &new.iter().map(|d| d.key.account.0).collect::<Vec<_>>(),
            &new.iter().map(|d| d.mark.digest.as_slice()).collect::<Vec<_>>(),
            &new.iter().map(|d| d.mark.recipient.as_str()).collect::<Vec<_>>(),
            &new.iter().map(|d| d.mark.sender.as_str()).collect::<Vec<_>>(),
            &new.iter().map(|d| d.message.id.0).collect::<Vec<_>>(),
        ],
    )
    .await?;
    Ok(None)
}

async fn delete_receipts(db: &Lent<'_>, clear: &[Receipt]) -> Result<(), Error> {
    if clear.is_empty() {
        return Ok(());
    }
    db.execute(
        DELETE_RECEIPTS,
        &[
            &clear.iter().map(|receipt| receipt.account.0).collect::<Vec<_>>(),
            &clear.iter().map(|receipt| receipt.digest.as_slice()).collect::<Vec<_>>(),
            &clear.iter().map(|receipt| receipt.message.0).collect::<Vec<_>>(),
        ],
    )
    .await?;
    Ok(())
}

const SELECT_RECEIPTS: &str = include_str!("sql/select_receipts.sql");
const INSERT_RECEIPTS: &str = include_str!("sql/insert_receipts.sql");
const DELETE_RECEIPTS: &str = include_str!("sql/delete_receipts.sql");

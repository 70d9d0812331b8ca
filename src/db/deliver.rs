//! A group of deliveries in one transaction, each of them exactly once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::future;
use jiff::Timestamp;
use serde_json::json;

use super::audit::{self, Actor, Event, EventKind};
use super::count_usage::{COUNT, Deltas, Verdict, count_or_fail, over_quota};
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
    /// The address of the mail server that brought it.
    pub client: Arc<str>,
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
    /// A quota leaves no room for it. The rest of the group was delivered without it.
    OverQuota(error::Error),
}

/// What a [`Deliver`] did.
#[derive(Debug, Default)]
pub struct Group {
    /// One for each message, in their order.
    pub delivered: Vec<Delivered>,
    /// For those who watch the mailboxes.
    pub changes: Vec<Change>,
    /// Who is to be warned that a quota is nearly used up.
    pub warnings: Vec<AccountId>,
}

impl Unit for Deliver {
    type Output = Group;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Group, Error> {
        prepare(db).await?;
        if !self.cautious && !self.messages.is_empty() {
            match self.deliver_at_once(db).await {
                Err(error) if error.refusal().is_some() => db.start_over().await?,
                outcome => return outcome,
            }
        }
        let mut left: Vec<usize> = (0..self.messages.len()).collect();
        loop {
            let attempt = self.attempt(db, &left).await?;
            let surplus = surplus(&self.messages, &attempt.new, &attempt.verdicts);
            if surplus.is_empty() {
                return Ok(self.outcome(left, attempt));
            }
            // What is left fits, unless others have used the room in the meantime.
            left.retain(|message| !surplus.contains(message));
            db.start_over().await?;
        }
    }
}

/// What an attempt to deliver some of the messages came to. It stands if no quota speaks against it.
#[derive(Default)]
struct Attempt {
    /// One for each message of the attempt.
    delivered: Vec<Delivered>,
    /// Which messages were new, and so were written.
    new: Vec<usize>,
    changes: Vec<Change>,
    verdicts: Vec<Verdict>,
}

impl Deliver {
    async fn attempt(&self, db: &Lent<'_>, messages: &[usize]) -> Result<Attempt, Error> {
        let all: Vec<&Delivering> = messages.iter().map(|message| &*self.messages[*message]).collect();
        if all.is_empty() || self.cautious {
            let delivered = met_before(db, &all, &self.clear, Noting::Nothing).await?;
            let new = only_new(messages, &delivered);
            let written: Vec<_> = new.iter().map(|message| &*self.messages[*message]).collect();
            let noted = insert_receipts(db, &written);
            let known = known_bodies(db, &written).await?;
            let (changes, verdicts) = write(db, &written, &known, self.saved_at, noted, false).await?;
            return Ok(Attempt { delivered, new, changes, verdicts });
        }
        let delivered = vec![Delivered::New; all.len()];
        let nothing_met = async {
            let delivered = met_before(db, &all, &self.clear, Noting::All).await?;
            delivered.iter().all(|delivered| *delivered == Delivered::New).then_some(()).ok_or_else(met)
        };
        let known = known_bodies(db, &all).await?;
        let (changes, verdicts) = write(db, &all, &known, self.saved_at, nothing_met, false).await?;
        Ok(Attempt { delivered, new: messages.to_vec(), changes, verdicts })
    }

    /// Sends everything at once, COMMIT included. A statement that finds something in the way fails, and with it all that
    /// was sent behind it.
    async fn deliver_at_once(&self, db: &Lent<'_>) -> Result<Group, Error> {
        let all: Vec<&Delivering> = self.messages.iter().map(|message| &**message).collect();
        let known = known_bodies(db, &all).await?;
        let nothing_met = async {
            met_before(db, &all, &self.clear, Noting::AllOrFail).await?;
            Ok(())
        };
        let written = write(db, &all, &known, self.saved_at, nothing_met, true);
        let ((changes, verdicts), ()) = future::try_join(written, db.commit()).await?;
        let new: Vec<usize> = (0..all.len()).collect();
        let delivered = vec![Delivered::New; all.len()];
        Ok(self.outcome(new.clone(), Attempt { delivered, new, changes, verdicts }))
    }

    /// What became of all messages, when the attempt with those that were left stands.
    fn outcome(&self, left: Vec<usize>, attempt: Attempt) -> Group {
        let mut delivered = vec![Delivered::OverQuota(over_quota()); self.messages.len()];
        for (message, became) in left.into_iter().zip(attempt.delivered) {
            delivered[message] = became;
        }
        let due = attempt.verdicts.iter().filter(|verdict| verdict.is_warning_due);
        Group { delivered, changes: attempt.changes, warnings: due.map(|verdict| verdict.account).collect() }
    }
}

/// The messages for which there is no room: those that came last, as many as every quota has too much.
fn surplus(messages: &[Arc<Delivering>], new: &[usize], verdicts: &[Verdict]) -> HashSet<usize> {
    let mut surplus = HashSet::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.is_over()) {
        let is_under = |message: &usize| {
            verdicts.iter().any(|other| {
                other.account == messages[*message].key.account && other.is_of_the_same_as(verdict)
            })
        };
        let under: Vec<usize> = new.iter().copied().filter(is_under).collect();
        let (mut count, mut octets) = (verdict.too_many_messages, verdict.too_many_octets);
        let size = |message: usize| i64::from(messages[message].message.octets);
        // What another quota has refused already makes room here, too.
        for message in under.iter().filter(|message| surplus.contains(*message)) {
            (count, octets) = (count - 1, octets - size(*message));
        }
        for message in under.into_iter().rev() {
            if (count > 0 || octets > 0) && surplus.insert(message) {
                (count, octets) = (count - 1, octets - size(message));
            }
        }
    }
    surplus
}

/// Whether receipts are noted while others are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Noting {
    Nothing,
    All,
    /// The statement fails when there is any.
    AllOrFail,
}

/// Asks for receipts, when those in `clear` have gone: a client that has heard of its delivery may well make the same once
/// more. One that a client still here has caused is another delivery of the same octets; any other is this delivery,
/// whose reply was lost.
async fn met_before(
    db: &Lent<'_>,
    all: &[&Delivering],
    clear: &[Receipt],
    noting: Noting,
) -> Result<Vec<Delivered>, Error> {
    if all.is_empty() && clear.is_empty() {
        return Ok(Vec::new());
    }
    let noted = if noting == Noting::Nothing { &[] } else { all };
    let rows = db
        .query(
            MEET_RECEIPTS,
            &[
                &all.iter().map(|d| d.key.account.0).collect::<Vec<_>>(),
                &all.iter().map(|d| d.mark.digest.as_slice()).collect::<Vec<_>>(),
                &all.iter().map(|d| d.mark.recipient.as_str()).collect::<Vec<_>>(),
                &all.iter().map(|d| d.mark.sender.as_str()).collect::<Vec<_>>(),
                &noted.iter().map(|d| d.message.id.0).collect::<Vec<_>>(),
                &clear.iter().map(|receipt| receipt.account.0).collect::<Vec<_>>(),
                &clear.iter().map(|receipt| receipt.digest.as_slice()).collect::<Vec<_>>(),
                &clear.iter().map(|receipt| receipt.message.0).collect::<Vec<_>>(),
                &(noting == Noting::AllOrFail),
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

async fn known_bodies(db: &Lent<'_>, new: &[&Delivering]) -> Result<HashSet<[u8; 32]>, Error> {
    let messages: Vec<&NewMessage> = new.iter().map(|delivering| &delivering.message).collect();
    store_message::known_bodies(db, &messages).await
}

/// Stores `new`, puts it into its mailboxes and counts it, with everything on its way at once; the statement of `before`
/// first. With `must_fit`, a statement that cannot do all of its part fails.
async fn write(
    db: &Lent<'_>,
    new: &[&Delivering],
    known: &HashSet<[u8; 32]>,
    saved_at: Timestamp,
    before: impl Future<Output = Result<(), Error>>,
    must_fit: bool,
) -> Result<(Vec<Change>, Vec<Verdict>), Error> {
    if new.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let messages: Vec<&NewMessage> = new.iter().map(|delivering| &delivering.message).collect();
    let placings = placings(new, saved_at);
    let keywords = KeywordIds::new();
    let mut statements: Vec<Sending<'_, Option<Placed>>> = store_message::store(db, &messages, known);
    statements.push(Box::pin(record(db, new)));
    for placing in &placings {
        statements.push(Box::pin(store_message::place(db, placing, &keywords, must_fit)));
    }
    let mut deltas = Deltas::default();
    messages.iter().for_each(|message| deltas.add(message.account, 1, i64::from(message.octets)));
    let (_, answers, verdicts) =
        future::try_join3(before, pipelined(statements), count_or_fail(db, &deltas, must_fit)).await?;
    let placed = &answers[answers.len() - placings.len()..];
    let change = |(placing, placed): (&Placing, &Option<Placed>)| {
        placed.as_ref().map(|placed| placed.change(placing)).ok_or_else(gone)
    };
    let changes: Result<_, Error> = placings.iter().zip(placed).map(change).collect();
    Ok((changes?, verdicts))
}

fn only_new(messages: &[usize], delivered: &[Delivered]) -> Vec<usize> {
    let new = messages.iter().zip(delivered).filter(|(_, delivered)| **delivered == Delivered::New);
    new.map(|(message, _)| *message).collect()
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
    for sql in [MEET_RECEIPTS, INSERT_RECEIPTS, COUNT, audit::RECORD] {
        db.prepare(sql).await?;
    }
    Ok(())
}

/// One event for all of the group: who brought what to whom.
async fn record(db: &Lent<'_>, new: &[&Delivering]) -> Result<Option<Placed>, Error> {
    let message = |d: &&Delivering| {
        json!({"message": d.message.id.0, "account": d.key.account.0, "mailbox": d.key.mailbox.0,
               "octets": d.message.octets, "sender": d.mark.sender, "recipient": d.mark.recipient,
               "client": &*d.client})
    };
    let key = new.first().map(|first| first.key);
    let only = key.filter(|key| new.iter().all(|delivering| delivering.key == *key));
    let client = new.first().map(|first| first.client.to_string());
    let client = client.filter(|client| new.iter().all(|delivering| *delivering.client == **client));
    let event = Event {
        kind: EventKind::Delivery,
        account: only.map(|key| key.account),
        mailbox: only.map(|key| key.mailbox),
        actor: Actor { account: None, door: "lmtp", client },
        uids: None,
        detail: json!({"messages": new.iter().map(message).collect::<Vec<_>>()}),
    };
    audit::record(db, &event).await?;
    Ok(None)
}

async fn insert_receipts(db: &Lent<'_>, new: &[&Delivering]) -> Result<(), Error> {
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
    Ok(())
}

const MEET_RECEIPTS: &str = include_str!("sql/meet_receipts.sql");
const INSERT_RECEIPTS: &str = include_str!("sql/insert_receipts.sql");

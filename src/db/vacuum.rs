//! The work of the vacuum, in small steps, each a transaction: after any of them it may stop, and begin anew later.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use tokio_postgres::Row;

use super::expunge::change;
use super::policies::Place;
use super::search_page::SearchTexts;
use super::unit::{Access, Error, Lent, Unit};
use super::vacuum_runs::VacuumTally;
use crate::error;
use crate::limits;
use crate::mailbox::{AccountId, Change, MailboxId, MailboxKey, MessageId};
use crate::search::{Collation, Selector};

/// What is done next. The order is that of the variants: what policies delete, what has ended, what nobody uses then.
#[derive(Debug, Clone, PartialEq)]
pub enum VacuumStep {
    /// Find out which policies have work.
    Begin,
    /// Read messages whose texts policies ask for: first the deleted ones, then those in mailboxes, for "delete mail".
    Read {
        policies: Vec<Reading>,
        after: (i64, i64),
    },
    /// Delete what policies want deleted, beginning with the first of them.
    Delete {
        policies: Vec<i64>,
        after: Place,
    },
    /// End tombstones, and messages with them.
    Tombstones {
        after: TombstonePlace,
    },
    Bodies {
        after: Vec<u8>,
    },
    Addresses {
        after: (i64, i64),
    },
    Receipts,
    Changes {
        after: (i64, i64),
    },
    Mailboxes {
        after: (i64, i64),
    },
    Accounts {
        after: i64,
    },
}

/// A policy whose search asks for texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    policy: i64,
    selector: Selector,
    /// Among messages in mailboxes, rather than deleted ones.
    live: bool,
}

/// A place in the order in which tombstones end. None is before all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TombstonePlace {
    time: Option<Timestamp>,
    place: Place,
}

/// Does one step of a run, a batch of it.
pub struct Vacuum {
    /// The run that it belongs to.
    pub run: i64,
    pub step: VacuumStep,
    /// How many messages are a batch.
    pub batch: u32,
    pub now: Timestamp,
}

/// What a step did.
#[derive(Debug)]
pub struct Vacuumed {
    /// What comes next; None when all is done.
    pub next: Option<VacuumStep>,
    pub tally: VacuumTally,
    /// For those who have the mailboxes open.
    pub changes: Vec<Change>,
    /// Somebody waits for the end of the run.
    pub is_hurried: bool,
}

/// Counts how many tombstones behind a place would end.
pub struct SurveyTombstones {
    pub after: TombstonePlace,
}

/// What would end, and what not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    pub due: i64,
    pub due_octets: i64,
    pub kept_by_time: i64,
    /// How many each policy keeps, by its id.
    pub kept: BTreeMap<i64, i64>,
}

impl VacuumStep {
    /// What it does, for people.
    pub fn name(&self) -> &'static str {
        match self {
            VacuumStep::Begin => "looking at policies",
            VacuumStep::Read { .. } => "reading messages for policies",
            VacuumStep::Delete { .. } => "deleting what policies say",
            VacuumStep::Tombstones { .. } => "ending deleted messages",
            VacuumStep::Bodies { .. } => "ending bodies",
            VacuumStep::Addresses { .. } => "ending addresses",
            VacuumStep::Receipts => "forgetting deliveries",
            VacuumStep::Changes { .. } => "forgetting changes",
            VacuumStep::Mailboxes { .. } => "ending mailboxes",
            VacuumStep::Accounts { .. } => "ending accounts",
        }
    }
}

/// One step as it went.
#[derive(Default)]
struct Done {
    next: Option<VacuumStep>,
    tally: VacuumTally,
    changes: Vec<Change>,
}

impl Done {
    fn next(next: VacuumStep) -> Done {
        Done { next: Some(next), ..Done::default() }
    }
}

impl Unit for Vacuum {
    type Output = Vacuumed;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Vacuumed, Error> {
        let Vacuum { run, step, batch, now } = self;
        let batch = batch as i32;
        let done = match step {
            VacuumStep::Begin => begin(db).await?,
            VacuumStep::Read { policies, after } => read(db, policies, after).await?,
            VacuumStep::Delete { policies, after } => delete(db, policies, after).await?,
            VacuumStep::Tombstones { after } => tombstones(db, after, batch).await?,
            VacuumStep::Bodies { after } => bodies(db, after, batch).await?,
            VacuumStep::Addresses { after } => addresses(db, after, batch).await?,
            VacuumStep::Receipts => receipts(db, now).await?,
            VacuumStep::Changes { after } => changes(db, after, batch).await?,
            VacuumStep::Mailboxes { after } => mailboxes(db, after, batch).await?,
            VacuumStep::Accounts { after } => accounts(db, after, batch).await?,
        };
        let Done { next, tally, changes } = done;
        let is_hurried = note(db, run, next.as_ref(), &tally).await?;
        Ok(Vacuumed { next, tally, changes, is_hurried })
    }
}

/// Adds up, in the transaction of the step itself, so that a run that is killed has told all that it did.
async fn note(
    db: &Lent<'_>,
    run: i64,
    next: Option<&VacuumStep>,
    tally: &VacuumTally,
) -> Result<bool, Error> {
    let step = next.map(VacuumStep::name).unwrap_or_default();
    let VacuumTally { deleted, tombstones, messages, octets, bodies, body_octets, addresses, .. } = tally;
    let VacuumTally { receipts, log_rows, mailboxes, accounts, kept_by_time, kept_by_policy, .. } = tally;
    let sql = include_str!("sql/note_vacuum_run.sql");
    let row = db
        .query_opt(
            sql,
            &[
                &run,
                &step,
                deleted,
                tombstones,
                messages,
                octets,
                bodies,
                body_octets,
                addresses,
                receipts,
                log_rows,
                mailboxes,
                accounts,
                kept_by_time,
                kept_by_policy,
            ],
        )
        .await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

async fn begin(db: &Lent<'_>) -> Result<Done, Error> {
    let rows = db.query(include_str!("sql/select_policies_at_work.sql"), &[]).await?;
    let mut policies = Vec::new();
    let any_deletes = rows.iter().any(|row| row.get(1));
    for row in &rows {
        // What cannot be understood is not read; the database decides about it in favour of keeping.
        let selector = Selector::parse(row.get::<_, Option<&str>>(2).unwrap_or("ALL"));
        let Ok(selector) = selector.and_then(|selector| readable(selector, row.get(3))) else { continue };
        let reading = |live| Reading { policy: row.get(0), selector: selector.clone(), live };
        if !row.get::<_, bool>(1) {
            policies.push(reading(false));
        }
        // What is to stay is asked before something is deleted, and what is to go as well.
        if any_deletes {
            policies.push(reading(true));
        }
    }
    Ok(Done::next(VacuumStep::Read { policies, after: FIRST_PAIR }))
}

/// A selector whose texts are to be read: those that it has are those for which the database waits.
fn readable(selector: Selector, text_keys: i32) -> Result<Selector, error::Error> {
    match text_keys > 0 && selector.text_keys().len() == text_keys as usize {
        true => Ok(selector),
        false => Err(error::Error::bug("there is nothing to read for this policy")),
    }
}

/// Looks through the texts of some messages, for the first of the policies.
async fn read(db: &Lent<'_>, mut policies: Vec<Reading>, after: (i64, i64)) -> Result<Done, Error> {
    let Some(reading) = policies.first() else {
        let rows = db.query(include_str!("sql/select_policies_at_work.sql"), &[]).await?;
        let deleting = rows.iter().filter(|row| row.get(1)).map(|row| row.get(0)).collect();
        return Ok(Done::next(VacuumStep::Delete { policies: deleting, after: Place::START }));
    };
    let (account, message) = after;
    let page = limits::VACUUM_READ_MESSAGES;
    let sql = include_str!("sql/select_unread.sql");
    let rows = db.query(sql, &[&reading.policy, &account, &message, &page, &reading.live]).await?;
    let pairs: Vec<(i64, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for messages in pairs.chunk_by(|one, other| one.0 == other.0) {
        let account = messages[0].0;
        let ids: Vec<i64> = messages.iter().map(|(_, message)| *message).collect();
        let leaves = reading.selector.text_keys();
        let messages = ids.iter().copied().map(MessageId).collect();
        let collation = Collation::default();
        let found = SearchTexts { account: AccountId(account), messages, leaves, collation }.run(db).await?;
        for (key, found) in (0i32..).zip(found) {
            let selected: HashSet<MessageId> = found.selected.into_iter().collect();
            let has: Vec<bool> = ids.iter().map(|id| selected.contains(&MessageId(*id))).collect();
            let sql = include_str!("sql/give_verdicts.sql");
            db.execute(sql, &[&reading.policy, &key, &account, &ids, &has]).await?;
        }
    }
    let after = match pairs.last() {
        Some(last) if pairs.len() as i64 == page => *last,
        _ => {
            policies.remove(0);
            FIRST_PAIR
        }
    };
    Ok(Done::next(VacuumStep::Read { policies, after }))
}

/// Deletes some of what the first of the policies wants deleted.
async fn delete(db: &Lent<'_>, mut policies: Vec<i64>, after: Place) -> Result<Done, Error> {
    let Some(&policy) = policies.first() else {
        return Ok(Done::next(VacuumStep::Tombstones { after: TombstonePlace::default() }));
    };
    let page = limits::VACUUM_LOOK_MESSAGES;
    let Place { account, mailbox, uid } = after;
    let sql = include_str!("sql/select_deletable.sql");
    let rows = db.query(sql, &[&policy, &account, &mailbox, &uid, &page]).await?;
    let mut leaving: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut last = None;
    for row in &rows {
        let place = Place { account: row.get(0), mailbox: row.get(1), uid: row.get(2) };
        // One row is no message that goes, but the last that was looked at: it says how many were.
        let looked: i64 = row.get(3);
        match looked {
            0 => leaving.entry(place.mailbox).or_default().push(place.uid),
            _ => last = Some(place),
        }
    }
    let mut done = Done::default();
    if let Some(Place { account, .. }) = last {
        // What is counted for an account is locked behind all its mailboxes.
        let mailboxes: Vec<i64> = leaving.keys().copied().collect();
        db.query(include_str!("sql/lock_mailboxes.sql"), &[&account, &mailboxes]).await?;
        for (mailbox, uids) in leaving {
            let key = MailboxKey { account: AccountId(account), mailbox: MailboxId(mailbox) };
            let change = take_out(db, policy, key, &uids).await?;
            done.tally.deleted += change.as_ref().map_or(0, |change| change.expunged.len() as i64);
            done.changes.extend(change);
        }
    }
    if last.is_none() {
        policies.remove(0);
    }
    done.next = Some(VacuumStep::Delete { policies, after: last.unwrap_or(Place::START) });
    Ok(done)
}

/// The only way out of a mailbox is the same for all; the tombstones name the policy.
async fn take_out(
    db: &Lent<'_>,
    policy: i64,
    key: MailboxKey,
    uids: &[i64],
) -> Result<Option<Change>, Error> {
    let reason = format!("policy {policy}");
    let (account, mailbox) = (key.account.0, key.mailbox.0);
    let sql = include_str!("sql/expunge.sql");
    let rows = db
        .query(sql, &[&account, &mailbox, &uids, &false, &None::<i64>, &"policy", &None::<String>, &reason])
        .await?;
    Ok(change(key, &rows))
}

async fn tombstones(db: &Lent<'_>, after: TombstonePlace, batch: i32) -> Result<Done, Error> {
    let row = end_tombstones(db, after, batch, false).await?;
    let mut done = Done::default();
    done.tally.tombstones = row.get::<_, i32>(1).into();
    done.tally.messages = row.get::<_, i32>(2).into();
    done.tally.octets = row.get(3);
    done.tally.kept_by_time = row.get::<_, i32>(4).into();
    done.tally.kept_by_policy = kept(&row).values().sum();
    done.next = Some(match place_behind(&row, batch) {
        Some(after) => VacuumStep::Tombstones { after },
        None => VacuumStep::Bodies { after: Vec::new() },
    });
    Ok(done)
}

async fn end_tombstones(
    db: &Lent<'_>,
    after: TombstonePlace,
    batch: i32,
    rehearse: bool,
) -> Result<Row, Error> {
    let time = after.time.unwrap_or(Timestamp::UNIX_EPOCH);
    let Place { account, mailbox, uid } = after.place;
    let sql = include_str!("sql/end_tombstones.sql");
    db.query_one(sql, &[&time, &account, &mailbox, &uid, &batch, &rehearse]).await
}

/// Where the next batch begins; None when this was the last.
fn place_behind(row: &Row, batch: i32) -> Option<TombstonePlace> {
    (row.get::<_, i32>(0) == batch).then(|| TombstonePlace {
        time: row.get(6),
        place: Place { account: row.get(7), mailbox: row.get(8), uid: row.get(9) },
    })
}

/// How many each policy keeps.
fn kept(row: &Row) -> BTreeMap<i64, i64> {
    let text = row.get::<_, Option<&str>>(5).unwrap_or("{}");
    serde_json::from_str(text).unwrap_or_default()
}

async fn bodies(db: &Lent<'_>, after: Vec<u8>, batch: i32) -> Result<Done, Error> {
    let row = db.query_one(include_str!("sql/end_bodies.sql"), &[&after, &batch]).await?;
    let mut done = Done::default();
    done.tally.bodies = row.get::<_, i32>(1).into();
    done.tally.body_octets = row.get(2);
    done.next = Some(match row.get::<_, i32>(0) == batch {
        true => VacuumStep::Bodies { after: row.get(3) },
        false => VacuumStep::Addresses { after: FIRST_PAIR },
    });
    Ok(done)
}

async fn addresses(db: &Lent<'_>, after: (i64, i64), batch: i32) -> Result<Done, Error> {
    let sql = include_str!("sql/end_addresses.sql");
    let row = db.query_one(sql, &[&after.0, &after.1, &batch]).await?;
    let mut done = Done::default();
    done.tally.addresses = row.get::<_, i32>(1).into();
    // When deliveries left no gap, the next run does it.
    done.next = Some(match row.get::<_, Option<i32>>(0) == Some(batch) {
        true => VacuumStep::Addresses { after: (row.get(2), row.get(3)) },
        false => VacuumStep::Receipts,
    });
    Ok(done)
}

async fn receipts(db: &Lent<'_>, now: Timestamp) -> Result<Done, Error> {
    let before = now - jiff::SignedDuration::from_hours(limits::RECEIPT_DAYS * 24);
    let sql = include_str!("sql/delete_old_receipts.sql");
    let gone = db.execute(sql, &[&before, &limits::VACUUM_LOOK_MESSAGES]).await? as i64;
    let next = match gone == limits::VACUUM_LOOK_MESSAGES {
        true => VacuumStep::Receipts,
        false => VacuumStep::Changes { after: FIRST_PAIR },
    };
    Ok(Done { tally: VacuumTally { receipts: gone, ..VacuumTally::default() }, ..Done::next(next) })
}

async fn changes(db: &Lent<'_>, after: (i64, i64), batch: i32) -> Result<Done, Error> {
    let row = db.query_one(include_str!("sql/end_changes.sql"), &[&after.0, &after.1, &batch]).await?;
    let next = match row.get::<_, i32>(0) == batch {
        true => VacuumStep::Changes { after: (row.get(2), row.get(3)) },
        false => VacuumStep::Mailboxes { after: FIRST_PAIR },
    };
    Ok(Done { tally: VacuumTally { log_rows: row.get(1), ..VacuumTally::default() }, ..Done::next(next) })
}

async fn mailboxes(db: &Lent<'_>, after: (i64, i64), batch: i32) -> Result<Done, Error> {
    let row = db.query_one(include_str!("sql/end_mailboxes.sql"), &[&after.0, &after.1, &batch]).await?;
    let next = match row.get::<_, i32>(0) == batch {
        true => VacuumStep::Mailboxes { after: (row.get(2), row.get(3)) },
        false => VacuumStep::Accounts { after: 0 },
    };
    let mailboxes = row.get::<_, i32>(1).into();
    Ok(Done { tally: VacuumTally { mailboxes, ..VacuumTally::default() }, ..Done::next(next) })
}

async fn accounts(db: &Lent<'_>, after: i64, batch: i32) -> Result<Done, Error> {
    let row = db.query_one(include_str!("sql/end_accounts.sql"), &[&after, &batch]).await?;
    let next = (row.get::<_, i32>(0) == batch).then(|| VacuumStep::Accounts { after: row.get(2) });
    let accounts = row.get::<_, i32>(1).into();
    Ok(Done { next, tally: VacuumTally { accounts, ..VacuumTally::default() }, changes: Vec::new() })
}

impl Unit for SurveyTombstones {
    /// What was found, and where to go on; None at the end.
    type Output = (Survey, Option<TombstonePlace>);
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let batch = limits::VACUUM_LOOK_MESSAGES as i32;
        let row = end_tombstones(db, self.after, batch, true).await?;
        let survey = Survey {
            due: row.get::<_, i32>(1).into(),
            due_octets: row.get(3),
            kept_by_time: row.get::<_, i32>(4).into(),
            kept: kept(&row),
        };
        Ok((survey, place_behind(&row, batch)))
    }
}

impl Survey {
    /// Both together.
    pub fn plus(mut self, other: Survey) -> Survey {
        self.due += other.due;
        self.due_octets += other.due_octets;
        self.kept_by_time += other.kept_by_time;
        for (policy, count) in other.kept {
            *self.kept.entry(policy).or_default() += count;
        }
        self
    }
}

/// Before the first account's first.
const FIRST_PAIR: (i64, i64) = (-1, i64::MIN);

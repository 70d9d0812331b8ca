//! Changes flags of messages: IMAP STORE, and the \Seen that FETCH implies.

use futures_util::future;
use postgres_types::ToSql;
use tokio_postgres::{Row, Statement};

use super::keywords::ensure_keywords;
use super::mailbox_row::{KeywordNames, modseq, uid};
use super::pipeline::{Sending, pipelined};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Change, FlagChange, FlagSet, Keyword, MailboxKey, ModSeq, UidSet};

/// Changes flags of some messages of a mailbox; None when all had them as wanted. Uids of no message mean nothing.
pub struct SetFlags {
    pub key: MailboxKey,
    pub uids: UidSet,
    pub marking: Marking,
    pub flags: FlagSet,
}

/// What becomes of the flags a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marking {
    /// It has these and no others.
    Replace,
    /// It has these too.
    Add,
    /// It has these no longer.
    Remove,
}

impl Marking {
    /// What a message has afterwards that had `before`.
    pub fn apply(self, before: &FlagSet, flags: &FlagSet) -> FlagSet {
        match self {
            Marking::Replace => flags.clone(),
            Marking::Add => before.union(flags),
            Marking::Remove => before.difference(flags),
        }
    }
}

impl Unit for SetFlags {
    type Output = Option<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (locked, names, rows) = match self.flags.keywords() {
            [] => self.set_system_flags(db).await?,
            keywords => self.set_keywords(db, keywords).await?,
        };
        let gone = || error::Error::no(Code::NonExistent, "The mailbox has been deleted");
        let before = modseq(locked.ok_or_else(gone)?.get(3));
        if rows.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let mut change = Change::new(self.key, before, ModSeq(before.0 + 1));
        change.flags.extend(rows.iter().flatten().map(|row| FlagChange {
            uid: uid(row.get(0)),
            modseq: change.modseq,
            flags: names.flag_set(row.get(1), &row.get(2)),
        }));
        change.flags.sort_unstable_by_key(|flags| flags.uid);
        self.record(db, &change, &rows).await?;
        Ok(Some(change))
    }
}

/// The locked mailbox, its keywords, and the rows that changed, range by range.
type Written = (Option<Row>, KeywordNames, Vec<Vec<Row>>);

impl SetFlags {
    /// Everything goes out at once: the updates see what was committed while the lock was waited for.
    async fn set_system_flags(&self, db: &Lent<'_>) -> Result<Written, Error> {
        let lock = db.prepare(include_str!("sql/lock_mailboxes.sql")).await?;
        let select = db.prepare(include_str!("sql/select_keywords.sql")).await?;
        let update = db.prepare(include_str!("sql/set_flags.sql")).await?;
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let (mailboxes, client) = ([mailbox], db.client());
        let lock_params: [&(dyn ToSql + Sync); 2] = [&account, &&mailboxes[..]];
        let key_params: [&(dyn ToSql + Sync); 2] = [&account, &mailbox];
        let fate = if self.marking == Marking::Replace { REPLACED } else { UNTOUCHED };
        let locking = async { Ok(client.query_opt(&lock, &lock_params).await?) };
        let naming = async { Ok(client.query(&select, &key_params).await?) };
        let updating = self.update(db, &update, fate, &[]);
        let (locked, names, rows) = future::try_join3(locking, naming, updating).await?;
        Ok((locked, KeywordNames::new(&names), rows))
    }

    /// Keywords need ids first, which are given out under the lock.
    async fn set_keywords(&self, db: &Lent<'_>, keywords: &[Keyword]) -> Result<Written, Error> {
        let update = db.prepare(include_str!("sql/set_flags.sql")).await?;
        let mailboxes = [self.key.mailbox.0];
        let lock = include_str!("sql/lock_mailboxes.sql");
        let locked = db.query_opt(lock, &[&self.key.account.0, &&mailboxes[..]]).await?;
        let wanted = if self.marking == Marking::Remove { &[] } else { keywords };
        let known = ensure_keywords(db, self.key, wanted.iter()).await?;
        let mut ids: Vec<i32> = keywords.iter().filter_map(|keyword| known.get(keyword).copied()).collect();
        ids.sort_unstable();
        let fate = match self.marking {
            Marking::Replace => REPLACED,
            Marking::Add => ADDED,
            Marking::Remove => REMOVED,
        };
        let rows = self.update(db, &update, fate, &ids).await?;
        Ok((locked, KeywordNames::of(&known), rows))
    }

    /// Updates each range of uids; the statements are sent without waiting in between.
    async fn update(
        &self,
        db: &Lent<'_>,
        statement: &Statement,
        fate: i16,
        ids: &[i32],
    ) -> Result<Vec<Vec<Row>>, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let (stay, add) = self.system_columns();
        let one = |first: i64, last: i64| -> Sending<'_, Vec<Row>> {
            Box::pin(async move {
                let params: [&(dyn ToSql + Sync); 8] =
                    [&account, &mailbox, &first, &last, &stay, &add, &fate, &ids];
                Ok(db.client().query(statement, &params).await?)
            })
        };
        let ranges = self.uids.ranges().map(|(first, last)| one(first.get().into(), last.get().into()));
        pipelined(ranges.collect()).await
    }

    /// Counts and logs the change.
    async fn record(&self, db: &Lent<'_>, change: &Change, rows: &[Vec<Row>]) -> Result<(), Error> {
        let count = db.prepare(include_str!("sql/count_flags.sql")).await?;
        let log = db.prepare(include_str!("sql/log_flags.sql")).await?;
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        // Every row of a range says by how much the whole range counts.
        let firsts = || rows.iter().filter_map(|range| range.first());
        let unseen: i64 = firsts().map(|row| row.get::<_, i64>(3)).sum();
        let deleted: i64 = firsts().map(|row| row.get::<_, i64>(4)).sum();
        let now = change.modseq.0 as i64;
        let (from, to) = runs(&change.flags);
        let count_params: [&(dyn ToSql + Sync); 4] = [&account, &mailbox, &unseen, &deleted];
        let log_params: [&(dyn ToSql + Sync); 5] = [&account, &mailbox, &now, &from, &to];
        let client = db.client();
        let counting = client.execute(&count, &count_params);
        future::try_join(counting, client.execute(&log, &log_params)).await?;
        Ok(())
    }

    /// Which system flags stay, and which are added.
    fn system_columns(&self) -> (i16, i16) {
        let named = i16::from(self.flags.system.0);
        match self.marking {
            Marking::Replace => (0, named),
            Marking::Add => (!0, named),
            Marking::Remove => (!named, 0),
        }
    }
}

/// The changed uids as few ranges. One range names neighbours with gaps below a hundred: readers look at modseqs again.
fn runs(changes: &[FlagChange]) -> (Vec<i64>, Vec<i64>) {
    let (mut from, mut to): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for uid in changes.iter().map(|change| i64::from(change.uid.get())) {
        match to.last_mut() {
            Some(last) if uid - *last <= 100 => *last = uid,
            _ => {
                from.push(uid);
                to.push(uid);
            }
        }
    }
    (from, to)
}

/// What set_flags.sql does with the keywords of a message.
const UNTOUCHED: i16 = 0;
const REPLACED: i16 = 1;
const ADDED: i16 = 2;
const REMOVED: i16 = 3;

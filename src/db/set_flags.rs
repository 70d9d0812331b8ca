//! Changes flags of messages: IMAP STORE, and the \Seen that FETCH implies.

use futures_util::future;
use postgres_types::ToSql;

use super::keywords::ensure_keywords;
use super::mailbox_row::{KeywordNames, modseq, range_columns, uid};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Change, FlagChange, FlagSet, MailboxKey, ModSeq, UidSet};

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
        let lock = db.prepare(include_str!("sql/lock_mailboxes.sql")).await?;
        let select = db.prepare(include_str!("sql/select_keywords.sql")).await?;
        let update = db.prepare(include_str!("sql/set_flags.sql")).await?;
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let mailboxes = [mailbox];
        let client = db.client();
        let lock_params: [&(dyn ToSql + Sync); 2] = [&account, &&mailboxes[..]];
        let locking = client.query_opt(&lock, &lock_params);
        let (firsts, lasts) = range_columns(&self.uids);
        let (stay, add) = self.system_columns();
        let keywords = self.flags.keywords();
        let (locked, names, rows) = if keywords.is_empty() {
            let fate = if self.marking == Marking::Replace { REPLACED } else { UNTOUCHED };
            let none: Vec<i32> = Vec::new();
            let params: [&(dyn ToSql + Sync); 8] =
                [&account, &mailbox, &firsts, &lasts, &stay, &add, &fate, &none];
            // Sent in this order and all at once: the update sees what was committed while the lock was waited for.
            let key_params: [&(dyn ToSql + Sync); 2] = [&account, &mailbox];
            let naming = client.query(&select, &key_params);
            let (locked, rows, names) =
                future::try_join3(locking, client.query(&update, &params), naming).await?;
            (locked, KeywordNames::new(&names), rows)
        } else {
            let locked = locking.await?;
            let wanted = if self.marking == Marking::Remove { &[] } else { keywords };
            let known = ensure_keywords(db, self.key, wanted.iter()).await?;
            let fate = match self.marking {
                Marking::Replace => REPLACED,
                Marking::Add => ADDED,
                Marking::Remove => REMOVED,
            };
            let mut ids: Vec<i32> =
                keywords.iter().filter_map(|keyword| known.get(keyword).copied()).collect();
            ids.sort_unstable();
            let params: [&(dyn ToSql + Sync); 8] =
                [&account, &mailbox, &firsts, &lasts, &stay, &add, &fate, &ids];
            let rows = client.query(&update, &params).await?;
            (locked, KeywordNames::of(&known), rows)
        };
        let gone = || error::Error::no(Code::NonExistent, "The mailbox has been deleted");
        let before = modseq(locked.ok_or_else(gone)?.get(3));
        Ok((!rows.is_empty()).then(|| self.change(before, &names, &rows)))
    }
}

impl SetFlags {
    /// Which system flags stay, and which are added.
    fn system_columns(&self) -> (i16, i16) {
        let named = i16::from(self.flags.system.0);
        match self.marking {
            Marking::Replace => (0, named),
            Marking::Add => (!0, named),
            Marking::Remove => (!named, 0),
        }
    }

    fn change(&self, before: ModSeq, names: &KeywordNames, rows: &[tokio_postgres::Row]) -> Change {
        let now = ModSeq(before.0 + 1);
        let mut change = Change::new(self.key, before, now);
        change.flags.extend(rows.iter().map(|row| FlagChange {
            uid: uid(row.get(0)),
            modseq: now,
            flags: names.flag_set(row.get(1), &row.get(2)),
        }));
        change
    }
}

/// What set_flags.sql does with the keywords of a message.
const UNTOUCHED: i16 = 0;
const REPLACED: i16 = 1;
const ADDED: i16 = 2;
const REMOVED: i16 = 3;

//! Changes flags of messages: IMAP STORE, and the \Seen that FETCH implies.

use postgres_types::ToSql;
use tokio_postgres::{Row, Statement};

use super::keywords::too_many_keywords;
use super::mailbox_row::{KeywordNames, modseq, uid};
use super::pipeline::{Sending, pipelined};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{Change, FlagChange, FlagMask, FlagSet, Keyword, MailboxKey, ModSeq, UidSet};

/// Changes flags of some messages of a mailbox; None when all had them as wanted. Uids of no message mean nothing.
pub struct SetFlags {
    pub key: MailboxKey,
    pub uids: UidSet,
    pub marking: Marking,
    pub flags: FlagSet,
    /// The flags that may be changed; all others stay as they are.
    pub permitted: FlagMask,
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
    /// What a message has afterwards that had `before`, when only those of `permitted` may change.
    pub fn apply(self, before: &FlagSet, flags: &FlagSet, permitted: FlagMask) -> FlagSet {
        let flags = &flags.within(permitted);
        match self {
            Marking::Replace => before.difference(&before.within(permitted)).union(flags),
            Marking::Add => before.union(flags),
            Marking::Remove => before.difference(flags),
        }
    }
}

impl Unit for SetFlags {
    type Output = Option<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(mut self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        self.flags = self.flags.within(self.permitted);
        let Written { locked, names, rows } = self.write(db).await?;
        let gone = || error::Error::no(Code::NonExistent, "The mailbox has been deleted");
        let before = modseq(locked.ok_or_else(gone)?.get(3));
        let is_named = |wanted: &Keyword| names.iter().any(|row| keyword(row).as_ref() == Some(wanted));
        if self.marking != Marking::Remove && !self.flags.keywords().iter().all(is_named) {
            return Err(too_many_keywords());
        }
        if rows.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let names = KeywordNames::new(&names);
        let mut change = Change::new(self.key, before, ModSeq(before.0 + 1));
        change.flags.extend(rows.iter().flatten().map(|row| FlagChange {
            uid: uid(row.get(0)),
            modseq: change.modseq,
            flags: names.flag_set(row.get(1), &row.get(2)),
        }));
        change.flags.sort_unstable_by_key(|flags| flags.uid);
        Ok(Some(change))
    }
}

/// The answers: the locked mailbox, its keywords, and the rows that changed, range by range.
struct Written {
    locked: Option<Row>,
    names: Vec<Row>,
    rows: Vec<Vec<Row>>,
}

impl SetFlags {
    /// Everything goes out at once, COMMIT included: each statement sees what was committed while the lock was waited
    /// for, and does nothing when the mailbox is gone or a keyword could not be named.
    async fn write(&self, db: &Lent<'_>) -> Result<Written, Error> {
        let lock = db.prepare(include_str!("sql/lock_mailboxes.sql")).await?;
        let insert = db.prepare(include_str!("sql/insert_missing_keywords.sql")).await?;
        let select = db.prepare(include_str!("sql/select_keywords.sql")).await?;
        let update = db.prepare(include_str!("sql/set_flags.sql")).await?;
        let end = db.prepare(include_str!("sql/end_flags.sql")).await?;
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let (mailboxes, client) = ([mailbox], db.client());
        let (names, keys) = self.keyword_columns();
        let lock_params: [&(dyn ToSql + Sync); 2] = [&account, &&mailboxes[..]];
        let insert_params: [&(dyn ToSql + Sync); 5] = [&account, &mailbox, &names, &keys, &KEYWORDS_MAX];
        let key_params: [&(dyn ToSql + Sync); 2] = [&account, &mailbox];
        let mut statements: Vec<Sending<'_, Vec<Row>>> = Vec::with_capacity(8);
        statements.push(Box::pin(async { Ok(client.query(&lock, &lock_params).await?) }));
        if !names.is_empty() && self.marking != Marking::Remove {
            statements.push(Box::pin(async { Ok(client.query(&insert, &insert_params).await?) }));
        }
        let before = statements.len();
        statements.push(Box::pin(async { Ok(client.query(&select, &key_params).await?) }));
        statements.extend(self.updates(db, &update, &keys));
        let ranges = self.uids.ranges().count();
        if ranges > 1 {
            statements.push(Box::pin(async { Ok(client.query(&end, &key_params).await?) }));
        }
        statements.push(Box::pin(async { db.commit().await.map(|()| Vec::new()) }));
        let mut answers = pipelined(statements).await?;
        let locked = std::mem::take(&mut answers[0]).pop();
        let names = std::mem::take(&mut answers[before]);
        let rows = answers.drain(before + 1..before + 1 + ranges).collect();
        Ok(Written { locked, names, rows })
    }

    /// The updates of each range of uids.
    fn updates<'a>(
        &'a self,
        db: &'a Lent<'_>,
        statement: &'a Statement,
        keys: &'a [String],
    ) -> impl Iterator<Item = Sending<'a, Vec<Row>>> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let (stay, add) = self.system_columns();
        let fate = self.keyword_fate();
        let is_only = self.uids.ranges().count() == 1;
        self.uids.ranges().map(move |(first, last)| -> Sending<'a, Vec<Row>> {
            let (first, last) = (i64::from(first.get()), i64::from(last.get()));
            Box::pin(async move {
                let params: [&(dyn ToSql + Sync); 9] =
                    [&account, &mailbox, &first, &last, &stay, &add, &fate, &keys, &is_only];
                Ok(db.client().query(statement, &params).await?)
            })
        })
    }

    /// The names of the keywords, and their keys.
    fn keyword_columns(&self) -> (Vec<&str>, Vec<String>) {
        let names: Vec<&str> = self.flags.keywords().iter().map(Keyword::as_str).collect();
        let keys = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        (names, keys)
    }

    /// What set_flags.sql does with the keywords of a message.
    fn keyword_fate(&self) -> i16 {
        match self.marking {
            Marking::Replace if self.permitted.keywords => 1,
            _ if self.flags.keywords().is_empty() => 0,
            Marking::Remove => 3,
            _ => 2,
        }
    }

    /// Which system flags stay, and which are added.
    fn system_columns(&self) -> (i16, i16) {
        let named = i16::from(self.flags.system.0);
        match self.marking {
            Marking::Replace => (!i16::from(self.permitted.system.0), named),
            Marking::Add => (!0, named),
            Marking::Remove => (!named, 0),
        }
    }
}

/// The keyword of a row of select_keywords.sql.
fn keyword(row: &Row) -> Option<Keyword> {
    Keyword::new(row.get(1))
}

/// How many keywords a mailbox may have, as the statements want it.
const KEYWORDS_MAX: i64 = limits::KEYWORDS_PER_MAILBOX_MAX as i64;

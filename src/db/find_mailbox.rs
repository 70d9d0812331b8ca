//! Finds a mailbox by its name, with its counters: what SELECT and STATUS ask.

use tokio_postgres::Row;

use super::mailbox_row::{modseq, uidvalidity};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, MailboxId, MailboxKey, MailboxName, ModSeq, UidValidity};

/// Finds one mailbox of an account; None when there is none of that name.
pub struct FindMailbox {
    pub account: AccountId,
    pub name: MailboxName,
}

/// A mailbox as its row describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMailbox {
    pub key: MailboxKey,
    pub uidvalidity: UidValidity,
    /// One past the last possible uid when the mailbox is full.
    pub uidnext: u64,
    pub highestmodseq: ModSeq,
    pub first_recent_uid: u64,
    pub messages: u64,
    pub unseen: u64,
    pub octets: u64,
    /// Messages with \Deleted.
    pub deleted: u64,
}

impl Unit for FindMailbox {
    type Output = Option<FoundMailbox>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let sql = include_str!("sql/select_mailbox_by_name.sql");
        let row = db.query_opt(sql, &[&self.account.0, &self.name.as_str()]).await?;
        Ok(row.map(|row| found(self.account, &row)))
    }
}

fn found(account: AccountId, row: &Row) -> FoundMailbox {
    let count = |column: usize| u64::try_from(row.get::<_, i64>(column)).unwrap_or_default();
    FoundMailbox {
        key: MailboxKey { account, mailbox: MailboxId(row.get(0)) },
        uidvalidity: uidvalidity(row.get(1)),
        uidnext: count(2),
        highestmodseq: modseq(row.get(3)),
        first_recent_uid: count(4),
        messages: count(5),
        unseen: count(6),
        octets: count(7),
        deleted: count(8),
    }
}

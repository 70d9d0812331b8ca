//! Takes messages out of a mailbox: IMAP EXPUNGE, the second half of MOVE, and what other doors delete.

use futures_util::future;
use tokio_postgres::Row;

use super::audit::Actor;
use super::mailbox_row::{modseq, uid};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Change, MailboxKey, Uid};

/// Moves messages to tombstones; None when none of them was there.
pub struct Expunge {
    pub key: MailboxKey,
    /// Which messages; uids of no message mean nothing.
    pub uids: Vec<Uid>,
    /// Messages that are not \Deleted stay.
    pub only_deleted: bool,
    pub by: Culprit,
}

/// Who takes messages out, as their tombstones will say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// The account that did it; None for an administrator or a policy.
    pub account: Option<AccountId>,
    /// imap, pop3, aox.
    pub door: &'static str,
    /// The client's address, where there is one.
    pub client: Option<String>,
    /// The command, or the policy.
    pub reason: &'static str,
}

impl Culprit {
    /// The same without the reason.
    pub fn actor(&self) -> Actor {
        Actor { account: self.account, door: self.door, client: self.client.clone() }
    }
}

impl Unit for Expunge {
    type Output = Option<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let expunging = expunge(db, self.key, &self.uids, self.only_deleted, &self.by);
        db.prepare(EXPUNGE).await?;
        let (change, ()) = future::try_join(expunging, db.commit()).await?;
        Ok(change)
    }
}

/// The work of [`Expunge`], within another unit.
pub(super) async fn expunge(
    db: &Lent<'_>,
    key: MailboxKey,
    uids: &[Uid],
    only_deleted: bool,
    by: &Culprit,
) -> Result<Option<Change>, Error> {
    let uids: Vec<i64> = uids.iter().map(|uid| i64::from(uid.get())).collect();
    take_out(db, key, Some(uids), only_deleted, by).await
}

/// Empties a mailbox, within another unit.
pub(super) async fn expunge_all(
    db: &Lent<'_>,
    key: MailboxKey,
    by: &Culprit,
) -> Result<Option<Change>, Error> {
    take_out(db, key, None, false, by).await
}

async fn take_out(
    db: &Lent<'_>,
    key: MailboxKey,
    uids: Option<Vec<i64>>,
    only_deleted: bool,
    by: &Culprit,
) -> Result<Option<Change>, Error> {
    let who = by.account.map(|account| account.0);
    let (account, mailbox) = (key.account.0, key.mailbox.0);
    let rows = db
        .query(EXPUNGE, &[&account, &mailbox, &uids, &only_deleted, &who, &by.door, &by.client, &by.reason])
        .await?;
    Ok(change(key, &rows))
}

/// The change that rows of `expunge.sql` tell of.
pub(super) fn change(key: MailboxKey, rows: &[Row]) -> Option<Change> {
    let first = rows.first()?;
    let mut change = Change::new(key, modseq(first.get(2)), modseq(first.get(1)));
    change.expunged = rows.iter().map(|row| uid(row.get(0))).collect();
    Some(change)
}

const EXPUNGE: &str = include_str!("sql/expunge.sql");

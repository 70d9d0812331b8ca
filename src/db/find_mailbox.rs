//! Finds a mailbox by the name that a client has for it, with its counters: what SELECT and STATUS ask.

use std::sync::Arc;

use tokio_postgres::Row;

use super::mailbox_row::{modseq, uidvalidity};
use super::owner::{ban, only_to_look_at, own_seen};
use super::recent_marks::Marks;
use super::unit::{Access, Error, Lent, Unit};
use crate::error;
use crate::mailbox::{AccountId, Located, MailboxId, MailboxKey, MailboxName, ModSeq, OwnSeen, UidValidity};
use crate::policy::{Permit, Rights, Viewer};

/// Finds the mailbox that `viewer` means by `name`; None when there is none. What is found may be somebody else's, and
/// none of the viewer's business: see [`FoundMailbox::for_whom_has`].
pub struct FindMailbox {
    pub viewer: Viewer,
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
    /// What the viewer may do with it.
    pub permit: Permit,
    /// What he has seen, where that is his own business.
    pub seen: Option<Arc<OwnSeen>>,
}

impl FoundMailbox {
    /// What was found, if the viewer has the rights `needed`; otherwise the refusal that he may hear. `no_such` is what
    /// he hears when there is nothing, or nothing he may know of.
    pub fn for_whom_has(
        needed: Rights,
        found: Option<FoundMailbox>,
        no_such: impl Fn() -> error::Error,
    ) -> Result<FoundMailbox, error::Error> {
        let found = found.ok_or_else(&no_such)?;
        if found.key.is_of_deleted() && !found.permit.rights.contains(needed) {
            return Err(only_to_look_at());
        }
        found.permit.demand(needed, no_such)?;
        Ok(found)
    }
}

impl Unit for FindMailbox {
    type Output = Option<FoundMailbox>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let Viewer { account, anonymous, acting } = self.viewer;
        let marks = db.recent_marks();
        match Located::of(&self.name) {
            Located::Level => Ok(None),
            Located::Deleted(_) if anonymous || db.hides_deleted() => Ok(None),
            Located::Deleted(name) => {
                let sql = include_str!("sql/select_mailbox_of_deleted_by_name.sql");
                let row = db.query_opt(sql, &[&account.0, &name.as_str()]).await?;
                let of_deleted = |row: &Row| {
                    let found = found(account, Permit::of(Rights::TAKING_BACK), row, &marks);
                    FoundMailbox { key: found.key.of_deleted(), ..found }
                };
                Ok(row.as_ref().map(of_deleted))
            }
            Located::Own(name) => {
                let sql = include_str!("sql/select_own_mailbox.sql");
                let row = db.query_opt(sql, &[&account.0, &name.as_str(), &acting.0]).await?;
                let permit = |row: &Row| self.viewer.permit(account, Rights::ALL, ban(row, 9));
                Ok(row.map(|row| found(account, permit(&row), &row, &marks)))
            }
            Located::Foreign { login, name } => {
                let sql = include_str!("sql/select_mailbox_of_other.sql");
                let row =
                    db.query_opt(sql, &[&account.0, &anonymous, &login, &name.as_str(), &acting.0]).await?;
                let found = |row: &Row| {
                    let owner = AccountId(row.get(10));
                    let permit = self.viewer.permit(owner, Rights::from_bits(row.get(11)), ban(row, 9));
                    FoundMailbox { seen: own_seen(row, 12), ..found(owner, permit, row, &marks) }
                };
                Ok(row.as_ref().map(found))
            }
        }
    }
}

/// The columns that all statements about mailboxes begin with. The marks are those of a moment before.
pub(super) fn found(account: AccountId, permit: Permit, row: &Row, marks: &Marks) -> FoundMailbox {
    let count = |column: usize| u64::try_from(row.get::<_, i64>(column)).unwrap_or_default();
    let key = MailboxKey { account, mailbox: MailboxId(row.get(0)) };
    FoundMailbox {
        key,
        uidvalidity: uidvalidity(row.get(1)),
        uidnext: count(2),
        highestmodseq: modseq(row.get(3)),
        first_recent_uid: marks.first_recent(key, count(4)),
        messages: count(5),
        unseen: count(6),
        octets: count(7),
        deleted: count(8),
        permit,
        seen: None,
    }
}

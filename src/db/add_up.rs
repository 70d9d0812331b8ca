//! Adds up what no counter of a mailbox keeps, for STATUS.

use super::find_mailbox::FoundMailbox;
use super::{Access, Error, Lent, Unit};

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// What an expunge would free (RFC 9208 §4.1.4). Looks at every message of the mailbox.
    pub deleted_storage: bool,
    /// The messages that no session has been told of (RFC 3501 §6.3.10).
    pub recent: bool,
}

/// Adds up what is wanted of one mailbox.
pub struct AddUp {
    pub mailbox: FoundMailbox,
    pub sums: Sums,
}

/// A mailbox, and what was to be added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundStatus {
    pub mailbox: FoundMailbox,
    /// Octets.
    pub deleted_storage: u64,
    pub recent: u64,
}

impl FoundStatus {
    /// Where nothing was to be added up.
    pub fn of(mailbox: FoundMailbox) -> FoundStatus {
        FoundStatus { mailbox, deleted_storage: 0, recent: 0 }
    }
}

impl Sums {
    /// Those of them that the counters do not show to be nothing.
    pub fn of(self, mailbox: &FoundMailbox) -> Sums {
        Sums {
            deleted_storage: self.deleted_storage && mailbox.deleted > 0,
            recent: self.recent && mailbox.uidnext > mailbox.first_recent_uid,
        }
    }

    /// Whether there is anything to add up.
    pub fn is_any(self) -> bool {
        self != Sums::default()
    }
}

impl Unit for AddUp {
    type Output = FoundStatus;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<FoundStatus, Error> {
        let sums = self.sums.of(&self.mailbox);
        let mut found = FoundStatus::of(self.mailbox);
        let (account, mailbox) = (found.mailbox.key.account.0, found.mailbox.key.mailbox.0);
        if sums.deleted_storage {
            let sql = include_str!("sql/select_deleted_storage.sql");
            let row = db.query_one(sql, &[&account, &mailbox]).await?;
            found.deleted_storage = row.get::<_, i64>(0).unsigned_abs();
        }
        if sums.recent {
            let first = i64::try_from(found.mailbox.first_recent_uid).unwrap_or(i64::MAX);
            let row =
                db.query_one(include_str!("sql/count_recent.sql"), &[&account, &mailbox, &first]).await?;
            found.recent = row.get::<_, i64>(0).unsigned_abs();
        }
        Ok(found)
    }
}

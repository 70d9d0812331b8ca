//! Changes flags of those messages that nobody has changed meanwhile: IMAP's conditional STORE.

use super::mailbox_row::{range_columns, uid};
use super::set_flags::SetFlags;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{Change, ModSeq, UidSet};

/// Does what `set` says with the messages that have not changed after `since` (RFC 7162 §3.1.3).
pub struct SetFlagsUnlessChanged {
    pub set: SetFlags,
    pub since: ModSeq,
}

/// What became of a conditional STORE.
#[derive(Debug, Default)]
pub struct ConditionallySet {
    /// As [`SetFlags`] returns it.
    pub change: Option<Change>,
    /// The messages that had been changed, and stay as they are.
    pub modified: UidSet,
}

impl Unit for SetFlagsUnlessChanged {
    type Output = ConditionallySet;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<ConditionallySet, Error> {
        let SetFlagsUnlessChanged { mut set, since } = self;
        let (account, mailbox) = (set.key.account.0, set.key.mailbox.0);
        let since = i64::try_from(since.0).unwrap_or(i64::MAX);
        let (firsts, lasts) = range_columns(&set.uids);
        // Under this lock nothing changes any more until the flags are set.
        db.query(include_str!("sql/lock_mailboxes.sql"), &[&account, &vec![mailbox]]).await?;
        let sql = include_str!("sql/select_modified.sql");
        let rows = db.query(sql, &[&account, &mailbox, &firsts, &lasts, &since]).await?;
        let modified: UidSet = rows.iter().map(|row| uid(row.get(0))).collect();
        set.uids = set.uids.difference(&modified);
        let change = if set.uids.is_empty() { None } else { set.run(db).await? };
        Ok(ConditionallySet { change, modified })
    }
}

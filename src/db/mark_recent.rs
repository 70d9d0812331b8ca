//! Remembers which messages are no longer \Recent to anybody.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::MailboxKey;

/// Stores the first uid that no session has been told of as \Recent (RFC 3501 §2.3.2). It only ever goes up.
pub struct MarkRecent {
    pub key: MailboxKey,
    pub first_recent_uid: u32,
}

impl Unit for MarkRecent {
    /// The one before. What is below it belongs to others; what is not, to who has asked.
    type Output = u32;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<u32, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let first = i64::from(self.first_recent_uid);
        // Losing it in a crash shows \Recent twice, which RFC 3501 allows; waiting for the disk is not worth that.
        db.execute("set local synchronous_commit = off", &[]).await?;
        let sql = include_str!("sql/update_first_recent_uid.sql");
        let before = db.query_opt(sql, &[&account, &mailbox, &first]).await?;
        let number = |stored: i64| u32::try_from(stored).unwrap_or(u32::MAX);
        Ok(before.map_or(self.first_recent_uid, |row| number(row.get(0))))
    }
}

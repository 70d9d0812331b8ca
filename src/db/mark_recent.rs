//! Remembers which messages are no longer \Recent to anybody.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::MailboxKey;

/// Stores the first uid that no session has been told of as \Recent (RFC 3501 §2.3.2). It only ever goes up.
pub struct MarkRecent {
    pub key: MailboxKey,
    pub first_recent_uid: u32,
}

impl Unit for MarkRecent {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let first = i64::from(self.first_recent_uid);
        // Losing it in a crash shows \Recent twice, which RFC 3501 allows; waiting for the disk is not worth that.
        db.execute("set local synchronous_commit = off", &[]).await?;
        db.execute(include_str!("sql/update_first_recent_uid.sql"), &[&account, &mailbox, &first]).await?;
        Ok(())
    }
}

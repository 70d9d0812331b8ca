//! Adds up what an expunge of a mailbox would free: STATUS DELETED-STORAGE (RFC 9208 §4.1.4).

use super::{Access, Error, Lent, Unit};
use crate::mailbox::MailboxKey;

/// The octets of all messages with \Deleted. Looks at every message of the mailbox.
pub struct DeletedStorage {
    pub key: MailboxKey,
}

impl Unit for DeletedStorage {
    type Output = u64;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<u64, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let row = db.query_one(include_str!("sql/select_deleted_storage.sql"), &[&account, &mailbox]).await?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }
}

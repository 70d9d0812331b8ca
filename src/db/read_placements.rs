//! Reads of messages in a mailbox what no snapshot has: what they and their conversations are called, and when they were
//! saved there.

use tokio_postgres::Row;

use super::mailbox_row::{Seconds, uid};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{MailboxKey, MessageId, Placement, Uid};

/// Reads some messages of a mailbox, in any order.
pub struct ReadPlacements {
    pub key: MailboxKey,
    pub messages: Vec<(MessageId, Uid)>,
    /// Whether it is asked which conversations they belong to.
    pub threads: bool,
}

impl Unit for ReadPlacements {
    type Output = Vec<Placement>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Placement>, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.of_kept().mailbox.0);
        let ids: Vec<i64> = self.messages.iter().map(|(message, _)| message.0).collect();
        let uids: Vec<i64> = self.messages.iter().map(|(_, uid)| i64::from(uid.get())).collect();
        let sql = match self.key.is_of_deleted() {
            true => include_str!("sql/select_placements_of_deleted.sql"),
            false => include_str!("sql/select_placements.sql"),
        };
        let rows = db.query(sql, &[&account, &mailbox, &uids, &ids, &self.threads]).await?;
        let placement = |row: &Row| Placement {
            uid: uid(row.get(0)),
            known_as: MessageId(row.get(1)),
            saved_at: row.get::<_, Option<Seconds>>(2).map(|seconds| seconds.0),
            thread_root: row.get(3),
        };
        Ok(rows.iter().map(placement).collect())
    }
}

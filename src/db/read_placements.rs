//! Reads of messages in a mailbox what no snapshot has: when they were saved there, and which conversation they belong to.

use tokio_postgres::Row;

use super::mailbox_row::{Seconds, uid};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{MailboxKey, Uid};

/// Reads some messages of a mailbox, in any order. Messages that are no more are left out.
pub struct ReadPlacements {
    pub key: MailboxKey,
    pub uids: Vec<Uid>,
    /// Whether it is asked which conversations they belong to.
    pub threads: bool,
}

/// What is known of a message in its mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub uid: Uid,
    /// When it came into this mailbox, in seconds since 1970.
    pub saved_at: i64,
    /// The message-id that begins its conversation, as far as the message tells.
    pub thread_root: Option<String>,
}

impl Unit for ReadPlacements {
    type Output = Vec<Placement>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Placement>, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.of_kept().mailbox.0);
        let uids: Vec<i64> = self.uids.iter().map(|uid| i64::from(uid.get())).collect();
        let sql = match self.key.is_of_deleted() {
            true => include_str!("sql/select_placements_of_deleted.sql"),
            false => include_str!("sql/select_placements.sql"),
        };
        let rows = db.query(sql, &[&account, &mailbox, &uids, &self.threads]).await?;
        let placement = |row: &Row| Placement {
            uid: uid(row.get(0)),
            saved_at: row.get::<_, Seconds>(1).0,
            thread_root: row.get(2),
        };
        Ok(rows.iter().map(placement).collect())
    }
}

//! Lists mailboxes with their counters, of one user or of all: what `aox list mailboxes` tells.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::Login;

/// Lists the mailboxes of `login`, or everybody's.
pub struct ListAllMailboxes {
    pub login: Option<String>,
    /// Those that were deleted and have not ended, with what can be taken back of their mail.
    pub deleted: bool,
}

/// A mailbox with its owner's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxOfUser {
    pub login: String,
    pub name: String,
    pub messages: i64,
    pub unseen: i64,
    pub octets: i64,
    pub special_use: Option<String>,
    pub deleted_at: Option<Timestamp>,
}

impl Unit for ListAllMailboxes {
    type Output = Vec<MailboxOfUser>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let login = self.login.map(|login| Login::key_of(&login));
        let sql = match self.deleted {
            false => include_str!("sql/select_all_mailboxes.sql"),
            true => include_str!("sql/select_deleted_mailboxes.sql"),
        };
        let rows = db.query(sql, &[&login]).await?;
        let listed = rows.iter().map(|row| MailboxOfUser {
            login: row.get(0),
            name: row.get(1),
            messages: row.get(2),
            unseen: row.get(3),
            octets: row.get(4),
            special_use: row.get(5),
            deleted_at: row.get(6),
        });
        Ok(listed.collect())
    }
}

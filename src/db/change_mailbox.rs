//! Changes how a mailbox works: `aox change mailbox`.

use super::change_rights::{Administered, rights_changed};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{Change, MailboxName};

/// Chooses whether everybody but the owner has a \Seen of his own.
pub struct ChangeMailbox {
    pub login: String,
    pub name: MailboxName,
    pub seen_per_user: bool,
}

impl Unit for ChangeMailbox {
    /// What tells those who have it open to look again.
    type Output = Option<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let key = Administered::Of(self.login, self.name).lock(db).await?;
        let sql = include_str!("sql/update_seen_per_user.sql");
        db.execute(sql, &[&key.account.0, &key.mailbox.0, &self.seen_per_user]).await?;
        rights_changed(db, key).await
    }
}

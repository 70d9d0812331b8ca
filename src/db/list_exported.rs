//! Lists the mailboxes that an export goes through.

use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Login, MailboxId, MailboxKey, MailboxName};

/// Lists all mailboxes of a user by their names, or finds the one with a name.
pub struct ListExported {
    pub login: String,
    pub name: Option<MailboxName>,
}

impl Unit for ListExported {
    /// The mailboxes, with their names; there is one at least.
    type Output = Vec<(MailboxKey, String)>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let name = self.name.as_ref().map(MailboxName::as_str);
        let sql = include_str!("sql/select_exported_mailboxes.sql");
        let rows = db.query(sql, &[&Login::key_of(&self.login), &name]).await?;
        if rows.is_empty() {
            let text = match name {
                Some(name) => format!("{} has no mailbox {name}", self.login),
                None => format!("there is no user {}", self.login),
            };
            return Err(error::Error::no(Code::NonExistent, text).into());
        }
        let key = |row: &tokio_postgres::Row| MailboxKey {
            account: AccountId(row.get(0)),
            mailbox: MailboxId(row.get(1)),
        };
        Ok(rows.iter().map(|row| (key(row), row.get(2))).collect())
    }
}

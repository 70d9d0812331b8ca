//! Lists the mailboxes that an administrator's search goes through.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Login, MailboxId, MailboxKey, MailboxName};

/// Lists mailboxes, or what was deleted in them, by their owners and names.
pub struct ListSearched {
    pub place: SearchedPlace,
    /// What was deleted in them: then also mailboxes and users that were deleted themselves.
    pub deleted: bool,
}

/// Where an administrator looks for mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchedPlace {
    Everywhere,
    /// All mailboxes of the user with this login.
    User(String),
    /// Only the one with this name; of deleted mail, all that had the name.
    Mailbox(String, MailboxName),
}

/// One mailbox to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedMailbox {
    /// Names what was deleted in the mailbox, if that is what was asked for.
    pub key: MailboxKey,
    pub login: String,
    pub name: String,
    /// When the mailbox itself was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
    /// How many messages it has; of deleted ones that is not counted.
    pub messages: i64,
}

impl Unit for ListSearched {
    type Output = Vec<SearchedMailbox>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (account, name) = match &self.place {
            SearchedPlace::Everywhere => (None, None),
            SearchedPlace::User(login) => (Some(self.account(db, login).await?), None),
            SearchedPlace::Mailbox(login, name) => {
                (Some(self.account(db, login).await?), Some(name.as_str()))
            }
        };
        let sql = match self.deleted {
            false => include_str!("sql/select_searched_mailboxes.sql"),
            true => include_str!("sql/select_searched_mailboxes_of_deleted.sql"),
        };
        let rows = db.query(sql, &[&account, &name]).await?;
        if let (SearchedPlace::Mailbox(login, name), true, false) =
            (&self.place, rows.is_empty(), self.deleted)
        {
            let text = format!("{login} has no mailbox {name}");
            return Err(error::Error::no(Code::NonExistent, text).into());
        }
        Ok(rows.iter().map(|row| self.mailbox(row)).collect())
    }
}

impl ListSearched {
    async fn account(&self, db: &Lent<'_>, login: &str) -> Result<i64, Error> {
        let sql = include_str!("sql/select_account_of_login.sql");
        let row = db.query_opt(sql, &[&Login::key_of(login)]).await?;
        let nobody = || error::Error::no(Code::NonExistent, format!("there is no user {login}"));
        let row = row.filter(|row| self.deleted || !row.get::<_, bool>(2)).ok_or_else(nobody)?;
        Ok(row.get(0))
    }

    fn mailbox(&self, row: &Row) -> SearchedMailbox {
        let key = MailboxKey { account: AccountId(row.get(1)), mailbox: MailboxId(row.get(2)) };
        SearchedMailbox {
            key: if self.deleted { key.of_deleted() } else { key },
            login: row.get(0),
            name: row.get(3),
            deleted_at: row.get(4),
            messages: row.get(5),
        }
    }
}

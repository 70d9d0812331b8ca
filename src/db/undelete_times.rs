//! For how long what was deleted can be taken back: set and listed.

use jiff::Timestamp;

use super::change_rights::Administered;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Login, MailboxName};

/// To what an undelete time applies. The narrowest that there is counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndeleteScope {
    Site,
    /// Users with an address in it.
    Domain(String),
    User(String),
    Mailbox(String, MailboxName),
}

/// Sets the undelete time of a scope; without days, what was set for it is taken back.
pub struct SetUndeleteTime {
    pub scope: UndeleteScope,
    pub days: Option<u32>,
    /// Who does it.
    pub by: String,
}

/// Finds what was set.
pub struct ListUndeleteTimes;

/// One undelete time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUndeleteTime {
    pub scope: UndeleteScope,
    pub days: i32,
    /// None when that was before there was any mail.
    pub set_at: Option<Timestamp>,
    pub set_by: String,
}

impl Unit for SetUndeleteTime {
    /// False when it was so before.
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        let (number, domain, account, mailbox) = match &self.scope {
            UndeleteScope::Site => (0i16, None, None, None),
            UndeleteScope::Domain(domain) => (1, Some(domain.as_str()), None, None),
            UndeleteScope::User(login) => {
                let sql = include_str!("sql/select_account_id.sql");
                let row = db.query_opt(sql, &[&Login::key_of(login)]).await?;
                let row = row.ok_or_else(|| nothing(format!("there is no user {login}")))?;
                (2, None, Some(row.get::<_, i64>(0)), None)
            }
            UndeleteScope::Mailbox(login, name) => {
                let key = Administered::Of(login.clone(), name.clone()).find(db).await?;
                (3, None, Some(key.account.0), Some(key.mailbox.0))
            }
        };
        let days = self.days.map(|days| days as i32);
        let sql = include_str!("sql/set_undelete_time.sql");
        Ok(db.query_one(sql, &[&number, &domain, &account, &mailbox, &days, &self.by]).await?.get(0))
    }
}

fn nothing(what: String) -> error::Error {
    error::Error::no(Code::NonExistent, what)
}

impl Unit for ListUndeleteTimes {
    type Output = Vec<ListedUndeleteTime>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_undelete_times.sql"), &[]).await?;
        let listed = rows.iter().filter_map(|row| {
            let name = || row.get::<_, Option<String>>(1);
            let scope = match row.get::<_, i16>(0) {
                0 => UndeleteScope::Site,
                1 => UndeleteScope::Domain(name()?),
                2 => UndeleteScope::User(name()?),
                // The mailbox, or all of the user, may have ended since.
                _ => UndeleteScope::Mailbox(name()?, MailboxName::new(row.get::<_, Option<&str>>(2)?).ok()?),
            };
            Some(ListedUndeleteTime {
                scope,
                days: row.get(3),
                set_at: row.get::<_, bool>(4).then(|| row.get(5)),
                set_by: row.get(6),
            })
        });
        Ok(listed.collect())
    }
}

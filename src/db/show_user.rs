//! Reads all that belongs to one user: what `aox show user` tells, and what deleting the user would take away.

use jiff::Timestamp;

use super::alias::{Alias, alias};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::Login;

/// Reads one account.
pub struct ShowUser {
    pub login: String,
}

/// One account with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDetails {
    pub account: i64,
    pub login: String,
    pub display_name: Option<String>,
    pub disabled: bool,
    pub created_at: Timestamp,
    pub mailboxes: i64,
    pub messages: i64,
    pub octets: i64,
    pub app_passwords: i64,
    pub groups: Vec<String>,
    /// Its addresses, the aliases that lead to its mailboxes, and those that lead to its addresses.
    pub aliases: Vec<Alias>,
}

impl Unit for ShowUser {
    /// None when there is no such user.
    type Output = Option<UserDetails>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        details(db, &self.login).await
    }
}

/// What belongs to the user of that login.
pub(super) async fn details(db: &Lent<'_>, login: &str) -> Result<Option<UserDetails>, Error> {
    let key = Login::key_of(login);
    let Some(row) = db.query_opt(include_str!("sql/select_user.sql"), &[&key]).await? else {
        return Ok(None);
    };
    let account: i64 = row.get(0);
    let rows = db.query(include_str!("sql/select_aliases_of_account.sql"), &[&account]).await?;
    Ok(Some(UserDetails {
        account,
        login: row.get(1),
        display_name: row.get(2),
        disabled: row.get(3),
        created_at: row.get(4),
        mailboxes: row.get(5),
        messages: row.get(6),
        octets: row.get(7),
        app_passwords: row.get(8),
        groups: row.get(9),
        aliases: rows.iter().map(alias).collect(),
    }))
}

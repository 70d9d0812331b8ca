//! Adds an alias: mail for an address goes to a mailbox.

use super::add_user::AliasAddress;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::MailboxName;

/// Adds one target to an address.
pub struct AddAlias {
    pub alias: AliasAddress,
    pub login: String,
    pub mailbox: MailboxName,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedAlias {
    Added,
    ThereAlready,
    NoMailbox,
}

impl Unit for AddAlias {
    type Output = AddedAlias;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<AddedAlias, Error> {
        let (login, name) = (self.login.to_lowercase(), self.mailbox.as_str());
        let sql = include_str!("sql/select_mailbox_of_login.sql");
        let Some(row) = db.query_opt(sql, &[&login, &name]).await? else {
            return Ok(AddedAlias::NoMailbox);
        };
        let account: i64 = row.get(0);
        let AliasAddress { localpart, localpart_key, domain } = &self.alias;
        let sql = include_str!("sql/insert_alias.sql");
        match db.execute(sql, &[localpart, localpart_key, domain, &account, &name]).await? {
            0 => Ok(AddedAlias::ThereAlready),
            _ => Ok(AddedAlias::Added),
        }
    }
}

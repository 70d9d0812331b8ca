//! What an address leads to, as the units that add, list and delete aliases share it.

use tokio_postgres::Row;

use super::unit::{Error, Lent};
use crate::mailbox::{Login, MailboxName};
use crate::wire::address::Address;

/// One target of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AliasTarget {
    /// A mailbox of an account.
    Mailbox(MailboxOf),
    /// Another address of this site.
    Address(Address),
}

/// A mailbox by its owner's login and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxOf {
    pub login: String,
    pub name: String,
}

impl MailboxOf {
    /// INBOX of `login`.
    pub fn inbox_of(login: &str) -> MailboxOf {
        MailboxOf { login: login.to_owned(), name: MailboxName::inbox().as_str().to_owned() }
    }
}

/// One target of one address, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// With an empty local-part it takes all mail of its domain that nothing else takes.
    pub address: Address,
    pub target: AliasTarget,
    /// The address is one that the user has, and leads to INBOX.
    pub own: bool,
}

/// The columns of every statement that selects aliases.
pub(super) fn alias(row: &Row) -> Alias {
    let address = Address { localpart: row.get(0), domain: row.get(1) };
    let target = match row.get::<_, Option<String>>(2) {
        Some(login) => AliasTarget::Mailbox(MailboxOf { login, name: row.get(3) }),
        None => AliasTarget::Address(Address { localpart: row.get(4), domain: row.get(5) }),
    };
    Alias { address, target, own: row.get(6) }
}

/// What mail for `address` leads to, whatever the case of its letters is.
pub(super) async fn targets_of(db: &Lent<'_>, address: &Address) -> Result<Vec<Alias>, Error> {
    let sql = include_str!("sql/select_aliases_of_address.sql");
    let rows = db.query(sql, &[&address.domain, &address.localpart_key()]).await?;
    Ok(rows.iter().map(alias).collect())
}

/// Keeps others from adding something to the same address until this unit is done.
pub(super) async fn lock_address(db: &Lent<'_>, address: &Address) -> Result<(), Error> {
    let name = format!("{}@{}", address.localpart_key(), address.domain);
    db.query(include_str!("sql/lock_address.sql"), &[&name]).await?;
    Ok(())
}

/// The mailboxes of an account by its login, which is compared as logins are.
pub(super) async fn mailbox_of(db: &Lent<'_>, mailbox: &MailboxOf) -> Result<Option<(i64, i64)>, Error> {
    let sql = include_str!("sql/select_mailbox_of_login.sql");
    let row = db.query_opt(sql, &[&Login::key_of(&mailbox.login), &mailbox.name]).await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

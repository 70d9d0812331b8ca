//! Adds an alias: mail for an address goes to mailboxes, and to what other addresses stand for.

use super::alias::{AliasTarget, lock_address};
use super::change_rights::Administered;
use super::domains;
use super::resolve_recipient::resolve;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::MailboxName;
use crate::wire::address::Address;

/// Adds targets to an address; all of them, or none.
pub struct AddAlias {
    /// With an empty local-part, all mail of the domain that nothing else takes.
    pub address: Address,
    pub targets: Vec<AliasTarget>,
}

/// How it went with one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedTarget {
    Added,
    ThereAlready,
}

/// What is added to the tables.
enum Row {
    Mailbox(i64, i64),
    Address(Address),
}

impl Unit for AddAlias {
    /// One for each target.
    type Output = Vec<AddedTarget>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        domains::check_ours(db, &self.address.domain).await?;
        lock_address(db, &self.address).await?;
        let mut added = Vec::new();
        for target in &self.targets {
            let written = match row(db, target).await? {
                Row::Mailbox(account, mailbox) => lead_to(db, &self.address, account, mailbox, false).await?,
                Row::Address(target) => self.redirect_to(db, &target).await?,
            };
            added.push(if written { AddedTarget::Added } else { AddedTarget::ThereAlready });
        }
        if resolve(db, &self.address, "").await?.len() > limits::RECIPIENT_MAILBOXES_MAX {
            let text = format!(
                "that is too much: one address may stand for {} mailboxes",
                limits::RECIPIENT_MAILBOXES_MAX
            );
            return Err(error::Error::no(Code::Limit, text).into());
        }
        Ok(added)
    }
}

impl AddAlias {
    async fn redirect_to(&self, db: &Lent<'_>, target: &Address) -> Result<bool, Error> {
        if target.localpart_key() == self.address.localpart_key() && target.domain == self.address.domain {
            return Err(error::Error::no(Code::Cannot, format!("{target} cannot lead to itself")).into());
        }
        let Address { localpart, domain } = &self.address;
        let sql = include_str!("sql/insert_redirect.sql");
        let (key, target_key) = (self.address.localpart_key(), target.localpart_key());
        let written = db
            .execute(sql, &[localpart, &key, domain, &target.localpart, &target_key, &target.domain])
            .await?;
        Ok(written > 0)
    }
}

/// Makes mail for `address` go to a mailbox. False when it did already.
pub(super) async fn lead_to(
    db: &Lent<'_>,
    address: &Address,
    account: i64,
    mailbox: i64,
    own: bool,
) -> Result<bool, Error> {
    let Address { localpart, domain } = address;
    let sql = include_str!("sql/insert_alias.sql");
    let key = address.localpart_key();
    Ok(db.execute(sql, &[localpart, &key, domain, &account, &mailbox, &own]).await? > 0)
}

/// The row for a target, which must lead somewhere.
async fn row(db: &Lent<'_>, target: &AliasTarget) -> Result<Row, Error> {
    match target {
        AliasTarget::Mailbox(mailbox) => {
            let name = MailboxName::new(&mailbox.name)?;
            let key = Administered::Of(mailbox.login.clone(), name).lock(db).await?;
            Ok(Row::Mailbox(key.account.0, key.mailbox.0))
        }
        AliasTarget::Address(target) => {
            // Without separators: an alias to a subaddress is better said as one to that mailbox.
            if resolve(db, target, "").await?.is_empty() {
                let text = format!("nobody here gets mail for {target}, so no alias can lead to it");
                return Err(error::Error::no(Code::NonExistent, text).into());
            }
            Ok(Row::Address(target.clone()))
        }
    }
}

//! Gives a user one more address: mail for it comes to INBOX.

use super::add_alias::lead_to;
use super::alias::{Alias, MailboxOf, lock_address, mailbox_of, targets_of};
use super::count_usage::settle_members;
use super::domains;
use super::unit::{Access, Error, Lent, Unit};
use crate::wire::address::Address;

/// Adds an address, which nobody may have yet.
pub struct AddAddress {
    pub login: String,
    pub address: Address,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedAddress {
    Added,
    NoUser,
    /// Mail for it goes here already.
    Taken(Alias),
}

impl Unit for AddAddress {
    type Output = AddedAddress;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<AddedAddress, Error> {
        let Some((account, inbox)) = mailbox_of(db, &MailboxOf::inbox_of(&self.login)).await? else {
            return Ok(AddedAddress::NoUser);
        };
        if let Some(taken) = claim(db, &self.address).await? {
            return Ok(AddedAddress::Taken(taken));
        }
        lead_to(db, &self.address, account, inbox, true).await?;
        settle_members(db).await?;
        Ok(AddedAddress::Added)
    }
}

/// Makes sure that a user may have this address: what it leads to when it is taken, an error when its domain is not one
/// of the site.
pub(super) async fn claim(db: &Lent<'_>, address: &Address) -> Result<Option<Alias>, Error> {
    domains::check_ours(db, &address.domain).await?;
    lock_address(db, address).await?;
    Ok(targets_of(db, address).await?.into_iter().next())
}

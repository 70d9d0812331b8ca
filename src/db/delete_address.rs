//! Takes an address away from the user who has it.

use super::alias::{Alias, AliasTarget, targets_of};
use super::count_usage::settle_members;
use super::delete_alias::delete;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::Login;
use crate::wire::address::Address;

/// Deletes one address of a user, who must have another.
pub struct DeleteAddress {
    pub address: Address,
    /// Only say what would go.
    pub rehearse: bool,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletedAddress {
    /// This user has it no longer; mail for it goes on going to what is left.
    Deleted { login: String, left: Vec<Alias> },
    /// No user has that address.
    NobodyHasIt,
    /// It is all that this user has.
    TheOnlyOne(String),
}

impl Unit for DeleteAddress {
    type Output = DeletedAddress;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<DeletedAddress, Error> {
        let found = targets_of(db, &self.address).await?;
        let (own, left): (Vec<Alias>, Vec<Alias>) = found.into_iter().partition(|alias| alias.own);
        let Some(AliasTarget::Mailbox(inbox)) = own.first().map(|alias| &alias.target) else {
            return Ok(DeletedAddress::NobodyHasIt);
        };
        let login = inbox.login.clone();
        let sql = include_str!("sql/count_addresses.sql");
        let count: i64 = db.query_one(sql, &[&Login::key_of(&login)]).await?.get(0);
        if count <= own.len() as i64 {
            return Ok(DeletedAddress::TheOnlyOne(login));
        }
        if !self.rehearse {
            delete(db, &own).await?;
            settle_members(db).await?;
        }
        Ok(DeletedAddress::Deleted { login, left })
    }
}

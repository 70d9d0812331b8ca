//! Deletes an alias, or one target of it. What a user has as an address stays.

use super::alias::{Alias, AliasTarget, targets_of};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::Login;
use crate::wire::address::Address;

/// Deletes the alias as it is written, or, when none is written so, without regard to case.
pub struct DeleteAlias {
    pub address: Address,
    /// Only this target of it.
    pub target: Option<AliasTarget>,
    /// Only say what would go.
    pub rehearse: bool,
}

/// What went, and what did not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeletedAlias {
    pub gone: Vec<Alias>,
    /// Where mail for the address still goes.
    pub left: Vec<Alias>,
}

impl Unit for DeleteAlias {
    type Output = DeletedAlias;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<DeletedAlias, Error> {
        let mut found = targets_of(db, &self.address).await?;
        if found.iter().any(|alias| alias.address.localpart == self.address.localpart) {
            found.retain(|alias| alias.address.localpart == self.address.localpart);
        }
        let goes = |alias: &Alias| {
            !alias.own && self.target.as_ref().is_none_or(|target| is_same(target, &alias.target))
        };
        let (gone, left): (Vec<Alias>, Vec<Alias>) = found.into_iter().partition(goes);
        if !self.rehearse {
            delete(db, &gone).await?;
        }
        Ok(DeletedAlias { gone, left })
    }
}

/// Deletes these targets.
pub(super) async fn delete(db: &Lent<'_>, aliases: &[Alias]) -> Result<(), Error> {
    for Alias { address: Address { localpart, domain }, target, .. } in aliases {
        match target {
            AliasTarget::Mailbox(mailbox) => {
                let login = Login::key_of(&mailbox.login);
                let sql = include_str!("sql/delete_alias.sql");
                db.execute(sql, &[domain, localpart, &login, &mailbox.name]).await?;
            }
            AliasTarget::Address(target) => {
                let sql = include_str!("sql/delete_redirect.sql");
                db.execute(sql, &[domain, localpart, &target.domain, &target.localpart]).await?;
            }
        }
    }
    Ok(())
}

fn is_same(wanted: &AliasTarget, stored: &AliasTarget) -> bool {
    match (wanted, stored) {
        (AliasTarget::Mailbox(wanted), AliasTarget::Mailbox(stored)) => {
            wanted.name == stored.name && Login::key_of(&wanted.login) == Login::key_of(&stored.login)
        }
        (AliasTarget::Address(wanted), AliasTarget::Address(stored)) => {
            wanted.localpart_key() == stored.localpart_key() && wanted.domain == stored.domain
        }
        _ => false,
    }
}

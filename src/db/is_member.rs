//! Asks whether an account belongs to a group.

use super::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Login};

/// Whether `account` is a member of the group with that name; nobody is a member of a group without a name.
pub struct IsMember {
    pub account: AccountId,
    pub group: String,
}

impl Unit for IsMember {
    type Output = bool;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        let key = Login::key_of(&self.group);
        Ok(db.query_one(include_str!("sql/select_is_member.sql"), &[&self.account.0, &key]).await?.get(0))
    }
}

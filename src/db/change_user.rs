//! Changes what a user is called, and whether the user may log in.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Login};

/// Gives a user another display name, or none.
pub struct ChangeUser {
    pub login: String,
    pub display_name: Option<String>,
}

impl Unit for ChangeUser {
    /// False when there is no such user.
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        let sql = include_str!("sql/update_display_name.sql");
        Ok(db.execute(sql, &[&Login::key_of(&self.login), &self.display_name]).await? > 0)
    }
}

/// Lets a user log in, or not. Mail is delivered either way.
pub struct SetUserDisabled {
    pub login: String,
    pub disabled: bool,
}

/// A user whose state was asked to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchedUser {
    pub account: AccountId,
    pub login: String,
    /// It was so before.
    pub already: bool,
}

impl Unit for SetUserDisabled {
    /// None when there is no such user.
    type Output = Option<SwitchedUser>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let sql = include_str!("sql/update_account_disabled.sql");
        let row = db.query_opt(sql, &[&Login::key_of(&self.login), &self.disabled]).await?;
        Ok(row.map(|row| SwitchedUser {
            account: AccountId(row.get(0)),
            login: row.get(1),
            already: row.get::<_, bool>(2) == self.disabled,
        }))
    }
}

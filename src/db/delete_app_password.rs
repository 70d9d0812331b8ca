//! Takes the password of an application back.

use super::change_rights::account_of;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Login};

/// Which.
pub struct DeleteAppPassword {
    pub login: String,
    pub name: String,
}

impl Unit for DeleteAppPassword {
    /// The account, whose clients have to log in again; None when there is no such password.
    type Output = Option<AccountId>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let nobody = || error::Error::no(Code::NonExistent, format!("there is no user {}", self.login));
        account_of(db, &self.login).await?.ok_or_else(nobody)?;
        let login_key = Login::key_of(&self.login);
        let sql = include_str!("sql/delete_app_password.sql");
        if db.execute(sql, &[&login_key, &self.name]).await? == 0 {
            return Ok(None);
        }
        let row = db.query_opt(include_str!("sql/dismiss_account.sql"), &[&login_key]).await?;
        Ok(row.map(|row| AccountId(row.get(0))))
    }
}

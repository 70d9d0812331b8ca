//! Takes the password of an application back.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;

/// Which.
pub struct DeleteAppPassword {
    pub login_key: String,
    pub name: String,
}

impl Unit for DeleteAppPassword {
    /// The account, whose clients have to log in again; None when there is no such password.
    type Output = Option<AccountId>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let sql = include_str!("sql/delete_app_password.sql");
        if db.execute(sql, &[&self.login_key, &self.name]).await? == 0 {
            return Ok(None);
        }
        let row = db.query_opt(include_str!("sql/dismiss_account.sql"), &[&self.login_key]).await?;
        Ok(row.map(|row| AccountId(row.get(0))))
    }
}

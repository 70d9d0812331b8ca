//! Replaces the password of an account.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Login};
use crate::wire::password::Verifiers;

/// Replaces the account's own password; those of applications stay.
pub struct ChangePassword {
    pub login: String,
    pub verifiers: Verifiers,
    pub now: Timestamp,
}

impl Unit for ChangePassword {
    /// The account, whose clients have to log in again; None when there is no such user.
    type Output = Option<AccountId>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let Verifiers { argon2id, scram_sha_256, scram_sha_1 } = &self.verifiers;
        let sql = include_str!("sql/update_password.sql");
        let login_key = Login::key_of(&self.login);
        db.execute(sql, &[&login_key, argon2id, scram_sha_256, scram_sha_1, &self.now]).await?;
        let row = db.query_opt(include_str!("sql/dismiss_account.sql"), &[&login_key]).await?;
        Ok(row.map(|row| AccountId(row.get(0))))
    }
}

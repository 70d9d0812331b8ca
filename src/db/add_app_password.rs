//! Gives an application of a user a password of its own.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};

/// Adds a password beside those that the account has.
pub struct AddAppPassword {
    pub login_key: String,
    /// What the user calls it.
    pub name: String,
    pub token_sha_256: Vec<u8>,
    pub now: Timestamp,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedAppPassword {
    Added,
    NoUser,
    NameTaken,
    /// There are [`APP_PASSWORDS_MAX`] already.
    TooMany,
}

/// Each is compared at each login of the user.
pub const APP_PASSWORDS_MAX: i64 = 100;

impl Unit for AddAppPassword {
    type Output = AddedAppPassword;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<AddedAppPassword, Error> {
        let counted = db.query_opt(include_str!("sql/count_app_passwords.sql"), &[&self.login_key]).await?;
        let Some(row) = counted else { return Ok(AddedAppPassword::NoUser) };
        let (account, count): (i64, i64) = (row.get(0), row.get(1));
        if count >= APP_PASSWORDS_MAX {
            return Ok(AddedAppPassword::TooMany);
        }
        let sql = include_str!("sql/insert_app_password.sql");
        let added = db.execute(sql, &[&account, &self.name, &self.token_sha_256, &self.now]).await?;
        Ok(if added == 1 { AddedAppPassword::Added } else { AddedAppPassword::NameTaken })
    }
}

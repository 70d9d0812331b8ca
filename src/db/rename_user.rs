//! Gives a user another login. All else stays: the account is known by its number everywhere.

use tokio_postgres::error::SqlState;

use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::Login;

/// Renames a user.
pub struct RenameUser {
    pub from: String,
    pub to: Login,
}

impl Unit for RenameUser {
    /// What the user was called; None when there is no such user.
    type Output = Option<String>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Option<String>, Error> {
        let sql = include_str!("sql/update_login.sql");
        let (from, to, to_key) = (Login::key_of(&self.from), self.to.as_str(), self.to.key());
        match db.query_opt(sql, &[&from, &to, &to_key]).await {
            Ok(row) => Ok(row.map(|row| row.get(0))),
            Err(Error::Sql(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                let text = format!("there is a user {to} already");
                Err(error::Error::no(Code::AlreadyExists, text).into())
            }
            Err(error) => Err(error),
        }
    }
}

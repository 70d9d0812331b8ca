//! Finds what a login's password is verified against.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;

/// Finds the account that `login` names, without regard to case; None when there is none.
pub struct FindLogin {
    /// What the client typed.
    pub login: String,
}

/// An account as a session knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub login: String,
}

/// An account with its password's verifier.
#[derive(Debug, Clone)]
pub struct FoundLogin {
    pub account: Account,
    /// A PHC string.
    pub argon2id: String,
    /// The site has switched the account off; only who knows the password may be told so.
    pub disabled: bool,
}

impl Unit for FindLogin {
    type Output = Option<FoundLogin>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let row = db.query_opt(include_str!("sql/select_login.sql"), &[&self.login.to_lowercase()]).await?;
        Ok(row.map(|row| FoundLogin {
            account: Account { id: AccountId(row.get(0)), login: row.get(1) },
            disabled: row.get(2),
            argon2id: row.get(3),
        }))
    }
}

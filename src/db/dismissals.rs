//! Who may not stay logged in: accounts that were deleted or disabled, or whose password is another one now.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;

/// Reads how things stand with accounts of which somebody is logged in.
pub struct ReadDismissals {
    pub accounts: Vec<AccountId>,
}

/// What decides whether a client of an account may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub account: AccountId,
    /// Neither deleted nor disabled.
    pub active: bool,
    /// How often all clients of the account were sent away: one that saw another number has to go.
    pub dismissals: i64,
}

impl Unit for ReadDismissals {
    /// In no order. An account that is missing is no more.
    type Output = Vec<Standing>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let accounts: Vec<i64> = self.accounts.iter().map(|account| account.0).collect();
        let rows = db.query(include_str!("sql/select_dismissals.sql"), &[&accounts]).await?;
        let standing = |row: &tokio_postgres::Row| Standing {
            account: AccountId(row.get(0)),
            active: row.get(1),
            dismissals: row.get(2),
        };
        Ok(rows.iter().map(standing).collect())
    }
}

//! Lists the accounts with their addresses and what they hold.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};

/// Lists every account that is not deleted, by login.
pub struct ListUsers;

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    pub login: String,
    pub disabled: bool,
    pub created_at: Timestamp,
    pub addresses: Vec<String>,
    pub messages: i64,
    pub octets: i64,
}

impl Unit for ListUsers {
    type Output = Vec<ListedUser>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_users.sql"), &[]).await?;
        let listed = rows.iter().map(|row| ListedUser {
            login: row.get(0),
            disabled: row.get(1),
            created_at: row.get(2),
            addresses: row.get(3),
            messages: row.get(4),
            octets: row.get(5),
        });
        Ok(listed.collect())
    }
}

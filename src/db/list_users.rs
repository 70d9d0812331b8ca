//! Lists the accounts with their addresses and what they hold.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::wire::address::Address;

/// Lists every user that is not deleted, by login; or every one that is, and has not ended.
pub struct ListUsers {
    pub deleted: bool,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    pub login: String,
    pub display_name: Option<String>,
    pub disabled: bool,
    pub created_at: Timestamp,
    /// Those that the user has, the oldest first.
    pub addresses: Vec<Address>,
    pub messages: i64,
    pub octets: i64,
    pub deleted_at: Option<Timestamp>,
}

impl Unit for ListUsers {
    type Output = Vec<ListedUser>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let sql = match self.deleted {
            false => include_str!("sql/select_users.sql"),
            true => include_str!("sql/select_deleted_users.sql"),
        };
        let rows = db.query(sql, &[]).await?;
        let listed = rows.iter().map(|row| {
            let (localparts, domains): (Vec<String>, Vec<String>) = (row.get(3), row.get(4));
            let addresses = localparts.into_iter().zip(domains);
            ListedUser {
                login: row.get(0),
                disabled: row.get(1),
                created_at: row.get(2),
                addresses: addresses.map(|(localpart, domain)| Address { localpart, domain }).collect(),
                messages: row.get(5),
                octets: row.get(6),
                display_name: row.get(7),
                deleted_at: row.get(8),
            }
        });
        Ok(listed.collect())
    }
}

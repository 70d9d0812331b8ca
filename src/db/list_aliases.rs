//! Lists where mail for each address goes.

use super::unit::{Access, Error, Lent, Unit};

/// Lists every alias, by domain and local-part.
pub struct ListAliases;

/// One target of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAlias {
    pub localpart: String,
    pub domain: String,
    pub login: String,
    pub mailbox: String,
}

impl Unit for ListAliases {
    type Output = Vec<ListedAlias>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_aliases.sql"), &[]).await?;
        let listed = rows.iter().map(|row| ListedAlias {
            localpart: row.get(0),
            domain: row.get(1),
            login: row.get(2),
            mailbox: row.get(3),
        });
        Ok(listed.collect())
    }
}

//! Lists where mail for each address goes.

use super::alias::{Alias, alias};
use super::unit::{Access, Error, Lent, Unit};

/// Lists every target of every address, by domain and local-part.
pub struct ListAliases;

impl Unit for ListAliases {
    type Output = Vec<Alias>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_aliases.sql"), &[]).await?;
        Ok(rows.iter().map(alias).collect())
    }
}

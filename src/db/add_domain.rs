//! Adds a domain to those of the site.

use super::unit::{Access, Error, Lent, Unit};

/// Adds a domain, in lower case and U-labels.
pub struct AddDomain {
    pub name: String,
}

/// What adding a domain means for addresses that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedDomain {
    /// False when it was there.
    pub added: bool,
    /// Domains of addresses that are none of the site. Their mail is taken, but no address can be added to them.
    pub unlisted: Vec<String>,
}

impl Unit for AddDomain {
    type Output = AddedDomain;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<AddedDomain, Error> {
        let added = db.execute(include_str!("sql/insert_domain.sql"), &[&self.name]).await? > 0;
        let rows = db.query(include_str!("sql/select_unlisted_domains.sql"), &[]).await?;
        Ok(AddedDomain { added, unlisted: rows.iter().map(|row| row.get(0)).collect() })
    }
}

//! Lists the domains of the site.

use super::unit::{Access, Error, Lent, Unit};

/// Lists every domain that is listed or has addresses, by name.
pub struct ListDomains;

/// One domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDomain {
    pub name: String,
    /// False for one that only has addresses.
    pub listed: bool,
    /// Addresses that users have.
    pub addresses: i64,
    /// Other addresses that lead somewhere.
    pub aliases: i64,
    /// Something takes all mail that nothing else does.
    pub takes_all: bool,
}

impl Unit for ListDomains {
    type Output = Vec<ListedDomain>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_domains.sql"), &[]).await?;
        let listed = rows.iter().map(|row| ListedDomain {
            name: row.get(0),
            listed: row.get(1),
            addresses: row.get(2),
            aliases: row.get(3),
            takes_all: row.get(4),
        });
        Ok(listed.collect())
    }
}

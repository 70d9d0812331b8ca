//! Reads a secret that the hosts of the site share.

use super::unit::{Access, Error, Lent, Unit};

/// The secret of that name, which a migration has made.
pub struct ReadSecret {
    pub name: &'static str,
}

impl Unit for ReadSecret {
    type Output = Vec<u8>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<u8>, Error> {
        let row = db.query_one(include_str!("sql/select_secret.sql"), &[&self.name]).await?;
        Ok(row.get(0))
    }
}

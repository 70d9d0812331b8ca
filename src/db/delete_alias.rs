//! Deletes an alias with all its targets.

use super::unit::{Access, Error, Lent, Unit};

/// Deletes the alias as it is written, or, when none is written so, without regard to case.
pub struct DeleteAlias {
    pub localpart: String,
    pub domain: String,
}

impl Unit for DeleteAlias {
    /// How many targets it had.
    type Output = i64;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<i64, Error> {
        let sql = include_str!("sql/delete_alias.sql");
        let key = self.localpart.to_lowercase();
        Ok(db.execute(sql, &[&self.domain, &self.localpart, &key]).await? as i64)
    }
}

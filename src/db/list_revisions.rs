//! Lists what has been applied to the schema.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};

/// All of it, in its order.
pub struct ListRevisions;

/// One migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRevision {
    pub revision: i32,
    pub name: String,
    pub applied_at: Timestamp,
}

impl Unit for ListRevisions {
    type Output = Vec<ListedRevision>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<ListedRevision>, Error> {
        let rows = db.query(include_str!("sql/list_revisions.sql"), &[]).await?;
        let listed = |row: &tokio_postgres::Row| ListedRevision {
            revision: row.get(0),
            name: row.get(1),
            applied_at: row.get(2),
        };
        Ok(rows.iter().map(listed).collect())
    }
}

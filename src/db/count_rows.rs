//! Counts what the store holds, table by table.

use super::unit::{Access, Error, Lent, Unit};

/// Counts the rows of what a site may ask about.
pub struct CountRows {
    /// Count each row; otherwise what PostgreSQL estimated when it last looked.
    pub exact: bool,
}

/// How many of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedRows {
    pub name: String,
    pub rows: i64,
    /// With indices, and with large values.
    pub disk_octets: i64,
}

impl Unit for CountRows {
    type Output = Vec<CountedRows>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<CountedRows>, Error> {
        let rows = db.query(include_str!("sql/estimate_rows.sql"), &[]).await?;
        let mut counted: Vec<CountedRows> = rows
            .iter()
            .map(|row| CountedRows { name: row.get(0), rows: row.get(1), disk_octets: row.get(2) })
            .collect();
        if self.exact {
            let exact = db.query(include_str!("sql/count_rows.sql"), &[]).await?;
            for row in exact {
                let name: String = row.get(0);
                if let Some(counted) = counted.iter_mut().find(|counted| counted.name == name) {
                    counted.rows = row.get(1);
                }
            }
        }
        Ok(counted)
    }
}

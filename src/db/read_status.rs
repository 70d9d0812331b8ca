//! Reads what the store holds: what `aox status` tells.

use super::unit::{Access, Error, Lent, Unit};

/// Reads counts, the schema's revision and the size on disk.
pub struct ReadStatus;

/// What [`ReadStatus`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStatus {
    pub revision: i32,
    pub server_version: String,
    pub users: i64,
    pub mailboxes: i64,
    pub messages: i64,
    pub octets: i64,
    pub disk_octets: i64,
    /// Of which the text index takes so many.
    pub index_octets: i64,
    /// Messages that it has not reached.
    pub waiting: i64,
}

impl Unit for ReadStatus {
    type Output = StoredStatus;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<StoredStatus, Error> {
        let row = db.query_one(include_str!("sql/select_status.sql"), &[]).await?;
        let waiting = db.query_one(include_str!("sql/count_waiting_messages.sql"), &[]).await?;
        Ok(StoredStatus {
            revision: row.get(0),
            server_version: row.get(1),
            users: row.get(2),
            mailboxes: row.get(3),
            messages: row.get(4),
            octets: row.get(5),
            disk_octets: row.get(6),
            index_octets: row.get(7),
            waiting: waiting.get(0),
        })
    }
}

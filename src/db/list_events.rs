//! Lists what happened.

use jiff::Timestamp;
use serde_json::Value;

use super::unit::{Access, Error, Lent, Unit};

/// Which events, the latest first.
pub struct ListEvents {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// About this account, or done by it: the login in lower case.
    pub login_key: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    pub limit: u32,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedEvent {
    pub at: Timestamp,
    pub kind: String,
    /// The login of whom it is about, when it is one's.
    pub account: Option<String>,
    pub mailbox: Option<String>,
    /// The login of who did it, when it was a user.
    pub by: Option<String>,
    pub door: String,
    pub client: Option<String>,
    pub uids: Option<String>,
    pub detail: Value,
    /// None as long as it is not sealed.
    pub seal: Option<i64>,
    pub id: i64,
}

impl Unit for ListEvents {
    type Output = Vec<ListedEvent>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<ListedEvent>, Error> {
        let ListEvents { since, until, login_key, kind, limit } = &self;
        let sql = include_str!("sql/select_events.sql");
        let rows = db.query(sql, &[since, until, login_key, kind, &i64::from(*limit)]).await?;
        let listed = rows.iter().map(|row| ListedEvent {
            at: row.get(0),
            kind: row.get(1),
            account: row.get(2),
            mailbox: row.get(3),
            by: row.get(4),
            door: row.get(5),
            client: row.get(6),
            uids: row.get(7),
            detail: serde_json::from_str(row.get(8)).unwrap_or_default(),
            seal: row.get(9),
            id: row.get(10),
        });
        Ok(listed.collect())
    }
}

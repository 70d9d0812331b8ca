//! Lists attempts to log in.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};

/// Which, the latest first.
pub struct ListLogins {
    /// Of this login, in lower case, or by this administrator.
    pub login_key: Option<String>,
    /// Only those that did not get in.
    pub failed: bool,
    pub since: Option<Timestamp>,
    pub limit: u32,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLogin {
    pub at: Timestamp,
    pub login: String,
    /// The administrator who acted for that user.
    pub by: Option<String>,
    pub door: String,
    pub address: String,
    pub mechanism: String,
    pub tls: bool,
    pub outcome: String,
}

impl Unit for ListLogins {
    type Output = Vec<ListedLogin>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<ListedLogin>, Error> {
        let ListLogins { login_key, failed, since, limit } = &self;
        let sql = include_str!("sql/select_logins.sql");
        let rows = db.query(sql, &[login_key, failed, since, &i64::from(*limit)]).await?;
        let listed = rows.iter().map(|row| ListedLogin {
            at: row.get(0),
            login: row.get(1),
            by: row.get(2),
            door: row.get(3),
            address: row.get(4),
            mechanism: row.get(5),
            tls: row.get(6),
            outcome: row.get(7),
        });
        Ok(listed.collect())
    }
}

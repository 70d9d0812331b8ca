//! Seals what happened since it was sealed last, and says how far the seals go.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::limits;

/// Seals a portion of each log.
pub struct SealAudit;

/// How far the seals go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub number: i64,
    pub digest: Vec<u8>,
    pub sealed_at: Timestamp,
}

/// What [`SealAudit`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Whether there was as much as a portion holds, so that there may be more.
    pub is_more: bool,
    /// None as long as nothing has happened.
    pub head: Option<Head>,
}

impl Unit for SealAudit {
    type Output = Sealed;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Sealed, Error> {
        let mut is_more = false;
        for log in ["audit", "logins"] {
            let most = limits::SEAL_ENTRIES_MAX;
            let sealed: i64 = db.query_one(include_str!("sql/seal_audit.sql"), &[&log, &most]).await?.get(0);
            is_more |= sealed >= i64::from(most);
        }
        let head = db.query_opt(include_str!("sql/select_audit_head.sql"), &[]).await?;
        let head = head.map(|row| Head { number: row.get(0), digest: row.get(1), sealed_at: row.get(2) });
        Ok(Sealed { is_more, head })
    }
}

//! Reads which messages were expunged before a modseq: what a client that comes back has heard of already.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{MailboxKey, ModSeq, UidSet};

/// Reads the uids that were expunged from a mailbox up to `until`, as far as their tombstones are still there.
///
/// Uids that are neither in use nor among these are gone since then, or so long that nothing is known of them any more:
/// a client that hears of all those knows everything, whatever has been vacuumed (RFC 7162 §3.2.6 allows to tell it what
/// it knows).
pub struct ReadEarlierExpunges {
    pub key: MailboxKey,
    pub until: ModSeq,
}

impl Unit for ReadEarlierExpunges {
    type Output = UidSet;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<UidSet, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let until = i64::try_from(self.until.0).unwrap_or(i64::MAX);
        let sql = include_str!("sql/select_earlier_expunges.sql");
        let rows = db.query(sql, &[&account, &mailbox, &until]).await?;
        let end = |column: i64| u32::try_from(column).unwrap_or(u32::MAX);
        Ok(UidSet::from_ranges(rows.iter().map(|row| (end(row.get(0)), end(row.get(1))))))
    }
}

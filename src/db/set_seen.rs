//! Notes what somebody has seen where everybody has a \Seen of his own: IMAP STORE and FETCH by a guest.

use tokio_postgres::types::ToSql;

use super::mailbox_row::{modseq, range_columns};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{AccountId, Change, MailboxKey, ModSeq, UidSet};

/// Notes that a reader has seen some messages, or has not.
pub struct SetSeen {
    pub key: MailboxKey,
    pub reader: AccountId,
    pub uids: UidSet,
    /// False takes \Seen away.
    pub seen: bool,
}

impl Unit for SetSeen {
    /// What tells his other sessions.
    type Output = Change;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Change, Error> {
        let sql = match self.seen {
            true => include_str!("sql/add_seen.sql"),
            false => include_str!("sql/remove_seen.sql"),
        };
        let (firsts, lasts) = range_columns(&self.uids);
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let kept = limits::SEEN_CHANGES_MAX;
        let params: [&(dyn ToSql + Sync); 6] = [&account, &mailbox, &self.reader.0, &firsts, &lasts, &kept];
        let gone = || error::Error::no(Code::NonExistent, "The mailbox has been deleted");
        let modseq = modseq(db.query_opt(sql, &params).await?.ok_or_else(gone)?.get(0));
        let change = Change::new(self.key, ModSeq(modseq.0 - 1), modseq);
        Ok(Change { seen_by: vec![self.reader], ..change })
    }
}

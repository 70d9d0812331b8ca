//! Asks how far many mailboxes have come, to find those that need reading again.

use std::collections::HashMap;

use super::mailbox_row::modseq;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, MailboxId, MailboxKey, ModSeq};

/// Reads the highest modseq of each mailbox. A deleted one is told of too: its last change expunged its messages.
pub struct MailboxModseqs {
    pub keys: Vec<MailboxKey>,
}

impl Unit for MailboxModseqs {
    type Output = Vec<(MailboxKey, ModSeq)>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (accounts, mailboxes): (Vec<i64>, Vec<i64>) =
            self.keys.iter().map(|key| (key.account.0, key.of_kept().mailbox.0)).unzip();
        let rows = db.query(include_str!("sql/select_mailbox_modseqs.sql"), &[&accounts, &mailboxes]).await?;
        let one = |row: &tokio_postgres::Row| {
            let key = MailboxKey { account: AccountId(row.get(0)), mailbox: MailboxId(row.get(1)) };
            (key, modseq(row.get(2)))
        };
        // What was deleted in a mailbox comes as far as the mailbox itself.
        let known: HashMap<MailboxKey, ModSeq> = rows.iter().map(one).collect();
        let found = |key: MailboxKey| Some((key, *known.get(&key.of_kept())?));
        Ok(self.keys.into_iter().filter_map(found).collect())
    }
}

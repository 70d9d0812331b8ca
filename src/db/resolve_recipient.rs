//! Finding the mailboxes that an address stands for.

use super::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, MailboxId, MailboxKey};

/// Finds who gets mail for `localpart@domain`; nobody when that is empty.
#[derive(Debug, Clone)]
pub struct ResolveRecipient {
    /// As the client wrote it.
    pub localpart: String,
    /// In lower case; None for `<postmaster>`, who is found in any domain.
    pub domain: Option<String>,
    /// The local-part in two, where it has a subaddress.
    pub subaddress: Option<(String, String)>,
}

impl Unit for ResolveRecipient {
    type Output = Vec<MailboxKey>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let key = self.localpart.to_lowercase();
        let (base, detail) = self.subaddress.unzip();
        let base_key = base.as_ref().map(|base| base.to_lowercase());
        let rows = db
            .query(
                include_str!("sql/resolve_recipient.sql"),
                &[&self.domain, &self.localpart, &key, &base, &base_key, &detail],
            )
            .await?;
        // An account without the mailbox and without INBOX is being deleted.
        let target = |row: &tokio_postgres::Row| {
            Some(MailboxKey {
                account: AccountId(row.get(0)),
                mailbox: MailboxId(row.get::<_, Option<i64>>(1)?),
            })
        };
        let mut targets: Vec<MailboxKey> = rows.iter().filter_map(target).collect();
        targets.dedup();
        Ok(targets)
    }
}

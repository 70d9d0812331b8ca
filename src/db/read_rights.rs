//! Reads what many may do in mailboxes that they have open: asked when the rights there have changed.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::MailboxKey;
use crate::policy::{Rights, Viewer};

/// Reads the rights of each viewer in a mailbox; none where that is gone. The answers come in the order of the questions.
pub struct ReadRights {
    pub asked: Vec<(Viewer, MailboxKey)>,
}

impl Unit for ReadRights {
    type Output = Vec<Rights>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Rights>, Error> {
        let viewers: Vec<i64> = self.asked.iter().map(|(viewer, _)| viewer.account.0).collect();
        let anonymous: Vec<bool> = self.asked.iter().map(|(viewer, _)| viewer.anonymous).collect();
        let accounts: Vec<i64> = self.asked.iter().map(|(_, key)| key.account.0).collect();
        let mailboxes: Vec<i64> = self.asked.iter().map(|(_, key)| key.mailbox.0).collect();
        let sql = include_str!("sql/select_rights_of_many.sql");
        let rows = db.query(sql, &[&viewers, &anonymous, &accounts, &mailboxes]).await?;
        let answers = rows.iter().zip(&self.asked);
        Ok(answers
            .map(|(row, (viewer, key))| viewer.rights(key.account, Rights::from_bits(row.get(0))))
            .collect())
    }
}

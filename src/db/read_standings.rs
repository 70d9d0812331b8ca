//! Reads what many may do, and have seen, in mailboxes that they have open: asked when that has changed.

use tokio_postgres::Row;

use super::owner::own_seen;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::MailboxKey;
use crate::policy::{Rights, Standing, Viewer};

/// Reads how each viewer stands to a mailbox; he has no rights where that is gone. The answers come in the order of the
/// questions.
pub struct ReadStandings {
    pub asked: Vec<(Viewer, MailboxKey)>,
}

impl Unit for ReadStandings {
    type Output = Vec<Standing>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Standing>, Error> {
        let viewers: Vec<i64> = self.asked.iter().map(|(viewer, _)| viewer.account.0).collect();
        let anonymous: Vec<bool> = self.asked.iter().map(|(viewer, _)| viewer.anonymous).collect();
        let accounts: Vec<i64> = self.asked.iter().map(|(_, key)| key.account.0).collect();
        let mailboxes: Vec<i64> = self.asked.iter().map(|(_, key)| key.mailbox.0).collect();
        let sql = include_str!("sql/select_standings.sql");
        let rows = db.query(sql, &[&viewers, &anonymous, &accounts, &mailboxes]).await?;
        let standing = |(row, (viewer, key)): (&Row, &(Viewer, MailboxKey))| Standing {
            rights: viewer.rights(key.account, Rights::from_bits(row.get(0))),
            seen: own_seen(row, 1),
        };
        Ok(rows.iter().zip(&self.asked).map(standing).collect())
    }
}

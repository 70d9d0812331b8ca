//! Reads what a list of messages tells people of each: subject, sender, date, and how it was deleted.

use std::collections::HashMap;

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{MailboxKey, MessageId, Uid};

/// Reads some messages of a mailbox, or of what was deleted there.
pub struct DescribeMessages {
    pub key: MailboxKey,
    pub messages: Vec<(Uid, MessageId)>,
}

/// One message as a list tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    pub subject: Option<String>,
    /// The first address of From.
    pub from: Option<String>,
    /// The Date field.
    pub sent_at: Option<Timestamp>,
    pub deletion: Option<Deletion>,
}

/// How a message was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    pub at: Timestamp,
    /// The login of who did it; None for an administrator or a policy.
    pub by: Option<String>,
    /// imap, pop3, aox.
    pub door: String,
    /// The client's address.
    pub client: Option<String>,
    /// The command, or the policy.
    pub reason: String,
}

impl Unit for DescribeMessages {
    /// One for each message, in their order. Of a message that is no more, nothing is told.
    type Output = Vec<Description>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let MailboxKey { account, mailbox } = self.key.of_kept();
        let ids: Vec<i64> = self.messages.iter().map(|(_, message)| message.0).collect();
        let rows = db.query(include_str!("sql/describe_messages.sql"), &[&account.0, &ids]).await?;
        let mut known: HashMap<i64, Description> = HashMap::new();
        for row in &rows {
            let from = row.get::<_, Option<&str>>(4).map(|localpart| {
                let address = format!("{localpart}@{}", row.get::<_, &str>(5));
                row.get::<_, Option<&str>>(3).map_or(address.clone(), |name| format!("{name} <{address}>"))
            });
            let description = Description { subject: row.get(1), from, sent_at: row.get(2), deletion: None };
            known.insert(row.get(0), description);
        }
        let mut deletions = match self.key.is_of_deleted() {
            true => self.deletions(db, mailbox.0).await?,
            false => HashMap::new(),
        };
        let described = self.messages.iter().map(|(uid, message)| {
            let known = known.get(&message.0).cloned().unwrap_or_default();
            Description { deletion: deletions.remove(&i64::from(uid.get())), ..known }
        });
        Ok(described.collect())
    }
}

impl DescribeMessages {
    async fn deletions(&self, db: &Lent<'_>, mailbox: i64) -> Result<HashMap<i64, Deletion>, Error> {
        let numbers: Vec<i64> = self.messages.iter().map(|(uid, _)| i64::from(uid.get())).collect();
        let sql = include_str!("sql/describe_deletions.sql");
        let rows = db.query(sql, &[&self.key.account.0, &mailbox, &numbers]).await?;
        let deletion = |row: &tokio_postgres::Row| Deletion {
            at: row.get(1),
            by: row.get(2),
            door: row.get(3),
            client: row.get(4),
            reason: row.get(5),
        };
        Ok(rows.iter().map(|row| (row.get(0), deletion(row))).collect())
    }
}

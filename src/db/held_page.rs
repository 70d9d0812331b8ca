//! Finds the messages that a hold covers, page by page: what is in mailboxes, and what was deleted and has not ended.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::mailbox_row::uidvalidity;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, FlagSet, InternalDate, Keyword, MailboxId, MessageId, System, UidValidity};

/// Looks through the next messages.
pub struct HeldPage {
    /// The name of the hold.
    pub hold: String,
    /// Among what was deleted.
    pub deleted: bool,
    /// Account, mailbox and uid behind which it begins; zeros for the first page.
    pub after: (i64, i64, i64),
}

/// A message that the hold covers.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldMessage {
    pub account: AccountId,
    pub mailbox_id: MailboxId,
    pub message: MessageId,
    pub login: String,
    /// The name that its mailbox has, or had at last.
    pub mailbox: String,
    pub uidvalidity: UidValidity,
    pub uid: u32,
    pub flags: FlagSet,
    pub internal_date: InternalDate,
    pub octets: u64,
    pub deletion: Option<HowDeleted>,
}

/// How a message was deleted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HowDeleted {
    /// When, as RFC 3339 writes it.
    pub at: String,
    /// The login of who did it; None for an administrator or a policy.
    pub by: Option<String>,
    pub door: String,
    /// The client's address.
    pub client: Option<String>,
    pub reason: String,
}

impl Unit for HeldPage {
    /// What was found, and where the next page begins; None when there is none.
    type Output = (Vec<HeldMessage>, Option<(i64, i64, i64)>);
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let nobody = || error::Error::no(Code::NonExistent, format!("there is no hold {}", self.hold));
        let row = db.query_opt(include_str!("sql/select_hold.sql"), &[&self.hold]).await?;
        let hold: i64 = row.ok_or_else(nobody)?.get(0);
        let sql = match self.deleted {
            false => include_str!("sql/select_held.sql"),
            true => include_str!("sql/select_held_deleted.sql"),
        };
        let (account, mailbox, uid) = self.after;
        let rows = db.query(sql, &[&hold, &account, &mailbox, &uid, &PAGE]).await?;
        let place = |row: &Row| (row.get(0), row.get(1), row.get(2));
        let last = rows.last().filter(|_| rows.len() as i64 >= PAGE).map(place);
        let held = rows.iter().filter(|row| row.get(3)).map(|row| held(row, self.deleted)).collect();
        Ok((held, last))
    }
}

fn held(row: &Row, deleted: bool) -> HeldMessage {
    let keywords: Option<Vec<String>> = row.get(9);
    let keywords = keywords.unwrap_or_default();
    let seconds = row.get::<_, Timestamp>(10).as_second();
    let deletion = deleted.then(|| HowDeleted {
        at: row.get::<_, Timestamp>(13).to_string(),
        by: row.get(14),
        door: row.get(15),
        client: row.get(16),
        reason: row.get(17),
    });
    HeldMessage {
        account: AccountId(row.get(0)),
        mailbox_id: MailboxId(row.get(1)),
        message: MessageId(row.get(4)),
        login: row.get(5),
        mailbox: row.get(6),
        uidvalidity: uidvalidity(row.get(7)),
        uid: u32::try_from(row.get::<_, i64>(2)).unwrap_or(u32::MAX),
        flags: FlagSet::new(
            System(row.get::<_, i16>(8) as u8),
            keywords.iter().filter_map(|name| Keyword::new(name)),
        ),
        internal_date: InternalDate { seconds, zone_minutes: row.get(11) },
        octets: u64::try_from(row.get::<_, i64>(12)).unwrap_or(0),
        deletion,
    }
}

/// Rows that one statement looks at.
const PAGE: i64 = 500;

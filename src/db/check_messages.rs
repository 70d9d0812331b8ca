//! Verifies messages at rest: each is put together again, and must have the digest it had on arrival.

use super::read_whole::rebuilt;
use super::unit::{Access, Error, Lent, Unit};
use crate::message::has_digest;

/// Verifies one page of messages, those after a given one.
pub struct CheckMessages {
    /// Account and id of the last message of the page before; zeros for the first page.
    pub after: (i64, i64),
}

/// What one page showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedPage {
    /// Where the next page begins; None when there is none.
    pub last: Option<(i64, i64)>,
    pub messages: i64,
    pub octets: i64,
    /// Messages that are kept in one piece.
    pub verbatim: i64,
    pub damaged: Vec<DamagedMessage>,
}

/// A message that does not come back as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedMessage {
    pub login: String,
    pub message: i64,
    pub reason: String,
}

impl Unit for CheckMessages {
    type Output = CheckedPage;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<CheckedPage, Error> {
        let (account, message) = self.after;
        let rows =
            db.query(include_str!("sql/select_messages_to_check.sql"), &[&account, &message, &PAGE]).await?;
        let mut page = CheckedPage::default();
        for row in &rows {
            let (account, message): (i64, i64) = (row.get(0), row.get(1));
            let found = check(db, row.get(3), row.get(4), row.get(5)).await?;
            if let Some(reason) = found {
                page.damaged.push(DamagedMessage { login: row.get(2), message, reason });
            }
            page.messages += 1;
            page.octets += row.get::<_, i64>(6);
            page.verbatim += i64::from(row.get::<_, bool>(7));
            page.last = Some((account, message));
        }
        if rows.len() < PAGE as usize {
            page.last = None;
        }
        Ok(page)
    }
}

/// What is wrong with one message; None when it is exact.
async fn check(db: &Lent<'_>, digest: &[u8], header: &[u8], recipe: &[u8]) -> Result<Option<String>, Error> {
    let whole = match rebuilt(db, header, recipe).await? {
        Ok(whole) => whole,
        Err(why) => return Ok(Some(why)),
    };
    let exact = <[u8; 32]>::try_from(digest).is_ok_and(|digest| has_digest(&whole, &digest));
    Ok((!exact).then(|| "it does not have the digest it had on arrival".to_owned()))
}

/// Small enough that the statement's answer fits in memory whatever the messages' headers are.
const PAGE: i64 = 100;

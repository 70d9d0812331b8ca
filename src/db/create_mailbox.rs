//! Creates a mailbox, and those above it that are missing.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{AccountId, MailboxName};

/// CREATE (RFC 3501 §6.3.3).
pub struct CreateMailbox {
    pub account: AccountId,
    pub name: MailboxName,
    /// Uidvalidities are taken from the time.
    pub now: Timestamp,
}

impl Unit for CreateMailbox {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        match create(db, self.account, &self.name, self.now).await? {
            true => Ok(()),
            false => Err(error::Error::no(Code::AlreadyExists, "There is a mailbox of that name").into()),
        }
    }
}

/// Creates `name` and what is missing above it. False when `name` was there.
pub(super) async fn create(
    db: &Lent<'_>,
    account: AccountId,
    name: &MailboxName,
    now: Timestamp,
) -> Result<bool, Error> {
    let row = db.query_opt(include_str!("sql/count_mailboxes.sql"), &[&account.0]).await?;
    // A client may still be there when an administrator deletes its account.
    let gone = || error::Error::no(Code::NonExistent, "This account has been deleted");
    let count: i64 = row.ok_or_else(gone)?.get(0);
    if count >= limits::MAILBOXES_PER_ACCOUNT_MAX as i64 {
        return Err(error::Error::no(Code::Limit, "This account has as many mailboxes as it may have").into());
    }
    let parents: Vec<MailboxName> = name.parents().collect();
    let names: Vec<&str> = parents.iter().chain([name]).map(MailboxName::as_str).collect();
    let sql = include_str!("sql/insert_mailboxes.sql");
    let created = db.query(sql, &[&account.0, &names, &now.as_second()]).await?;
    Ok(created.iter().any(|row| row.get::<_, &str>(0) == name.as_str()))
}

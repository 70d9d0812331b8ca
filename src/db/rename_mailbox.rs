//! Renames a mailbox with all that is below it.

use jiff::Timestamp;
use tokio_postgres::error::SqlState;

use super::copy_messages::CopyMessages;
use super::create_mailbox::create;
use super::expunge::Culprit;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Change, MailboxId, MailboxKey, MailboxName, Uid, UidSet};

/// RENAME (RFC 3501 §6.3.5). Messages keep their uids, mailboxes their uidvalidity, as the names were not in use.
pub struct RenameMailbox {
    pub account: AccountId,
    pub from: MailboxName,
    pub to: MailboxName,
    pub now: Timestamp,
    pub by: Culprit,
}

impl Unit for RenameMailbox {
    /// What whoever has INBOX open must hear, when its messages moved.
    type Output = Vec<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        if self.to.is_child_of(&self.from) && !self.from.is_inbox() {
            return Err(error::Error::no(Code::Cannot, "A mailbox cannot be moved below itself").into());
        }
        let account = self.account.0;
        let lock = include_str!("sql/lock_mailbox_by_name.sql");
        let found = db.query_opt(lock, &[&account, &self.from.as_str()]).await?;
        if self.from.is_inbox() {
            let row = found.ok_or_else(no_mailbox)?;
            return self.move_inbox(db, MailboxId(row.get(0))).await;
        }
        let children =
            db.query(include_str!("sql/select_children.sql"), &[&account, &self.from.as_str()]).await?;
        if found.is_none() && children.is_empty() {
            return Err(no_mailbox().into());
        }
        for row in &children {
            // The longest new name has to be a valid one, too.
            MailboxName::new(row.get(0))?.renamed(&self.from, &self.to)?;
        }
        self.check_target_is_free(db).await?;
        if let Some(parent) = self.to.parent() {
            create(db, self.account, &parent, self.now).await?;
        }
        let sql = include_str!("sql/update_mailbox_names.sql");
        match db.execute(sql, &[&account, &self.from.as_str(), &self.to.as_str()]).await {
            Ok(_) => Ok(Vec::new()),
            Err(Error::Sql(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Err(taken().into())
            }
            Err(error) => Err(error),
        }
    }
}

impl RenameMailbox {
    async fn check_target_is_free(&self, db: &Lent<'_>) -> Result<(), Error> {
        let lock = include_str!("sql/lock_mailbox_by_name.sql");
        match db.query_opt(lock, &[&self.account.0, &self.to.as_str()]).await? {
            Some(_) => Err(taken().into()),
            None => Ok(()),
        }
    }

    /// INBOX is never renamed; its messages move to the new mailbox, and it stays, empty (RFC 3501 §6.3.5). What is
    /// below it stays where it is.
    async fn move_inbox(&self, db: &Lent<'_>, inbox: MailboxId) -> Result<Vec<Change>, Error> {
        if !create(db, self.account, &self.to, self.now).await? {
            return Err(taken().into());
        }
        let moved = CopyMessages {
            source: MailboxKey { account: self.account, mailbox: inbox },
            uids: UidSet::range(Uid::MIN, Uid::MAX),
            target: self.to.clone(),
            moved_by: Some(self.by.clone()),
        };
        Ok(moved.run(db).await?.map_or_else(Vec::new, |copied| copied.changes))
    }
}

fn no_mailbox() -> error::Error {
    error::Error::no(Code::NonExistent, "There is no mailbox of that name")
}

fn taken() -> error::Error {
    error::Error::no(Code::AlreadyExists, "There is a mailbox of the new name")
}

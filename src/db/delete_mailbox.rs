//! Deletes a mailbox: its messages become tombstones, its name becomes free.

use super::expunge::{Culprit, expunge_all};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Change, MailboxId, MailboxKey, MailboxName};

/// DELETE (RFC 3501 §6.3.4). Mailboxes below it stay; the name is then one of a level without a mailbox.
pub struct DeleteMailbox {
    pub account: AccountId,
    pub name: MailboxName,
    pub by: Culprit,
}

impl Unit for DeleteMailbox {
    /// What whoever has it open must hear: that all its messages are gone. None when it was empty.
    type Output = Option<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (account, name) = (self.account.0, self.name.as_str());
        let locked = db.query_opt(include_str!("sql/lock_mailbox_by_name.sql"), &[&account, &name]).await?;
        let Some(row) = locked else {
            let children = db.query(include_str!("sql/select_children.sql"), &[&account, &name]).await?;
            return Err(match children.is_empty() {
                true => error::Error::no(Code::NonExistent, "There is no mailbox of that name"),
                false => {
                    error::Error::no(Code::HasChildren, "That level has mailboxes below it and none itself")
                }
            }
            .into());
        };
        let mailbox: i64 = row.get(0);
        let key = MailboxKey { account: self.account, mailbox: MailboxId(mailbox) };
        let change = expunge_all(db, key, &self.by).await?;
        db.execute(include_str!("sql/redirect_aliases.sql"), &[&account, &mailbox]).await?;
        db.execute(include_str!("sql/update_mailbox_deleted.sql"), &[&account, &mailbox]).await?;
        Ok(change)
    }
}

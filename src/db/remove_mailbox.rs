//! Deletes a mailbox for an administrator: `aox delete mailbox`.

use super::change_rights::Administered;
use super::delete_mailbox::{DeletedMailbox, delete};
use super::expunge::Culprit;
use super::owner::ban;
use super::thin_out::ThinnedOut;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Change, MailboxName};

/// Deletes a mailbox as its owner's DELETE would, or only counts what would go.
pub struct RemoveMailbox {
    pub login: String,
    pub name: MailboxName,
    pub dry_run: bool,
    /// How far the units before this one have come.
    pub so_far: ThinnedOut,
}

/// What [`RemoveMailbox`] did.
#[derive(Debug, Clone, Default)]
pub struct RemovedMailbox {
    pub messages: i64,
    /// What whoever has it open must hear.
    pub changes: Vec<Change>,
    /// It has more messages than one unit takes out: another one has to go on.
    pub rest: Option<ThinnedOut>,
}

impl Unit for RemoveMailbox {
    type Output = RemovedMailbox;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<RemovedMailbox, Error> {
        if self.name.is_inbox() {
            return Err(error::Error::no(Code::Cannot, "an INBOX goes only with its user").into());
        }
        let key = Administered::Of(self.login, self.name).lock(db).await?;
        let sql = include_str!("sql/select_mailbox_messages.sql");
        let row = db.query_one(sql, &[&key.account.0, &key.mailbox.0]).await?;
        let messages = row.get(0);
        if self.dry_run {
            let sql = include_str!("sql/select_delete_policy_below.sql");
            let row = db.query_one(sql, &[&key.account.0, &key.mailbox.0]).await?;
            if let Some(ban) = ban(&row, 0) {
                return Err(error::Error::from(&ban).into());
            }
            return Ok(RemovedMailbox { messages, ..RemovedMailbox::default() });
        }
        let by = Culprit { account: None, door: "aox", client: None, reason: "delete mailbox" };
        let DeletedMailbox { changes, rest } = delete(db, key, &by, self.so_far).await?;
        Ok(RemovedMailbox { messages: messages + self.so_far.done as i64, changes, rest })
    }
}

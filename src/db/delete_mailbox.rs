//! Deletes a mailbox: its messages become tombstones, its name becomes free.

use super::change_rights::rights_changed;
use super::expunge::{Culprit, expunge_all};
use super::owner::{Place, ban, locate, permit};
use super::thin_out::{ThinnedOut, thin_out};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Change, MailboxId, MailboxKey, MailboxName};
use crate::policy::{Rights, Viewer};

/// DELETE (RFC 3501 §6.3.4). Mailboxes below it stay; the name is then one of a level without a mailbox. With the
/// mailbox go the rights in it (RFC 4314 §4), until it is taken back. That of somebody else needs the right `x`.
pub struct DeleteMailbox {
    pub viewer: Viewer,
    pub name: MailboxName,
    pub by: Culprit,
    /// How far the units before this one have come.
    pub so_far: ThinnedOut,
}

/// What has come of it.
#[derive(Debug)]
pub struct DeletedMailbox {
    /// What whoever has it open must hear: that its messages are gone, and that nobody has rights in it any more.
    pub changes: Vec<Change>,
    /// It has more messages than one unit takes out: another one has to go on.
    pub rest: Option<ThinnedOut>,
}

impl Unit for DeleteMailbox {
    type Output = DeletedMailbox;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let place = locate(db, self.viewer, &self.name).await?.ok_or_else(no_mailbox)?;
        let (account, name) = (place.account.0, place.name.as_str());
        let locked = db.query_opt(include_str!("sql/lock_mailbox_by_name.sql"), &[&account, &name]).await?;
        let Some(row) = locked else { return Err(self.nothing_there(db, &place).await?.into()) };
        let key = MailboxKey { account: place.account, mailbox: MailboxId(row.get(0)) };
        permit(db, self.viewer, key).await?.demand(Rights::DELETE, no_mailbox)?;
        if place.name.is_inbox() {
            return Err(error::Error::no(Code::Cannot, "INBOX cannot be deleted").into());
        }
        delete(db, key, &self.by, self.so_far).await
    }
}

impl DeleteMailbox {
    /// Why a name that has no mailbox cannot be deleted. Of the levels of others nothing is told.
    async fn nothing_there(&self, db: &Lent<'_>, place: &Place) -> Result<error::Error, Error> {
        if !self.viewer.owns(place.account) {
            return Ok(no_mailbox());
        }
        let sql = include_str!("sql/select_children.sql");
        let children = db.query(sql, &[&place.account.0, &place.name.as_str()]).await?;
        Ok(match children.is_empty() {
            true => no_mailbox(),
            false => error::Error::no(Code::HasChildren, "That level has mailboxes below it and none itself"),
        })
    }
}

/// Deletes a mailbox whose row is locked, within another unit; or takes some of very many messages out of it.
pub(super) async fn delete(
    db: &Lent<'_>,
    key: MailboxKey,
    by: &Culprit,
    so_far: ThinnedOut,
) -> Result<DeletedMailbox, Error> {
    let (account, mailbox) = (key.account.0, key.mailbox.0);
    let who = by.account.map(|account| account.0);
    // That messages stay the database sees to; an empty mailbox stays, too.
    let row = db.query_one(include_str!("sql/select_delete_ban.sql"), &[&who, &account, &mailbox]).await?;
    if let Some(ban) = ban(&row, 0) {
        return Err(error::Error::from(&ban).into());
    }
    if key.account == AccountId::SHARED {
        let aliases =
            db.query(include_str!("sql/select_aliases_of_mailbox.sql"), &[&account, &mailbox]).await?;
        if !aliases.is_empty() {
            // There is no INBOX of everybody that could take the mail instead.
            let text =
                "Mail for an address goes to this mailbox; an administrator has to delete that alias first";
            return Err(error::Error::no(Code::InUse, text).into());
        }
    }
    let row = db.query_one(include_str!("sql/select_mailbox_messages.sql"), &[&account, &mailbox]).await?;
    let messages = u64::try_from(row.get::<_, i64>(0)).unwrap_or_default();
    if let Some((rest, changes)) = thin_out(db, &[(key, messages)], so_far, by).await? {
        return Ok(DeletedMailbox { changes, rest: Some(rest) });
    }
    let mut changes: Vec<Change> = expunge_all(db, key, by).await?.into_iter().collect();
    let had_rights =
        db.execute(include_str!("sql/delete_rights_of_mailbox.sql"), &[&account, &mailbox]).await?;
    if had_rights > 0 {
        changes.extend(rights_changed(db, key).await?);
    }
    db.execute(include_str!("sql/redirect_aliases.sql"), &[&account, &mailbox]).await?;
    db.execute(include_str!("sql/update_mailbox_deleted.sql"), &[&account, &mailbox]).await?;
    Ok(DeletedMailbox { changes, rest: None })
}

fn no_mailbox() -> error::Error {
    error::Error::no(Code::NonExistent, "There is no mailbox of that name")
}

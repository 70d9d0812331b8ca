//! Creates a mailbox. Levels above it need no mailbox of their own.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::owner::{Place, locate, permit};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{AccountId, FirstMailbox, MailboxId, MailboxKey, MailboxName};
use crate::policy::{Rights, Viewer};

/// CREATE (RFC 3501 §6.3.3). Among what is somebody else's, it needs the right `k` in the nearest mailbox above that is
/// there (RFC 4314 §4).
pub struct CreateMailbox {
    pub viewer: Viewer,
    pub name: MailboxName,
    /// The use that it is to have (RFC 6154 §3), in lower case without the backslash.
    pub special_use: Option<&'static str>,
    /// The mailboxes that have a use by their names.
    pub uses: Arc<[FirstMailbox]>,
    /// Uidvalidities are taken from the time.
    pub now: Timestamp,
}

impl Unit for CreateMailbox {
    type Output = MailboxId;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<MailboxId, Error> {
        let place = locate(db, self.viewer, &self.name).await?.ok_or_else(not_here)?;
        may_create(db, self.viewer, &place).await?;
        let by_name = FirstMailbox::use_of(&self.uses, &place.name);
        let created = create(db, place.account, &place.name, self.special_use.or(by_name), self.now).await?;
        let Some(created) = created else { return Err(taken(db, self.viewer, &place).await?.into()) };
        if self.special_use.is_some() && created.special_use.as_deref() != self.special_use {
            let text = "Another mailbox has this use";
            return Err(error::Error::no(Code::UseAttr, text).into());
        }
        Ok(created.mailbox)
    }
}

/// Refuses who may not make a mailbox at `place`. Says the same whatever there is.
pub(super) async fn may_create(db: &Lent<'_>, viewer: Viewer, place: &Place) -> Result<(), Error> {
    if viewer.owns(place.account) {
        return Ok(());
    }
    let parents: Vec<MailboxName> = place.name.parents().collect();
    let names: Vec<&str> = parents.iter().map(MailboxName::as_str).collect();
    let sql = include_str!("sql/select_nearest_mailbox.sql");
    let row = db.query_opt(sql, &[&place.account.0, &names]).await?.ok_or_else(not_here)?;
    let key = MailboxKey { account: place.account, mailbox: MailboxId(row.get(0)) };
    match permit(db, viewer, key).await?.rights.contains(Rights::CREATE) {
        true => Ok(()),
        false => Err(not_here().into()),
    }
}

/// What somebody hears who wanted a name that is in use: that it is, if he may know.
pub(super) async fn taken(db: &Lent<'_>, viewer: Viewer, place: &Place) -> Result<error::Error, Error> {
    let known = error::Error::no(Code::AlreadyExists, "There is a mailbox of that name");
    if viewer.owns(place.account) {
        return Ok(known);
    }
    let sql = include_str!("sql/select_mailbox_by_name.sql");
    let row = db.query_opt(sql, &[&place.account.0, &place.name.as_str()]).await?;
    let Some(row) = row else { return Ok(not_here()) };
    let key = MailboxKey { account: place.account, mailbox: MailboxId(row.get(0)) };
    let may_know = permit(db, viewer, key).await?.rights.contains(Rights::LOOKUP);
    Ok(if may_know { known } else { not_here() })
}

/// Where others have their mailboxes one makes none, unless they let one.
fn not_here() -> error::Error {
    error::Error::no(Code::NoPerm, "You cannot make a mailbox there")
}

/// A mailbox that is new.
pub(super) struct Created {
    pub mailbox: MailboxId,
    /// None, too, when another mailbox has the use that it was to have.
    pub special_use: Option<String>,
}

/// Creates `name`, and no mailbox above it: where there is none, LIST tells of a level (RFC 3501 §6.3.8). It gets the use
/// `special_use`, unless another mailbox of the account has that, and the rights of the nearest mailbox above (RFC 4314
/// §4). None when there was a mailbox of that name.
pub(super) async fn create(
    db: &Lent<'_>,
    account: AccountId,
    name: &MailboxName,
    special_use: Option<&str>,
    now: Timestamp,
) -> Result<Option<Created>, Error> {
    let row = db.query_opt(include_str!("sql/count_mailboxes.sql"), &[&account.0]).await?;
    // A client may still be there when an administrator deletes its account.
    let gone = || error::Error::no(Code::NonExistent, "This account has been deleted");
    let count: i64 = row.ok_or_else(gone)?.get(0);
    if count >= limits::MAILBOXES_PER_ACCOUNT_MAX as i64 {
        return Err(error::Error::no(Code::Limit, "This account has as many mailboxes as it may have").into());
    }
    let sql = include_str!("sql/insert_mailbox.sql");
    let params: [&(dyn ToSql + Sync); 4] = [&account.0, &name.as_str(), &special_use, &now.as_second()];
    let Some(row) = db.query_opt(sql, &params).await? else { return Ok(None) };
    let created = Created { mailbox: MailboxId(row.get(0)), special_use: row.get(1) };
    let parents: Vec<MailboxName> = name.parents().collect();
    if !parents.is_empty() {
        let names: Vec<&str> = parents.iter().map(MailboxName::as_str).collect();
        let sql = include_str!("sql/inherit_rights.sql");
        db.execute(sql, &[&account.0, &created.mailbox.0, &names]).await?;
    }
    let sql = include_str!("sql/select_mailboxes_over_quota.sql");
    if db.query_one(sql, &[&account.0]).await?.get::<_, Option<i64>>(0).is_some() {
        let text = "The quota does not allow as many mailboxes";
        return Err(error::Error::no(Code::OverQuota, text).into());
    }
    Ok(Some(created))
}

//! Renames a mailbox with all that is below it.

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::copy_messages::CopyMessages;
use super::create_mailbox::{create, may_create, taken};
use super::expunge::Culprit;
use super::mailbox_row::uid;
use super::metadata::copy_metadata;
use super::owner::{Place, ban, locate, permit, standings};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{Change, MailboxId, MailboxKey, MailboxName, UidSet};
use crate::policy::{Rights, Viewer};

/// RENAME (RFC 3501 §6.3.5), also of a level that has no mailbox itself. Messages keep their uids, mailboxes their
/// uidvalidity, as the names were not in use, and the rights in them stay as they are. That of somebody else needs the
/// right `x` in the mailbox, and `k` in the nearest one above its new name (RFC 4314 §4).
pub struct RenameMailbox {
    pub viewer: Viewer,
    pub from: MailboxName,
    pub to: MailboxName,
    pub now: Timestamp,
    pub by: Culprit,
    /// How far the units before this one have come.
    pub so_far: Option<MovedInbox>,
}

/// What has come of it.
#[derive(Debug, Default)]
pub struct Renamed {
    /// What whoever has INBOX open must hear, when its messages moved.
    pub changes: Vec<Change>,
    /// INBOX has more messages than one unit moves: another one has to go on.
    pub rest: Option<MovedInbox>,
}

/// How far INBOX has come, whose messages move in several units, so that mail can come meanwhile. What has moved stays where
/// it is when the rest is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedInbox {
    /// All messages that there were at first.
    pub all: u64,
    pub done: u64,
    behind: i64,
    /// What has come after that stays.
    uidnext: i64,
}

impl Unit for RenameMailbox {
    type Output = Renamed;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let from = locate(db, self.viewer, &self.from).await?.ok_or_else(no_mailbox)?;
        let lock = include_str!("sql/lock_mailbox_by_name.sql");
        let found = db.query_opt(lock, &[&from.account.0, &from.name.as_str()]).await?;
        let found = found.map(|row| MailboxId(row.get(0)));
        self.check_rights(db, &from, found).await?;
        // That there is no such owner is none of anybody's business.
        let to = locate(db, self.viewer, &self.to).await?.filter(|to| to.account == from.account);
        let Some(to) = to else {
            let text = "A mailbox keeps its owner; make a new one and move the messages";
            return Err(error::Error::no(Code::Cannot, text).into());
        };
        if to.name.is_child_of(&from.name) && !from.name.is_inbox() {
            return Err(error::Error::no(Code::Cannot, "A mailbox cannot be moved below itself").into());
        }
        may_create(db, self.viewer, &to).await?;
        if from.name.is_inbox() {
            return self.move_inbox(db, found.ok_or_else(no_mailbox)?, &to).await;
        }
        self.rename(db, &from, found, &to).await
    }
}

impl RenameMailbox {
    /// Refuses who may not rename a mailbox. INBOX would have to be emptied, which only its owner does.
    async fn check_rights(&self, db: &Lent<'_>, from: &Place, found: Option<MailboxId>) -> Result<(), Error> {
        let is_own = self.viewer.owns(from.account);
        let Some(mailbox) = found else { return self.check_rights_below(db, from).await };
        let key = MailboxKey { account: from.account, mailbox };
        permit(db, self.viewer, key).await?.demand(Rights::DELETE, no_mailbox)?;
        match from.name.is_inbox() && !is_own {
            true => Err(error::Error::no(Code::Cannot, "Only its owner can rename an INBOX").into()),
            false => Ok(()),
        }
    }

    /// A level without a mailbox is renamed with what is below it, by anybody who may rename all of that.
    async fn check_rights_below(&self, db: &Lent<'_>, from: &Place) -> Result<(), Error> {
        if self.viewer.owns(from.account) {
            return Ok(());
        }
        let sql = include_str!("sql/select_children.sql");
        let children = db.query(sql, &[&from.account.0, &from.name.as_str()]).await?;
        let key = |row: &Row| MailboxKey { account: from.account, mailbox: MailboxId(row.get(0)) };
        let asked: Vec<(Viewer, MailboxKey)> = children.iter().map(|row| (self.viewer, key(row))).collect();
        let standings = standings(db, &asked).await?;
        if !standings.iter().any(|standing| standing.permit.rights.contains(Rights::LOOKUP)) {
            return Err(no_mailbox().into());
        }
        match standings.iter().find(|standing| !standing.permit.rights.contains(Rights::DELETE)) {
            Some(one) => Err(one.permit.lacking(Rights::DELETE).into()),
            None => Ok(()),
        }
    }

    async fn rename(
        &self,
        db: &Lent<'_>,
        from: &Place,
        found: Option<MailboxId>,
        to: &Place,
    ) -> Result<Renamed, Error> {
        let (account, name) = (from.account.0, from.name.as_str());
        let children = db.query(include_str!("sql/select_children.sql"), &[&account, &name]).await?;
        if found.is_none() && children.is_empty() {
            return Err(no_mailbox().into());
        }
        for row in &children {
            // The longest new name has to be a valid one, too.
            MailboxName::new(row.get(1))?.renamed(&from.name, &to.name)?;
        }
        // Whoever may not delete in a mailbox may not take it away with the one above it.
        let sql = include_str!("sql/select_delete_ban_below.sql");
        let row = db.query_one(sql, &[&self.viewer.acting.0, &account, &name]).await?;
        if let Some(ban) = ban(&row, 0) {
            return Err(error::Error::from(&ban).into());
        }
        let lock = include_str!("sql/lock_mailbox_by_name.sql");
        let is_taken = db.query_opt(lock, &[&account, &to.name.as_str()]).await?.is_some();
        // A level that becomes another one, which is there, would be mixed with it for good.
        if is_taken || found.is_none() && self.is_level(db, to).await? {
            return Err(taken(db, self.viewer, to).await?.into());
        }
        let sql = include_str!("sql/update_mailbox_names.sql");
        match db.execute(sql, &[&account, &name, &to.name.as_str()]).await {
            Ok(_) => Ok(Renamed::default()),
            Err(Error::Sql(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Err(error::Error::no(Code::AlreadyExists, "There is a mailbox of the new name").into())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there are mailboxes below a name.
    async fn is_level(&self, db: &Lent<'_>, place: &Place) -> Result<bool, Error> {
        let sql = include_str!("sql/select_children.sql");
        Ok(!db.query(sql, &[&place.account.0, &place.name.as_str()]).await?.is_empty())
    }

    /// INBOX is never renamed; its messages move to the new mailbox, and it stays, empty (RFC 3501 §6.3.5). What is
    /// below it stays where it is.
    async fn move_inbox(&self, db: &Lent<'_>, inbox: MailboxId, to: &Place) -> Result<Renamed, Error> {
        let so_far = match self.so_far {
            Some(so_far) => so_far,
            None => self.begin_inbox(db, inbox, to).await?,
        };
        let sql = include_str!("sql/select_first_uids.sql");
        let few = limits::STORE_UNIT_MESSAGES;
        let rows = db.query(sql, &[&to.account.0, &inbox.0, &so_far.behind, &(few as i64)]).await?;
        let uids = rows.iter().map(|row| row.get(0)).filter(|number: &i64| *number < so_far.uidnext);
        let uids: UidSet = uids.map(uid).collect();
        let Some(last) = uids.last() else { return Ok(Renamed::default()) };
        let done = so_far.done + uids.len();
        let rest = MovedInbox { done, behind: last.get().into(), ..so_far };
        let rest = (uids.len() == few as u64).then_some(rest);
        let moved = CopyMessages {
            viewer: self.viewer,
            source: MailboxKey { account: to.account, mailbox: inbox },
            uids,
            target: self.to.clone(),
            moved_by: Some(self.by.clone()),
        };
        let changes = moved.run(db).await?.map_or_else(Vec::new, |copied| copied.changes);
        Ok(Renamed { changes, rest })
    }

    /// Makes the new mailbox.
    async fn begin_inbox(&self, db: &Lent<'_>, inbox: MailboxId, to: &Place) -> Result<MovedInbox, Error> {
        let Some(created) = create(db, to.account, &to.name, None, self.now).await? else {
            return Err(taken(db, self.viewer, to).await?.into());
        };
        copy_metadata(db, to.account, inbox, created.mailbox).await?;
        let named = include_str!("sql/select_mailbox_by_name.sql");
        let row = db.query_one(named, &[&to.account.0, &MailboxName::inbox().as_str()]).await?;
        let all = u64::try_from(row.get::<_, i64>(5)).unwrap_or_default();
        Ok(MovedInbox { all, done: 0, behind: 0, uidnext: row.get(2) })
    }
}

fn no_mailbox() -> error::Error {
    error::Error::no(Code::NonExistent, "There is no mailbox of that name")
}

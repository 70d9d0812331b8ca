//! Takes deleted messages back: `aox undelete`, and IMAP's MOVE and COPY out of what is deleted.

use tokio_postgres::Row;

use super::adopt_messages::{Adopted, refer_to_copies};
use super::annotations::{self, Carried, copy_annotations};
use super::audit::act_as;
use super::copy_messages::{Copied, no_target};
use super::count_usage::{Deltas, count, count_limited};
use super::expunge::Culprit;
use super::keywords::{KeywordIds, ensure_keywords};
use super::mailbox_row::{KeywordNames, MessageRow, modseq, uid, uidvalidity};
use super::owner::{locate, permit};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{
    Change, FlagMask, Keyword, MailboxId, MailboxKey, MailboxName, ModSeq, Uid, UidSet, UidValidity,
};
use crate::policy::{Rights, Viewer};

/// Puts deleted messages into a mailbox, in the order in which they were deleted; None when none of them was there.
///
/// Flags, keywords and dates come back as they were, but for \Deleted. All or nothing is taken back. The tombstones stay,
/// empty, so that clients still hear that the old uids are gone.
pub struct Undelete {
    /// What was deleted in some mailbox.
    pub source: MailboxKey,
    /// The numbers of the messages there.
    pub uids: UidSet,
    pub into: Destination,
    /// They stay among what is deleted, too.
    pub keep: bool,
    /// Quotas do not count.
    pub beyond_quota: bool,
    /// The user who takes them back, as that is recorded.
    pub by: Option<Culprit>,
}

/// Where messages are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Where somebody means by a name, if he may put them there.
    Named(Viewer, MailboxName),
    /// Where an administrator says.
    Mailbox(MailboxKey),
}

/// A locked mailbox.
struct Locked {
    key: MailboxKey,
    uidvalidity: UidValidity,
    uidnext: i64,
    highestmodseq: ModSeq,
    exists: bool,
}

impl Unit for Undelete {
    type Output = Option<Copied>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        if let Some(by) = &self.by {
            act_as(db, &by.actor()).await?;
        }
        let target = self.into.find(db).await?;
        let source = self.source.of_kept();
        let locked = lock(db, source, target).await?;
        let there = locked.iter().find(|locked| locked.key == target && locked.exists);
        let there = there.ok_or_else(no_target)?;
        let allowed = self.into.flags_allowed(db, target).await?;
        let numbers: Vec<i64> = self.uids.iter().map(|uid| i64::from(uid.get())).collect();
        let keywords = self.keywords(db, &numbers, target, allowed).await?;
        let rows = self.take(db, &numbers, target, allowed, &keywords).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        if there.uidnext + rows.len() as i64 > i64::from(u32::MAX) {
            return Err(error::Error::no(Code::Limit, "The mailbox has no uids left").into());
        }
        let names = KeywordNames::of(&keywords);
        let mut change = Change::new(target, there.highestmodseq, ModSeq(there.highestmodseq.0 + 1));
        change.appended = rows.iter().map(|row| MessageRow::new(row).loaded(&names)).collect();
        let uids: Vec<(Uid, Uid)> = rows.iter().map(|row| (uid(row.get(8)), uid(row.get(0)))).collect();
        let carried = self.into.carried(db, target, self.keep).await?;
        if copy_annotations(db, self.source.of_deleted(), target, &uids, carried, change.modseq).await?
            && !self.beyond_quota
        {
            annotations::check_quota(db, target.account).await?;
        }
        let mut changes = Vec::new();
        if !self.keep {
            let gone = uids.iter().map(|(number, _)| *number).collect();
            changes.extend(left(&locked, source, target, gone));
        }
        changes.push(change);
        let mut deltas = Deltas::default();
        deltas.add(target.account, rows.len(), rows.iter().map(|row| row.get::<_, i64>(7)).sum());
        let is_nearly_full = match self.beyond_quota {
            true => count(db, &deltas).await.map(|_| false)?,
            false => count_limited(db, &deltas).await?,
        };
        Ok(Some(Copied { uidvalidity: there.uidvalidity, uids, changes, is_nearly_full }))
    }
}

impl Destination {
    async fn find(&self, db: &Lent<'_>) -> Result<MailboxKey, Error> {
        let (viewer, name) = match self {
            Destination::Mailbox(key) => return Ok(*key),
            Destination::Named(viewer, name) => (*viewer, name),
        };
        let place = locate(db, viewer, name).await?.ok_or_else(no_target)?;
        let sql = include_str!("sql/select_mailbox_by_name.sql");
        let row =
            db.query_opt(sql, &[&place.account.0, &place.name.as_str()]).await?.ok_or_else(no_target)?;
        Ok(MailboxKey { account: place.account, mailbox: MailboxId(row.get(0)) })
    }

    /// Which annotations come back: with the message itself all of them, with a copy those that whoever makes it could
    /// write there.
    async fn carried(&self, db: &Lent<'_>, target: MailboxKey, is_copy: bool) -> Result<Carried, Error> {
        match self {
            Destination::Named(viewer, _) if is_copy => {
                Ok(Carried::by(*viewer, permit(db, *viewer, target).await?.rights))
            }
            _ => Ok(Carried { shared: true, reader: None, all: true }),
        }
    }

    /// RFC 4314 §4 wants `i` there, and only flags that may be set there.
    async fn flags_allowed(&self, db: &Lent<'_>, target: MailboxKey) -> Result<FlagMask, Error> {
        let Destination::Named(viewer, _) = self else { return Ok(FlagMask::ALL) };
        let permit = permit(db, *viewer, target).await?;
        permit.demand(Rights::INSERT, no_target)?;
        Ok(permit.rights.flags())
    }
}

impl Undelete {
    /// Sees to it that the target has the keywords that the messages carry, if they may.
    async fn keywords(
        &self,
        db: &Lent<'_>,
        numbers: &[i64],
        target: MailboxKey,
        allowed: FlagMask,
    ) -> Result<KeywordIds, Error> {
        let MailboxKey { account, mailbox } = self.source.of_kept();
        let sql = include_str!("sql/select_deleted_keywords.sql");
        let rows = db.query(sql, &[&account.0, &mailbox.0, &numbers]).await?;
        if rows.is_empty() || !allowed.keywords {
            return Ok(KeywordIds::new());
        }
        let carried: Vec<Keyword> = rows.iter().filter_map(|row| Keyword::new(row.get(0))).collect();
        let known = ensure_keywords(db, target, carried.iter()).await?;
        Ok(known.into_iter().filter(|(keyword, _)| carried.contains(keyword)).collect())
    }

    async fn take(
        &self,
        db: &Lent<'_>,
        numbers: &[i64],
        target: MailboxKey,
        allowed: FlagMask,
        keywords: &KeywordIds,
    ) -> Result<Vec<Row>, Error> {
        let MailboxKey { account, mailbox } = self.source.of_kept();
        let Adopted { old_ids, new_ids } = match account == target.account {
            true => Adopted::default(),
            false => {
                let sql = include_str!("sql/adopt_deleted.sql");
                let rows = db.query(sql, &[&account.0, &mailbox.0, &numbers, &target.account.0]).await?;
                refer_to_copies(db, account, &rows, target.account).await?
            }
        };
        let names: Vec<String> = keywords.keys().map(|name| name.as_str().to_lowercase()).collect();
        let ids: Vec<i32> = keywords.values().copied().collect();
        let mask = i16::from(allowed.system.0);
        let sql = include_str!("sql/undelete.sql");
        db.query(
            sql,
            &[
                &account.0,
                &mailbox.0,
                &numbers,
                &target.account.0,
                &target.mailbox.0,
                &mask,
                &names,
                &ids,
                &old_ids,
                &new_ids,
                &self.keep,
            ],
        )
        .await
    }
}

/// Locks both mailboxes in the order of their keys, as everybody does.
async fn lock(db: &Lent<'_>, source: MailboxKey, target: MailboxKey) -> Result<Vec<Locked>, Error> {
    let mut keys = vec![source, target];
    keys.sort();
    keys.dedup();
    let mut locked = Vec::new();
    for key in keys {
        let sql = include_str!("sql/lock_mailbox_of_deleted.sql");
        let row = db.query_opt(sql, &[&key.account.0, &key.mailbox.0]).await?;
        locked.extend(row.map(|row| Locked {
            key,
            uidvalidity: uidvalidity(row.get(0)),
            uidnext: row.get(1),
            highestmodseq: modseq(row.get(2)),
            exists: row.get(3),
        }));
    }
    Ok(locked)
}

/// What those hear who look at what was deleted: that it is there no more.
fn left(locked: &[Locked], source: MailboxKey, target: MailboxKey, gone: UidSet) -> Vec<Change> {
    let Some(here) = locked.iter().find(|locked| locked.key == source) else { return Vec::new() };
    let (before, now) = (here.highestmodseq, ModSeq(here.highestmodseq.0 + 1));
    let mut changes = vec![Change { expunged: gone, ..Change::new(source.of_deleted(), before, now) }];
    if source != target {
        // Nothing happened to what is in the mailbox itself, but its modseq is another one.
        changes.push(Change::new(source, before, now));
    }
    changes
}

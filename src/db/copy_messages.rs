//! Puts messages of one mailbox into another: IMAP COPY, and MOVE, which also takes them out of the first.

use tokio_postgres::Row;

use super::adopt_messages::{Adopted, adopt};
use super::annotations::{Carried, copy_annotations};
use super::count_usage::{Deltas, count, count_limited, settle};
use super::expunge::{Culprit, expunge};
use super::keywords::ensure_keywords;
use super::mailbox_row::{KeywordNames, MessageRow, modseq, range_columns, uid, uidvalidity};
use super::owner::{locate, standings};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{
    Change, FlagMask, Keyword, MailboxId, MailboxKey, MailboxName, ModSeq, Uid, UidSet, UidValidity,
};
use crate::policy::{Rights, Viewer};

/// Copies messages into the mailbox that `viewer` means by `target`; None when none of them was there.
///
/// Flags, keywords and internal dates go along (RFC 3501 §6.4.7), as far as the viewer may set those flags there (RFC
/// 4314 §4). All or nothing is copied. A copy for another account is a message of its own.
pub struct CopyMessages {
    pub viewer: Viewer,
    pub source: MailboxKey,
    pub uids: UidSet,
    pub target: MailboxName,
    /// For MOVE: the messages leave the source, in the same transaction (RFC 6851 §3.3).
    pub moved_by: Option<Culprit>,
}

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    /// The uidvalidity of the target.
    pub uidvalidity: UidValidity,
    /// The uids there and here, for COPYUID, in the order of both.
    pub uids: Vec<(Uid, Uid)>,
    /// What happened, in order: to the target, and with MOVE to the source.
    pub changes: Vec<Change>,
    /// A quota is nearly used up now, because of the copies.
    pub is_nearly_full: bool,
}

/// A locked mailbox, and which flags may be set in it.
struct Locked {
    uidvalidity: UidValidity,
    uidnext: i64,
    highestmodseq: ModSeq,
    flags: FlagMask,
    /// Which annotations go along.
    carried: Carried,
}

impl Unit for CopyMessages {
    type Output = Option<Copied>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let place = locate(db, self.viewer, &self.target).await?.ok_or_else(no_target)?;
        let named = include_str!("sql/select_mailbox_by_name.sql");
        let row =
            db.query_opt(named, &[&place.account.0, &place.name.as_str()]).await?.ok_or_else(no_target)?;
        let target = MailboxKey { account: place.account, mailbox: MailboxId(row.get(0)) };
        let locked = self.lock(db, target).await?;
        let known = self.carry_keywords(db, target, locked.flags).await?;
        let rows = self.copy(db, target, locked.flags, &known).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        if locked.uidnext + rows.len() as i64 > i64::from(u32::MAX) {
            return Err(error::Error::no(Code::Limit, "The mailbox has no uids left").into());
        }
        let mut change = Change::new(target, locked.highestmodseq, ModSeq(locked.highestmodseq.0 + 1));
        change.appended = rows.iter().map(|row| MessageRow::new(row).loaded(&known.target)).collect();
        let pair = |row: &Row| (uid(row.get(8)), uid(row.get(0)));
        let uids: Vec<(Uid, Uid)> = rows.iter().map(pair).collect();
        copy_annotations(db, self.source, target, &uids, locked.carried, change.modseq).await?;
        let mut changes = vec![change];
        if let Some(by) = &self.moved_by {
            if target.account != self.source.account {
                // What both hold is locked in order, before either of them is counted.
                settle(db, [self.source.account, target.account]).await?;
            }
            let gone: Vec<Uid> = uids.iter().map(|(source, _)| *source).collect();
            changes.extend(expunge(db, self.source, &gone, false, by).await?);
        }
        let is_nearly_full = self.count(db, target, &rows).await?;
        Ok(Some(Copied { uidvalidity: locked.uidvalidity, uids, changes, is_nearly_full }))
    }
}

/// The keywords of the copied messages on both sides.
struct CarriedKeywords {
    source_ids: Vec<i32>,
    target_ids: Vec<i32>,
    target: KeywordNames,
}

impl CopyMessages {
    /// Locks the target, and the source too if messages leave it: always in the order of their keys, so that two moves
    /// the opposite ways wait for each other and never both. Then nobody changes the rights in them any more.
    async fn lock(&self, db: &Lent<'_>, target: MailboxKey) -> Result<Locked, Error> {
        let mut keys = vec![target];
        if self.moved_by.is_some() {
            keys.push(self.source);
        }
        keys.sort();
        keys.dedup();
        let mut rows = Vec::new();
        for keys in keys.chunk_by(|one, other| one.account == other.account) {
            let mailboxes: Vec<i64> = keys.iter().map(|key| key.mailbox.0).collect();
            let sql = include_str!("sql/lock_mailboxes.sql");
            rows.extend(db.query(sql, &[&keys[0].account.0, &mailboxes]).await?);
        }
        // It may have been deleted while the lock was waited for.
        let row = rows.iter().find(|row| row.get::<_, i64>(0) == target.mailbox.0).ok_or_else(no_target)?;
        let (flags, carried) = self.check_rights(db, target).await?;
        Ok(Locked {
            uidvalidity: uidvalidity(row.get(1)),
            uidnext: row.get(2),
            highestmodseq: modseq(row.get(3)),
            flags,
            carried,
        })
    }

    /// RFC 4314 §4 wants `i` in the target, and RFC 6851 §4.1 has MOVE need what marking and expunging would. Which
    /// flags and annotations the copies may have is returned.
    async fn check_rights(&self, db: &Lent<'_>, target: MailboxKey) -> Result<(FlagMask, Carried), Error> {
        let asked = [(self.viewer, target), (self.viewer, self.source)];
        let standings = standings(db, &asked).await?;
        let [there, here] = &standings[..] else { return Err(no_target().into()) };
        if self.moved_by.is_some() && !here.permit.rights.contains(MOVING) {
            return Err(here.permit.lacking(MOVING).into());
        }
        there.permit.demand(Rights::INSERT, no_target)?;
        Ok((there.permit.rights.flags(), Carried::by(self.viewer, there.permit.rights)))
    }

    /// Sees to it that the target has the keywords that the messages carry, if they may.
    async fn carry_keywords(
        &self,
        db: &Lent<'_>,
        target: MailboxKey,
        flags: FlagMask,
    ) -> Result<CarriedKeywords, Error> {
        if !flags.keywords {
            return Ok(CarriedKeywords::none());
        }
        let (firsts, lasts) = range_columns(&self.uids);
        let rows = db
            .query(
                include_str!("sql/select_keywords_in_use.sql"),
                &[&self.source.account.0, &self.source.mailbox.0, &firsts, &lasts],
            )
            .await?;
        if rows.is_empty() {
            return Ok(CarriedKeywords::none());
        }
        let carried: Vec<(i32, Keyword)> =
            rows.iter().filter_map(|row| Some((row.get(0), Keyword::new(row.get(1))?))).collect();
        let (source_ids, names): (Vec<i32>, Vec<Keyword>) = carried.into_iter().unzip();
        let known = ensure_keywords(db, target, names.iter()).await?;
        let target_ids = names.iter().filter_map(|name| known.get(name).copied()).collect();
        Ok(CarriedKeywords { source_ids, target_ids, target: KeywordNames::of(&known) })
    }

    async fn copy(
        &self,
        db: &Lent<'_>,
        target: MailboxKey,
        flags: FlagMask,
        keywords: &CarriedKeywords,
    ) -> Result<Vec<Row>, Error> {
        let (firsts, lasts) = range_columns(&self.uids);
        let (account, source) = (self.source.account.0, self.source.mailbox.0);
        let mask = i16::from(flags.system.0);
        let CarriedKeywords { source_ids, target_ids, .. } = keywords;
        let Adopted { old_ids, new_ids } = match self.source.account == target.account {
            true => Adopted::default(),
            false => adopt(db, self.source, &self.uids, target.account).await?,
        };
        let sql = include_str!("sql/copy_messages.sql");
        let (owner, target) = (target.account.0, target.mailbox.0);
        db.query(
            sql,
            &[
                &account, &source, &firsts, &lasts, &target, source_ids, target_ids, &mask, &owner, &old_ids,
                &new_ids,
            ],
        )
        .await
    }
}

impl CopyMessages {
    /// Counts the copies, after all that locks a mailbox. True when a quota is nearly used up because of them.
    async fn count(&self, db: &Lent<'_>, target: MailboxKey, rows: &[Row]) -> Result<bool, Error> {
        let mut deltas = Deltas::default();
        deltas.add(target.account, rows.len(), rows.iter().map(|row| row.get::<_, i64>(7)).sum());
        if self.moved_by.is_some() && target.account == self.source.account {
            // What moves within an account takes no more room than before, be there enough or not.
            count(db, &deltas).await?;
            return Ok(false);
        }
        count_limited(db, &deltas).await
    }
}

impl CarriedKeywords {
    fn none() -> CarriedKeywords {
        CarriedKeywords { source_ids: Vec::new(), target_ids: Vec::new(), target: KeywordNames::default() }
    }
}

/// What somebody needs in the mailbox that messages leave.
const MOVING: Rights = Rights::MARK_DELETED.with(Rights::EXPUNGE);

/// The client may create it and try again (RFC 3501 §6.4.7).
pub(super) fn no_target() -> error::Error {
    error::Error::no(Code::TryCreate, "There is no mailbox with that name")
}

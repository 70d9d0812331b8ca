//! Puts messages of one mailbox into another: IMAP COPY, and MOVE, which also takes them out of the first.

use postgres_types::ToSql;
use tokio_postgres::Row;

use super::adopt_messages::{Adopted, adopt};
use super::annotations::{self, Carried, copy_annotations};
use super::count_usage::{Deltas, count, count_limited, settle};
use super::expunge::{Culprit, expunge};
use super::keywords::ensure_keywords;
use super::mailbox_row::{KeywordNames, MessageRow, modseq, range_columns, uid, uidvalidity};
use super::owner::{locate, standings};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{
    Change, FlagMask, Keyword, Loaded, MailboxId, MailboxKey, MailboxName, ModSeq, System, Uid, UidSet,
    UidValidity,
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

/// Where the numbers of copies begin in a mailbox, and which flags may be set in it.
#[derive(Clone, Copy)]
struct Start {
    uidvalidity: UidValidity,
    uidnext: i64,
    highestmodseq: ModSeq,
    flags: FlagMask,
    /// Which annotations go along.
    carried: Carried,
}

impl Start {
    /// The modseq of the copies.
    fn next_modseq(&self) -> ModSeq {
        ModSeq(self.highestmodseq.0 + 1)
    }
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
        let ahead = self.reserve_ahead(db, target).await?;
        let start = match ahead {
            Some(start) => start,
            None => self.lock(db, target).await?,
        };
        let known = self.carry_keywords(db, target, start.flags).await?;
        let rows = self.copy(db, target, start, &known).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        if start.uidnext + rows.len() as i64 > i64::from(u32::MAX) {
            return Err(error::Error::no(Code::Limit, "The mailbox has no uids left").into());
        }
        // All that takes time is done before the target is locked, if it can be.
        let copies = Copies::of(&rows, &known.target);
        let (uids, carried, modseq) = (&copies.uids, start.carried, start.next_modseq());
        let are_annotated = copy_annotations(db, self.source, target, uids, carried, modseq).await?;
        let before = match ahead {
            Some(_) => self.lock_behind(db, target, start).await?,
            None => start.highestmodseq,
        };
        copies.count_in(db, target, start).await?;
        let Copies { appended, uids, messages, octets, .. } = copies;
        let change = Change { appended, ..Change::new(target, before, start.next_modseq()) };
        let mut changes = vec![change];
        if let Some(by) = &self.moved_by {
            if target.account != self.source.account {
                // What both hold is locked in order, before either of them is counted.
                settle(db, [self.source.account, target.account]).await?;
            }
            let gone: Vec<Uid> = uids.iter().map(|(source, _)| *source).collect();
            changes.extend(expunge(db, self.source, &gone, false, by).await?);
        }
        let is_nearly_full = self.count(db, target, messages as usize, octets).await?;
        if are_annotated {
            annotations::check_quota(db, target.account).await?;
        }
        Ok(Some(Copied { uidvalidity: start.uidvalidity, uids, changes, is_nearly_full }))
    }
}

/// Very many messages are copied before the target is locked, so that deliveries to it need not wait for them: COPY is all
/// or nothing, and one transaction whatever its size. The copies get uids far enough behind those that are given out
/// meanwhile. What lies between is given to nobody: uids need only ascend.
impl CopyMessages {
    /// Where the copies can begin, while the mailbox is not locked; None when they are few, or need keywords that the
    /// target has to get first, which is done under its lock.
    async fn reserve_ahead(&self, db: &Lent<'_>, target: MailboxKey) -> Result<Option<Start>, Error> {
        let few = limits::STORE_UNIT_MESSAGES as u64;
        if self.moved_by.is_some() || self.uids.len() <= few {
            return Ok(None);
        }
        // Ranges of uids may have large holes.
        let named = self.count_named(db).await?;
        if named <= few as i64 {
            return Ok(None);
        }
        // Two of them would take the same uids.
        db.query(include_str!("sql/lock_large_copies.sql"), &[&target.mailbox.0]).await?;
        let (flags, carried) = self.check_rights(db, target).await?;
        if flags.keywords && !self.has_keywords(db, target).await? {
            return Ok(None);
        }
        let sql = include_str!("sql/select_mailbox_start.sql");
        let row = db.query_opt(sql, &[&target.account.0, &target.mailbox.0]).await?.ok_or_else(no_target)?;
        let room = limits::COPY_AHEAD_UIDS + named;
        let uidnext = row.get::<_, i64>(1) + room;
        if uidnext + named > i64::from(u32::MAX) {
            return Ok(None);
        }
        Ok(Some(Start {
            uidvalidity: uidvalidity(row.get(0)),
            uidnext,
            highestmodseq: modseq(row.get::<_, i64>(2) + room),
            flags,
            carried,
        }))
    }

    /// How many messages the ranges of uids have now.
    async fn count_named(&self, db: &Lent<'_>) -> Result<i64, Error> {
        let (firsts, lasts) = range_columns(&self.uids);
        let (account, mailbox) = (self.source.account.0, self.source.mailbox.0);
        let sql = include_str!("sql/count_messages_named.sql");
        Ok(db.query_one(sql, &[&account, &mailbox, &firsts, &lasts]).await?.get(0))
    }

    /// Whether the target has all keywords that the messages carry.
    async fn has_keywords(&self, db: &Lent<'_>, target: MailboxKey) -> Result<bool, Error> {
        let carried = self.keywords_in_use(db).await?;
        let sql = include_str!("sql/select_keywords.sql");
        let rows = db.query(sql, &[&target.account.0, &target.mailbox.0]).await?;
        let there: Vec<Keyword> = rows.iter().filter_map(|row| Keyword::new(row.get(1))).collect();
        Ok(carried.iter().all(|(_, name)| there.contains(name)))
    }

    /// Locks the target behind copies that are there already. Returns how far the mailbox has come meanwhile.
    async fn lock_behind(&self, db: &Lent<'_>, target: MailboxKey, start: Start) -> Result<ModSeq, Error> {
        let now = self.lock(db, target).await?;
        let is_room = now.uidnext <= start.uidnext && now.highestmodseq <= start.highestmodseq;
        let is_same = now.flags == start.flags && now.carried.shared == start.carried.shared;
        match is_room && is_same && now.uidvalidity == start.uidvalidity {
            true => Ok(now.highestmodseq),
            false => {
                Err(Error::Unavailable("the mailbox has changed too much while it was copied to".into()))
            }
        }
    }
}

/// What was copied.
struct Copies {
    appended: Vec<Loaded>,
    /// The uids in the source, and those of the copies.
    uids: Vec<(Uid, Uid)>,
    messages: i64,
    unseen: i64,
    deleted: i64,
    octets: i64,
}

impl Copies {
    /// Out of the rows of `copy_messages.sql`.
    fn of(rows: &[Row], keywords: &KeywordNames) -> Copies {
        let flagged = |flag: System| {
            rows.iter().filter(|row| row.get::<_, i16>(3) & i16::from(flag.0) != 0).count() as i64
        };
        let messages = rows.len() as i64;
        Copies {
            appended: rows.iter().map(|row| MessageRow::new(row).loaded(keywords)).collect(),
            uids: rows.iter().map(|row| (uid(row.get(8)), uid(row.get(0)))).collect(),
            messages,
            unseen: messages - flagged(System::SEEN),
            deleted: flagged(System::DELETED),
            octets: rows.iter().map(|row| row.get::<_, i64>(7)).sum(),
        }
    }

    /// Has the mailbox, which is locked, count them.
    async fn count_in(&self, db: &Lent<'_>, target: MailboxKey, start: Start) -> Result<(), Error> {
        let Copies { messages, unseen, deleted, octets, .. } = self;
        let (uidnext, modseq) = (start.uidnext + messages, start.next_modseq().0 as i64);
        let (account, mailbox) = (target.account.0, target.mailbox.0);
        let params: [&(dyn ToSql + Sync); 8] =
            [&account, &mailbox, &uidnext, &modseq, messages, unseen, deleted, octets];
        db.execute(include_str!("sql/count_copied.sql"), &params).await?;
        Ok(())
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
    async fn lock(&self, db: &Lent<'_>, target: MailboxKey) -> Result<Start, Error> {
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
        Ok(Start {
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
        let carried = self.keywords_in_use(db).await?;
        if carried.is_empty() {
            return Ok(CarriedKeywords::none());
        }
        let (source_ids, names): (Vec<i32>, Vec<Keyword>) = carried.into_iter().unzip();
        let known = ensure_keywords(db, target, names.iter()).await?;
        let target_ids = names.iter().filter_map(|name| known.get(name).copied()).collect();
        Ok(CarriedKeywords { source_ids, target_ids, target: KeywordNames::of(&known) })
    }

    /// The keywords that the messages carry, with their ids in the source.
    async fn keywords_in_use(&self, db: &Lent<'_>) -> Result<Vec<(i32, Keyword)>, Error> {
        let (firsts, lasts) = range_columns(&self.uids);
        let sql = include_str!("sql/select_keywords_in_use.sql");
        let (account, mailbox) = (self.source.account.0, self.source.mailbox.0);
        let rows = db.query(sql, &[&account, &mailbox, &firsts, &lasts]).await?;
        Ok(rows.iter().filter_map(|row| Some((row.get(0), Keyword::new(row.get(1))?))).collect())
    }

    async fn copy(
        &self,
        db: &Lent<'_>,
        target: MailboxKey,
        start: Start,
        keywords: &CarriedKeywords,
    ) -> Result<Vec<Row>, Error> {
        let (firsts, lasts) = range_columns(&self.uids);
        let (account, source) = (self.source.account.0, self.source.mailbox.0);
        let mask = i16::from(start.flags.system.0);
        let CarriedKeywords { source_ids, target_ids, .. } = keywords;
        let Adopted { old_ids, new_ids } = match self.source.account == target.account {
            true => Adopted::default(),
            false => adopt(db, self.source, &self.uids, target.account).await?,
        };
        let sql = include_str!("sql/copy_messages.sql");
        let (owner, target) = (target.account.0, target.mailbox.0);
        let (uidnext, modseq) = (start.uidnext, start.next_modseq().0 as i64);
        let params: [&(dyn ToSql + Sync); 13] = [
            &account, &source, &firsts, &lasts, &target, source_ids, target_ids, &mask, &owner, &old_ids,
            &new_ids, &uidnext, &modseq,
        ];
        db.query(sql, &params).await
    }
}

impl CopyMessages {
    /// Counts the copies, after all that locks a mailbox. True when a quota is nearly used up because of them.
    async fn count(
        &self,
        db: &Lent<'_>,
        target: MailboxKey,
        messages: usize,
        octets: i64,
    ) -> Result<bool, Error> {
        let mut deltas = Deltas::default();
        deltas.add(target.account, messages, octets);
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

//! Reads what has been deleted in a mailbox as a mailbox of its own, for the units that read any mailbox.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::load_snapshot::LoadedMailbox;
use super::mailbox_row::{Seconds, modseq, uid, uidvalidity};
use super::pipeline::pipelined;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{
    Change, FlagSet, InternalDate, Keyword, Loaded, MailboxKey, MessageId, ModSeq, Snapshot, System, Uid,
    UidSet, UidValidity,
};

/// Where it stands, and the messages from one number on.
struct Read {
    uidvalidity: UidValidity,
    uidnext: u64,
    highestmodseq: ModSeq,
    messages: Vec<Loaded>,
    /// The numbers below that one that are still in use.
    known: UidSet,
}

/// Reads all of it; None when there is no such mailbox. Nothing in it is \Recent.
pub(super) async fn load(db: &Lent<'_>, key: MailboxKey) -> Result<Option<LoadedMailbox>, Error> {
    let Some(mut read) = read(db, key, 1).await? else { return Ok(None) };
    read.messages.sort_unstable_by_key(|message| message.uid);
    let Read { uidvalidity, uidnext, highestmodseq, messages, .. } = read;
    let snapshot = Snapshot::load(uidvalidity, uidnext, highestmodseq, messages);
    let first_recent_uid = u32::try_from(snapshot.uidnext).unwrap_or(u32::MAX);
    Ok(Some(LoadedMailbox { snapshot, first_recent_uid }))
}

/// Reads what has happened to it after `since`: what was deleted, and what was taken back or has ended. The latter is
/// all that is not there any more, since nothing is left of what has ended.
pub(super) async fn changes(
    db: &Lent<'_>,
    key: MailboxKey,
    since: ModSeq,
    uidnext: u64,
) -> Result<Option<Change>, Error> {
    let Some(read) = read(db, key, uidnext as i64).await? else { return Ok(None) };
    let mut change = Change::new(key, since, read.highestmodseq);
    change.uidnext = Some(read.uidnext);
    change.appended = read.messages;
    if let Some(last) = u32::try_from(uidnext - 1).ok().and_then(Uid::new) {
        change.expunged = UidSet::range(Uid::MIN, last).difference(&read.known);
    }
    Ok(Some(change))
}

async fn read(db: &Lent<'_>, key: MailboxKey, from: i64) -> Result<Option<Read>, Error> {
    let state = db.prepare(include_str!("sql/select_deleted_state.sql")).await?;
    let messages = db.prepare(include_str!("sql/select_deleted_messages.sql")).await?;
    let known = db.prepare(include_str!("sql/select_deleted_ranges.sql")).await?;
    let MailboxKey { account, mailbox } = key.of_kept();
    let params: [&(dyn ToSql + Sync); 3] = [&account.0, &mailbox.0, &from];
    let client = db.client();
    // Where it stands is read first: what is read after it may be newer, never older.
    let mut rows = pipelined(vec![
        Box::pin(async { Ok(client.query(&state, &params[..2]).await?) }),
        Box::pin(async { Ok(client.query(&messages, &params).await?) }),
        Box::pin(async { Ok(client.query(&known, &params).await?) }),
    ])
    .await?
    .into_iter();
    let mut next = || rows.next().unwrap_or_default();
    let (state, messages, known) = (next(), next(), next());
    let Some(state) = state.first() else { return Ok(None) };
    Ok(Some(Read {
        uidvalidity: uidvalidity(state.get(0)),
        uidnext: state.get::<_, i64>(1) as u64,
        highestmodseq: modseq(state.get(2)),
        messages: messages.iter().map(loaded).collect(),
        known: UidSet::from_ranges(known.iter().map(|row| (uid(row.get(0)).get(), uid(row.get(1)).get()))),
    }))
}

/// One message, from the columns of `select_deleted_messages.sql`.
fn loaded(row: &Row) -> Loaded {
    let keywords: Option<Vec<&str>> = row.get(4);
    let keywords = keywords.unwrap_or_default().into_iter().filter_map(Keyword::new);
    Loaded {
        uid: uid(row.get(0)),
        message: MessageId(row.get(1)),
        modseq: modseq(row.get(2)),
        size: row.get::<_, i64>(7).try_into().unwrap_or(u32::MAX),
        internal_date: InternalDate { seconds: row.get::<_, Seconds>(5).0, zone_minutes: row.get(6) },
        flags: FlagSet::new(System(row.get::<_, i16>(3) as u8), keywords),
    }
}

/// Finds what went out of a mailbox for one of some reasons, and can be taken back.
pub struct FindDeleted {
    pub key: MailboxKey,
    pub reasons: &'static [&'static str],
}

impl Unit for FindDeleted {
    /// The numbers that these have among what was deleted there.
    type Output = UidSet;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<UidSet, Error> {
        let MailboxKey { account, mailbox } = self.key.of_kept();
        let sql = include_str!("sql/select_deleted_numbers.sql");
        let rows = db.query(sql, &[&account.0, &mailbox.0, &self.reasons]).await?;
        Ok(rows.iter().map(|row| uid(row.get(0))).collect())
    }
}

//! Puts some messages that the text index has not reached into a block.

use std::collections::HashSet;

use super::read_texts::{Needs, each_text};
use super::text_blocks::{forget_blocks, may_change, read_blocks, replace_blocks};
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{AccountId, MailboxId, MailboxKey, MessageId};
use crate::search::index::{Block, EDITION, Gathering, block};

/// Counts the messages that the text index has not reached.
pub struct CountWaiting;

/// Indexes some of the messages that wait in the next mailbox behind `after`; the first comes after the last.
pub struct IndexTexts {
    pub after: Option<MailboxKey>,
}

/// What [`IndexTexts`] has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexing {
    /// Some messages of this mailbox.
    Done { mailbox: MailboxKey, messages: usize },
    /// Nothing waits.
    Nothing,
    /// Another program is at it.
    Elsewhere,
}

/// Messages of a mailbox that wait.
struct Waiting {
    key: MailboxKey,
    /// Uids and messages, in order.
    messages: Vec<(i64, MessageId)>,
    /// Up to where the mailbox is indexed when all of them are.
    last: i64,
}

impl Unit for CountWaiting {
    type Output = u64;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<u64, Error> {
        let row = db.query_one(include_str!("sql/count_waiting_messages.sql"), &[]).await?;
        Ok(row.get::<_, i64>(0).max(0) as u64)
    }
}

impl Unit for IndexTexts {
    type Output = Indexing;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Indexing, Error> {
        if !may_change(db).await? {
            return Ok(Indexing::Elsewhere);
        }
        let next = match waiting(db, self.after).await? {
            None if self.after.is_some() => waiting(db, None).await?,
            next => next,
        };
        let Some(Waiting { key, messages, last }) = next else { return Ok(Indexing::Nothing) };
        let known = known(db, key.account, &messages).await?;
        // One message may be in a mailbox under several uids.
        let mut met = known.clone();
        let fresh: Vec<MessageId> =
            messages.iter().map(|(_, message)| *message).filter(|message| met.insert(*message)).collect();
        let (gathering, is_all) = gather(db, key.account, &fresh).await?;
        let indexed: HashSet<MessageId> = gathering.messages().chain(known).collect();
        let uid = match messages.iter().find(|(_, message)| !indexed.contains(message)) {
            // Whatever was not gathered is not there any more.
            _ if is_all => last,
            Some((uid, _)) => uid - 1,
            None => last,
        };
        let count = gathering.len();
        if store(db, key.account, gathering).await? {
            let params: [&(dyn postgres_types::ToSql + Sync); 3] = [&key.account.0, &key.mailbox.0, &uid];
            db.execute(include_str!("sql/upsert_text_mailbox.sql"), &params).await?;
        }
        Ok(Indexing::Done { mailbox: key, messages: count })
    }
}

/// The next mailbox in which messages wait, and some of them.
async fn waiting(db: &Lent<'_>, after: Option<MailboxKey>) -> Result<Option<Waiting>, Error> {
    let (account, mailbox) = after.map_or((0, 0), |key| (key.account.0, key.mailbox.0));
    let next = db.query_opt(include_str!("sql/select_waiting_mailbox.sql"), &[&account, &mailbox]).await?;
    let Some(next) = next else { return Ok(None) };
    let key = MailboxKey { account: AccountId(next.get(0)), mailbox: MailboxId(next.get(1)) };
    let (uid, uidnext): (i64, i64) = (next.get(2), next.get(3));
    let limit = limits::INDEX_UNIT_MESSAGES as i64;
    let params: [&(dyn postgres_types::ToSql + Sync); 4] = [&key.account.0, &key.mailbox.0, &uid, &limit];
    let rows = db.query(include_str!("sql/select_waiting_messages.sql"), &params).await?;
    let messages: Vec<(i64, MessageId)> =
        rows.iter().map(|row| (row.get(0), MessageId(row.get(1)))).collect();
    let last = match messages.last() {
        Some((uid, _)) if messages.len() == limits::INDEX_UNIT_MESSAGES => *uid,
        // More may have come since the mailbox was read: those have a uid from that uidnext on.
        Some((uid, _)) => (*uid).max(uidnext - 1),
        None => uidnext - 1,
    };
    Ok(Some(Waiting { key, messages, last }))
}

/// Those messages that are in a block already: they are in another mailbox, too.
async fn known(
    db: &Lent<'_>,
    account: AccountId,
    messages: &[(i64, MessageId)],
) -> Result<HashSet<MessageId>, Error> {
    let ids: HashSet<MessageId> = messages.iter().map(|(_, message)| *message).collect();
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(HashSet::new()) };
    let params: [&(dyn postgres_types::ToSql + Sync); 4] = [&account.0, &first.0, &last.0, &EDITION];
    let rows = db.query(include_str!("sql/select_text_members.sql"), &params).await?;
    let members = rows.iter().filter_map(|row| block::members_from_bytes(row.get(0))).flatten();
    Ok(members.map(|member| member.message).filter(|message| ids.contains(message)).collect())
}

/// Reads messages until they are enough for one block; says whether these are all of them.
async fn gather(
    db: &Lent<'_>,
    account: AccountId,
    messages: &[MessageId],
) -> Result<(Gathering, bool), Error> {
    let (mut gathering, mut is_all, mut text_bytes) = (Gathering::default(), true, 0);
    let text_max = limits::INDEXED_TEXT_BYTES_MAX as u64;
    each_text(db, account, messages, Needs::all(), text_max, &mut |message, text| {
        match text {
            Some(text) => {
                text_bytes += text.bodies.iter().map(|body| body.len()).sum::<usize>();
                gathering.add(message, text);
            }
            None => gathering.add_unread(message),
        }
        is_all = gathering.octets() < limits::INDEX_UNIT_BYTES && text_bytes < limits::INDEX_UNIT_TEXT_BYTES;
        is_all
    })
    .await?;
    Ok((gathering, is_all))
}

/// Stores what was gathered, together with smaller blocks of the account, which go into the same one: so there are few.
/// False when one of those was damaged: then the account is gone through again.
async fn store(db: &Lent<'_>, account: AccountId, gathering: Gathering) -> Result<bool, Error> {
    if gathering.is_empty() {
        return Ok(true);
    }
    let gathered = gathering.finish();
    let (mut messages, mut octets) = (gathered.members.len(), gathered.octets);
    let mut smaller = Vec::new();
    for row in db.query(include_str!("sql/select_text_blocks.sql"), &[&account.0, &EDITION]).await? {
        let (its_messages, its_octets) = (row.get::<_, i32>(1) as usize, row.get::<_, i64>(2) as usize);
        // Each message is written a few times in all, as its block must grow by half for that: what was written before
        // takes room until it is vacuumed away.
        let worth_it = its_messages <= 2 * messages;
        if !worth_it
            || messages + its_messages > limits::INDEX_BLOCK_MESSAGES_MAX
            || octets + its_octets > limits::INDEX_BLOCK_BYTES_MAX
        {
            break;
        }
        smaller.push(row.get::<_, i64>(0));
        messages += its_messages;
        octets += its_octets;
    }
    if smaller.is_empty() {
        replace_blocks(db, account, &[], &gathered).await?;
        return Ok(true);
    }
    let merged = read_blocks(db, account, &smaller).await?.and_then(|mut blocks| {
        blocks.push(gathered);
        blocks.sort_by_key(|block| block.members.first().map(|member| member.message));
        Block::merge(&blocks, |_| true)
    });
    match merged {
        Some(merged) => replace_blocks(db, account, &smaller, &merged).await?,
        None => {
            tracing::warn!(account = account.0, "blocks of the text index are damaged, and made again");
            forget_blocks(db, account, &smaller).await?;
            return Ok(false);
        }
    }
    Ok(true)
}

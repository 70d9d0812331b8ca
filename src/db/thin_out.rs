//! Takes messages out of what is about to be deleted, some thousand at a time, so that deliveries to others do not wait
//! for all of them.

use super::expunge::{Culprit, expunge};
use super::mailbox_row::uid;
use super::unit::{Error, Lent};
use crate::limits;
use crate::mailbox::{Change, MailboxKey, Uid};

/// How far a mailbox, or an account, has come that is deleted in several units: each goes on where the one before it has
/// ended. What was taken out stays so when the rest is not carried out; it can be taken back like all that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThinnedOut {
    /// All messages that there were at first.
    pub all: u64,
    pub done: u64,
    behind: Option<(MailboxKey, Uid)>,
}

/// Takes so many of the messages of some mailboxes out as one unit may, if these have more; None if all can go at once.
/// Mailboxes stand with their numbers of messages in the order in which they are locked.
pub(super) async fn thin_out(
    db: &Lent<'_>,
    mailboxes: &[(MailboxKey, u64)],
    so_far: ThinnedOut,
    by: &Culprit,
) -> Result<Option<(ThinnedOut, Vec<Change>)>, Error> {
    let there: u64 = mailboxes.iter().map(|(_, messages)| messages).sum();
    if there <= limits::STORE_UNIT_MESSAGES as u64 {
        return Ok(None);
    }
    let mut left = limits::STORE_UNIT_MESSAGES;
    let mut now = ThinnedOut { all: so_far.all.max(there), ..so_far };
    let mut changes = Vec::new();
    for (key, _) in mailboxes {
        // What lies before it is gone, and its traces need not be looked through again.
        let behind = now.behind.filter(|(last, _)| last == key).map_or(0, |(_, uid)| i64::from(uid.get()));
        let sql = include_str!("sql/select_first_uids.sql");
        let rows = db.query(sql, &[&key.account.0, &key.mailbox.0, &behind, &(left as i64)]).await?;
        let uids: Vec<Uid> = rows.iter().map(|row| uid(row.get(0))).collect();
        let Some(last) = uids.last() else { continue };
        changes.extend(expunge(db, *key, &uids, false, by).await?);
        now.behind = Some((*key, *last));
        now.done += uids.len() as u64;
        left -= uids.len();
        if left == 0 {
            break;
        }
    }
    // Whatever the numbers say: without a message to take out, there is nothing to go on with.
    Ok((left < limits::STORE_UNIT_MESSAGES).then_some((now, changes)))
}

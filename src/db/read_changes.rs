//! Reads what has happened to a mailbox since a modseq.

use futures_util::future;
use tokio_postgres::Row;

use super::deleted_mailbox;
use super::mailbox_row::{KeywordNames, MailboxState, MessageRow, modseq, uid};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Change, FlagChange, MailboxKey, ModSeq, UidSet};

/// Reads everything that happened to a mailbox after `since`; None when there is no such mailbox.
///
/// Writers hold the mailbox's row until they commit, so once a modseq can be seen in that row, all that belongs to it
/// can be seen. The row is read first; the statements after it may see more than its modseq says, never less. What
/// they see too much comes again with the next change, and states may be applied twice.
///
/// Of what is long ago, tombstones and the log of changes have ended. Then all messages are looked at, and every uid that
/// none of them has is told as expunged, which is no less true.
pub struct ReadChanges {
    pub key: MailboxKey,
    /// What the reader knows already.
    pub since: ModSeq,
    /// The uidnext that the reader knows: messages from there on are new to it.
    pub uidnext: u64,
}

impl Unit for ReadChanges {
    type Output = Option<Change>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        if self.key.is_of_deleted() {
            return deleted_mailbox::changes(db, self.key, self.since, self.uidnext).await;
        }
        let state = db.prepare(include_str!("sql/select_mailbox_state.sql")).await?;
        let appended = db.prepare(include_str!("sql/select_appended.sql")).await?;
        let flags = db.prepare(include_str!("sql/select_flag_changes.sql")).await?;
        let expunged = db.prepare(include_str!("sql/select_expunged.sql")).await?;
        let keywords = db.prepare(include_str!("sql/select_keywords.sql")).await?;
        let horizon = db.prepare(include_str!("sql/select_horizon.sql")).await?;
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let (since, uidnext) = (self.since.0 as i64, self.uidnext as i64);
        let client = db.client();
        let query = async |statement, params: &[&(dyn tokio_postgres::types::ToSql + Sync)]| {
            client.query(statement, params).await.map_err(Error::from)
        };
        // The order of this list is the order in which they are sent.
        let ((state, appended, flags, expunged, keywords), horizon) = future::try_join(
            future::try_join5(
                MailboxState::select(client, &state, self.key),
                query(&appended, &[&account, &mailbox, &uidnext]),
                query(&flags, &[&account, &mailbox, &since, &uidnext]),
                query(&expunged, &[&account, &mailbox, &since]),
                query(&keywords, &[&account, &mailbox]),
            ),
            // It is read last: a tombstone that had ended by then may be missed above.
            query(&horizon, &[&account, &mailbox, &since]),
        )
        .await?;
        let Some(state) = state else { return Ok(None) };
        let names = KeywordNames::new(&keywords);
        let mut change = Change::new(self.key, self.since, state.highestmodseq);
        change.uidnext = Some(state.uidnext);
        change.rights = state.rights_modseq > self.since;
        if state.seen_per_user {
            let readers = include_str!("sql/select_seen_changes.sql");
            let readers = db.query(readers, &[&account, &mailbox, &since]).await?;
            change.seen_by = readers.iter().map(|row| AccountId(row.get(0))).collect();
        }
        change.appended = appended.iter().map(|row| MessageRow::new(row).loaded(&names)).collect();
        change.flags.extend(flags.iter().map(|row| flag_change(row, &names)));
        change.expunged = expunged.iter().map(|row| uid(row.get(0))).collect();
        if !horizon.is_empty() {
            self.read_all(db, &names, state.uidnext, &mut change).await?;
        }
        Ok(Some(change))
    }
}

impl ReadChanges {
    /// Adds what can be told without tombstones and the log, of a mailbox with this uidnext now.
    async fn read_all(
        &self,
        db: &Lent<'_>,
        names: &KeywordNames,
        next: u64,
        change: &mut Change,
    ) -> Result<(), Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let (since, uidnext) = (self.since.0 as i64, self.uidnext as i64);
        let sql = include_str!("sql/select_flags_since.sql");
        let flags = db.query(sql, &[&account, &mailbox, &since, &uidnext]).await?;
        change.flags = flags.iter().map(|row| flag_change(row, names)).collect();
        let gaps =
            db.query(include_str!("sql/select_gaps.sql"), &[&account, &mailbox, &(next as i64)]).await?;
        let number = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        let ranges = gaps.iter().map(|row| (number(row.get(0)), number(row.get(1))));
        change.expunged = UidSet::from_ranges(ranges);
        Ok(())
    }
}

fn flag_change(row: &Row, names: &KeywordNames) -> FlagChange {
    FlagChange {
        uid: uid(row.get(0)),
        modseq: modseq(row.get(1)),
        flags: names.flag_set(row.get(2), &row.get(3)),
    }
}

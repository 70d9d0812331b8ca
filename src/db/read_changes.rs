//! Reads what has happened to a mailbox since a modseq.

use futures_util::future;

use super::deleted_mailbox;
use super::mailbox_row::{KeywordNames, MailboxState, MessageRow, modseq, uid};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Change, FlagChange, MailboxKey, ModSeq};

/// Reads everything that happened to a mailbox after `since`; None when there is no such mailbox.
///
/// Writers hold the mailbox's row until they commit, so once a modseq can be seen in that row, all that belongs to it
/// can be seen. The row is read first; the statements after it may see more than its modseq says, never less. What
/// they see too much comes again with the next change, and states may be applied twice.
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
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let (since, uidnext) = (self.since.0 as i64, self.uidnext as i64);
        let client = db.client();
        let query = async |statement, params: &[&(dyn tokio_postgres::types::ToSql + Sync)]| {
            client.query(statement, params).await.map_err(Error::from)
        };
        // The order of this list is the order in which they are sent.
        let (state, appended, flags, expunged, keywords) = future::try_join5(
            MailboxState::select(client, &state, self.key),
            query(&appended, &[&account, &mailbox, &uidnext]),
            query(&flags, &[&account, &mailbox, &since, &uidnext]),
            query(&expunged, &[&account, &mailbox, &since, &uidnext]),
            query(&keywords, &[&account, &mailbox]),
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
        change.flags.extend(flags.iter().map(|row| FlagChange {
            uid: uid(row.get(0)),
            modseq: modseq(row.get(1)),
            flags: names.flag_set(row.get(2), &row.get(3)),
        }));
        change.expunged = expunged.iter().map(|row| uid(row.get(0))).collect();
        Ok(Some(change))
    }
}

//! Reads all of a mailbox that sessions share in memory: which messages there are, and what changes about them.

use std::pin::pin;

use futures_util::{TryStreamExt, future};
use tokio_postgres::types::ToSql;

use super::deleted_mailbox;
use super::mailbox_row::{KeywordNames, MailboxState, MessageRow};
use super::pipeline::pause;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{Loading, MailboxKey, Snapshot};

/// Reads the snapshot of a mailbox; None when there is no such mailbox.
///
/// Three statements see the mailbox at three moments. The modseq is read first, so the messages may be newer than it
/// says. That is no fault: the change that made them so will be heard of or read again, and applying a change twice
/// does nothing (see [`Change`](crate::mailbox::Change)). The keywords are read last, so every id in use has a name.
pub struct LoadSnapshot {
    pub key: MailboxKey,
}

/// A mailbox as [`LoadSnapshot`] found it.
pub struct LoadedMailbox {
    pub snapshot: Snapshot,
    /// The first uid that no session has been told of as \Recent.
    pub first_recent_uid: u32,
}

impl Unit for LoadSnapshot {
    type Output = Option<LoadedMailbox>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        if self.key.is_of_deleted() {
            return deleted_mailbox::load(db, self.key).await;
        }
        let state = db.prepare(include_str!("sql/select_mailbox_state.sql")).await?;
        let messages = db.prepare(include_str!("sql/select_snapshot.sql")).await?;
        let keywords = db.prepare(include_str!("sql/select_keywords.sql")).await?;
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let key: [&(dyn ToSql + Sync); 2] = [&account, &mailbox];
        let client = db.client();
        let marks = db.recent_marks();
        let rows = async {
            let rows = client.query_raw(&messages, [account, mailbox]).await?;
            let mut rows = pin!(rows);
            let mut messages = Vec::new();
            // Row by row: a million rows of the wire would take ten times the memory of what is kept of them.
            while let Some(row) = rows.try_next().await? {
                messages.push(MessageRow::new(&row));
            }
            Ok(messages)
        };
        let names = async { Ok(KeywordNames::new(&client.query(&keywords, &key).await?)) };
        let state = MailboxState::select(client, &state, self.key);
        let (state, mut messages, names) = future::try_join3(state, rows, names).await?;
        let Some(state) = state else { return Ok(None) };
        if !messages.is_sorted_by_key(MessageRow::uid) {
            messages.sort_unstable_by_key(MessageRow::uid);
        }
        let mut loading = Loading::default();
        for some in messages.chunks(AT_ONCE) {
            some.iter().for_each(|message| loading.add(&message.loaded(&names)));
            // A million messages take a while, and others on this thread are not to wait for all of them.
            pause().await;
        }
        let snapshot = loading.finish(state.uidvalidity, state.uidnext, state.highestmodseq);
        let first_recent_uid = marks.first_recent(self.key, state.first_recent_uid.into());
        let first_recent_uid = u32::try_from(first_recent_uid).unwrap_or(u32::MAX);
        Ok(Some(LoadedMailbox { snapshot, first_recent_uid }))
    }
}

/// Messages that are put in place before others have their turn: less than a millisecond.
const AT_ONCE: usize = 4096;

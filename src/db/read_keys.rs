//! Reads what SORT and THREAD compare.

use std::sync::Arc;

use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{MailboxKey, MessageId};
use crate::message::short_envelope;
use crate::search::collation::Collation;
use crate::search::keys::{KeyRow, Keys, Wanted};

/// Brings the table of a mailbox as far as one unit may go.
#[derive(Clone)]
pub struct ReadKeys {
    pub key: MailboxKey,
    /// The messages that it has to have.
    pub messages: Arc<[MessageId]>,
    pub wanted: Wanted,
    pub collation: Collation,
    /// What the unit before this one has returned.
    pub begun: Option<Arc<Keys>>,
}

/// How far it has come.
pub struct KeysRead {
    pub keys: Arc<Keys>,
    /// Messages that it does not have yet.
    pub missing: usize,
}

impl Unit for ReadKeys {
    type Output = KeysRead;
    const ACCESS: Access = Access::Read;

    async fn run(mut self, db: &Lent<'_>) -> Result<KeysRead, Error> {
        let (key, collation) = (self.key, self.collation);
        let known = self.begun.clone().or_else(|| db.keys_cache().get(key, collation));
        // A table with other columns is read anew, with those of both.
        let wanted = known.as_ref().map_or(self.wanted, |known| known.wanted().or(self.wanted));
        let known = known.filter(|known| known.wanted() == wanted);
        let missing = match &known {
            Some(known) => known.missing(self.messages.iter().copied()),
            None => Keys::new(wanted, collation).missing(self.messages.iter().copied()),
        };
        if let (Some(keys), true) = (&known, missing.is_empty()) {
            return Ok(KeysRead { keys: keys.clone(), missing: 0 });
        }
        drop(known);
        let now = &missing[..missing.len().min(limits::SORT_KEYS_UNIT_MESSAGES)];
        let rows = self.read(now, wanted, db).await?;
        // Nothing is waited for from here on: nobody misses the table while it is out of the cache.
        let table = self.begun.take().or_else(|| db.keys_cache().take(key, collation));
        let table = table.filter(|table| table.wanted() == wanted);
        let mut keys = table.unwrap_or_else(|| Arc::new(Keys::new(wanted, collation)));
        let still: Vec<MessageId> = keys.missing(rows.iter().map(|row| row.message));
        let rows = rows.into_iter().filter(|row| still.binary_search(&row.message).is_ok());
        Arc::make_mut(&mut keys).extend(rows);
        let missing = missing.len() - now.len();
        if missing == 0 {
            db.keys_cache().keep(key, collation, keys.clone());
        }
        Ok(KeysRead { keys, missing })
    }
}

impl ReadKeys {
    async fn read(
        &self,
        messages: &[MessageId],
        wanted: Wanted,
        db: &Lent<'_>,
    ) -> Result<Vec<KeyRow>, Error> {
        let ids: Vec<i64> = messages.iter().map(|id| id.0).collect();
        let Wanted { subjects, addresses, references } = wanted;
        let statement = db.prepare(include_str!("sql/select_sort_keys.sql")).await?;
        let account = self.key.account.0;
        let rows =
            db.client().query(&statement, &[&account, &ids, &subjects, &addresses, &references]).await?;
        let row = |row: &tokio_postgres::Row| {
            let reference_ids: Option<&str> = row.get(5);
            let mut references: Vec<String> =
                reference_ids.iter().flat_map(|ids| ids.split('\u{1f}')).map(str::to_owned).collect();
            if references.is_empty() {
                // RFC 5256 §3: without References, In-Reply-To says it.
                references.extend(row.get::<_, Option<String>>(6));
            }
            let envelope: Option<&[u8]> = row.get(3);
            KeyRow {
                message: MessageId(row.get(0)),
                sent: row.get(1),
                subject: row.get::<_, Option<String>>(2).unwrap_or_default(),
                envelope: envelope.map(short_envelope::expand).unwrap_or_default(),
                message_id: row.get(4),
                references,
            }
        };
        let mut found: Vec<KeyRow> = rows.iter().map(row).collect();
        // What has been ended meanwhile has no keys any more; it needs a row none the less.
        let mut there: Vec<MessageId> = found.iter().map(|row| row.message).collect();
        there.sort_unstable();
        let ended = messages.iter().filter(|message| there.binary_search(message).is_err());
        found.extend(ended.map(|message| KeyRow::empty(*message)));
        Ok(found)
    }
}

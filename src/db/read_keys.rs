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
    pub begun: Option<KeysRead>,
}

/// How far it has come.
#[derive(Clone)]
pub struct KeysRead {
    pub keys: Arc<Keys>,
    /// The messages that it did not have at first, and how many of them it has by now.
    missing: Arc<[MessageId]>,
    read: usize,
}

impl KeysRead {
    /// How many messages it does not have yet.
    pub fn missing(&self) -> usize {
        self.missing.len() - self.read
    }
}

impl Unit for ReadKeys {
    type Output = KeysRead;
    const ACCESS: Access = Access::Read;

    async fn run(mut self, db: &Lent<'_>) -> Result<KeysRead, Error> {
        let (key, collation) = (self.key, self.collation);
        let (begun, wanted, missing, read) = match self.begun.take() {
            Some(KeysRead { keys, missing, read }) => {
                let wanted = keys.wanted();
                (Some(keys), wanted, missing, read)
            }
            None => {
                let (known, wanted) = self.known(db);
                let messages = self.messages.iter().copied();
                let missing = match &known {
                    Some(known) => known.missing(messages),
                    None => Keys::new(wanted, collation).missing(messages),
                };
                if let (Some(keys), true) = (known, missing.is_empty()) {
                    return Ok(KeysRead { keys, missing: Arc::new([]), read: 0 });
                }
                (None, wanted, missing.into(), 0)
            }
        };
        let now = &missing[read..missing.len().min(read + limits::SORT_KEYS_UNIT_MESSAGES)];
        let rows = self.read(now, wanted, db).await?;
        // Nothing is waited for from here on: nobody misses the table while it is out of the cache.
        let table = begun.or_else(|| db.keys_cache().take(key, collation));
        let table = table.filter(|table| table.wanted() == wanted);
        let mut keys = table.unwrap_or_else(|| Arc::new(Keys::new(wanted, collation)));
        let still: Vec<MessageId> = keys.missing(rows.iter().map(|row| row.message));
        let rows = rows.into_iter().filter(|row| still.binary_search(&row.message).is_ok());
        let table = Arc::make_mut(&mut keys);
        table.extend(rows);
        let read = read + now.len();
        if read == missing.len() {
            // Sessions of other threads may have put a table in the place of the one that was looked at.
            let lacking = table.missing(self.messages.iter().copied());
            if !lacking.is_empty() {
                return Ok(KeysRead { keys, missing: lacking.into(), read: 0 });
            }
            if table.memory_bytes() > limits::SORT_KEYS_CACHE_BYTES {
                table.shrink();
            }
            db.keys_cache().keep(key, collation, keys.clone());
        }
        Ok(KeysRead { keys, missing, read })
    }
}

impl ReadKeys {
    /// The table of the cache, if it has all columns that are wanted. One with others is read anew, with those of both.
    fn known(&self, db: &Lent<'_>) -> (Option<Arc<Keys>>, Wanted) {
        let known = db.keys_cache().get(self.key, self.collation);
        let wanted = known.as_ref().map_or(self.wanted, |known| known.wanted().or(self.wanted));
        (known.filter(|known| known.wanted() == wanted), wanted)
    }

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

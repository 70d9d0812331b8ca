//! What SORT and THREAD compare, by mailbox: messages never change, so what was read once stays true.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;
use crate::mailbox::MailboxKey;
use crate::search::collation::Collation;
use crate::search::keys::Keys;

/// The tables of all mailboxes that were sorted lately. When there is no room, that which was not used for the longest
/// time makes it.
#[derive(Default)]
pub struct KeysCache {
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    tables: HashMap<(MailboxKey, Collation), Table>,
    bytes: usize,
    /// Counts uses.
    clock: u64,
}

struct Table {
    keys: Arc<Keys>,
    bytes: usize,
    used: u64,
}

impl KeysCache {
    /// The table of a mailbox.
    pub fn get(&self, key: MailboxKey, collation: Collation) -> Option<Arc<Keys>> {
        let mut tables = self.lock();
        tables.clock += 1;
        let clock = tables.clock;
        let table = tables.tables.get_mut(&(key, collation))?;
        table.used = clock;
        Some(table.keys.clone())
    }

    /// Takes the table of a mailbox out, so that it can be changed without a copy.
    pub fn take(&self, key: MailboxKey, collation: Collation) -> Option<Arc<Keys>> {
        self.lock().remove(&(key, collation))
    }

    /// Keeps a table, if there can be room for it.
    pub fn keep(&self, key: MailboxKey, collation: Collation, keys: Arc<Keys>) {
        let bytes = keys.memory_bytes();
        if bytes > limits::SORT_KEYS_CACHE_BYTES {
            return;
        }
        let mut tables = self.lock();
        tables.remove(&(key, collation));
        while tables.bytes + bytes > limits::SORT_KEYS_CACHE_BYTES {
            let oldest = tables.tables.iter().min_by_key(|(_, table)| table.used).map(|(key, _)| *key);
            tables.remove(&oldest.expect("what takes memory is there"));
        }
        tables.clock += 1;
        let used = tables.clock;
        tables.bytes += bytes;
        tables.tables.insert((key, collation), Table { keys, bytes, used });
    }

    /// A panic elsewhere leaves whole tables behind, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn remove(&mut self, key: &(MailboxKey, Collation)) -> Option<Arc<Keys>> {
        let table = self.tables.remove(key)?;
        self.bytes -= table.bytes;
        Some(table.keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{AccountId, MailboxId, MessageId};
    use crate::search::keys::{KeyRow, Wanted};

    fn mailbox(id: i64) -> MailboxKey {
        MailboxKey { account: AccountId(1), mailbox: MailboxId(id) }
    }

    #[test]
    fn what_is_used_stays_and_the_room_is_kept() {
        let mut keys = Keys::new(Wanted::default(), Collation::default());
        keys.extend((0..400_000).map(|id| KeyRow::empty(MessageId(id))));
        let keys = Arc::new(keys);
        let room = (limits::SORT_KEYS_CACHE_BYTES / keys.memory_bytes()) as i64;
        assert!(room > 2, "{room}");
        let cache = KeysCache::default();
        for id in 0..3 * room {
            cache.keep(mailbox(id), Collation::default(), keys.clone());
            assert!(cache.get(mailbox(0), Collation::default()).is_some());
        }
        assert!(cache.get(mailbox(1), Collation::default()).is_none());
        assert!(cache.get(mailbox(0), Collation::Octet).is_none());
        assert_eq!(cache.lock().tables.len() as i64, room);
        assert!(cache.take(mailbox(0), Collation::default()).is_some());
        assert!(cache.get(mailbox(0), Collation::default()).is_none());
    }
}

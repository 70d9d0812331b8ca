//! ENVELOPE and BODYSTRUCTURE of messages that were read lately, as IMAP prints them: mail never changes, so what was
//! printed stays true.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Columns, FetchedMessage};
use crate::limits;
use crate::mailbox::{AccountId, MessageId};

/// What was printed, which all connections of a process share. Who may read it is decided before anybody asks here.
#[derive(Default)]
pub struct PrintedCache {
    kinds: Mutex<Kinds>,
}

#[derive(Default)]
struct Kinds {
    envelopes: Generations<{ limits::ENVELOPE_CACHE_BYTES }>,
    structures: Generations<{ limits::BODYSTRUCTURE_CACHE_BYTES }>,
}

/// Texts, `BYTES` of them at most. What is used moves to the young generation; when that has half of the room, it becomes
/// the old one, and what was not used since the last time is forgotten.
#[derive(Default)]
struct Generations<const BYTES: usize> {
    young: Generation,
    old: Generation,
}

/// Texts one behind the other: most are so short that one piece of memory for each would take as much again.
#[derive(Default)]
struct Generation {
    places: HashMap<Key, Place>,
    octets: Vec<u8>,
}

/// Where a text begins, and how long it is.
type Place = (u32, u32);

type Key = (AccountId, MessageId);

impl PrintedCache {
    /// Those of `messages` of which everything is here that `columns` asks for. Other columns are never here.
    pub fn get(
        &self,
        account: AccountId,
        columns: Columns,
        messages: &[MessageId],
    ) -> Vec<(MessageId, Arc<FetchedMessage>)> {
        let mut kinds = self.lock();
        let found = |id: &MessageId| {
            let key = (account, *id);
            let mut message = FetchedMessage::default();
            if columns.envelope {
                message.envelope = kinds.envelopes.get(key)?;
            }
            if columns.bodystructure {
                message.bodystructure = kinds.structures.get(key)?;
            }
            Some((*id, Arc::new(message)))
        };
        messages.iter().filter_map(found).collect()
    }

    /// Keeps what was read of `messages`.
    pub fn keep(&self, account: AccountId, columns: Columns, messages: &[(MessageId, Arc<FetchedMessage>)]) {
        let mut kinds = self.lock();
        for (id, message) in messages {
            if columns.envelope {
                kinds.envelopes.keep((account, *id), &message.envelope);
            }
            if columns.bodystructure {
                kinds.structures.keep((account, *id), &message.bodystructure);
            }
        }
    }

    /// A panic elsewhere leaves whole texts behind, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Kinds> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<const BYTES: usize> Generations<BYTES> {
    fn get(&mut self, key: Key) -> Option<Vec<u8>> {
        if let Some(text) = self.young.get(key) {
            return Some(text.to_vec());
        }
        let text = self.old.get(key)?.to_vec();
        self.keep(key, &text);
        Some(text)
    }

    fn keep(&mut self, key: Key, text: &[u8]) {
        if text.len() > limits::CACHED_PRINTED_BYTES_MAX || self.young.places.contains_key(&key) {
            return;
        }
        if self.young.bytes() + text.len() + PLACE_BYTES > BYTES / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.append(key, text);
    }
}

impl Generation {
    fn get(&self, key: Key) -> Option<&[u8]> {
        let (start, length) = *self.places.get(&key)?;
        Some(&self.octets[start as usize..][..length as usize])
    }

    fn append(&mut self, key: Key, text: &[u8]) {
        if self.octets.capacity() - self.octets.len() < text.len() {
            // To double it would take twice the room at the worst moment.
            self.octets.reserve_exact(text.len().max(STEP_BYTES));
        }
        // A generation is half of what a limit allows, which is far below 4 GiB.
        self.places.insert(key, (self.octets.len() as u32, text.len() as u32));
        self.octets.extend_from_slice(text);
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        self.octets.len() + self.places.len() * PLACE_BYTES
    }
}

/// What a place takes in the table, which is half empty at worst.
const PLACE_BYTES: usize = 2 * (size_of::<(Key, Place)>() + 1);
/// By so much the octets of a generation grow.
const STEP_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: AccountId = AccountId(1);
    const ENVELOPE: Columns = Columns { envelope: true, bodystructure: false, header: false, recipe: false };
    const BOTH: Columns = Columns { bodystructure: true, ..ENVELOPE };

    /// A message whose texts tell its number.
    fn message(id: i64, octets: usize) -> (MessageId, Arc<FetchedMessage>) {
        let text = |name: &str| format!("({name} {id:octets$})").into_bytes();
        let message =
            FetchedMessage { envelope: text("e"), bodystructure: text("b"), ..FetchedMessage::default() };
        (MessageId(id), Arc::new(message))
    }

    fn has(cache: &PrintedCache, columns: Columns, id: i64) -> bool {
        !cache.get(ANNA, columns, &[MessageId(id)]).is_empty()
    }

    #[test]
    fn what_was_kept_comes_back_as_it_was() {
        let cache = PrintedCache::default();
        cache.keep(ANNA, BOTH, &[message(1, 10), message(2, 3000)]);
        cache.keep(ANNA, ENVELOPE, &[message(3, 10)]);
        let ids = [3, 2, 1, 4].map(MessageId);
        let found = cache.get(ANNA, BOTH, &ids);
        assert_eq!(found.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(found[0].1.envelope, message(2, 3000).1.envelope);
        assert_eq!(found[0].1.bodystructure, message(2, 3000).1.bodystructure);
        let envelopes = cache.get(ANNA, ENVELOPE, &ids);
        assert_eq!(envelopes.len(), 3);
        assert_eq!(envelopes[0].1.envelope, message(3, 10).1.envelope);
        assert!(envelopes.iter().all(|(_, message)| message.bodystructure.is_empty()));
        assert!(cache.get(AccountId(2), ENVELOPE, &ids).is_empty());
    }

    #[test]
    fn what_is_used_stays_and_the_room_is_kept() {
        let cache = PrintedCache::default();
        let octets = 10_000;
        let count = (limits::ENVELOPE_CACHE_BYTES / octets) as i64 * 3;
        for id in 0..count {
            cache.keep(ANNA, ENVELOPE, &[message(id, octets)]);
            assert!(has(&cache, ENVELOPE, 0) && has(&cache, ENVELOPE, id));
        }
        assert!(!has(&cache, ENVELOPE, 1));
        let kinds = cache.lock();
        let Generations { young, old } = &kinds.envelopes;
        let room = young.octets.capacity() + old.octets.capacity();
        assert!(room <= limits::ENVELOPE_CACHE_BYTES + 2 * STEP_BYTES, "{room}");
        assert!(kinds.structures.young.places.is_empty());
    }

    #[test]
    fn long_texts_are_not_kept() {
        let cache = PrintedCache::default();
        cache.keep(ANNA, ENVELOPE, &[message(1, limits::CACHED_PRINTED_BYTES_MAX)]);
        assert!(!has(&cache, ENVELOPE, 1));
    }
}

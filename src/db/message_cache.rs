//! Small messages that were read lately, ready to be written again: mail never changes, so what was read stays true.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::FetchedMessage;
use crate::limits;
use crate::mailbox::{AccountId, MessageId};

/// The messages, which all connections of a process share. Who may read them is decided before anybody asks here.
///
/// There are two generations. What is used moves to the young one; when that has half of the room, it becomes the old
/// one, and what was not used since the last time is forgotten.
#[derive(Default)]
pub struct MessageCache {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Arc<FetchedMessage>>,
    young_bytes: usize,
    old: HashMap<Key, Arc<FetchedMessage>>,
}

type Key = (AccountId, MessageId);

impl MessageCache {
    /// Those of `messages` that are here, with all of their content.
    pub fn get(&self, account: AccountId, messages: &[MessageId]) -> Vec<(MessageId, Arc<FetchedMessage>)> {
        let mut generations = self.lock();
        let found = |id: &MessageId| Some((*id, generations.get((account, *id))?));
        messages.iter().filter_map(found).collect()
    }

    /// Keeps those of `messages` that are small and have all of their content.
    pub fn keep(&self, account: AccountId, messages: &[(MessageId, Arc<FetchedMessage>)]) {
        let mut generations = self.lock();
        for (id, message) in messages {
            let bytes = message.memory_bytes();
            if bytes <= limits::CACHED_MESSAGE_BYTES_MAX && message.is_whole() {
                generations.insert((account, *id), message.clone(), bytes);
            }
        }
    }

    /// A panic elsewhere leaves whole entries behind, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn get(&mut self, key: Key) -> Option<Arc<FetchedMessage>> {
        if let Some(message) = self.young.get(&key) {
            return Some(message.clone());
        }
        let message = self.old.remove(&key)?;
        self.insert(key, message.clone(), message.memory_bytes());
        Some(message)
    }

    fn insert(&mut self, key: Key, message: Arc<FetchedMessage>, bytes: usize) {
        if self.young_bytes + bytes > limits::MESSAGE_CACHE_BYTES / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(key, message).is_none() {
            self.young_bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::recipe::Recipe;

    const ANNA: AccountId = AccountId(1);

    fn message(octets: usize) -> (usize, Arc<FetchedMessage>) {
        let recipe = Recipe { octets: octets as u64, header_octets: octets as u64, ..Recipe::default() };
        let message =
            FetchedMessage { header: vec![b'x'; octets], recipe: Some(recipe), ..FetchedMessage::default() };
        (message.memory_bytes(), Arc::new(message))
    }

    fn has(cache: &MessageCache, id: i64) -> bool {
        !cache.get(ANNA, &[MessageId(id)]).is_empty()
    }

    #[test]
    fn what_is_used_stays_and_the_room_is_kept() {
        let cache = MessageCache::default();
        let (bytes, small) = message(10_000);
        let count = (limits::MESSAGE_CACHE_BYTES / bytes) as i64 * 3;
        for id in 0..count {
            cache.keep(ANNA, &[(MessageId(id), small.clone())]);
            assert!(has(&cache, 0) && has(&cache, id));
        }
        assert!(!has(&cache, 1));
        let kept = (0..count).filter(|id| has(&cache, *id)).count();
        assert!(kept * bytes <= limits::MESSAGE_CACHE_BYTES, "{kept}");
        assert!(cache.get(AccountId(2), &[MessageId(0)]).is_empty());
    }

    #[test]
    fn large_and_incomplete_messages_are_not_kept() {
        let cache = MessageCache::default();
        cache.keep(ANNA, &[(MessageId(1), message(limits::CACHED_MESSAGE_BYTES_MAX).1)]);
        let incomplete = FetchedMessage { header: b"A: b\r\n\r\n".to_vec(), ..FetchedMessage::default() };
        cache.keep(ANNA, &[(MessageId(2), Arc::new(incomplete))]);
        assert!(!has(&cache, 1) && !has(&cache, 2));
    }
}

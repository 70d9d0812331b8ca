//! How many of something there are at once, for each of those who have them: connections of an address, or of a user.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts for each key up to a bound; clones count together.
#[derive(Debug)]
pub struct Tally<K: Hash + Eq + Clone> {
    counts: Arc<Mutex<HashMap<K, u32>>>,
    /// None: there is no bound, and nothing is counted.
    max: Option<u32>,
}

/// One that is counted, as long as it lives.
#[derive(Debug)]
pub struct Counted<K: Hash + Eq + Clone> {
    /// None where nothing is counted.
    of: Option<(Tally<K>, K)>,
}

impl<K: Hash + Eq + Clone> Clone for Tally<K> {
    fn clone(&self) -> Tally<K> {
        Tally { counts: self.counts.clone(), max: self.max }
    }
}

impl<K: Hash + Eq + Clone> Tally<K> {
    /// Up to `max` for each; 0 means any number.
    pub fn new(max: u32) -> Tally<K> {
        Tally { counts: Arc::default(), max: Some(max).filter(|max| *max > 0) }
    }

    /// One more of `key`; None when it has as many as it may have.
    pub fn enter(&self, key: K) -> Option<Counted<K>> {
        let Some(max) = self.max else { return Some(Counted { of: None }) };
        let mut counts = self.counts();
        let count = counts.entry(key.clone()).or_insert(0);
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Counted { of: Some((self.clone(), key)) })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<K, u32>> {
        // A panic elsewhere cannot have left a number half changed.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> Drop for Counted<K> {
    fn drop(&mut self) {
        let Some((tally, key)) = self.of.take() else { return };
        if let Entry::Occupied(mut count) = tally.counts().entry(key) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// Who is counted as one client: an address of IPv4, or a network of 64 bits of IPv6, since each home has one of those.
/// None for this machine: what connects from here may speak for anybody.
pub fn network(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V6(address) => Some(IpAddr::V6((address.to_bits() >> 64 << 64).into())),
        address => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_bound_and_places_come_back() {
        let tally = Tally::new(2);
        let (first, _second) = (tally.enter("anna").unwrap(), tally.enter("anna").unwrap());
        assert!(tally.clone().enter("anna").is_none());
        let other = tally.enter("bob").unwrap();
        drop(first);
        assert!(tally.enter("anna").is_some());
        drop(other);
        assert_eq!(tally.counts().len(), 1, "who has none costs nothing");
    }

    #[test]
    fn without_a_bound_nothing_is_counted() {
        let tally = Tally::new(0);
        let all: Vec<_> = (0..1000).map(|_| tally.enter(1)).collect();
        assert!(all.iter().all(Option::is_some) && tally.counts().is_empty());
    }

    #[test]
    fn clients_are_told_apart_by_their_networks() {
        let network = |text: &str| network(text.parse().unwrap()).map(|address| address.to_string());
        assert_eq!(network("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(network("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1:2::"));
        for here in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(network(here), None);
        }
    }
}

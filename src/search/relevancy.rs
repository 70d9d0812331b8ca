//! How relevant a message is to a search that asks for something nearly (RFC 6203 §4).

use std::collections::HashMap;

use super::selector::{Selector, StoredLeaf};
use crate::mailbox::Uid;

/// For each fuzzy leaf how relevant to it the messages are that it selects, from 1 to 100.
pub type Scores = HashMap<StoredLeaf, HashMap<Uid, u8>>;

/// What a message is that fulfils every key exactly.
pub const RELEVANCY_MAX: u8 = 100;

impl Selector {
    /// How relevant a message is that is selected, from 1 to 100.
    pub fn relevancy(&self, uid: Uid, scores: &Scores) -> u8 {
        self.score(uid, scores).unwrap_or(RELEVANCY_MAX)
    }

    /// None when nothing is known that would tell it apart from others: only fuzzy keys that select it count.
    fn score(&self, uid: Uid, scores: &Scores) -> Option<u8> {
        match self {
            Selector::Stored(leaf) => scores.get(leaf)?.get(&uid).copied(),
            Selector::And(keys) => {
                let (mut sum, mut count) = (0u64, 0u64);
                for score in keys.iter().filter_map(|key| key.score(uid, scores)) {
                    (sum, count) = (sum + u64::from(score), count + 1);
                }
                Some(sum.checked_div(count)? as u8)
            }
            Selector::Or(keys) => keys.iter().filter_map(|key| key.score(uid, scores)).max(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_fuzzy_count() {
        let leaf = |text: &str| StoredLeaf::Subject(text.into());
        let key = |text: &str| Selector::Stored(StoredLeaf::Fuzzy(Box::new(leaf(text))));
        let uid = Uid::new(7).unwrap();
        let known =
            |text: &str, score| (StoredLeaf::Fuzzy(Box::new(leaf(text))), HashMap::from([(uid, score)]));
        let scores = Scores::from([known("one", 40), known("two", 80)]);
        let relevancy = |selector: Selector| selector.relevancy(uid, &scores);
        assert_eq!(relevancy(key("one")), 40);
        assert_eq!(relevancy(Selector::And(vec![key("one"), Selector::All, key("two")])), 60);
        assert_eq!(relevancy(key("one").or(key("two"))), 80);
        assert_eq!(relevancy(key("one").or(key("none"))), 40);
        assert_eq!(relevancy(key("none").not()), 100);
        assert_eq!(relevancy(Selector::Stored(leaf("one"))), 100);
    }
}

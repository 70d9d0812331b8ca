//! A hash of words that costs less than theirs do: a message has hundreds of them, and each is looked up.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Makes hashers. Whoever writes mail does not know the key, and so cannot choose words that are all in one place.
#[derive(Debug, Clone, Copy)]
pub struct Key(u64, u64);

impl Default for Key {
    fn default() -> Key {
        let random = RandomState::new();
        // Odd, so that no multiplication loses anything.
        Key(random.hash_one(1), random.hash_one(2) | 1)
    }
}

impl BuildHasher for Key {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding { state: self.0, factor: self.1 }
    }
}

/// Multiplies by the key, and folds both halves of the product together.
#[derive(Debug)]
pub struct Folding {
    state: u64,
    factor: u64,
}

impl Hasher for Folding {
    fn write(&mut self, octets: &[u8]) {
        let (eights, rest) = octets.as_chunks::<8>();
        for eight in eights {
            self.write_u64(u64::from_le_bytes(*eight));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.write_u64(u64::from_le_bytes(last));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.state ^ number) * u128::from(self.factor);
        self.state = (product >> 64) as u64 ^ product as u64;
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * u128::from(self.factor);
        (product >> 64) as u64 ^ product as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn similar_words_are_spread() {
        let key = Key::default();
        let words: Vec<String> = (0..100_000).map(|n| format!("word{n:x}")).collect();
        let hashes: HashSet<u64> = words.iter().map(|word| key.hash_one(word.as_bytes())).collect();
        assert_eq!(hashes.len(), words.len());
        // A table takes the lowest bits for the place, and the highest to tell words in it apart.
        for shift in [0, 57] {
            let mut counts = [0; 128];
            hashes.iter().for_each(|hash| counts[(hash >> shift) as usize & 127] += 1);
            assert!(counts.iter().all(|count| (400..1200).contains(count)), "{counts:?}");
        }
    }

    #[test]
    fn lengths_count_and_keys_differ() {
        let key = Key::default();
        assert_ne!(key.hash_one(&b"a"[..]), key.hash_one(&b"a\0"[..]));
        assert_eq!(key.hash_one(&b"abcdefghi"[..]), key.hash_one(&b"abcdefghi"[..]));
        assert_ne!(key.hash_one(&b"a"[..]), Key::default().hash_one(&b"a"[..]));
    }
}

//! Passwords of applications: random words that a user gives to one program, and takes back without changing any other.
//!
//! They are made by us with more bits than anyone can try, so a plain digest is kept of them and found again quickly; a
//! slow hash protects words that people choose.

use sha2::{Digest, Sha256};

/// A new one, made of random octets: five groups of five letters and digits, which carry 125 bits.
pub fn new(random: &[u8; LETTERS]) -> String {
    let letters: Vec<char> =
        random.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)])).collect();
    letters.chunks(GROUP_LETTERS).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// What is kept of one, and compared. People type it with spaces or hyphens, or none, and in either case. None when it
/// cannot be one, so that other passwords cost nothing.
pub fn digest(typed: &[u8]) -> Option<Vec<u8>> {
    let letters: Vec<u8> = typed
        .iter()
        .filter(|octet| !b" -".contains(octet))
        .take(LETTERS + 1)
        .map(u8::to_ascii_lowercase)
        .collect();
    let well_formed = letters.len() == LETTERS && letters.iter().all(|letter| ALPHABET.contains(letter));
    well_formed.then(|| Sha256::digest(&letters).to_vec())
}

/// How many letters one has.
pub const LETTERS: usize = 25;
const GROUP_LETTERS: usize = 5;
/// Without l, o, 0 and 1, which look like others.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_way_it_is_typed_does_not_matter() {
        let token = new(&[9; LETTERS]);
        assert_eq!(token, "jjjjj-jjjjj-jjjjj-jjjjj-jjjjj");
        let kept = digest(token.as_bytes()).unwrap();
        assert_eq!(digest(token.replace('-', " ").to_uppercase().as_bytes()), Some(kept));
        for other in ["", "secret", "jjjjj-jjjjj-jjjjj-jjjjj-jjjj", "jjjjj-jjjjj-jjjjj-jjjjj-jjjj0"] {
            assert_eq!(digest(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_new_one_is_known_again(random: [u8; LETTERS]) {
            prop_assert!(digest(new(&random).as_bytes()).is_some());
        }
    }
}

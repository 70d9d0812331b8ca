//! Small pieces of mail, compressed: what most mail is made of is known to both sides as a dictionary.
//!
//! A text of three thousand octets has little to refer back to, so that compression finds few repetitions in it. The
//! dictionary is what it may refer to instead. What was packed with it can be unpacked with the very same one only, so
//! it is never changed: a better one would be a second one, with a number of its own wherever packed octets are kept.

use std::cell::RefCell;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// The content, compressed with the dictionary; None when that saves less than an eighth, which is not worth the work
/// of every reader.
pub fn pack(content: &[u8]) -> Option<Vec<u8>> {
    if content.len() < PACKED_BYTES_MIN {
        return None;
    }
    let packed = PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(content).ok())?;
    (packed.len() + content.len() / 8 < content.len()).then_some(packed)
}

/// Appends the `length` octets that were packed; false when these are not they, and then `out` is as it was.
pub fn unpack(packed: &[u8], length: usize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.resize(start + length, 0);
    let is_complete = UNPACKER.with_borrow_mut(|unpacker| {
        let unpacker = unpacker.as_mut();
        unpacker.is_some_and(|u| u.decompress_to_buffer(packed, &mut out[start..]).is_ok_and(|n| n == length))
    });
    if !is_complete {
        out.truncate(start);
    }
    is_complete
}

/// Longer content has enough in itself to refer to.
pub const PACKED_BYTES_MAX: usize = 32 * 1024;
/// Shorter content seldom shrinks by more than the frame around it.
const PACKED_BYTES_MIN: usize = 64;

/// Words by how often they stand in mail, the most frequent last, because short distances take the least room.
const DICTIONARY: &[u8] = include_bytes!("dictionary.txt");
/// Level 3 takes less than half the time, and a twentieth more room: too much for three rows on a page of the database,
/// so that usual mail would take half as much disk again.
const LEVEL: i32 = 6;

/// Read once: making them costs much more than packing does.
static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    /// Making a packer costs more than packing a small piece, so each thread keeps one.
    static PACKER: RefCell<Option<Compressor<'static>>> =
        RefCell::new(Compressor::with_prepared_dictionary(&ENCODER).ok());
    static UNPACKER: RefCell<Option<Decompressor<'static>>> =
        RefCell::new(Decompressor::with_prepared_dictionary(&DECODER).ok());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_dictionary_is_the_one_that_all_packed_mail_was_packed_with() {
        let digest: String = Sha256::digest(DICTIONARY).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "e06a17fd02cb53ab62dfacb28984008f108cc20f28cd51fb02fb72651f5d3107");
    }

    #[test]
    fn a_short_letter_shrinks_to_less_than_half() {
        let letter = b"Thank you for your message. I would like to know whether the meeting on Thursday will be \
            at the office, and whether we should bring the documents. Please let me know as soon as possible.\r\n";
        let packed = pack(letter).expect("it shrinks");
        assert!(packed.len() * 2 < letter.len(), "{}", packed.len());
        let mut unpacked = b"before".to_vec();
        assert!(unpack(&packed, letter.len(), &mut unpacked));
        assert_eq!(unpacked[6..], letter[..]);
        assert!(!unpack(&packed, letter.len() + 1, &mut unpacked));
        assert_eq!(unpacked[6..], letter[..]);
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(content in proptest::collection::vec("[a-e ]{0,9}|thank|you", 0..300)) {
            let content = content.concat().into_bytes();
            if let Some(packed) = pack(&content) {
                let mut unpacked = Vec::new();
                prop_assert!(unpack(&packed, content.len(), &mut unpacked));
                prop_assert_eq!(unpacked, content);
            }
        }

        #[test]
        fn damage_is_noticed(packed in proptest::collection::vec(any::<u8>(), 0..100), length in 0usize..1000) {
            let mut out = Vec::new();
            if !unpack(&packed, length, &mut out) {
                prop_assert!(out.is_empty());
            }
        }
    }
}

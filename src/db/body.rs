//! A body as the database keeps it: in chunks of decoded content, each compressed when that helps.

use std::cell::RefCell;

use crate::limits;

/// The decoded content of one or more parts, ready to be stored under its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBody {
    /// SHA-256 of the whole content.
    pub hash: [u8; 32],
    /// Length of the whole content.
    pub octets: u64,
    /// The content in pieces of [`limits::BODY_CHUNK_BYTES`] before compression; never empty.
    pub chunks: Vec<Chunk>,
}

/// One piece of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// How `data` is compressed.
    pub codec: Codec,
    /// What is stored.
    pub data: Vec<u8>,
}

/// How a chunk is compressed; the number is the one in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    Plain = 0,
    Zstd = 1,
}

impl StoredBody {
    /// Cuts and compresses `content`, whose SHA-256 is `hash`. Costs time in proportion to the content.
    pub fn new(hash: [u8; 32], content: Vec<u8>) -> StoredBody {
        let octets = content.len() as u64;
        let chunks = if content.len() <= limits::BODY_CHUNK_BYTES {
            vec![Chunk::new(content)]
        } else {
            content.chunks(limits::BODY_CHUNK_BYTES).map(|piece| Chunk::new(piece.to_vec())).collect()
        };
        StoredBody { hash, octets, chunks }
    }

    /// What it takes up when stored.
    pub fn stored_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.data.len()).sum()
    }
}

impl Chunk {
    /// Compresses `content` when that saves an eighth at least: less is not worth the work of every reader.
    pub fn new(content: Vec<u8>) -> Chunk {
        if content.len() >= COMPRESS_BYTES_MIN {
            let packed = COMPRESSOR.with_borrow_mut(|compressor| match compressor {
                Some(compressor) => compressor.compress(&content).ok(),
                None => None,
            });
            if let Some(data) = packed.filter(|data| data.len() + content.len() / 8 < content.len()) {
                return Chunk { codec: Codec::Zstd, data };
            }
        }
        Chunk { codec: Codec::Plain, data: content }
    }

    /// The content again; None when the stored octets are damaged.
    pub fn content(self) -> Option<Vec<u8>> {
        match self.codec {
            Codec::Plain => Some(self.data),
            Codec::Zstd => zstd::bulk::decompress(&self.data, limits::BODY_CHUNK_BYTES).ok(),
        }
    }
}

impl Codec {
    /// The codec with this number in the database.
    pub fn from_number(number: i16) -> Option<Codec> {
        match number {
            0 => Some(Codec::Plain),
            1 => Some(Codec::Zstd),
            _ => None,
        }
    }
}

/// Shorter content seldom shrinks by more than the frame around it.
const COMPRESS_BYTES_MIN: usize = 128;
/// Level 3 packs text nearly as well as slower levels do.
const COMPRESS_LEVEL: i32 = 3;

thread_local! {
    /// Making a compressor costs more than packing a small body, so each thread keeps one.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(COMPRESS_LEVEL).ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_back_and_text_shrinks() {
        let text = b"All happy families are alike. ".repeat(50_000);
        let body = StoredBody::new([0; 32], text.clone());
        assert_eq!(body.octets, text.len() as u64);
        assert_eq!(body.chunks.len(), text.len().div_ceil(limits::BODY_CHUNK_BYTES));
        assert!(body.stored_bytes() < text.len() / 10);
        let back: Vec<u8> =
            body.chunks.into_iter().flat_map(|c| c.content().expect("we packed it")).collect();
        assert_eq!(back, text);
    }

    #[test]
    fn what_does_not_shrink_is_kept_as_it_is() {
        // Multiples of one number repeat their differences, which zstd finds; xorshift leaves nothing to find.
        let mut state = 2_654_435_761u32;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 11) as u8
        };
        let noise: Vec<u8> = (0..4096).map(|_| random()).collect();
        assert_eq!(Chunk::new(noise.clone()), Chunk { codec: Codec::Plain, data: noise });
        assert_eq!(StoredBody::new([0; 32], Vec::new()).chunks.len(), 1);
    }

    #[test]
    fn damage_is_noticed() {
        assert_eq!(Chunk { codec: Codec::Zstd, data: b"no zstd".to_vec() }.content(), None);
        assert_eq!(Codec::from_number(7), None);
    }
}

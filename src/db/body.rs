//! A body as the database keeps it: in chunks of decoded content, each compressed when that helps.

use std::cell::RefCell;

use crate::limits;
use crate::message::pack;

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
    /// With the dictionary of [`pack`].
    Packed = 2,
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
        if content.len() <= pack::PACKED_BYTES_MAX {
            if let Some(data) = pack::pack(&content) {
                return Chunk { codec: Codec::Packed, data };
            }
        } else {
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
}

impl Codec {
    /// Appends the content of a chunk to `out`; false when it is not `length` octets, and then `out` is of no use.
    pub fn unpack(self, data: &[u8], length: usize, out: &mut Vec<u8>) -> bool {
        match self {
            Codec::Plain => {
                out.extend_from_slice(data);
                data.len() == length
            }
            Codec::Zstd => {
                let start = out.len();
                out.resize(start + length, 0);
                UNPACKER.with_borrow_mut(|unpacker| {
                    let unpacked = unpacker.as_mut().map(|u| u.decompress_to_buffer(data, &mut out[start..]));
                    matches!(unpacked, Some(Ok(octets)) if octets == length)
                })
            }
            Codec::Packed => length <= pack::PACKED_BYTES_MAX && pack::unpack(data, length, out),
        }
    }

    /// The codec with this number in the database.
    pub fn from_number(number: i16) -> Option<Codec> {
        match number {
            0 => Some(Codec::Plain),
            1 => Some(Codec::Zstd),
            2 => Some(Codec::Packed),
            _ => None,
        }
    }
}

/// Level 3 packs text nearly as well as slower levels do.
const COMPRESS_LEVEL: i32 = 3;

thread_local! {
    /// Making a compressor costs more than packing a small body, so each thread keeps one.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(COMPRESS_LEVEL).ok());
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        RefCell::new(zstd::bulk::Decompressor::new().ok());
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
        let mut back = Vec::new();
        for (chunk, piece) in body.chunks.iter().zip(text.chunks(limits::BODY_CHUNK_BYTES)) {
            assert!(chunk.codec.unpack(&chunk.data, piece.len(), &mut back));
        }
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
        for codec in [Codec::Plain, Codec::Zstd, Codec::Packed] {
            assert!(!codec.unpack(b"no zstd", 8, &mut Vec::new()));
        }
        assert_eq!(Codec::from_number(7), None);
    }
}

//! Reads content of bodies: only the chunks that hold what is wanted.

use std::collections::HashMap;
use std::ops::Range;

use futures_util::future;
use postgres_types::ToSql;

use super::body::Codec;
use super::unit::{Access, Error, Lent, Unit};
use crate::error;
use crate::limits;

/// Reads some octets of some bodies.
pub struct ReadContent {
    pub wanted: Vec<Wanted>,
}

/// Octets of the decoded content of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// SHA-256 of the whole content.
    pub hash: [u8; 32],
    /// Length of the whole content.
    pub octets: u64,
    /// Which of them; not empty.
    pub range: Range<u64>,
}

/// Octets that were read: at least those that were wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Where in the whole content they begin.
    pub offset: u64,
    pub octets: Vec<u8>,
}

impl Unit for ReadContent {
    /// In the order of what was wanted.
    type Output = Vec<Content>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        read_content(db, &self.wanted).await
    }
}

/// Prepares what [`read_content`] sends, so that it can be sent ahead.
pub(super) async fn prepare(db: &Lent<'_>) -> Result<(), Error> {
    db.prepare(include_str!("sql/select_bodies.sql")).await?;
    db.prepare(include_str!("sql/select_body_chunks.sql")).await?;
    Ok(())
}

/// The work of [`ReadContent`], within another unit.
pub(super) async fn read_content(db: &Lent<'_>, wanted: &[Wanted]) -> Result<Vec<Content>, Error> {
    let first: Vec<&[u8]> =
        wanted.iter().filter(|one| one.first_chunk() == 0).map(|one| &one.hash[..]).collect();
    let further: Vec<&Wanted> = wanted.iter().filter(|one| one.last_chunk() > 0).collect();
    let mut chunks = Chunks::new();
    if further.is_empty() {
        let rows = db.query(include_str!("sql/select_bodies.sql"), &[&first]).await?;
        for row in &rows {
            chunks.insert((row.get(0), 0), (row.get(1), row.get(2)));
        }
        return wanted.iter().map(|one| one.assemble(&chunks)).collect();
    }
    let bodies = db.prepare(include_str!("sql/select_bodies.sql")).await?;
    let more = db.prepare(include_str!("sql/select_body_chunks.sql")).await?;
    let hashes: Vec<&[u8]> = further.iter().map(|one| &one.hash[..]).collect();
    let from: Vec<i32> = further.iter().map(|one| one.first_chunk().max(1) as i32).collect();
    let to: Vec<i32> = further.iter().map(|one| one.last_chunk() as i32).collect();
    let bodies_params: [&(dyn ToSql + Sync); 1] = [&first];
    let more_params: [&(dyn ToSql + Sync); 3] = [&hashes, &from, &to];
    let client = db.client();
    let (bodies, more) =
        future::try_join(client.query(&bodies, &bodies_params), client.query(&more, &more_params)).await?;
    for row in &bodies {
        chunks.insert((row.get(0), 0), (row.get(1), row.get(2)));
    }
    for row in &more {
        chunks.insert((row.get(0), row.get(1)), (row.get(2), row.get(3)));
    }
    wanted.iter().map(|one| one.assemble(&chunks)).collect()
}

/// Chunks as stored, by hash and ordinal: codec and data.
type Chunks<'a> = HashMap<(&'a [u8], i32), (i16, &'a [u8])>;

impl Wanted {
    fn first_chunk(&self) -> u64 {
        self.range.start / CHUNK
    }

    fn last_chunk(&self) -> u64 {
        self.range.end.saturating_sub(1).max(self.range.start) / CHUNK
    }

    /// The wanted chunks, unpacked, one behind the other.
    fn assemble(&self, chunks: &Chunks<'_>) -> Result<Content, Error> {
        let offset = self.first_chunk() * CHUNK;
        let end = ((self.last_chunk() + 1) * CHUNK).min(self.octets);
        let mut octets = Vec::with_capacity((end - offset) as usize);
        for ordinal in self.first_chunk()..=self.last_chunk() {
            let length = (self.octets - ordinal * CHUNK).min(CHUNK) as usize;
            let stored = chunks.get(&(&self.hash[..], ordinal as i32));
            let is_whole = stored.is_some_and(|(codec, data)| {
                Codec::from_number(*codec).is_some_and(|codec| codec.unpack(data, length, &mut octets))
            });
            if !is_whole {
                let hash: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
                return Err(error::Error::bug(format!(
                    "chunk {ordinal} of body {hash} is missing or damaged"
                ))
                .into());
            }
        }
        Ok(Content { offset, octets })
    }
}

const CHUNK: u64 = limits::BODY_CHUNK_BYTES as u64;

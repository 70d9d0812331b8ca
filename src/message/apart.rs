//! Taking a message apart into its header, its recipe and its decoded bodies; and proof that it goes together again.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::derived::{self, Derived};
use super::parse::{self, ParsedPart, PartKind};
use super::recipe::{BodyRef, Part, Piece, Place, Recipe, Segment};
use super::repair::{Repairs, repair_charset};
use super::shape::Shape;

/// A message in the form in which it is stored.
#[derive(Debug, Clone)]
pub struct TakenApart {
    /// The header's very octets, with the blank line.
    pub header: Vec<u8>,
    /// How to put the message together again.
    pub recipe: Recipe,
    /// The distinct bodies; the recipe refers to them by index.
    pub bodies: Vec<Body>,
    /// SHA-256 of the whole message.
    pub digest: [u8; 32],
    /// Octets of the whole message.
    pub size: u32,
    /// What is known about the message.
    pub derived: Derived,
}

/// The content of one or more leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// SHA-256 of the content.
    pub hash: [u8; 32],
    /// The content, without transfer encoding where that can be written again.
    pub content: Vec<u8>,
}

/// Takes a canonical message apart. Whatever it looks like, what comes out rebuilds to the very same octets.
pub fn take_apart(message: &[u8]) -> TakenApart {
    let mut repairs = Repairs::default();
    let mut parsed = parse::parse(message, &mut repairs);
    for part in &mut parsed {
        repair_charset(message, part, &mut repairs);
    }
    let digest: [u8; 32] = Sha256::digest(message).into();
    let mut builder = Builder::new(message, &parsed);
    builder.leaves(&parsed);
    // Equal octets have equal digests: comparing them is stronger, and needs no second hash nor a second copy.
    if !rebuilds(message, &builder) {
        builder = Builder::new(message, &parsed);
        builder.verbatim();
        repairs.note("verbatim");
    }
    let Builder { recipe, bodies, .. } = builder;
    let derived = derived::derive(message, &parsed, &recipe, repairs);
    TakenApart {
        header: message[..recipe.header_octets as usize].to_vec(),
        bodies,
        digest,
        size: u32::try_from(message.len()).unwrap_or(u32::MAX),
        derived,
        recipe,
    }
}

/// Whether these octets have this digest: what `aox check messages` asks of a rebuilt message.
pub fn has_digest(message: &[u8], digest: &[u8; 32]) -> bool {
    let found: [u8; 32] = Sha256::digest(message).into();
    found == *digest
}

/// Writes the message again, and compares as it goes.
fn rebuilds(message: &[u8], builder: &Builder<'_>) -> bool {
    let bodies = builder.bodies.iter().enumerate();
    let pieces: Vec<Piece<'_>> =
        bodies.map(|(body, stored)| Piece { body, offset: 0, octets: &stored.content }).collect();
    let (mut at, mut equal) = (0, true);
    let header = &message[..builder.recipe.header_octets as usize];
    builder.recipe.write_range(header, 0..message.len() as u64, &pieces, &mut |octets: &[u8]| {
        equal = equal && message.get(at..at + octets.len()) == Some(octets);
        at += octets.len();
    });
    equal && at == message.len()
}

struct Builder<'a> {
    message: &'a [u8],
    recipe: Recipe,
    bodies: Vec<Body>,
    known: HashMap<[u8; 32], usize>,
}

impl<'a> Builder<'a> {
    fn new(message: &'a [u8], parsed: &[ParsedPart]) -> Self {
        let recipe = Recipe {
            verbatim: false,
            header_octets: parsed.first().map_or(0, |part| part.header.end as u64),
            octets: message.len() as u64,
            bodies: Vec::new(),
            small: Vec::new(),
            segments: Vec::new(),
            parts: parsed.iter().map(|part| describe(message, part)).collect(),
        };
        Builder { message, recipe, bodies: Vec::new(), known: HashMap::new() }
    }

    /// Leaves become bodies; what stands between them stays in the recipe.
    fn leaves(&mut self, parsed: &[ParsedPart]) {
        let mut at = self.recipe.header_octets as usize;
        for (index, part) in parsed.iter().enumerate() {
            if part.kind != PartKind::Single || part.body.is_empty() {
                continue;
            }
            self.gap(at..part.body.start);
            let encoded = &self.message[part.body.clone()];
            let (shape, content) = Shape::of(part.encoding, encoded);
            let body = self.body(content.unwrap_or_else(|| encoded.to_vec()));
            self.recipe.parts[index].segment = Some(self.recipe.segments.len());
            self.recipe.segments.push(Segment::Leaf { body, shape, octets: encoded.len() as u64 });
            at = part.body.end;
        }
        self.gap(at..self.message.len());
    }

    /// The whole body of the message as one leaf.
    fn verbatim(&mut self) {
        self.recipe.verbatim = true;
        let body = &self.message[self.recipe.header_octets as usize..];
        if !body.is_empty() {
            let octets = body.len() as u64;
            let body = self.body(body.to_vec());
            self.recipe.segments.push(Segment::Leaf { body, shape: Shape::Identity, octets });
        }
    }

    fn gap(&mut self, range: std::ops::Range<usize>) {
        let octets = &self.message[range];
        if octets.len() > GAP_OCTETS_MAX {
            // A long preamble or epilogue is stored as a body, so that recipes stay small enough to be read whole.
            let body = self.body(octets.to_vec());
            let octets = octets.len() as u64;
            self.recipe.segments.push(Segment::Leaf { body, shape: Shape::Identity, octets });
        } else if !octets.is_empty() {
            self.recipe.segments.push(Segment::Gap(octets.to_vec()));
        }
    }

    fn body(&mut self, content: Vec<u8>) -> usize {
        let hash: [u8; 32] = Sha256::digest(&content).into();
        let next = self.bodies.len();
        let index = *self.known.entry(hash).or_insert(next);
        if index == next {
            self.recipe.bodies.push(BodyRef { place: Place::Shared(hash), octets: content.len() as u64 });
            self.bodies.push(Body { hash, content });
        }
        index
    }
}

/// The part as the recipe keeps it.
fn describe(message: &[u8], part: &ParsedPart) -> Part {
    let counts = part.kind == PartKind::Message || part.content_type.main == "text";
    Part {
        parent: part.parent.map(|parent| parent as usize),
        number: part.number,
        kind: part.kind,
        header: part.header.start as u64..part.header.end as u64,
        body: part.body.start as u64..part.body.end as u64,
        lines: if counts { lines(&message[part.body.clone()]) } else { 0 },
        segment: None,
        content_type: part.content_type.to_string(),
        charset: part.content_type.charset(),
        encoding: part.encoding,
    }
}

/// Lines of a text; one without a line break at the end counts too.
fn lines(text: &[u8]) -> u64 {
    let newlines = text.iter().filter(|&&b| b == b'\n').count() as u64;
    newlines + u64::from(text.last().is_some_and(|&b| b != b'\n'))
}

/// The longest text between parts that is kept in the recipe.
const GAP_OCTETS_MAX: usize = 4096;

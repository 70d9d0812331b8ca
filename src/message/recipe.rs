//! The recipe of a message: what, beside its header and its decoded bodies, is needed to write it again to the byte.

use std::ops::Range;

use super::content::ContentType;
use super::parse::PartKind;
use super::section::{Section, SectionBytes, SectionText};
use super::shape::{Shape, slice};
use super::transfer::Encoding;

/// How a message is put together again, and where in it everything is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    /// True when the body is kept whole, because taking it apart did not rebuild it exactly.
    pub verbatim: bool,
    /// Octets of the message's header, the blank line included.
    pub header_octets: u64,
    /// Octets of the whole message.
    pub octets: u64,
    /// The bodies that the segments refer to by index.
    pub bodies: Vec<BodyRef>,
    /// The content of those that are small enough to be kept with the recipe, one behind the other.
    pub small: Vec<u8>,
    /// What follows the header, in order and without gaps.
    pub segments: Vec<Segment>,
    /// The MIME tree; the first part is the message itself, and parents come before their children.
    pub parts: Vec<Part>,
}

/// A body the recipe needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyRef {
    /// Where its content is.
    pub place: Place,
    /// Octets of its content.
    pub octets: u64,
}

/// Where the content of a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is kept by itself, under this SHA-256, once for all messages that have it.
    Shared([u8; 32]),
    /// It is among the small ones of the recipe, from this octet on.
    Small(u64),
}

/// A run of octets of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Octets that are kept in the recipe: boundaries, MIME headers, what stands between parts.
    Gap(Vec<u8>),
    /// Octets that are made from a body.
    Leaf {
        /// Index of the body.
        body: usize,
        /// How they are made.
        shape: Shape,
        /// How many there are.
        octets: u64,
    },
}

/// A part of the message, at octet positions of the whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Index of the part that contains it.
    pub parent: Option<usize>,
    /// Position among its siblings from 1; 0 for the message itself and for an embedded message.
    pub number: u32,
    /// What it contains.
    pub kind: PartKind,
    /// Its header, the blank line included.
    pub header: Range<u64>,
    /// Its body, still encoded.
    pub body: Range<u64>,
    /// Lines of the body.
    pub lines: u64,
    /// Index of the segment that is its body, when one is.
    pub segment: Option<usize>,
    /// Its type as `text/plain`, repaired.
    pub content_type: String,
    /// Its charset, repaired.
    pub charset: Option<String>,
    /// Its transfer encoding, repaired.
    pub encoding: Encoding,
}

/// Part of a body's content that is needed to write some range of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Index of the body.
    pub body: usize,
    /// Which octets of its content.
    pub decoded: Range<u64>,
}

/// Content that was read for a [`Need`]; it may be more than was needed.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Index of the body.
    pub body: usize,
    /// Where in the content these octets begin.
    pub offset: u64,
    /// The octets.
    pub octets: &'a [u8],
}

/// Where the content of a part is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The body with this index is the content.
    Body(usize),
    /// The body with this index, after this decoding.
    EncodedBody(usize, Encoding),
    /// These octets of the message, after this decoding.
    Range(Range<u64>, Encoding),
}

impl Segment {
    fn octets(&self) -> u64 {
        match self {
            Segment::Gap(octets) => octets.len() as u64,
            Segment::Leaf { octets, .. } => *octets,
        }
    }
}

impl Recipe {
    /// Octets of the whole message (RFC822.SIZE).
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Keeps the content of a body with the recipe from now on.
    pub fn keep_small(&mut self, body: usize, content: &[u8]) {
        self.bodies[body].place = Place::Small(self.small.len() as u64);
        self.small.extend_from_slice(content);
    }

    /// The content of a body that is kept with the recipe; None for any other.
    pub fn small(&self, body: usize) -> Option<&[u8]> {
        let BodyRef { place, octets } = self.bodies.get(body)?;
        match place {
            Place::Small(start) => Some(slice(&self.small, 0, *start..start.saturating_add(*octets))),
            Place::Shared(_) => None,
        }
    }

    /// The bodies that are not kept with the recipe, by their digests.
    pub fn shared(&self) -> impl Iterator<Item = [u8; 32]> + '_ {
        self.bodies.iter().filter_map(|body| match body.place {
            Place::Shared(hash) => Some(hash),
            Place::Small(_) => None,
        })
    }

    /// Which content is needed beside the recipe to write `range` of the message: at most one range of each body.
    pub fn needs(&self, range: Range<u64>) -> Vec<Need> {
        let mut needed: Vec<Option<Range<u64>>> = vec![None; self.bodies.len()];
        self.each_segment(range, &mut |segment, within| {
            let Segment::Leaf { body, shape, .. } = segment else { return };
            let Some(content) = self.bodies.get(*body) else { return };
            if matches!(content.place, Place::Small(_)) {
                return;
            }
            let wanted = shape.needs(within, content.octets);
            if wanted.is_empty() {
                return;
            }
            let hull = needed[*body].get_or_insert_with(|| wanted.clone());
            *hull = hull.start.min(wanted.start)..hull.end.max(wanted.end);
        });
        let found = needed.into_iter().enumerate();
        found.filter_map(|(body, decoded)| Some(Need { body, decoded: decoded? })).collect()
    }

    /// The octets of `range` of the message. `pieces` hold what [`Recipe::needs`] asked for.
    ///
    /// What is missing from `header` or `pieces` is missing from the result: compare its length.
    pub fn rebuild_range(&self, header: &[u8], range: Range<u64>, pieces: &[Piece<'_>]) -> Vec<u8> {
        let length = range.end.min(self.octets).saturating_sub(range.start);
        let mut rebuilt = Vec::with_capacity(length.min(CAPACITY_OCTETS_MAX) as usize);
        self.write_range(header, range, pieces, &mut |octets: &[u8]| rebuilt.extend_from_slice(octets));
        rebuilt
    }

    /// Hands the octets of `range` of the message to `sink`, a piece at a time.
    pub fn write_range(
        &self,
        header: &[u8],
        range: Range<u64>,
        pieces: &[Piece<'_>],
        sink: &mut impl FnMut(&[u8]),
    ) {
        sink(slice(header, 0, range.start..range.end.min(self.header_octets)));
        self.each_segment(range, &mut |segment, within| match segment {
            Segment::Gap(octets) => sink(slice(octets, 0, within)),
            Segment::Leaf { body, shape, .. } => {
                let Some(content) = self.bodies.get(*body) else { return };
                let needed = shape.needs(within.clone(), content.octets);
                let covers = |piece: &&Piece<'_>| {
                    piece.body == *body
                        && piece.offset <= needed.start
                        && piece.offset + piece.octets.len() as u64 >= needed.end
                };
                let small = self.small(*body).map(|octets| Piece { body: *body, offset: 0, octets });
                // Line breaks and footers need no content at all.
                let nothing = Piece { body: *body, offset: needed.start, octets: &[] };
                let piece = small.as_ref().or_else(|| pieces.iter().find(covers));
                let piece = piece.or(needed.is_empty().then_some(&nothing));
                if let Some(piece) = piece {
                    shape.encode(piece.octets, piece.offset, content.octets, within, sink);
                }
            }
        });
    }

    /// Calls `visit` with each segment that overlaps `range`, and with the overlap relative to the segment.
    fn each_segment(&self, range: Range<u64>, visit: &mut impl FnMut(&Segment, Range<u64>)) {
        let mut at = self.header_octets;
        for segment in &self.segments {
            let octets = segment.octets();
            if at >= range.end {
                return;
            }
            let end = range.end.min(at + octets);
            if range.start < at + octets && end > at {
                visit(segment, range.start.max(at) - at..end - at);
            }
            at += octets;
        }
    }

    /// Where the octets of a section are (RFC 3501 §6.4.5).
    pub fn section(&self, section: &Section) -> SectionBytes {
        let missing = SectionBytes::Missing;
        if section.part.is_empty() {
            return match &section.text {
                None => SectionBytes::Range(0..self.octets),
                Some(text) => self.parts.first().map_or(missing, |message| of_message(message, text)),
            };
        }
        let Some(index) = self.part(&section.part) else { return missing };
        let part = &self.parts[index];
        match &section.text {
            None => SectionBytes::Range(part.body.clone()),
            Some(SectionText::Mime) => SectionBytes::Range(part.header.clone()),
            Some(text) if part.kind == PartKind::Message => {
                self.children(index).next().map_or(missing, |message| of_message(&self.parts[message], text))
            }
            Some(_) => missing,
        }
    }

    /// The part with this number: the index of it in [`Recipe::parts`].
    pub fn part(&self, numbers: &[u32]) -> Option<usize> {
        let mut at = 0;
        self.parts.first()?;
        // A message is no part by itself: the numbers count its parts, or 1 is the text of a plain one.
        let mut is_message = true;
        for &number in numbers {
            if !is_message && self.parts[at].kind == PartKind::Message {
                at = self.children(at).next()?;
                is_message = true;
            }
            if self.parts[at].kind == PartKind::Multipart {
                at = self.children(at).find(|&child| self.parts[child].number == number)?;
            } else if !is_message || number != 1 {
                return None;
            }
            is_message = false;
        }
        Some(at)
    }

    fn children(&self, parent: usize) -> impl Iterator<Item = usize> + '_ {
        // Parents come first, so that only what follows can be a child.
        (parent + 1..self.parts.len()).filter(move |&i| self.parts[i].parent == Some(parent))
    }

    /// The section whose octets are the body of this part: `1.2`, or `TEXT` and `2.TEXT` for multipart messages.
    pub fn section_of(&self, index: usize) -> Section {
        let mut numbers = Vec::new();
        let mut text = None;
        let mut at = index;
        loop {
            let part = &self.parts[at];
            if part.number > 0 {
                numbers.push(part.number);
            } else if part.kind != PartKind::Multipart {
                numbers.push(1);
            } else if at == index {
                text = Some(SectionText::Text);
            }
            match part.parent {
                Some(parent) => at = parent,
                None => break,
            }
        }
        numbers.reverse();
        Section { part: numbers, text }
    }

    /// Where the decoded content of this part comes from; None for parts that only contain others.
    pub fn source(&self, index: usize) -> Option<Source> {
        let part = self.parts.get(index).filter(|part| part.kind == PartKind::Single)?;
        let Some(segment) = part.segment else {
            return Some(Source::Range(part.body.clone(), part.encoding));
        };
        match self.segments.get(segment)? {
            Segment::Leaf { body, shape: Shape::Identity, .. } if !part.encoding.is_identity() => {
                Some(Source::EncodedBody(*body, part.encoding))
            }
            Segment::Leaf { body, .. } => Some(Source::Body(*body)),
            Segment::Gap(_) => None,
        }
    }

    /// The header that says how the part with this number is encoded, where that is still to be asked: the content is as it
    /// is, unless it names an encoding that nobody here can undo.
    pub fn declared_encoding(&self, numbers: &[u32]) -> Option<Range<u64>> {
        let part = self.parts.get(self.part(numbers).filter(|_| !numbers.is_empty())?)?;
        (part.kind == PartKind::Single && part.encoding.is_identity()).then(|| part.header.clone())
    }

    /// How many octets the decoded content of the part with this number has, where the recipe says it; None where the
    /// content has to be decoded for that, or there is no such part.
    pub fn decoded_size(&self, numbers: &[u32]) -> Option<u64> {
        if numbers.is_empty() {
            return Some(self.octets);
        }
        let index = self.part(numbers)?;
        match self.source(index) {
            Some(Source::Body(body)) => self.bodies.get(body).map(|body| body.octets),
            Some(Source::Range(range, encoding)) if encoding.is_identity() => Some(range.end - range.start),
            Some(_) => None,
            // What contains other parts is as it is.
            None => self.parts.get(index).map(|part| part.body.end - part.body.start),
        }
    }

    /// The part that says in text what the message is about: the first plain one, or else the first in HTML.
    pub fn first_text(&self) -> Option<usize> {
        let first = |wanted: &str| {
            let is_text = |index: &usize| self.parts[*index].content_type.eq_ignore_ascii_case(wanted);
            (0..self.parts.len()).find(is_text).filter(|index| self.source(*index).is_some())
        };
        first("text/plain").or_else(|| first("text/html"))
    }

    /// The body that a part's content is in.
    pub fn body_of(&self, index: usize) -> Option<usize> {
        match self.segments.get(self.parts.get(index)?.segment?)? {
            Segment::Leaf { body, .. } => Some(*body),
            Segment::Gap(_) => None,
        }
    }
}

impl Part {
    /// The type, split; parameters are in the header only.
    pub fn content_type(&self) -> ContentType {
        let (main, sub) = self.content_type.split_once('/').unwrap_or((&self.content_type, ""));
        ContentType::new(main, sub)
    }
}

/// The whole message again. A body that is missing leaves a hole: the caller compares the digest.
pub fn rebuild(header: &[u8], recipe: &Recipe, bodies: &[&[u8]]) -> Vec<u8> {
    let pieces: Vec<Piece<'_>> =
        bodies.iter().enumerate().map(|(body, octets)| Piece { body, offset: 0, octets }).collect();
    recipe.rebuild_range(header, 0..recipe.octets, &pieces)
}

fn of_message(message: &Part, text: &SectionText) -> SectionBytes {
    let header = message.header.clone();
    match text {
        SectionText::Header => SectionBytes::Range(header),
        SectionText::Text => SectionBytes::Range(message.body.clone()),
        SectionText::HeaderFields(names) => SectionBytes::Fields { header, names: names.clone(), not: false },
        SectionText::HeaderFieldsNot(names) => {
            SectionBytes::Fields { header, names: names.clone(), not: true }
        }
        // The grammar allows MIME after a part number only (RFC 3501 §6.4.5).
        SectionText::Mime => SectionBytes::Missing,
    }
}

/// Room that is set aside at once; a damaged recipe cannot ask for more.
const CAPACITY_OCTETS_MAX: u64 = 64 * 1024 * 1024;

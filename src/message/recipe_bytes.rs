//! The recipe as it is stored: a version octet, then numbers of variable length, compressed when that helps.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use super::pack;
use super::parse::PartKind;
use super::quoted_printable::{Breaks, QuotedPrintable};
use super::recipe::{BodyRef, Part, Place, Recipe, Segment};
use super::shape::{Base64, Shape};
use super::transfer::Encoding;

/// Why stored octets are no recipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// They were written by a newer version of the program.
    #[error("the recipe has version {0}, which this program does not know")]
    Version(u8),
    /// They end early, or contradict themselves.
    #[error("the recipe is damaged")]
    Damaged,
}

impl Recipe {
    /// The recipe as octets.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.with_small(&packed(&self.small))
    }

    /// The recipe as octets, when those of another one with the same small content are there already: packing them is
    /// most of the work.
    pub fn to_bytes_like(&self, other: &[u8]) -> Vec<u8> {
        match other.split_first().map(|(version, rest)| (*version, Reader { bytes: rest }.octets())) {
            Some((PACKED, Some(small))) => self.with_small(small),
            _ => self.to_bytes(),
        }
    }

    fn with_small(&self, small: &[u8]) -> Vec<u8> {
        let mut plain = Writer { bytes: Vec::new() };
        plain.recipe(self);
        let mut writer = Writer { bytes: vec![PACKED] };
        writer.octets(small);
        writer.bytes.extend_from_slice(&packed(&plain.bytes));
        writer.bytes
    }

    /// The recipe that was stored as these octets. Anything may be in them; what is no recipe is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Recipe, RecipeError> {
        let (version, rest) = bytes.split_first().ok_or(RecipeError::Damaged)?;
        let recipe = match *version {
            PLAIN => Reader { bytes: rest }.recipe(false),
            COMPRESSED => decompress(rest).and_then(|plain| Reader { bytes: &plain }.recipe(false)),
            PACKED => with_small(rest),
            other => return Err(RecipeError::Version(other)),
        };
        recipe.filter(is_consistent).ok_or(RecipeError::Damaged)
    }
}

/// A number of octets and a way of packing in one number, then the octets, packed in that way.
fn packed(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64) << 2;
    let mut writer = Writer { bytes: Vec::new() };
    let (way, octets) = if content.len() <= pack::PACKED_BYTES_MAX {
        pack::pack(content)
            .map_or((AS_IT_IS, Cow::Borrowed(content)), |packed| (WITH_DICTIONARY, Cow::Owned(packed)))
    } else {
        // Compression only saves room; without it the recipe is the same.
        zstd::bulk::compress(content, COMPRESSION_LEVEL)
            .map_or((AS_IT_IS, Cow::Borrowed(content)), |packed| (BY_ITSELF, Cow::Owned(packed)))
    };
    writer.number(length | way);
    writer.bytes.extend_from_slice(&octets);
    writer.bytes
}

fn unpacked(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut reader = Reader { bytes };
    let number = reader.number()?;
    let (length, way) = (number >> 2, number & 3);
    if length > RECIPE_OCTETS_MAX {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    match way {
        AS_IT_IS => (reader.bytes.len() == length).then_some(Cow::Borrowed(reader.bytes)),
        WITH_DICTIONARY if length <= pack::PACKED_BYTES_MAX => {
            let mut content = Vec::new();
            pack::unpack(reader.bytes, length, &mut content).then_some(Cow::Owned(content))
        }
        BY_ITSELF => decompress(reader.bytes).filter(|content| content.len() == length).map(Cow::Owned),
        _ => None,
    }
}

fn with_small(bytes: &[u8]) -> Option<Recipe> {
    let mut reader = Reader { bytes };
    let small = unpacked(reader.octets()?)?;
    let plain = unpacked(reader.bytes)?;
    let recipe = Reader { bytes: &plain }.recipe(true)?;
    Some(Recipe { small: small.into_owned(), ..recipe })
}

fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
    decoder.take(RECIPE_OCTETS_MAX + 1).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= RECIPE_OCTETS_MAX).then_some(plain)
}

/// Whether indices and ranges refer to what is there, so that nothing that uses a recipe needs to check.
fn is_consistent(recipe: &Recipe) -> bool {
    let in_message = |range: &Range<u64>| range.start <= range.end && range.end <= recipe.octets;
    let leaf = |segment: &Segment| match segment {
        Segment::Gap(_) => true,
        Segment::Leaf { body, shape: Shape::Base64(shape), octets } => {
            let lines = shape.runs.iter().try_fold(0u64, |sum, &(length, count)| {
                sum.checked_add(length.checked_add(2)?.checked_mul(count)?)
            });
            *body < recipe.bodies.len() && lines.is_some_and(|lines| lines <= octets.saturating_add(2))
        }
        Segment::Leaf { body, .. } => *body < recipe.bodies.len(),
    };
    let part = |(i, part): (usize, &Part)| {
        in_message(&part.header)
            && in_message(&part.body)
            && part.parent.is_none_or(|parent| parent < i)
            && (part.parent.is_some() || i == 0)
            && part.segment.is_none_or(|segment| segment < recipe.segments.len())
    };
    let is_here = |body: &BodyRef| match body.place {
        Place::Shared(_) => true,
        Place::Small(start) => start.saturating_add(body.octets) <= recipe.small.len() as u64,
    };
    let body = recipe.segments.iter().try_fold(recipe.header_octets, |sum, segment| match segment {
        Segment::Gap(octets) => sum.checked_add(octets.len() as u64),
        Segment::Leaf { octets, .. } => sum.checked_add(*octets),
    });
    recipe.octets <= u64::from(u32::MAX)
        && recipe.bodies.iter().all(|body| body.octets <= u64::from(u32::MAX) && is_here(body))
        && body == Some(recipe.octets)
        && recipe.segments.iter().all(leaf)
        && recipe.parts.iter().enumerate().all(part)
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn octets(&mut self, octets: &[u8]) {
        self.number(octets.len() as u64);
        self.bytes.extend_from_slice(octets);
    }

    /// None is 0, and every index one more.
    fn index(&mut self, index: Option<usize>) {
        self.number(index.map_or(0, |index| index as u64 + 1));
    }

    /// Ascending numbers, as steps.
    fn ascending(&mut self, numbers: &[u64]) {
        self.number(numbers.len() as u64);
        let mut before = 0;
        for &number in numbers {
            self.number(number - before);
            before = number;
        }
    }

    fn recipe(&mut self, recipe: &Recipe) {
        self.number(u64::from(recipe.verbatim));
        self.number(recipe.header_octets);
        self.number(recipe.octets);
        self.number(recipe.bodies.len() as u64);
        for body in &recipe.bodies {
            // 0 and the digest of what is shared, or one more than the place of what is small.
            match body.place {
                Place::Shared(hash) => {
                    self.number(0);
                    self.bytes.extend_from_slice(&hash);
                }
                Place::Small(start) => self.number(start + 1),
            }
            self.number(body.octets);
        }
        self.number(recipe.segments.len() as u64);
        for segment in &recipe.segments {
            self.segment(segment);
        }
        self.number(recipe.parts.len() as u64);
        for part in &recipe.parts {
            self.part(part);
        }
    }

    fn segment(&mut self, segment: &Segment) {
        match segment {
            Segment::Gap(octets) => {
                self.number(0);
                self.octets(octets);
            }
            Segment::Leaf { body, shape, octets } => {
                self.number(match shape {
                    Shape::Identity => 1,
                    Shape::Base64(_) => 2,
                    Shape::QuotedPrintable(_) => 3,
                });
                self.number(*body as u64);
                self.number(*octets);
                match shape {
                    Shape::Identity => {}
                    Shape::Base64(shape) => self.base64(shape),
                    Shape::QuotedPrintable(shape) => self.quoted_printable(shape),
                }
            }
        }
    }

    fn base64(&mut self, shape: &Base64) {
        self.number(shape.runs.len() as u64);
        for &(length, count) in &shape.runs {
            self.number(length);
            self.number(count);
        }
        let stray_bits = u64::from(shape.stray_bits & 15);
        self.number(u64::from(shape.last_newline) | stray_bits << 1 | u64::from(shape.padding_dropped) << 5);
        self.octets(&shape.tail);
    }

    fn quoted_printable(&mut self, shape: &QuotedPrintable) {
        self.number(u64::from(shape.lower_case) | u64::from(shape.last_equals) << 1);
        self.octets(&shape.unusual);
        self.ascending(&shape.exceptions);
        match &shape.breaks {
            Breaks::Listed(positions) => {
                self.number(0);
                self.ascending(positions);
            }
            Breaks::Width { width, full } => {
                self.number(1 + u64::from(*full));
                self.number(*width);
            }
        }
    }

    fn part(&mut self, part: &Part) {
        self.index(part.parent);
        self.number(u64::from(part.number));
        let kind = match part.kind {
            PartKind::Single => 0,
            PartKind::Multipart => 1,
            PartKind::Message => 2,
        };
        self.number(kind | u64::from(part.encoding.code()) << 2);
        self.number(part.header.start);
        self.number(part.header.end - part.header.start);
        self.number(part.body.start - part.header.end);
        self.number(part.body.end - part.body.start);
        self.number(part.lines);
        self.index(part.segment);
        self.octets(part.content_type.as_bytes());
        self.octets(part.charset.as_deref().unwrap_or_default().as_bytes());
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let (&b, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(b & 0x7f).checked_shl(shift)?;
            if b < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// The number of things that follow; each takes an octet at least, so that damage cannot ask for much memory.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.bytes.len()).then_some(count)
    }

    fn octets(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        let (octets, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        Some(octets)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.octets()?.to_vec()).ok()
    }

    fn index(&mut self) -> Option<Option<usize>> {
        Some(usize::try_from(self.number()?).ok()?.checked_sub(1))
    }

    fn ascending(&mut self) -> Option<Vec<u64>> {
        let mut number = 0u64;
        (0..self.count()?)
            .map(|_| {
                number = number.checked_add(self.number()?)?;
                Some(number)
            })
            .collect()
    }

    /// Older recipes know shared bodies only, and so say nothing of where a body is.
    fn recipe(mut self, has_places: bool) -> Option<Recipe> {
        let verbatim = self.number()? != 0;
        let header_octets = self.number()?;
        let octets = self.number()?;
        let bodies = (0..self.count()?).map(|_| self.body(has_places)).collect::<Option<_>>()?;
        let segments = (0..self.count()?).map(|_| self.segment()).collect::<Option<_>>()?;
        let parts = (0..self.count()?).map(|_| self.part()).collect::<Option<_>>()?;
        let small = Vec::new();
        self.bytes.is_empty().then_some(Recipe {
            verbatim,
            header_octets,
            octets,
            bodies,
            small,
            segments,
            parts,
        })
    }

    fn body(&mut self, has_place: bool) -> Option<BodyRef> {
        let place = match if has_place { self.number()? } else { 0 } {
            0 => {
                let (hash, rest) = self.bytes.split_first_chunk::<32>()?;
                self.bytes = rest;
                Place::Shared(*hash)
            }
            start => Place::Small(start - 1),
        };
        Some(BodyRef { place, octets: self.number()? })
    }

    fn segment(&mut self) -> Option<Segment> {
        let kind = self.number()?;
        if kind == 0 {
            return Some(Segment::Gap(self.octets()?.to_vec()));
        }
        let body = usize::try_from(self.number()?).ok()?;
        let octets = self.number()?;
        let shape = match kind {
            1 => Shape::Identity,
            2 => Shape::Base64(self.base64()?),
            3 => Shape::QuotedPrintable(self.quoted_printable()?),
            _ => return None,
        };
        Some(Segment::Leaf { body, shape, octets })
    }

    fn base64(&mut self) -> Option<Base64> {
        let runs =
            (0..self.count()?).map(|_| Some((self.number()?, self.number()?))).collect::<Option<_>>()?;
        let flags = self.number()?;
        let stray_bits = (flags >> 1 & 15) as u8;
        let padding_dropped = u8::try_from(flags >> 5).ok()?;
        let last_newline = flags & 1 == 1;
        Some(Base64 { runs, last_newline, padding_dropped, stray_bits, tail: self.octets()?.to_vec() })
    }

    fn quoted_printable(&mut self) -> Option<QuotedPrintable> {
        let flags = self.number()?;
        let unusual = self.octets()?.to_vec();
        let exceptions = self.ascending()?;
        let breaks = match self.number()? {
            0 => Breaks::Listed(self.ascending()?),
            full => Breaks::Width { width: self.number()?, full: full == 2 },
        };
        let (lower_case, last_equals) = (flags & 1 == 1, flags & 2 == 2);
        Some(QuotedPrintable { lower_case, unusual, exceptions, breaks, last_equals })
    }

    fn part(&mut self) -> Option<Part> {
        let parent = self.index()?;
        let number = u32::try_from(self.number()?).ok()?;
        let code = self.number()?;
        let kind = match code & 3 {
            0 => PartKind::Single,
            1 => PartKind::Multipart,
            2 => PartKind::Message,
            _ => return None,
        };
        let encoding = Encoding::from_code(u8::try_from(code >> 2).ok()?)?;
        let header = self.range(0)?;
        let body = self.range(header.end)?;
        let lines = self.number()?;
        let segment = self.index()?;
        let content_type = self.text()?;
        let charset = Some(self.text()?).filter(|charset| !charset.is_empty());
        Some(Part { parent, number, kind, header, body, lines, segment, content_type, charset, encoding })
    }

    fn range(&mut self, from: u64) -> Option<Range<u64>> {
        let start = from.checked_add(self.number()?)?;
        Some(start..start.checked_add(self.number()?)?)
    }
}

/// The version octet of a recipe as it is, without small content. No longer written.
const PLAIN: u8 = 1;
/// The version octet of the same, compressed. No longer written.
const COMPRESSED: u8 = 2;
/// The version octet of a recipe with small content, both packed: the content first.
const PACKED: u8 = 3;

/// Ways of packing: not at all, with the dictionary of [`pack`], by plain zstd.
const AS_IT_IS: u64 = 0;
const WITH_DICTIONARY: u64 = 1;
const BY_ITSELF: u64 = 2;

/// Recipes are read often; a higher level gains little.
const COMPRESSION_LEVEL: i32 = 3;

/// No recipe is larger: it holds less than the message, and long gaps are kept as bodies.
const RECIPE_OCTETS_MAX: u64 = 256 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::take_apart;
    use proptest::prelude::*;

    #[test]
    fn a_recipe_of_another_version_is_refused() {
        assert_eq!(Recipe::from_bytes(&[9, 1, 2]), Err(RecipeError::Version(9)));
        assert_eq!(Recipe::from_bytes(&[]), Err(RecipeError::Damaged));
    }

    /// A message whose two bodies are a text and some octets.
    fn recipe() -> (crate::message::TakenApart, Vec<u8>) {
        let message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\
            Thank you very much for your message.\r\nWe will let you know as soon as possible.\r\n--b\r\n\
            Content-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ=\r\n--b--\r\n";
        (take_apart(message.as_bytes()), message.as_bytes().to_vec())
    }

    #[test]
    fn small_content_is_kept_with_the_recipe_and_needs_nothing_else() {
        let (apart, message) = recipe();
        let mut recipe = apart.recipe.clone();
        recipe.keep_small(0, &apart.bodies[0].content);
        let stored = recipe.to_bytes();
        assert_eq!(Recipe::from_bytes(&stored), Ok(recipe.clone()));
        assert_eq!(recipe.to_bytes_like(&stored), stored);
        assert_eq!(recipe.small(0), Some(&apart.bodies[0].content[..]));
        assert_eq!(recipe.needs(0..recipe.octets).len(), 1, "the other one is shared");
        recipe.keep_small(1, &apart.bodies[1].content);
        let recipe = Recipe::from_bytes(&recipe.to_bytes()).expect("it was stored");
        assert_eq!(recipe.needs(0..recipe.octets), []);
        assert_eq!(recipe.rebuild_range(&apart.header, 0..recipe.octets, &[]), message);
    }

    #[test]
    fn recipes_that_were_stored_before_there_was_small_content_are_read() {
        let (apart, _) = recipe();
        let mut plain = Writer { bytes: Vec::new() };
        plain.recipe(&apart.recipe);
        // What is new is a zero before each digest.
        let mut old = plain.bytes;
        for body in &apart.recipe.bodies {
            let Place::Shared(hash) = body.place else { panic!("nothing is small yet") };
            let at = old.windows(32).position(|octets| octets == hash).expect("it is there") - 1;
            assert_eq!(old.remove(at), 0);
        }
        let compressed = zstd::bulk::compress(&old, COMPRESSION_LEVEL).expect("it compresses");
        for (version, octets) in [(PLAIN, &old), (COMPRESSED, &compressed)] {
            let stored = [&[version][..], octets].concat();
            assert_eq!(Recipe::from_bytes(&stored), Ok(apart.recipe.clone()));
        }
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_read_but_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for version in [PLAIN, COMPRESSED, PACKED] {
                if let Some(first) = bytes.first_mut() {
                    *first = version;
                }
                let _ = Recipe::from_bytes(&bytes);
            }
        }

        #[test]
        fn damaged_recipes_never_panic(at in 1usize..400, with in any::<u8>(), start in 0u64..600) {
            let message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
                Content-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ=\r\n--b\r\n\
                Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4=F6=FC x=\r\ny\r\n--b--\r\n";
            let apart = take_apart(message.as_bytes());
            let bodies: Vec<&[u8]> = apart.bodies.iter().map(|body| &*body.content).collect();
            let mut recipe = apart.recipe.clone();
            recipe.keep_small(0, &apart.bodies[0].content);
            let mut bytes = recipe.to_bytes();
            let at = at % bytes.len();
            bytes[at.max(1)] = with;
            if let Ok(recipe) = Recipe::from_bytes(&bytes) {
                let _ = recipe.needs(start..start + 50);
                let _ = crate::message::rebuild(&apart.header, &recipe, &bodies);
            }
        }
    }
}

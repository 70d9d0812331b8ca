//! The recipe as it is stored: a version octet, then numbers of variable length, compressed when that helps.

use std::io::Read;
use std::ops::Range;

use super::parse::PartKind;
use super::quoted_printable::{Breaks, QuotedPrintable};
use super::recipe::{BodyRef, Part, Recipe, Segment};
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
        let mut writer = Writer { bytes: vec![PLAIN] };
        writer.recipe(self);
        let plain = writer.bytes;
        if plain.len() < COMPRESS_OCTETS_MIN {
            return plain;
        }
        match zstd::bulk::compress(&plain[1..], COMPRESSION_LEVEL) {
            Ok(compressed) if compressed.len() + 1 < plain.len() => {
                let mut bytes = Vec::with_capacity(compressed.len() + 1);
                bytes.push(COMPRESSED);
                bytes.extend_from_slice(&compressed);
                bytes
            }
            // Compression only saves room; without it the recipe is the same.
            _ => plain,
        }
    }

    /// The recipe that was stored as these octets. Anything may be in them; what is no recipe is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Recipe, RecipeError> {
        let (version, rest) = bytes.split_first().ok_or(RecipeError::Damaged)?;
        let recipe = match *version {
            PLAIN => Reader { bytes: rest }.recipe(),
            COMPRESSED => decompress(rest).and_then(|plain| Reader { bytes: &plain }.recipe()),
            other => return Err(RecipeError::Version(other)),
        };
        recipe.filter(is_consistent).ok_or(RecipeError::Damaged)
    }
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
    let body = recipe.segments.iter().try_fold(recipe.header_octets, |sum, segment| match segment {
        Segment::Gap(octets) => sum.checked_add(octets.len() as u64),
        Segment::Leaf { octets, .. } => sum.checked_add(*octets),
    });
    recipe.octets <= u64::from(u32::MAX)
        && recipe.bodies.iter().all(|body| body.octets <= u64::from(u32::MAX))
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
            self.bytes.extend_from_slice(&body.hash);
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

    fn recipe(mut self) -> Option<Recipe> {
        let verbatim = self.number()? != 0;
        let header_octets = self.number()?;
        let octets = self.number()?;
        let bodies = (0..self.count()?).map(|_| self.body()).collect::<Option<_>>()?;
        let segments = (0..self.count()?).map(|_| self.segment()).collect::<Option<_>>()?;
        let parts = (0..self.count()?).map(|_| self.part()).collect::<Option<_>>()?;
        self.bytes.is_empty().then_some(Recipe { verbatim, header_octets, octets, bodies, segments, parts })
    }

    fn body(&mut self) -> Option<BodyRef> {
        let (hash, rest) = self.bytes.split_first_chunk::<32>()?;
        self.bytes = rest;
        Some(BodyRef { hash: *hash, octets: self.number()? })
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

/// The version octet of a recipe as it is.
const PLAIN: u8 = 1;
/// The version octet of a compressed one.
const COMPRESSED: u8 = 2;

/// Shorter recipes are mostly hashes, which do not compress.
const COMPRESS_OCTETS_MIN: usize = 200;

/// Recipes are small and read often; a higher level gains little.
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

    proptest! {
        #[test]
        fn garbage_is_refused_or_read_but_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for version in [PLAIN, COMPRESSED] {
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
            let mut writer = Writer { bytes: vec![PLAIN] };
            writer.recipe(&apart.recipe);
            let mut bytes = writer.bytes;
            let at = at % bytes.len();
            bytes[at.max(1)] = with;
            if let Ok(recipe) = Recipe::from_bytes(&bytes) {
                let _ = recipe.needs(start..start + 50);
                let _ = crate::message::rebuild(&apart.header, &recipe, &bodies);
            }
        }
    }
}

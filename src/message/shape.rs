//! The shape of an encoded body: what, beside the decoded content, is needed to write the same encoded octets again.

use std::ops::Range;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, STANDARD_NO_PAD};

use super::quoted_printable::QuotedPrintable;
use super::transfer::{Encoding, base64_value};

/// How the octets of a leaf are made from its stored content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// They are the content.
    Identity,
    /// They are its base64.
    Base64(Base64),
    /// They are its quoted-printable.
    QuotedPrintable(QuotedPrintable),
}

/// The layout of a base64 body: runs of equally long lines, and what follows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base64 {
    /// (characters per line, number of such lines), in order; blank lines have none.
    pub runs: Vec<(u64, u64)>,
    /// Whether the last of these lines ends in CRLF.
    pub last_newline: bool,
    /// How many `=` the sender left out at the end.
    pub padding_dropped: u8,
    /// Bits after the last octet, which ought to be zero (RFC 4648 §3.5).
    pub stray_bits: u8,
    /// What follows the base64 text as it stands, such as the footer of a mailing list.
    pub tail: Vec<u8>,
}

impl Shape {
    /// The shape and content of an encoded body; Identity when the encoding is too irregular to be worth describing.
    pub fn of(encoding: Encoding, encoded: &[u8]) -> (Shape, Option<Vec<u8>>) {
        let found = match encoding {
            Encoding::Base64 => Base64::of(encoded).map(|(shape, content)| (Shape::Base64(shape), content)),
            Encoding::QuotedPrintable => {
                QuotedPrintable::of(encoded).map(|(shape, content)| (Shape::QuotedPrintable(shape), content))
            }
            _ => None,
        };
        match found {
            Some((shape, content)) => (shape, Some(content)),
            None => (Shape::Identity, None),
        }
    }

    /// The decoded octets that are needed for `range` of the encoded ones; `length` is that of the whole content.
    pub fn needs(&self, range: Range<u64>, length: u64) -> Range<u64> {
        match self {
            Shape::Identity => range.start.min(length)..range.end.min(length),
            Shape::Base64(shape) => shape.needs(range, length),
            Shape::QuotedPrintable(_) => 0..length,
        }
    }

    /// Writes `range` of the encoded octets. `piece` is the content from `offset` on, as far as [`Shape::needs`] says.
    pub fn encode(
        &self,
        piece: &[u8],
        offset: u64,
        length: u64,
        range: Range<u64>,
        sink: &mut impl FnMut(&[u8]),
    ) {
        match self {
            Shape::Identity => sink(slice(piece, offset, range)),
            Shape::Base64(shape) => shape.encode(piece, offset, length, range, sink),
            Shape::QuotedPrintable(shape) => {
                let mut at = 0;
                shape.encode(piece, &mut |octets: &[u8]| {
                    let clipped = slice(octets, at, range.clone());
                    at += octets.len() as u64;
                    if !clipped.is_empty() {
                        sink(clipped);
                    }
                });
            }
        }
    }
}

/// The part of `bytes`, which begin at `offset`, that lies in `range`.
pub(super) fn slice(bytes: &[u8], offset: u64, range: Range<u64>) -> &[u8] {
    let length = bytes.len() as u64;
    let start = range.start.saturating_sub(offset).min(length);
    let end = range.end.saturating_sub(offset).min(length).max(start);
    &bytes[start as usize..end as usize]
}

impl Base64 {
    /// The layout and the content; None when this is not base64, or is laid out too irregularly.
    fn of(encoded: &[u8]) -> Option<(Base64, Vec<u8>)> {
        let mut shape = Base64 { last_newline: true, ..Base64::default() };
        let mut content = Vec::with_capacity(encoded.len() / 4 * 3);
        let mut characters = Vec::with_capacity(CHARACTERS_AT_ONCE + 128);
        let (mut at, mut padding) = (0, 0);
        while at < encoded.len() {
            let line = super::header::line_at(encoded, at);
            let text = super::header::without_newline(&encoded[line.clone()]);
            let has_newline = line.len() > text.len();
            let plain = text.iter().position(|&b| base64_value(b).is_none()).unwrap_or(text.len());
            let only_padding = text[plain..].iter().all(|&b| b == b'=');
            if !only_padding
                || (padding > 0 && !text.is_empty())
                || (has_newline && !encoded[line.clone()].ends_with(b"\r\n"))
            {
                shape.tail = encoded[at..].to_vec();
                break;
            }
            padding = padding.max(text.len() - plain);
            characters.extend_from_slice(&text[..plain]);
            if characters.len() >= CHARACTERS_AT_ONCE {
                let whole = characters.len() / 4 * 4;
                STANDARD_NO_PAD.decode_vec(&characters[..whole], &mut content).ok()?;
                characters.drain(..whole);
            }
            shape.push_line(text.len() as u64);
            shape.last_newline = has_newline;
            at = line.end;
        }
        shape.stray_bits =
            match (characters.len() % 4, characters.last().and_then(|&last| base64_value(last))) {
                (2, Some(last)) => last & 15,
                (3, Some(last)) => last & 3,
                _ => 0,
            };
        LENIENT.decode_vec(&characters, &mut content).ok()?;
        let wanted = (3 - content.len() % 3) % 3;
        shape.padding_dropped = u8::try_from(wanted.checked_sub(padding)?).ok()?;
        let cost = shape.runs.len() * 4 + shape.tail.len();
        (!content.is_empty() && cost <= encoded.len() / 4 + 64).then_some((shape, content))
    }

    fn push_line(&mut self, length: u64) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == length => *count += 1,
            _ => self.runs.push((length, 1)),
        }
    }

    /// How many octets the lines are, without the tail.
    fn lines_octets(&self) -> u64 {
        let all: u64 =
            self.runs.iter().map(|(length, count)| length.saturating_add(2).saturating_mul(*count)).sum();
        if self.last_newline { all } else { all.saturating_sub(2) }
    }

    fn needs(&self, range: Range<u64>, length: u64) -> Range<u64> {
        let (mut first, mut last) = (u64::MAX, 0);
        self.each_line(range, &mut |characters: Range<u64>, _| {
            if !characters.is_empty() {
                first = first.min(characters.start);
                last = last.max(characters.end);
            }
        });
        if first >= last {
            return 0..0;
        }
        let start = (first / 4 * 3).min(length);
        start..(last.div_ceil(4) * 3).min(length).max(start)
    }

    fn encode(
        &self,
        piece: &[u8],
        offset: u64,
        length: u64,
        range: Range<u64>,
        sink: &mut impl FnMut(&[u8]),
    ) {
        let mut characters =
            Characters { piece, offset, length, stray_bits: self.stray_bits, buffer: Vec::new(), start: 0 };
        self.each_line(range.clone(), &mut |mut wanted: Range<u64>, newline: &'static [u8]| {
            while !wanted.is_empty() {
                let given = characters.at(wanted.clone());
                if given.is_empty() {
                    break;
                }
                sink(given);
                wanted.start += given.len() as u64;
            }
            sink(newline);
        });
        let lines = self.lines_octets();
        sink(slice(&self.tail, lines, range));
    }

    /// Calls `line` with the base64 characters of each line that lies in `range`, and with what is wanted of its CRLF.
    fn each_line(&self, range: Range<u64>, line: &mut impl FnMut(Range<u64>, &'static [u8])) {
        let (mut octet, mut character) = (0u64, 0u64);
        let end = range.end.min(self.lines_octets());
        for &(length, count) in &self.runs {
            let step = length + 2;
            let skipped = (range.start.saturating_sub(octet) / step).min(count);
            octet += skipped * step;
            character += skipped * length;
            for _ in skipped..count {
                if octet >= end {
                    return;
                }
                let from = range.start.saturating_sub(octet);
                let to = (end - octet).min(step);
                let characters = character + from.min(length)..character + to.min(length);
                let newline_from = from.saturating_sub(length).min(2) as usize;
                let newline_to = to.saturating_sub(length) as usize;
                line(characters, &b"\r\n"[newline_from.min(newline_to)..newline_to]);
                octet += step;
                character += length;
            }
        }
    }
}

/// The base64 characters of some content, encoded a piece at a time.
struct Characters<'a> {
    piece: &'a [u8],
    offset: u64,
    length: u64,
    stray_bits: u8,
    buffer: Vec<u8>,
    start: u64,
}

impl Characters<'_> {
    /// As many of the wanted characters, from the first on, as are at hand; none when the content does not reach so far.
    fn at(&mut self, wanted: Range<u64>) -> &[u8] {
        let end = self.start + self.buffer.len() as u64;
        if wanted.start < self.start || wanted.start >= end {
            let from = wanted.start / 4 * 3;
            let to = (from + (CHARACTERS_AT_ONCE / 4 * 3) as u64).min(self.length);
            self.buffer.clear();
            self.start = wanted.start / 4 * 4;
            if from < self.offset {
                return &[];
            }
            let available = slice(self.piece, self.offset, from..to);
            // Only the very end of the content may be an incomplete group: elsewhere padding would be wrong.
            let complete = from + available.len() as u64 == self.length;
            let whole = if complete { available.len() } else { available.len() / 3 * 3 };
            self.buffer.resize(whole.div_ceil(3) * 4, 0);
            if STANDARD.encode_slice(&available[..whole], &mut self.buffer).is_err() {
                unreachable!("the buffer has four characters for every three octets");
            }
            if complete && self.stray_bits != 0 {
                self.put_stray_bits();
            }
        }
        slice(&self.buffer, self.start, wanted)
    }

    /// Puts the sender's stray bits into the last character of the content.
    fn put_stray_bits(&mut self) {
        let Some(last) = self.buffer.iter_mut().rev().find(|b| **b != b'=') else { return };
        let value = base64_value(*last).unwrap_or(0) | (self.stray_bits & 15);
        *last = base64::alphabet::STANDARD.as_str().as_bytes()[usize::from(value)];
    }
}

/// Takes stray bits after the last octet, which [`Base64::stray_bits`] remembers.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Characters that are encoded or decoded in one step, so that a large body needs no second copy; divisible by 4.
const CHARACTERS_AT_ONCE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// The encoded body is described, and every range of it is written again from just what it needs.
    fn comes_back(encoded: &[u8], stored_decoded: bool) {
        let (shape, content) = Shape::of(Encoding::Base64, encoded);
        assert_eq!(content.is_some(), stored_decoded, "{}", String::from_utf8_lossy(encoded));
        let content = content.unwrap_or_else(|| encoded.to_vec());
        let length = content.len() as u64;
        let total = encoded.len() as u64;
        for start in 0..=total {
            for end in [start, start + 1, start + 5, total] {
                let range = start..end.min(total);
                let needed = shape.needs(range.clone(), length);
                let piece = &content[needed.start as usize..needed.end as usize];
                let mut written = Vec::new();
                shape.encode(piece, needed.start, length, range.clone(), &mut |b: &[u8]| {
                    written.extend_from_slice(b)
                });
                assert_eq!(written, encoded[range.start as usize..range.end as usize], "{range:?} {shape:?}");
            }
        }
    }

    #[test]
    fn base64_of_any_line_length_is_stored_decoded() {
        comes_back(b"aGVsbG8gd29ybGQ=\r\n", true);
        comes_back(b"aGVsbG8gd29ybGQ=", true);
        comes_back(b"aGVsbG8gd29ybGQ\r\n\r\n\r\n", true);
        comes_back(b"aGVsbG8gd29ybGR=\r\n", true);
        comes_back(b"aGVsbG8gd29yb\r\nG\r\n", true);
        comes_back(b"\r\naGVsb\r\nG8gd2\r\n9ybGQ\r\n=\r\n", true);
        comes_back(b"aGVs\r\nbG8gd29y\r\n\r\nbGQ=\r\n-- \r\nA footer\r\n", true);
    }

    #[test]
    fn what_is_not_canonical_base64_stays_as_it_is() {
        comes_back(b"This is no base64 at all.\r\n", false);
        comes_back(b"", false);
        comes_back(b"aGVsb\r\n", false);
    }
}

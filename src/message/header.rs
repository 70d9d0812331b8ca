//! A header as lines: where it ends, and its fields, as forgiving of stray lines as real mail needs.

use std::io::BufRead;
use std::ops::Range;

/// One header field as it stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, without the colon and the blanks some senders put before it.
    pub name: &'a [u8],
    /// All after the colon, still folded, without the final line break.
    pub value: &'a [u8],
    /// The whole field with its final line break.
    pub raw: &'a [u8],
}

impl Field<'_> {
    /// True when this field has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header, in order; lines that are no fields are passed over.
pub fn fields(header: &[u8]) -> Fields<'_> {
    Fields { header, at: 0 }
}

/// The value of the first field with this name.
pub fn first<'a>(header: &'a [u8], name: &str) -> Option<&'a [u8]> {
    fields(header).find(|field| field.is(name)).map(|field| field.value)
}

/// See [`fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    header: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        while self.at < self.header.len() {
            let start = self.at;
            let first_line = line_at(self.header, start);
            let Some(colon) = field_colon(&self.header[first_line.clone()]) else {
                self.at = first_line.end;
                continue;
            };
            let mut end = first_line.end;
            while self.header.get(end).is_some_and(|&b| is_blank(b)) {
                end = line_at(self.header, end).end;
            }
            self.at = end;
            let raw = &self.header[start..end];
            let name = raw[..colon].trim_ascii_end();
            let name = name.strip_prefix(BOM).unwrap_or(name);
            return Some(Field { name, value: without_newline(&raw[colon + 1..]), raw });
        }
        None
    }
}

/// Where the header that begins at `start` ends: after its blank line, or where something that is no header begins.
///
/// `stops` says that a line (given by its range) belongs to someone else: a boundary of an enclosing multipart.
pub fn header_end(bytes: &[u8], start: usize, mut stops: impl FnMut(Range<usize>) -> bool) -> usize {
    let mut at = start;
    while at < bytes.len() {
        let line = line_at(bytes, at);
        let text = without_newline(&bytes[line.clone()]);
        if text.is_empty() && line.len() > text.len() {
            return line.end;
        }
        if text.starts_with(b"--") && stops(line.clone()) {
            return at;
        }
        let continues = at > start && is_blank(text[0]);
        let mbox_line = at == start && (text.starts_with(b"From ") || text.starts_with(b">From "));
        if !continues && !mbox_line && field_colon(text).is_none() && !header_resumes(bytes, line.end) {
            return at;
        }
        at = line.end;
    }
    at
}

/// Whether a well-known field follows within a few lines, so that the stray line before it is only a slip.
fn header_resumes(bytes: &[u8], mut at: usize) -> bool {
    for _ in 0..STRAY_LINES_MAX {
        let line = line_at(bytes, at);
        let text = without_newline(&bytes[line.clone()]);
        if text.is_empty() {
            return false;
        }
        if let Some(colon) = field_colon(text) {
            return is_well_known(text[..colon].trim_ascii_end());
        }
        at = line.end;
    }
    false
}

fn is_well_known(name: &[u8]) -> bool {
    let begins =
        |prefix: &[u8]| name.len() > prefix.len() && name[..prefix.len()].eq_ignore_ascii_case(prefix);
    begins(b"Content-")
        || begins(b"X-")
        || begins(b"List-")
        || begins(b"Resent-")
        || WELL_KNOWN.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// The position of the colon when the line begins with a field name (RFC 5322 §3.6.8; blanks before the colon: §4.5).
fn field_colon(line: &[u8]) -> Option<usize> {
    let skipped = if line.starts_with(BOM) { BOM.len() } else { 0 };
    let name = skipped + line[skipped..].iter().position(|&b| !(33..=126).contains(&b) || b == b':')?;
    let colon = name + line[name..].iter().position(|&b| !is_blank(b))?;
    (name > skipped && line[colon] == b':').then_some(colon)
}

/// The range of the line that begins at `at`, with its line break.
///
/// `skip_until` is the fastest search for an octet that the standard library offers, and a slice never fails to read.
pub fn line_at(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = &bytes[at..];
    let length = (&mut &*rest).skip_until(b'\n').unwrap_or(rest.len());
    at..at + length
}

/// The line or value without its final CRLF (or LF).
pub fn without_newline(line: &[u8]) -> &[u8] {
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

/// A value with its folds undone and the blanks around it dropped: RFC 5322 §2.2.3.
pub fn unfold(value: &[u8]) -> Vec<u8> {
    let mut unfolded = Vec::with_capacity(value.len());
    for &b in value {
        if b != b'\r' && b != b'\n' {
            unfolded.push(b);
        }
    }
    let trimmed = unfolded.trim_ascii();
    if trimmed.len() == unfolded.len() { unfolded } else { trimmed.to_vec() }
}

fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

/// Some Windows editors put this before the first field.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Stray lines in a row that a header survives.
const STRAY_LINES_MAX: usize = 3;

/// Names that prove that a header goes on after a stray line.
const WELL_KNOWN: [&str; 20] = [
    "Received",
    "Return-Path",
    "Delivered-To",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Date",
    "Message-Id",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "DKIM-Signature",
    "Precedence",
    "User-Agent",
    "Status",
    "Errors-To",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> usize {
        header_end(text.as_bytes(), 0, |_| false)
    }

    #[test]
    fn a_header_ends_after_its_blank_line() {
        assert_eq!(end("A: b\r\n\r\nbody"), 8);
        assert_eq!(end("\r\nbody"), 2);
        assert_eq!(end("A: b\r\n"), 6);
        assert_eq!(end("A: b"), 4);
        assert_eq!(end(""), 0);
    }

    #[test]
    fn a_garbage_line_ends_the_header_unless_the_header_goes_on() {
        assert_eq!(end("A: b\r\ngarbage\r\nmore\r\n"), 6);
        assert_eq!(end("A: b\r\ngarbage\r\nSubject: x\r\n\r\n"), 29);
        assert_eq!(end("hello world\r\n"), 0);
        assert_eq!(end("From anna Mon\r\nA: b\r\n\r\nx"), 23);
    }

    #[test]
    fn fields_are_found_past_stray_lines_folds_and_byte_order_marks() {
        let header = b"\xef\xbb\xbfA: b\r\n c\r\nstray\r\nSubject :x\r\n\r\n";
        let found: Vec<_> = fields(header).map(|f| (f.name, f.value)).collect();
        assert_eq!(found, vec![(&b"A"[..], &b" b\r\n c"[..]), (b"Subject", b"x")]);
    }
}

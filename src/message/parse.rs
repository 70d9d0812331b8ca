//! The MIME tree of a message, by octet positions; and the few things that mail-parser does for us.
//!
//! This is the only file that imports mail-parser. Its tree is not used: sections must be exact where boundaries are
//! missing, doubled or nested into each other, and what its offsets say about such mail is not what RFC 2046 §5.1 says.

use std::ops::Range;

use crate::limits::{PART_DEPTH_MAX, PARTS_MAX};

use super::content::ContentType;
use super::header;
use super::repair::{self, Repairs};
use super::transfer::Encoding;

/// HTML as the text a reader sees.
pub(super) fn html_to_text(html: &str) -> String {
    mail_parser::decoders::html::html_to_text(html)
}

/// UTF-7 (RFC 2152), which the web has forgotten and mail has not.
pub(super) fn decode_utf_7(bytes: &[u8]) -> String {
    match mail_parser::decoders::charsets::map::charset_decoder(b"utf-7") {
        Some(decoder) => decoder(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// What a part contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// Content of its own.
    Single,
    /// Parts between boundaries.
    Multipart,
    /// A message, which is its only child.
    Message,
}

/// One node of the tree. The first is the message itself; parents come before their children.
#[derive(Debug, Clone)]
pub(super) struct ParsedPart {
    pub parent: Option<u32>,
    /// Position among its siblings from 1; 0 for the message itself and for embedded messages.
    pub number: u32,
    pub kind: PartKind,
    pub header: Range<usize>,
    pub body: Range<usize>,
    pub content_type: ContentType,
    pub encoding: Encoding,
    /// The encoding that its header names, if nobody here can undo that.
    pub unknown_encoding: Option<String>,
}

impl ParsedPart {
    /// Its encoding as BODYSTRUCTURE prints it.
    pub fn encoding_name(&self) -> &str {
        self.unknown_encoding.as_deref().unwrap_or(self.encoding.name())
    }
}

/// The tree of `message`, and the repairs it took to see one.
pub(super) fn parse(message: &[u8], repairs: &mut Repairs) -> Vec<ParsedPart> {
    let mut walker =
        Walker { bytes: message, at: 0, boundaries: Vec::new(), parts: Vec::new(), repairs, guesses: 0 };
    walker.entity(None, 0, false, 0);
    walker.parts
}

/// The boundary line that ended something.
#[derive(Debug, Clone, Copy)]
struct Stop {
    at: usize,
    next: usize,
    level: usize,
    close: bool,
}

struct Walker<'a, 'r> {
    bytes: &'a [u8],
    at: usize,
    /// Of the multiparts we are in, outermost first.
    boundaries: Vec<Vec<u8>>,
    parts: Vec<ParsedPart>,
    repairs: &'r mut Repairs,
    guesses: usize,
}

impl Walker<'_, '_> {
    /// Reads a header and a body; returns the boundary that ended them, None at the end of the message.
    fn entity(&mut self, parent: Option<u32>, number: u32, in_digest: bool, depth: usize) -> Option<Stop> {
        let index = self.parts.len();
        let start = self.at;
        let end = header::header_end(self.bytes, start, |line| self.boundary_at(line).is_some());
        self.at = end;
        let mime = repair::mime_header(self.bytes, start..end, in_digest, self.repairs);
        self.parts.push(ParsedPart {
            parent,
            number,
            kind: PartKind::Single,
            header: start..end,
            body: end..end,
            content_type: mime.content_type,
            encoding: mime.encoding,
            unknown_encoding: mime.unknown_encoding,
        });
        let content_type = &self.parts[index].content_type;
        let stop = if depth >= PART_DEPTH_MAX {
            self.scan()
        } else if content_type.main == "multipart" {
            let boundary = content_type.parameter("boundary").map(|b| b.trim_ascii_end().to_vec());
            self.multipart(index, boundary.filter(|b| !b.is_empty()), depth)
        } else if content_type.is_message() && self.is_sent_plain(index) {
            self.parts[index].kind = PartKind::Message;
            self.parts[index].unknown_encoding = None;
            self.message(index, depth)
        } else {
            self.scan()
        };
        self.parts[index].body = end..self.body_end(end, stop);
        stop
    }

    /// The line break before a boundary belongs to the boundary (RFC 2046 §5.1.1).
    fn body_end(&self, start: usize, stop: Option<Stop>) -> usize {
        let Some(stop) = stop else { return self.bytes.len() };
        let body = &self.bytes[start..stop.at.max(start)];
        start + header::without_newline(body).len()
    }

    fn multipart(&mut self, index: usize, boundary: Option<Vec<u8>>, depth: usize) -> Option<Stop> {
        let start = self.at;
        let mut stop = match boundary {
            Some(boundary) => self.between(index, boundary, depth),
            None => self.scan(),
        };
        if self.parts.len() == index + 1 && self.guesses < BOUNDARY_GUESSES_MAX {
            self.guesses += 1;
            let end = self.body_end(start, stop);
            if let Some(boundary) = repair::repair_boundary(&self.bytes[start..end], self.repairs) {
                self.at = start;
                stop = self.between(index, boundary, depth);
            }
        }
        if self.parts.len() > index + 1 {
            self.parts[index].kind = PartKind::Multipart;
        } else {
            repair::repair_multipart_without_parts(&mut self.parts[index], self.repairs);
        }
        stop
    }

    /// The children of a multipart, and what follows its last boundary.
    fn between(&mut self, index: usize, boundary: Vec<u8>, depth: usize) -> Option<Stop> {
        let level = self.boundaries.len();
        let in_digest = self.parts[index].content_type.sub == "digest";
        self.boundaries.push(boundary);
        let mut number = 0;
        let mut stop = self.scan();
        while let Some(found) = stop
            && found.level == level
        {
            self.at = found.next;
            if found.close {
                self.boundaries.truncate(level);
                return self.scan();
            }
            if self.parts.len() >= PARTS_MAX {
                self.repairs.note("too-many-parts");
                stop = self.scan();
                continue;
            }
            number += 1;
            stop = self.entity(Some(index as u32), number, in_digest, depth + 1);
        }
        self.boundaries.truncate(level);
        if stop.is_none() {
            self.repairs.note("boundary-unterminated");
        }
        stop
    }

    fn message(&mut self, index: usize, depth: usize) -> Option<Stop> {
        while self.bytes[self.at..].starts_with(b"\r\n") {
            self.repairs.note("blank-lines-before-message");
            self.at += 2;
        }
        self.entity(Some(index as u32), 0, false, depth + 1)
    }

    /// RFC 2046 §5.2.1 forbids encoding a message, so a sender that declares an encoding mostly did not apply it.
    fn is_sent_plain(&mut self, index: usize) -> bool {
        if self.parts.len() >= PARTS_MAX {
            return false;
        }
        if self.parts[index].encoding.is_identity() {
            return true;
        }
        let rest = &self.bytes[self.at..];
        let blank = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let plain = header::fields(&rest[blank..header::line_at(rest, blank).end]).next().is_some();
        if plain {
            self.repairs.note("message-not-encoded");
            self.parts[index].encoding = Encoding::SevenBit;
        }
        plain
    }

    /// Goes on to the next boundary line, and stays before it.
    fn scan(&mut self) -> Option<Stop> {
        if self.boundaries.is_empty() {
            self.at = self.bytes.len();
            return None;
        }
        while self.at < self.bytes.len() {
            let line = header::line_at(self.bytes, self.at);
            let next = line.end;
            if let Some(stop) = self.boundary_at(line) {
                return Some(stop);
            }
            self.at = next;
        }
        None
    }

    fn boundary_at(&self, line: Range<usize>) -> Option<Stop> {
        let text = self.bytes[line.clone()].strip_prefix(b"--")?.trim_ascii_end();
        self.boundaries.iter().enumerate().rev().find_map(|(level, boundary)| {
            let rest = text.strip_prefix(boundary.as_slice())?;
            let close = rest == b"--";
            (close || rest.is_empty()).then_some(Stop { at: line.start, next: line.end, level, close })
        })
    }
}

/// How often the boundary of a multipart is looked for in its text; each look reads all of it.
const BOUNDARY_GUESSES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(message: &str) -> Vec<(String, String)> {
        let mut repairs = Repairs::default();
        parse(message.as_bytes(), &mut repairs)
            .into_iter()
            .map(|part| (part.content_type.to_string(), message[part.body].to_string()))
            .collect()
    }

    #[test]
    fn a_multipart_has_the_parts_between_its_boundaries() {
        let parts = tree(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\none\r\n--b  \r\n\
             Content-Type: text/html\r\n\r\n--b--\r\npost\r\n",
        );
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1], ("text/plain".into(), "one".into()));
        assert_eq!(parts[2], ("text/html".into(), "".into()));
    }

    #[test]
    fn an_outer_boundary_ends_inner_parts() {
        let parts = tree(
            "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n\
             --ab\r\n\r\none\r\n--a\r\n\r\ntwo\r\n",
        );
        let bodies: Vec<_> = parts.iter().map(|p| p.1.as_str()).collect();
        assert_eq!(bodies[1..], ["--ab\r\n\r\none", "one", "two\r\n"]);
    }

    #[test]
    fn an_embedded_message_is_read_past_blank_lines() {
        let parts = tree("Content-Type: message/rfc822\r\n\r\n\r\nSubject: x\r\n\r\nbody");
        assert_eq!(parts[1], ("text/plain".into(), "body".into()));
    }

    #[test]
    fn a_multipart_without_boundaries_is_text() {
        assert_eq!(tree("Content-Type: multipart/mixed; boundary=x\r\n\r\nhi\r\n")[0].0, "text/plain");
        let guessed = tree(
            "Content-Type: multipart/mixed\r\n\r\n--z\r\nContent-Type: text/html\r\n\r\nhi\r\n--z--\r\n",
        );
        assert_eq!(guessed[1], ("text/html".into(), "hi".into()));
    }
}

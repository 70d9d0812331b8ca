//! The form in which a message is kept: lines end in CRLF, and no octet is one that IMAP cannot carry.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::header;
use super::parse::{PartKind, parse};
use super::repair::Repairs;
use super::transfer::{Encoding, LINE_OCTETS_MAX};

/// A message in the form we keep, and what had to change for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The octets every client will see.
    pub bytes: Vec<u8>,
    /// What was changed.
    pub changes: Changes,
}

/// What [`canonical`] had to change; recorded with the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// A line ended in LF alone: it now ends in CRLF.
    pub bare_lf: bool,
    /// There was a NUL, which RFC 9051 §4.3 does not let a literal carry: it is now 0x80.
    pub nul: bool,
    /// A part sent with BODY=BINARYMIME is now base64.
    pub binary: bool,
}

/// Makes line ends CRLF and NULs 0x80. A lone CR stays. Nothing is copied when nothing needs to change.
pub fn canonical(mut input: Vec<u8>) -> Canonical {
    let mut changes = Changes::default();
    let mut bare = 0;
    let mut before = 0u8;
    for b in input.iter_mut() {
        if *b == b'\n' && before != b'\r' {
            bare += 1;
        } else if *b == 0 {
            *b = NUL_BECOMES;
            changes.nul = true;
        }
        before = *b;
    }
    if bare == 0 {
        return Canonical { bytes: input, changes };
    }
    changes.bare_lf = true;
    let mut bytes = Vec::with_capacity(input.len() + bare);
    let mut before = 0u8;
    for b in input {
        if b == b'\n' && before != b'\r' {
            bytes.push(b'\r');
        }
        bytes.push(b);
        before = b;
    }
    Canonical { bytes, changes }
}

/// The same for a message sent with BODY=BINARYMIME (RFC 3030 §3): what the line ends of a binary part are is part of
/// its content, so that such a part becomes base64, and says so, before the rest is made canonical.
///
/// Parts that are lines of text all the same stay as they are.
pub fn canonical_binary(input: Vec<u8>) -> Canonical {
    let mut encoded = Vec::new();
    let mut at = 0;
    for part in parse(&input, &mut Repairs::default()) {
        let body = &input[part.body.clone()];
        // An encoding that was only guessed at has no field that could be changed.
        let declared = header::fields(&input[part.header.clone()]).any(|field| field.is(ENCODING_FIELD));
        if part.kind != PartKind::Single || part.encoding != Encoding::Binary || !declared || !is_binary(body)
        {
            continue;
        }
        encoded.extend_from_slice(&input[at..part.header.start]);
        encode_header(&input[part.header.clone()], &mut encoded);
        encoded.extend_from_slice(&input[part.header.end..part.body.start]);
        encode_lines(body, &mut encoded);
        if part.body.end == input.len() {
            encoded.extend_from_slice(b"\r\n");
        }
        at = part.body.end;
    }
    if at == 0 {
        return canonical(input);
    }
    encoded.extend_from_slice(&input[at..]);
    drop(input);
    let mut canonical = canonical(encoded);
    canonical.changes.binary = true;
    canonical
}

/// Whether this cannot be sent as lines: RFC 2045 §2.8 and §2.9.
fn is_binary(body: &[u8]) -> bool {
    let mut before = 0u8;
    let mut length = 0;
    for &b in body {
        let bare = (b == b'\n') != (before == b'\r');
        if b == 0 || bare || length > LINE_OCTETS_MAX {
            return true;
        }
        length = if b == b'\n' { 0 } else { length + usize::from(b != b'\r') };
        before = b;
    }
    before == b'\r' || length > LINE_OCTETS_MAX
}

/// The header with base64 as its transfer encoding.
fn encode_header(header: &[u8], encoded: &mut Vec<u8>) {
    let mut at = 0;
    for field in header::fields(header).filter(|field| field.is(ENCODING_FIELD)) {
        let start = field.raw.as_ptr() as usize - header.as_ptr() as usize;
        encoded.extend_from_slice(&header[at..start]);
        encoded.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n");
        at = start + field.raw.len();
    }
    encoded.extend_from_slice(&header[at..]);
}

fn encode_lines(body: &[u8], encoded: &mut Vec<u8>) {
    encoded.reserve(body.len() / 57 * 78 + 80);
    let mut line = String::with_capacity(76);
    for (i, octets) in body.chunks(57).enumerate() {
        if i > 0 {
            encoded.extend_from_slice(b"\r\n");
        }
        line.clear();
        STANDARD.encode_string(octets, &mut line);
        encoded.extend_from_slice(line.as_bytes());
    }
}

const ENCODING_FIELD: &str = "Content-Transfer-Encoding";

/// The octet that stands where a NUL was: no text has it in ASCII or UTF-8, so it can be told later.
pub const NUL_BECOMES: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(input: &[u8]) -> (Vec<u8>, Changes) {
        let canonical = canonical(input.to_vec());
        (canonical.bytes, canonical.changes)
    }

    #[test]
    fn bare_line_feeds_become_crlf_and_lone_carriage_returns_stay() {
        let (bytes, changes) = changed(b"\na\nb\r\nc\rd\r\r\n\n");
        assert_eq!(bytes, b"\r\na\r\nb\r\nc\rd\r\r\n\r\n");
        assert!(changes.bare_lf && !changes.nul);
    }

    #[test]
    fn a_canonical_message_is_not_copied() {
        let input = b"a\r\n\r\nb\r\n".to_vec();
        let address = input.as_ptr();
        let canonical = canonical(input);
        assert_eq!(canonical.bytes.as_ptr(), address);
        assert_eq!(canonical.changes, Changes::default());
    }

    #[test]
    fn a_binary_part_becomes_base64_and_its_neighbours_stay() {
        let message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
            Content-Transfer-Encoding: binary\r\nX: y\r\n\r\n\0\n\r\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\n\
            plain\r\n--b--\n";
        let found = canonical_binary(message.to_vec());
        let expected = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
            Content-Transfer-Encoding: base64\r\nX: y\r\n\r\nAAoN\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\n\
            plain\r\n--b--\r\n";
        assert_eq!(String::from_utf8_lossy(&found.bytes), expected);
        assert_eq!(found.changes, Changes { bare_lf: true, nul: false, binary: true });
        let whole = canonical_binary(b"Content-Transfer-Encoding: binary\r\n\r\na\0b".to_vec());
        assert_eq!(whole.bytes, b"Content-Transfer-Encoding: base64\r\n\r\nYQBi\r\n");
    }

    #[test]
    fn nul_becomes_0x80() {
        assert_eq!(changed(b"a\0b"), (b"a\x80b".to_vec(), Changes { nul: true, ..Changes::default() }));
    }
}

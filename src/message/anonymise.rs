//! Makes a message unreadable and leaves its form: what somebody can send along with a report of a bug.
//!
//! Every letter and digit of names, addresses and texts becomes another, the same word always the same other word, and
//! no octet is added or taken away. What stays is what programs go by: names of fields, types, encodings, boundaries,
//! dates, punctuation, tags of HTML, extensions of file names, and which octets are not ASCII.

use std::ops::Range;

use base64::Engine;

use super::apart::take_apart;
use super::header::fields;
use super::recipe::Part;
use super::shape::LENIENT;
use super::transfer::{Encoding, base64_value};

/// The same message, unreadable. Nobody who does not know `key` can find out by trial which words were in it.
pub fn anonymise(message: &[u8], key: u64) -> Vec<u8> {
    let parts = take_apart(message).recipe.parts;
    let mut veil = Veil { octets: message.to_vec(), key };
    let mut rest = 0;
    let mut known: Vec<Range<usize>> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let header = range(&part.header);
        veil.header(header.clone());
        known.push(header);
        if parts.iter().all(|other| other.parent != Some(index)) {
            let body = range(&part.body);
            veil.leaf(part, body.clone());
            known.push(body);
        }
    }
    known.sort_by_key(|range| range.start);
    for covered in known {
        if covered.start > rest {
            veil.between(rest..covered.start);
        }
        rest = rest.max(covered.end);
    }
    veil.between(rest..message.len());
    veil.octets
}

/// A message that becomes unreadable bit by bit.
struct Veil {
    octets: Vec<u8>,
    key: u64,
}

impl Veil {
    /// Covers the values of a header, each field as its name asks for.
    fn header(&mut self, header: Range<usize>) {
        let octets = self.octets[header.clone()].to_vec();
        for field in fields(&octets) {
            let offset = field.raw.as_ptr() as usize - octets.as_ptr() as usize + header.start;
            let colon = field.raw.iter().position(|octet| *octet == b':').unwrap_or(0);
            let value = offset + colon + 1..offset + field.raw.len();
            let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
            match name.as_str() {
                "mime-version" | "content-transfer-encoding" | "date" | "resent-date" | "delivery-date" => {}
                "content-type" | "content-disposition" => self.parameters(value),
                "received" => {
                    let date = self.octets[value.clone()].iter().rposition(|octet| *octet == b';');
                    let end = date.map_or(value.end, |at| value.start + at);
                    self.text(value.start..end);
                }
                _ => self.text(value),
            }
        }
    }

    /// Covers the names of files in a Content-Type or Content-Disposition.
    fn parameters(&mut self, value: Range<usize>) {
        let mut at = value.start;
        while let Some(semicolon) = self.octets[at..value.end].iter().position(|octet| *octet == b';') {
            let start = at + semicolon + 1;
            let end = self.end_of_parameter(start, value.end);
            let equals = self.octets[start..end].iter().position(|octet| *octet == b'=').map(|n| start + n);
            if let Some(equals) = equals {
                let name = self.octets[start..equals].trim_ascii().to_ascii_lowercase();
                if name.starts_with(b"name") || name.starts_with(b"filename") {
                    // RFC 2231 §4: a charset and a language may stand before the name.
                    let told = self.octets[equals..end].iter().rposition(|octet| *octet == b'\'');
                    let begin = equals + 1 + told.filter(|_| name.ends_with(b"*")).unwrap_or(0);
                    // What follows the last dot tells the type of a file whose sender did not.
                    let dot = self.octets[begin..end].iter().rposition(|octet| *octet == b'.');
                    self.text(begin..dot.map_or(end, |dot| begin + dot));
                }
            }
            at = end;
        }
    }

    fn end_of_parameter(&self, start: usize, end: usize) -> usize {
        let mut quoted = false;
        for at in start..end {
            match self.octets[at] {
                b'"' => quoted = !quoted,
                b';' if !quoted => return at,
                _ => {}
            }
        }
        end
    }

    /// Covers text of a header, with the encoded words in it (RFC 2047).
    fn text(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            match self.encoded_word(at..range.end) {
                Some((encoding, inner)) => {
                    self.encoded(encoding, inner.clone(), Form::Text);
                    at = inner.end + 2;
                }
                None => {
                    let next = self.octets[at + 1..range.end].windows(2).position(|two| two == b"=?");
                    let end = next.map_or(range.end, |next| at + 1 + next);
                    self.encoded(Encoding::SevenBit, at..end, Form::Text);
                    at = end;
                }
            }
        }
    }

    /// The encoding and the text of the encoded word that begins here.
    fn encoded_word(&self, range: Range<usize>) -> Option<(Encoding, Range<usize>)> {
        let word = self.octets[range.clone()].strip_prefix(b"=?")?;
        let charset = word.iter().position(|octet| *octet == b'?')?;
        let encoding = match word.get(charset + 1)?.to_ascii_uppercase() {
            b'B' => Encoding::Base64,
            b'Q' => Encoding::QuotedPrintable,
            _ => return None,
        };
        let text = word.get(charset + 2..)?.strip_prefix(b"?")?;
        let length = text.windows(2).position(|two| two == b"?=")?;
        let start = range.start + 2 + charset + 3;
        Some((encoding, start..start + length))
    }

    /// Covers a body.
    fn leaf(&mut self, part: &Part, body: Range<usize>) {
        let form = match part.content_type.split_once('/') {
            Some(("text", "html")) => Form::Html,
            Some(("text" | "message", _)) => Form::Text,
            _ => Form::Binary,
        };
        self.encoded(part.encoding, body, form);
    }

    /// Covers what stands between parts, but for the boundaries.
    fn between(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let line = self.octets[at..range.end].iter().position(|octet| *octet == b'\n');
            let end = line.map_or(range.end, |length| at + length + 1);
            if !self.octets[at..end].starts_with(b"--") {
                self.encoded(Encoding::SevenBit, at..end, Form::Text);
            }
            at = end;
        }
    }

    /// Covers content under its encoding: each octet of the content is written back where it was read.
    fn encoded(&mut self, encoding: Encoding, range: Range<usize>, form: Form) {
        match encoding {
            Encoding::Base64 => self.base64(range, form),
            Encoding::QuotedPrintable => {
                let places = self.quoted_printable(range);
                let mut content: Vec<u8> = places.iter().map(|(_, octet, _)| *octet).collect();
                cover(&mut content, form, self.key);
                for ((at, _, is_encoded), octet) in places.into_iter().zip(content) {
                    match is_encoded {
                        true => self.octets[at..at + 3].copy_from_slice(format!("={octet:02X}").as_bytes()),
                        false => self.octets[at] = octet,
                    }
                }
            }
            _ => cover(&mut self.octets[range], form, self.key),
        }
    }

    fn base64(&mut self, range: Range<usize>, form: Form) {
        let places: Vec<usize> = range.filter(|at| base64_value(self.octets[*at]).is_some()).collect();
        let text: Vec<u8> = places.iter().map(|at| self.octets[*at]).collect();
        let Ok(mut content) = LENIENT.decode(&text) else {
            // Some characters too many for any content.
            return places.into_iter().for_each(|at| self.octets[at] = b'A');
        };
        cover(&mut content, form, self.key);
        let encoded = LENIENT.encode(content);
        for (at, octet) in places.into_iter().zip(encoded.bytes().filter(|octet| *octet != b'=')) {
            self.octets[at] = octet;
        }
    }

    /// The octets of quoted-printable content: where each is, which it is, and whether it is written as `=XX`.
    fn quoted_printable(&self, range: Range<usize>) -> Vec<(usize, u8, bool)> {
        let (mut places, mut at) = (Vec::new(), range.start);
        while at < range.end {
            let hex = self.octets[at..range.end].get(..3).filter(|three| three[0] == b'=');
            let hex = hex.and_then(|three| std::str::from_utf8(&three[1..]).ok());
            match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(octet) => {
                    places.push((at, octet, true));
                    at += 3;
                }
                None if self.octets[at..range.end].starts_with(b"=\r\n") => at += 3,
                None => {
                    places.push((at, self.octets[at], false));
                    at += 1;
                }
            }
        }
        places
    }
}

/// How the octets of a content are to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Html,
    Binary,
}

/// Covers content, octet for octet.
fn cover(content: &mut [u8], form: Form, key: u64) {
    if form == Form::Binary {
        let mut state = mix(key ^ content.len() as u64);
        for octet in content {
            state = mix(state);
            *octet = state as u8;
        }
        return;
    }
    let mut at = 0;
    while at < content.len() {
        at += match content[at] {
            b'<' if form == Form::Html => markup(&content[at..]),
            b'&' if form == Form::Html => entity(&content[at..]),
            0x1b => escape(&content[at..]),
            octet if octet.is_ascii_alphabetic() => word(&mut content[at..], u8::is_ascii_alphabetic, key),
            octet if octet.is_ascii_digit() => word(&mut content[at..], u8::is_ascii_digit, key),
            octet if octet >= 0x80 => letter(&mut content[at..], key),
            _ => 1,
        };
    }
}

/// The octets of a tag up to the first value in it, which is text again.
fn markup(content: &[u8]) -> usize {
    let end = content.iter().position(|octet| matches!(octet, b'>' | b'"' | b'\''));
    end.map_or(1, |end| end.min(TAG_BYTES_MAX) + 1)
}

/// The octets of `&nbsp;` and its like.
fn entity(content: &[u8]) -> usize {
    let end = content.iter().take(10).position(|octet| *octet == b';');
    end.map_or(1, |end| end + 1)
}

/// The octets of an escape sequence of ISO 2022, which switches to another charset.
fn escape(content: &[u8]) -> usize {
    let intermediate = content[1..].iter().take_while(|octet| (0x20..0x30).contains(*octet)).count();
    (intermediate + 2).min(content.len())
}

/// Covers a word, or a number, and returns how long it is.
fn word(content: &mut [u8], is_of: impl Fn(&u8) -> bool, key: u64) -> usize {
    let length = content.iter().take_while(|octet| is_of(octet)).count();
    let lower: Vec<u8> = content[..length].to_ascii_lowercase();
    let mut state = lower.iter().fold(mix(key), |state, octet| mix(state ^ u64::from(*octet)));
    for octet in &mut content[..length] {
        state = mix(state);
        let (first, count) = match *octet {
            b'0'..=b'9' => (b'0', 10),
            b'a'..=b'z' => (b'a', 26),
            _ => (b'A', 26),
        };
        *octet = first + (state % count) as u8;
    }
    length
}

/// Covers one letter that is not ASCII by another one of its neighbourhood, which has as many octets.
fn letter(content: &mut [u8], key: u64) -> usize {
    let length = match content[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let character = content.get(..length).and_then(|octets| std::str::from_utf8(octets).ok());
    match character.and_then(|text| text.chars().next()).map(u32::from) {
        Some(letter) => {
            let other = letter & !0x1f | (mix(key ^ u64::from(letter)) & 0x1f) as u32;
            let other = char::from_u32(other).unwrap_or('\u{fffd}');
            if other.len_utf8() == length {
                other.encode_utf8(&mut content[..length]);
            }
            length
        }
        // Of another charset, or of none.
        None => {
            content[0] = content[0] & 0xe0 | (mix(key ^ u64::from(content[0])) & 0x1f) as u8;
            1
        }
    }
}

/// A number that tells nothing of `value` (the finalizer of SplitMix64).
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn range(range: &Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// A tag is not longer; what is, is text in which there is a `<`.
const TAG_BYTES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(message: &str) -> String {
        String::from_utf8(anonymise(message.as_bytes(), 7)).unwrap()
    }

    #[test]
    fn words_become_others_and_the_form_stays() {
        let message = "From: Anna Example <anna@example.org>\r\nTo: anna@example.org\r\nDate: Mon, 23 Nov 2026 14:05:06 +0100\r\n\
                       Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= Wien\r\nMIME-Version: 1.0\r\n\
                       Content-Type: text/plain; charset=utf-8; name=\"secret plan.txt\"\r\n\r\nDear Anna, call 555123.\r\n";
        let covered = covered(message);
        assert_eq!(covered.len(), message.len());
        for gone in ["nna", "xample", "Wien", "C3=9F", "secret", "plan", "Dear", "555123"] {
            assert!(!covered.contains(gone), "{gone}: {covered}");
        }
        for kept in
            ["Date: Mon, 23 Nov 2026 14:05:06 +0100\r\n", "text/plain; charset=utf-8; name=\"", "=?utf-8?Q?"]
        {
            assert!(covered.contains(kept), "{kept}: {covered}");
        }
        // The same word is the same word again.
        let to = covered.lines().nth(1).and_then(|line| line.strip_prefix("To: ")).unwrap();
        assert!(covered.lines().next().unwrap().contains(to), "{covered}");
    }

    #[test]
    fn encodings_and_boundaries_stay_and_what_they_hold_goes() {
        let message = "Content-Type: multipart/mixed; boundary=\"Kn0ten\"\r\n\r\npreamble\r\n--Kn0ten\r\n\
            Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGVsbG88L2I+\r\n--Kn0ten\r\n\
            Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQFBgcICQ==\r\n--Kn0ten--\r\n";
        let covered = covered(message);
        assert_eq!(covered.len(), message.len());
        assert_eq!(covered.matches("--Kn0ten").count(), 3);
        assert!(!covered.contains("preamble") && !covered.contains("AAECAwQF"), "{covered}");
        let html = covered.lines().find(|line| line.starts_with("PGI+")).expect("the tag is kept");
        assert_ne!(html, "PGI+aGVsbG88L2I+");
        assert!(html.ends_with("PC9iPg==") || html.ends_with("L2I+"), "{html}");
        assert!(covered.contains("=="), "the padding is kept");
    }

    #[test]
    fn letters_of_other_alphabets_keep_their_length() {
        let message =
            "Subject: \u{41f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{4f60}\u{597d} \u{1f600}\r\n\r\n";
        let covered = covered(message);
        assert_eq!(covered.len(), message.len());
        assert_ne!(covered, message);
        assert_eq!(covered.chars().count(), message.chars().count());
    }
}

//! Content-Transfer-Encoding: which one a part has, and its content decoded as forgivingly as readers do it.

use std::borrow::Cow;

use super::content;

/// How the body of a part is encoded for transport (RFC 2045 §6), with uuencode as seen in the wild.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Seven-bit text, which is also what no field at all means.
    #[default]
    SevenBit,
    /// Lines of octets.
    EightBit,
    /// Octets.
    Binary,
    /// RFC 2045 §6.8.
    Base64,
    /// RFC 2045 §6.7.
    QuotedPrintable,
    /// As Unix once mailed files.
    Uuencode,
}

impl Encoding {
    /// The encoding that a field value names; None when it names none we know.
    pub fn named(value: &[u8]) -> Option<Encoding> {
        let word = word_of(value);
        let is = |names: &[&str]| names.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(word));
        Some(match () {
            () if is(&["7bit", "7-bit", "7bits"]) => Encoding::SevenBit,
            () if is(&["8bit", "8-bit", "8bits"]) => Encoding::EightBit,
            () if is(&["base64", "base-64"]) => Encoding::Base64,
            () if is(&["quoted-printable", "quoted_printable", "quotedprintable", "quoted"]) => {
                Encoding::QuotedPrintable
            }
            () if is(&["x-uuencode", "uuencode", "x-uue", "uue"]) => Encoding::Uuencode,
            () if is(&["binary", "unknown", "none"]) => Encoding::Binary,
            // "16bit" and its like are all slips for octets sent as they are.
            () if word.len() > 3 && word[word.len() - 3..].eq_ignore_ascii_case(b"bit") => Encoding::Binary,
            () => return None,
        })
    }

    /// The name as BODYSTRUCTURE prints it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::SevenBit => "7BIT",
            Encoding::EightBit => "8BIT",
            Encoding::Binary => "BINARY",
            Encoding::Base64 => "BASE64",
            Encoding::QuotedPrintable => "QUOTED-PRINTABLE",
            Encoding::Uuencode => "X-UUENCODE",
        }
    }

    /// The encoding of octets that are sent as they are (RFC 2045 §2.7 to §2.9).
    pub fn of_plain(octets: &[u8]) -> Encoding {
        let is_line = |line: &[u8]| {
            let text = line.strip_suffix(b"\r\n").unwrap_or(line);
            text.len() <= LINE_OCTETS_MAX && !text.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n'))
        };
        match () {
            () if !octets.split_inclusive(|octet| *octet == b'\n').all(is_line) => Encoding::Binary,
            () if octets.is_ascii() => Encoding::SevenBit,
            () => Encoding::EightBit,
        }
    }

    /// True when the octets sent are the content itself.
    pub fn is_identity(self) -> bool {
        matches!(self, Encoding::SevenBit | Encoding::EightBit | Encoding::Binary)
    }

    /// As a small number, for the recipe.
    pub(super) fn code(self) -> u8 {
        match self {
            Encoding::SevenBit => 0,
            Encoding::EightBit => 1,
            Encoding::Binary => 2,
            Encoding::Base64 => 3,
            Encoding::QuotedPrintable => 4,
            Encoding::Uuencode => 5,
        }
    }

    /// From the small number.
    pub(super) fn from_code(code: u8) -> Option<Encoding> {
        Some(match code {
            0 => Encoding::SevenBit,
            1 => Encoding::EightBit,
            2 => Encoding::Binary,
            3 => Encoding::Base64,
            4 => Encoding::QuotedPrintable,
            5 => Encoding::Uuencode,
            _ => return None,
        })
    }
}

/// What a field value names, without the comments, parameters and quotes that some add.
fn word_of(value: &[u8]) -> &[u8] {
    let word = content::behind_comments(value.trim_ascii());
    let end = word.iter().position(|b| b" \t;,(\r\n".contains(b)).unwrap_or(word.len());
    let word = word[..end].trim_ascii();
    let word = word.strip_prefix(b"\"").unwrap_or(word);
    word.strip_suffix(b"\"").unwrap_or(word)
}

/// The encoding that some field values name if it is one that nobody here can undo, in the words of the sender. What is no
/// token (RFC 2045 §6.1), or is the name of a charset, got into the wrong field; such a body was sent as it is.
pub fn unknown_name<'h>(values: &[&'h [u8]]) -> Option<&'h str> {
    if values.iter().any(|value| Encoding::named(value).is_some()) {
        return None;
    }
    let words = values.iter().map(|value| word_of(value)).filter(|word| !word.is_empty());
    let is_name =
        |word: &&[u8]| word.iter().all(|&b| is_token(b)) && encoding_rs::Encoding::for_label(word).is_none();
    words.filter(is_name).find_map(|word| std::str::from_utf8(word).ok())
}

/// Whether a `token` of RFC 2045 §5.1 may have that octet.
pub(super) fn is_token(b: u8) -> bool {
    (33..=126).contains(&b) && !b"()<>@,;:\\\"/[]?=".contains(&b)
}

/// The content of a part as a reader shows it; errors in the encoding are passed over.
pub fn decode(encoding: Encoding, encoded: &[u8]) -> Cow<'_, [u8]> {
    match encoding {
        Encoding::SevenBit | Encoding::EightBit | Encoding::Binary => Cow::Borrowed(encoded),
        Encoding::Base64 => Cow::Owned(decode_base64(encoded)),
        Encoding::QuotedPrintable => Cow::Owned(decode_quoted_printable(encoded)),
        Encoding::Uuencode => decode_uuencode(encoded),
    }
}

/// Base64 with everything outside the alphabet skipped (RFC 2045 §6.8); padding only ends a group.
pub(super) fn decode_base64(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for &b in encoded {
        if let Some(value) = base64_value(b) {
            bits = bits << 6 | u32::from(value);
            count += 1;
            if count == 4 {
                decoded.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
                (bits, count) = (0, 0);
            }
        } else if b == b'=' {
            finish_group(&mut decoded, bits, count);
            (bits, count) = (0, 0);
        }
    }
    finish_group(&mut decoded, bits, count);
    decoded
}

fn finish_group(decoded: &mut Vec<u8>, bits: u32, count: u32) {
    match count {
        2 => decoded.push((bits >> 4) as u8),
        3 => decoded.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
}

/// The six bits that a base64 character stands for.
pub(super) fn base64_value(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Quoted-printable; what is no escape stands for itself, and blanks before a line break go (RFC 2045 §6.7 rule 3).
fn decode_quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    for line in encoded.split_inclusive(|&b| b == b'\n') {
        let text = super::header::without_newline(line);
        let newline = &line[text.len()..];
        let text = without_blanks(text);
        let (text, soft) = match text.strip_suffix(b"=") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let mut at = 0;
        while at < text.len() {
            match escaped(&text[at..]) {
                Some(b) => {
                    decoded.push(b);
                    at += 3;
                }
                None => {
                    decoded.push(text[at]);
                    at += 1;
                }
            }
        }
        if !soft {
            decoded.extend_from_slice(newline);
        }
    }
    decoded
}

/// A line without the blanks at its end, which transport has added (RFC 2045 §6.7, rule 3).
fn without_blanks(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
    &line[..end]
}

/// The octet that an escape at the start of `bytes` stands for.
pub(super) fn escaped(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'=', high, low, ..] => Some(hex_value(*high)? << 4 | hex_value(*low)?),
        _ => None,
    }
}

/// The value of a hexadecimal digit.
pub(super) fn hex_value(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'A'..=b'F' => Some(b - b'A' + 10),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    }
}

/// The first uuencoded file of the text; the text itself when there is none.
fn decode_uuencode(encoded: &[u8]) -> Cow<'_, [u8]> {
    let mut lines = encoded.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if !lines.any(|line| line.starts_with(b"begin ")) {
        return Cow::Borrowed(encoded);
    }
    let mut decoded = Vec::with_capacity(encoded.len() * 3 / 4);
    for line in lines {
        let Some((&length, groups)) = line.split_first() else { break };
        let length = usize::from(length.wrapping_sub(b' ') & 63);
        if length == 0 || line == b"end" {
            break;
        }
        let start = decoded.len();
        for group in groups.chunks(4) {
            let six = |i: usize| u32::from(group.get(i).map_or(0, |b| b.wrapping_sub(b' ') & 63));
            let bits = six(0) << 18 | six(1) << 12 | six(2) << 6 | six(3);
            decoded.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
        }
        decoded.truncate(start + length);
    }
    Cow::Owned(decoded)
}

/// A line of text has no more (RFC 2045 §2.7, RFC 5322 §2.1.1).
pub(super) const LINE_OCTETS_MAX: usize = 998;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_recognized_through_common_slips() {
        assert_eq!(Encoding::named(b" Base64 (x)\r\n"), Some(Encoding::Base64));
        assert_eq!(Encoding::named(b" \"quoted-printable\""), Some(Encoding::QuotedPrintable));
        assert_eq!(Encoding::named(b"8bits"), Some(Encoding::EightBit));
        assert_eq!(Encoding::named(b"16bit"), Some(Encoding::Binary));
        assert_eq!(Encoding::named(b"x-secret"), None);
        let unknown = |value: &'static str| unknown_name(&[value.as_bytes()]);
        assert_eq!(unknown(" X-Secret (x)\r\n"), Some("X-Secret"));
        assert_eq!(unknown("(a (b)) (c)\r\n X-Secret"), Some("X-Secret"));
        assert_eq!(Encoding::named(b" (x) base64 (y)"), Some(Encoding::Base64));
        for known in [" 7bit", " quoted printable", "16bit", " utf-8", " text/html", " ", " \"\"", " g\u{f6}"]
        {
            assert_eq!(unknown(known), None, "{known}");
        }
        assert_eq!(unknown_name(&[b"x-secret", b"base64"]), None);
        assert_eq!(unknown_name(&[]), None);
        for code in 0..6 {
            assert_eq!(Encoding::from_code(code).map(Encoding::code), Some(code));
        }
    }

    #[test]
    fn damaged_encodings_still_decode() {
        assert_eq!(&*decode(Encoding::Base64, b"aGVs\r\nbG8"), b"hello");
        assert_eq!(&*decode(Encoding::Base64, b"aGVsbG8=\r\n!!aGVsbG8="), b"hellohello");
        assert_eq!(&*decode(Encoding::QuotedPrintable, b"a=\r\nb =3d=ZZ  \r\nc="), b"ab ==ZZ\r\nc");
        assert_eq!(&*decode(Encoding::Uuencode, b"x\r\nbegin 644 f\r\n#0V%T\r\n`\r\nend\r\n"), b"Cat");
    }
}

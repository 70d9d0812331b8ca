//! Broken MIME headers, and what they probably meant. Each rule is a function, and says its name when it fires.
//!
//! The rules change what we derive, never what we keep: a client that asks for the octets gets them as they came.

use std::ops::Range;

use super::charset;
use super::content::{ContentType, parameter, parametrized};
use super::header;
use super::parse::{ParsedPart, PartKind};
use super::transfer::{self, Encoding, base64_value, is_token};

/// The names of the rules that fired for one message, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repairs {
    /// In the order in which they fired first.
    pub names: Vec<&'static str>,
}

impl Repairs {
    /// Records that a rule fired.
    pub fn note(&mut self, name: &'static str) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}

/// What the header of a part says about its content, mended.
pub(super) struct Mime {
    pub content_type: ContentType,
    pub encoding: Encoding,
    /// What it says instead of an encoding that is known here.
    pub unknown_encoding: Option<String>,
}

/// Reads Content-Type and Content-Transfer-Encoding of the header at `range`.
pub(super) fn mime_header(bytes: &[u8], range: Range<usize>, in_digest: bool, repairs: &mut Repairs) -> Mime {
    let (mut types, mut encodings) = (Vec::new(), Vec::new());
    for field in header::fields(&bytes[range.clone()]) {
        if field.is("Content-Type") {
            types.push(field.value);
        } else if field.is("Content-Transfer-Encoding") {
            encodings.push(field.value);
        }
    }
    let rest = &bytes[range.end..bytes.len().min(range.end + LOOK_AHEAD_OCTETS)];
    let (content_type, moved) = content_type(&types, in_digest, rest, repairs);
    let mut encoding = transfer_encoding(&encodings, rest, repairs);
    if let (Some(moved), true) = (moved, encodings.is_empty()) {
        encoding = moved;
    }
    if content_type.main == "multipart" && !encoding.is_identity() {
        repairs.note("multipart-not-encoded");
        encoding = Encoding::SevenBit;
    }
    let unknown = transfer::unknown_name(&encodings).filter(|_| encoding.is_identity());
    Mime { content_type, encoding, unknown_encoding: unknown.map(str::to_owned) }
}

/// The Content-Type that these fields mean; and the encoding, if that is what one of them really is.
fn content_type(
    values: &[&[u8]],
    in_digest: bool,
    rest: &[u8],
    repairs: &mut Repairs,
) -> (ContentType, Option<Encoding>) {
    let absent =
        || if in_digest { ContentType::new("message", "rfc822") } else { ContentType::new("text", "plain") };
    let mut valid: Vec<ContentType> = values.iter().filter_map(|value| valid_type(value, repairs)).collect();
    match (valid.len(), values.first()) {
        (_, None) => (absent(), None),
        (0, Some(value)) if value.trim_ascii().is_empty() => {
            repairs.note("content-type-empty");
            (absent(), None)
        }
        (0, Some(value)) => repair_content_type(value, repairs),
        (1, _) => (valid.remove(0), None),
        _ => (repair_several_content_types(valid, rest, repairs), None),
    }
}

/// A type and subtype made of tokens (RFC 2045 §5.1), with small slips forgiven.
fn valid_type(value: &[u8], repairs: &mut Repairs) -> Option<ContentType> {
    let mut read = parametrized(value);
    let slash = read.word.iter().position(|&b| b == b'/')?;
    let main = read.word[..slash].trim_ascii();
    let after = read.word[slash + 1..].trim_ascii();
    let end = after.iter().position(|&b| !is_token(b)).unwrap_or(after.len());
    let sub = &after[..end];
    if main.is_empty() || sub.is_empty() || !main.iter().all(|&b| is_token(b)) {
        return None;
    }
    let content_type = ContentType::new(&lower(main), &lower(sub));
    if end < after.len() && after[end..].contains(&b'=') {
        let mut missed = repair_missing_semicolon(&after[end..], repairs);
        missed.append(&mut read.parameters);
        read.parameters = missed;
    }
    let before = read.parameters.len();
    read.parameters.retain(|(name, _)| name.iter().all(|&b| is_token(b)));
    if read.parameters.len() < before {
        repairs.note("parameter-dropped");
    }
    Some(ContentType { parameters: read.parameters, ..content_type })
}

/// `text/html charset=x` and `text/html, charset=x` lack the semicolon.
fn repair_missing_semicolon(rest: &[u8], repairs: &mut Repairs) -> Vec<(Vec<u8>, Vec<u8>)> {
    repairs.note("content-type-semicolon-missing");
    let mut with_semicolon = b";".to_vec();
    with_semicolon.extend(rest.iter().map(|&b| if b == b',' { b';' } else { b }));
    parametrized(&with_semicolon).parameters
}

/// A Content-Type that is none: RFC 1049 names, parameters only, half a type, a charset, or an encoding.
fn repair_content_type(value: &[u8], repairs: &mut Repairs) -> (ContentType, Option<Encoding>) {
    repairs.note("content-type-unparsable");
    let mut read = parametrized(value);
    let word = lower(&read.word);
    let word = word.trim_matches(['"', '\'', ' ']);
    if word.contains('=') {
        // Only parameters: `charset=utf-8`.
        read.parameters = repair_missing_semicolon(value, repairs);
    }
    if let Some(encoding) = Encoding::named(word.as_bytes()).filter(|_| !matches!(word, "unknown" | "none")) {
        repairs.note("content-type-is-encoding");
        return (ContentType::new("text", "plain"), Some(encoding));
    }
    let mut found = match word {
        "text" | "text/" | "plain" | "/plain" => ContentType::new("text", "plain"),
        "html" | "/html" => ContentType::new("text", "html"),
        "multipart" | "multipart/" | "mixed" | "/mixed" => ContentType::new("multipart", "mixed"),
        "message" | "message/" => ContentType::new("message", "rfc822"),
        "postscript" => ContentType::new("application", "postscript"),
        "" => ContentType::new("text", "plain"),
        _ if encoding_rs::Encoding::for_label(word.as_bytes()).is_some() => {
            read.parameters.push((b"charset".to_vec(), word.as_bytes().to_vec()));
            ContentType::new("text", "plain")
        }
        _ if word.contains('=') => ContentType::new("text", "plain"),
        _ => ContentType::new("application", "octet-stream"),
    };
    found.parameters = read.parameters;
    (repair_type_by_name(found, repairs), None)
}

/// A part whose type says nothing is what its file name says.
fn repair_type_by_name(found: ContentType, repairs: &mut Repairs) -> ContentType {
    let name = parameter(&found.parameters, "name").or_else(|| parameter(&found.parameters, "filename"));
    let extension =
        name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
    let Some(extension) = extension else { return found };
    let guess = EXTENSIONS.iter().find(|(known, _, _)| *known == extension);
    let Some((_, main, sub)) = guess else { return found };
    repairs.note("content-type-from-name");
    ContentType { parameters: found.parameters, ..ContentType::new(main, sub) }
}

/// Several Content-Types: the one that fits the body, else the one that says more, else the first.
fn repair_several_content_types(types: Vec<ContentType>, rest: &[u8], repairs: &mut Repairs) -> ContentType {
    repairs.note("content-type-repeated");
    let score = |found: &ContentType| {
        let fits = match found.parameter("boundary") {
            Some(boundary) if found.main == "multipart" => {
                if contains_boundary(rest, boundary) {
                    8
                } else {
                    -8
                }
            }
            _ if found.main == "multipart" => -8,
            _ if found.sub == "html" && rest.trim_ascii_start().starts_with(b"<") => 4,
            _ => 0,
        };
        // text/plain is what careless software adds; what has parameters was meant.
        fits + i32::from(!found.is("text", "plain")) * 2 + i32::from(!found.parameters.is_empty())
    };
    let best = types.iter().map(score).max().unwrap_or(0);
    let index = types.iter().position(|found| score(found) == best).unwrap_or(0);
    types.into_iter().nth(index).expect("the position is one of the list")
}

fn contains_boundary(rest: &[u8], boundary: &[u8]) -> bool {
    rest.split(|&b| b == b'\n')
        .any(|line| line.strip_prefix(b"--").is_some_and(|line| line.starts_with(boundary)))
}

/// The Content-Transfer-Encoding that these fields mean.
fn transfer_encoding(values: &[&[u8]], rest: &[u8], repairs: &mut Repairs) -> Encoding {
    let known: Vec<Option<Encoding>> = values.iter().map(|value| Encoding::named(value)).collect();
    match known.as_slice() {
        [] => Encoding::SevenBit,
        [Some(encoding), others @ ..] if others.iter().all(|other| other == &Some(*encoding)) => *encoding,
        _ => repair_transfer_encoding(&known, rest, repairs),
    }
}

/// An unknown or contradictory encoding is base64 if the body looks so, else none: what the octets are in truth nobody can
/// tell, so that a search reads them as they are. Mostly they can be read that way.
fn repair_transfer_encoding(known: &[Option<Encoding>], rest: &[u8], repairs: &mut Repairs) -> Encoding {
    repairs.note("transfer-encoding-unknown");
    if looks_like_base64(rest) {
        return Encoding::Base64;
    }
    // Beside 7bit or 8bit, quoted-printable was meant if anything in the body is escaped.
    if known.contains(&Some(Encoding::QuotedPrintable)) && rest.contains(&b'=') {
        return Encoding::QuotedPrintable;
    }
    let identity = known.iter().flatten().find(|encoding| encoding.is_identity());
    identity.copied().unwrap_or(if rest.is_ascii() { Encoding::SevenBit } else { Encoding::EightBit })
}

/// More than five long lines of equal length that have only base64 characters.
fn looks_like_base64(rest: &[u8]) -> bool {
    let mut lines =
        rest.split(|&b| b == b'\n').map(|line| line.trim_ascii_end()).skip_while(|line| line.is_empty());
    let Some(first) = lines.next().filter(|line| line.len() >= 40 && line.len() % 4 == 0) else {
        return false;
    };
    let alike = |line: &&[u8]| line.len() == first.len() && line.iter().all(|&b| base64_value(b).is_some());
    alike(&first) && lines.take_while(alike).count() >= 5
}

/// A multipart without a boundary that works: lines `--x` before a MIME header give it away.
pub(super) fn repair_boundary(body: &[u8], repairs: &mut Repairs) -> Option<Vec<u8>> {
    let mut lines =
        body.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).peekable();
    while let Some(line) = lines.next() {
        let Some(boundary) = line.strip_prefix(b"--").map(<[u8]>::trim_ascii_end) else { continue };
        let next = lines.peek().copied().unwrap_or_default();
        let headed = next.len() > 8 && next[..8].eq_ignore_ascii_case(b"content-");
        if headed && !boundary.is_empty() && boundary.len() <= BOUNDARY_OCTETS_MAX {
            repairs.note("boundary-guessed");
            return Some(boundary.to_vec());
        }
    }
    None
}

/// A multipart in which there is no part is read as text, so that its content can be seen.
pub(super) fn repair_multipart_without_parts(part: &mut ParsedPart, repairs: &mut Repairs) {
    repairs.note("multipart-without-parts");
    let double = part.content_type.sub == "appledouble";
    part.content_type = if double {
        ContentType::new("application", "octet-stream")
    } else {
        ContentType::new("text", "plain")
    };
}

/// A text whose charset is undeclared, unknown, or us-ascii with 8-bit octets in it, is labelled with the guess.
pub(super) fn repair_charset(message: &[u8], part: &mut ParsedPart, repairs: &mut Repairs) {
    if part.kind != PartKind::Single || part.content_type.main != "text" {
        return;
    }
    if part.content_type.charset().is_some_and(|name| charset::is_meaningful(&name)) {
        return;
    }
    let body = &message[part.body.clone()];
    if part.encoding.is_identity() && body.is_ascii() && !body.contains(&0x1b) {
        return;
    }
    let content = transfer::decode(part.encoding, body);
    let Some(name) = charset::guess_name(&content) else { return };
    repairs.note("charset-guessed");
    part.content_type.parameters.retain(|(key, _)| !key.eq_ignore_ascii_case(b"charset"));
    part.content_type.parameters.insert(0, (b"charset".to_vec(), name.as_bytes().to_vec()));
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

/// How much of a body is looked at to tell what it is.
const LOOK_AHEAD_OCTETS: usize = 16 * 1024;

/// RFC 2046 §5.1.1 allows 70; some senders use more.
const BOUNDARY_OCTETS_MAX: usize = 200;

/// What file names say about content.
const EXTENSIONS: [(&str, &str, &str); 13] = [
    ("txt", "text", "plain"),
    ("htm", "text", "html"),
    ("html", "text", "html"),
    ("csv", "text", "csv"),
    ("ics", "text", "calendar"),
    ("eml", "message", "rfc822"),
    ("pdf", "application", "pdf"),
    ("zip", "application", "zip"),
    ("doc", "application", "msword"),
    ("gif", "image", "gif"),
    ("png", "image", "png"),
    ("jpg", "image", "jpeg"),
    ("jpeg", "image", "jpeg"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn mime(header: &str, body: &str) -> (String, Encoding, Vec<&'static str>) {
        let message = format!("{header}\r\n{body}");
        let mut repairs = Repairs::default();
        let mime = mime_header(message.as_bytes(), 0..header.len() + 2, false, &mut repairs);
        (mime.content_type.to_string(), mime.encoding, repairs.names)
    }

    fn type_of(value: &str) -> String {
        mime(&format!("Content-Type: {value}\r\n"), "").0
    }

    #[test]
    fn broken_content_types_are_understood() {
        assert_eq!(type_of("text"), "text/plain");
        assert_eq!(type_of("/html"), "text/html");
        assert_eq!(type_of("iso-8859-1"), "text/plain");
        assert_eq!(type_of("charset=utf-8"), "text/plain");
        assert_eq!(type_of("file; name=\"a.PDF\""), "application/pdf");
        assert_eq!(type_of("nonsense"), "application/octet-stream");
        assert_eq!(type_of("Text/HTML charset=utf-8"), "text/html");
        assert_eq!(type_of("text/html; subject: you won"), "text/html");
        assert_eq!(type_of(""), "text/plain");
        assert_eq!(mime("Content-Type: base64\r\n", "").1, Encoding::Base64);
    }

    #[test]
    fn of_several_content_types_the_fitting_one_counts() {
        let two = "Content-Type: text/plain\r\nContent-Type: text/html; charset=x\r\n";
        assert_eq!(mime(two, "").0, "text/html");
        let boundary = "Content-Type: text/html\r\nContent-Type: multipart/mixed; boundary=b\r\n";
        assert_eq!(mime(boundary, "--b\r\n\r\n").0, "multipart/mixed");
        assert_eq!(mime(boundary, "<html>").0, "text/html");
    }

    #[test]
    fn unknown_encodings_are_guessed_from_the_body() {
        let unknown = "Content-Transfer-Encoding: x-odd\r\n";
        let line = format!("{}\r\n", "QUJD".repeat(18));
        assert_eq!(mime(unknown, &line.repeat(7)).1, Encoding::Base64);
        assert_eq!(mime(unknown, "hello").1, Encoding::SevenBit);
        let two = "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: quoted-printable\r\n";
        assert_eq!(mime(two, "=20").1, Encoding::QuotedPrintable);
        assert_eq!(mime(two, "hello").1, Encoding::SevenBit);
        let multipart = "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n";
        assert_eq!(mime(multipart, "--b").1, Encoding::SevenBit);
    }
}

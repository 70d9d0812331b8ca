//! Text for people and for search: header values without their encodings, and the readable content of parts.

use super::charset;
use super::header::unfold;
use super::parse::html_to_text;
use super::transfer::{decode_base64, escaped};

/// What SEARCH finds in a part: its decoded content as UTF-8, and of HTML what a person reads, too. Nothing where the
/// content is no text.
///
/// `content_type` is like `text/plain`, `content` has its transfer encoding undone.
pub fn search_texts(content_type: &str, charset: Option<&str>, content: &[u8]) -> Vec<String> {
    if !is_text(content_type) {
        return Vec::new();
    }
    if !["text/html", "application/xhtml+xml", "text/x-html"].contains(&content_type) {
        return vec![charset::decode(content, charset)];
    }
    let source = charset::decode(content, charset.or_else(|| html_charset(content)));
    vec![html_to_text(&source), source]
}

/// Whether the content of a part of this type is text that is searched.
pub fn is_text(content_type: &str) -> bool {
    const OTHERS: [&str; 5] = [
        "application/xhtml+xml",
        "application/ics",
        "application/json",
        "application/xml",
        "application/pgp-keys",
    ];
    content_type.starts_with("text/")
        || content_type.starts_with("message/")
        || OTHERS.contains(&content_type)
}

/// A header value as people read it: unfolded, RFC 2047 words decoded, unlabelled octets guessed.
pub fn decode_header_value(value: &[u8]) -> String {
    decode_header_value_as(value, None)
}

/// The same, for a message whose text says in which charset its raw octets probably are.
pub fn decode_header_value_as(value: &[u8], charset: Option<&str>) -> String {
    let value = unfold(value);
    let decoded = if value.windows(2).any(|pair| pair == b"=?") {
        decode_words(&value, charset)
    } else {
        raw_text(&value, charset)
    };
    let wrong = |c: char| c.is_control() && c != '\t';
    if decoded.contains(wrong) { decoded.replace(wrong, " ") } else { decoded }
}

/// Octets that stand unlabelled in a header: UTF-8 where they are (RFC 6532), else in the charset of the texts.
fn raw_text(octets: &[u8], charset: Option<&str>) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if !octets.contains(&0x1b) => text.to_string(),
        _ => charset::decode(octets, charset),
    }
}

/// The charset that `<meta charset=…>` or `<meta http-equiv content="…; charset=…">` names.
fn html_charset(html: &[u8]) -> Option<&str> {
    let head = &html[..html.len().min(META_OCTETS_MAX)];
    let at = head.windows(8).position(|word| word.eq_ignore_ascii_case(b"charset="))? + 8;
    let rest = head[at..].trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    let end =
        rest.iter().position(|b| !b.is_ascii_alphanumeric() && !b"-_:.".contains(b)).unwrap_or(rest.len());
    std::str::from_utf8(&rest[..end]).ok().filter(|name| !name.is_empty())
}

/// One RFC 2047 encoded-word.
struct Word<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    length: usize,
}

fn decode_words(value: &[u8], raw_charset: Option<&str>) -> String {
    let mut decoded = String::with_capacity(value.len());
    // Octets of adjacent words in one charset are joined first: some senders split within a character.
    let mut pending: Option<(&str, Vec<u8>)> = None;
    let (mut at, mut literal) = (0, 0);
    while at < value.len() {
        let Some(word) = encoded_word(&value[at..]) else {
            at += 1;
            continue;
        };
        let between = &value[literal..at];
        // RFC 2047 §6.2: blanks between two encoded words are not shown.
        let adjacent = pending.is_some() && between.iter().all(|&b| b == b' ' || b == b'\t');
        match &mut pending {
            Some((charset, octets)) if adjacent && charset.eq_ignore_ascii_case(word.charset) => {
                octets.extend_from_slice(&word.octets);
            }
            _ => {
                flush(&mut pending, &mut decoded);
                if !adjacent {
                    decoded.push_str(&raw_text(between, raw_charset));
                }
                pending = Some((word.charset, word.octets));
            }
        }
        at += word.length;
        literal = at;
    }
    flush(&mut pending, &mut decoded);
    decoded.push_str(&raw_text(&value[literal..], raw_charset));
    decoded
}

fn flush(pending: &mut Option<(&str, Vec<u8>)>, decoded: &mut String) {
    if let Some((charset, octets)) = pending.take() {
        decoded.push_str(&charset::decode(&octets, Some(charset)));
    }
}

/// The encoded-word at the start of `bytes`; blanks inside it and text glued to it are forgiven.
fn encoded_word(bytes: &[u8]) -> Option<Word<'_>> {
    let rest = bytes.strip_prefix(b"=?")?;
    let charset_end = rest.iter().take(CHARSET_OCTETS_MAX).position(|&b| b == b'?')?;
    let charset = std::str::from_utf8(&rest[..charset_end]).ok()?;
    // RFC 2231 §5: a language may follow the charset.
    let charset = charset.split('*').next().unwrap_or(charset);
    let [encoding, b'?', text @ ..] = &rest[charset_end + 1..] else { return None };
    let end = text.windows(2).take(WORD_OCTETS_MAX).position(|pair| pair == b"?=")?;
    let octets = match encoding {
        b'B' | b'b' => decode_base64(&text[..end]),
        b'Q' | b'q' => decode_q(&text[..end]),
        _ => return None,
    };
    Some(Word { charset, octets, length: 2 + charset_end + 3 + end + 2 })
}

/// RFC 2047 §4.2.
fn decode_q(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if let Some(b) = escaped(&text[at..]) {
            octets.push(b);
            at += 3;
        } else {
            octets.push(if text[at] == b'_' { b' ' } else { text[at] });
            at += 1;
        }
    }
    octets
}

/// Charset names are short.
const CHARSET_OCTETS_MAX: usize = 60;

/// RFC 2047 §2 allows 75; some senders encode a whole subject as one word.
const WORD_OCTETS_MAX: usize = 2000;

/// Where a meta tag is looked for.
const META_OCTETS_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(value: &str) -> String {
        decode_header_value(value.as_bytes())
    }

    #[test]
    fn rfc_2047_section_8_examples_decode() {
        assert_eq!(decoded("=?ISO-8859-1?Q?a?="), "a");
        assert_eq!(decoded("=?ISO-8859-1?Q?a?= b"), "a b");
        assert_eq!(decoded("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?="), "ab");
        assert_eq!(decoded("=?ISO-8859-1?Q?a?=\r\n  =?ISO-8859-1?Q?b?="), "ab");
        assert_eq!(decoded("=?ISO-8859-1?Q?a_b?="), "a b");
        assert_eq!(decoded("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?="), "a b");
    }

    #[test]
    fn broken_words_decode_or_stay() {
        assert_eq!(decoded("=?utf-8?q?=C3?= =?utf-8?q?=BC?="), "ü");
        assert_eq!(decoded("x=?utf-8?B?w7w=?=y"), "xüy");
        assert_eq!(decoded("=?utf-8?q?a b?= c"), "a b c");
        assert_eq!(decoded("=?utf-8?x?a?= =?"), "=?utf-8?x?a?= =?");
        assert_eq!(decode_header_value(b"Gr\xfc\xdfe"), "Grüße");
        assert_eq!(decode_header_value_as("für".as_bytes(), Some("iso-8859-1")), "für");
        assert_eq!(decode_header_value_as(b"\xcf\xf0\xe8", Some("windows-1251")), "При");
    }

    #[test]
    fn html_is_searched_as_text() {
        let html =
            b"<html><head><meta charset=\"koi8-r\"></head><body><p>\xf0\xd2\xc9&amp;</p></body></html>";
        let texts = search_texts("text/html", None, html);
        assert_eq!(texts[0].trim(), "При&");
        assert!(texts[1].contains("<p>При&amp;</p>"));
        assert_eq!(search_texts("text/plain", Some("utf-8"), b"plain"), ["plain"]);
        assert_eq!(search_texts("image/png", None, b"plain"), [""; 0]);
    }
}

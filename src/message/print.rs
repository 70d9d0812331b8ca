//! Strings as IMAP prints them: quoted where that is possible, else literals (RFC 9051 §4.3).

use super::text::decode_header_value;

/// Appends `nstring`: NIL for None.
pub(super) fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Appends `string`.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) {
    if text.iter().any(|&b| b >= 0x80 || b == b'\r' || b == b'\n' || b == 0) {
        // A literal cannot carry NUL; canonical messages have none, and what we decode ourselves may.
        out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
        out.extend(text.iter().map(|&b| if b == 0 { super::canonical::NUL_BECOMES } else { b }));
        return;
    }
    out.push(b'"');
    for &b in text {
        if b == b'"' || b == b'\\' {
            out.push(b'\\');
        }
        out.push(b);
    }
    out.push(b'"');
}

/// Appends text of a header as a client without UTF8=ACCEPT can read it: raw octets become RFC 2047 words.
pub(super) fn header_text(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) if !text.is_ascii() => string(out, encode_words(&decode_header_value(text)).as_bytes()),
        other => nstring(out, other),
    }
}

/// The text as RFC 2047 encoded-words of at most 75 characters.
fn encode_words(text: &str) -> String {
    let mut words = String::new();
    let mut word = String::new();
    for c in text.chars() {
        let mut octets = [0; 4];
        let mut encoded = String::new();
        for &b in c.encode_utf8(&mut octets).as_bytes() {
            match b {
                b' ' => encoded.push('_'),
                b if b.is_ascii_alphanumeric() || b"!*+-/.,".contains(&b) => encoded.push(char::from(b)),
                b => encoded.push_str(&format!("={b:02X}")),
            }
        }
        if word.len() + encoded.len() > WORD_CHARACTERS_MAX {
            finish_word(&mut words, &mut word);
        }
        word.push_str(&encoded);
    }
    finish_word(&mut words, &mut word);
    words
}

fn finish_word(words: &mut String, word: &mut String) {
    if !word.is_empty() {
        let blank = if words.is_empty() { "" } else { " " };
        words.push_str(&format!("{blank}=?utf-8?q?{word}?="));
        word.clear();
    }
}

/// RFC 2047 §2 allows 75 with the frame around it.
const WORD_CHARACTERS_MAX: usize = 75 - "=?utf-8?q??=".len();

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: Option<&[u8]>) -> String {
        let mut out = Vec::new();
        header_text(&mut out, text);
        String::from_utf8(out).expect("printable")
    }

    #[test]
    fn strings_are_quoted_or_literals() {
        assert_eq!(printed(None), "NIL");
        assert_eq!(printed(Some(b"a \"b\" \\")), "\"a \\\"b\\\" \\\\\"");
        let mut out = Vec::new();
        string(&mut out, b"a\r\nb");
        assert_eq!(out, b"{4}\r\na\r\nb");
    }

    #[test]
    fn raw_octets_become_encoded_words_that_decode_again() {
        assert_eq!(printed(Some(b"Gr\xfc\xdfe")), "\"=?utf-8?q?Gr=C3=BC=C3=9Fe?=\"");
        let long = "Grüße an alle ".repeat(20);
        assert_eq!(decode_header_value(encode_words(&long).as_bytes()), long);
    }
}

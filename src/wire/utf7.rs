//! Modified UTF-7, in which IMAP4rev1 writes mailbox names (RFC 3501 §5.1.3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// `text` in modified UTF-7: printable US-ASCII stands for itself, the rest is base64 of UTF-16BE between `&` and `-`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    let mut shifted: Vec<u8> = Vec::new();
    for c in text.chars() {
        if !(' '..='~').contains(&c) {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                shifted.extend_from_slice(&unit.to_be_bytes());
            }
            continue;
        }
        unshift(&mut encoded, &mut shifted);
        match c {
            '&' => encoded.push_str("&-"),
            _ => encoded.push(c),
        }
    }
    unshift(&mut encoded, &mut shifted);
    encoded
}

/// Ends a run of shifted characters.
fn unshift(encoded: &mut String, shifted: &mut Vec<u8>) {
    if !shifted.is_empty() {
        encoded.push('&');
        BASE64.encode_string(&*shifted, encoded);
        encoded.push('-');
        shifted.clear();
    }
}

/// What `name` means. Lenient: octets that are no modified UTF-7 are taken as UTF-8, or as themselves.
///
/// Real clients send raw UTF-8, ampersands that begin nothing, and printable characters in base64; a mailbox that was
/// made with such a name must be found again by it.
pub fn decode(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let mut decoded = String::with_capacity(name.len());
    let mut rest = &*name;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        match after.find('-').and_then(|end| Some((shifted(&after[..end])?, end))) {
            Some((text, end)) => {
                decoded.push_str(&text);
                rest = &after[end + 1..];
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Whether `name` is modified UTF-7 as RFC 3501 §5.1.3 has it: what is encoded needs to be, and is encoded in one way only.
pub fn is_valid(name: &[u8]) -> bool {
    encode(&decode(name)).as_bytes() == name
}

/// The text of one shifted run; None when it is not one.
fn shifted(run: &str) -> Option<String> {
    if run.is_empty() {
        return Some("&".to_string());
    }
    let octets = BASE64.decode(run).ok()?;
    if octets.len() % 2 != 0 {
        return None;
    }
    let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

/// Base64 with `,` for `/` and without padding; stray bits at the end are ignored, as some clients leave them.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_rfc_are_read_and_written() {
        for (text, name) in [
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("R&D", "R&-D"),
            ("Hi 😀", "Hi &2D3eAA-"),
        ] {
            assert_eq!(encode(text), name);
            assert_eq!(decode(name.as_bytes()), text);
        }
    }

    #[test]
    fn what_is_no_utf7_stands_for_itself() {
        assert_eq!(decode(b"a & b"), "a & b");
        assert_eq!(decode(b"a &b"), "a &b");
        assert_eq!(decode("Entwürfe".as_bytes()), "Entwürfe");
        assert_eq!(decode(b"&AGE-"), "a");
        assert_eq!(decode(b"x\xff"), "x\u{fffd}");
    }

    #[test]
    fn there_is_one_way_to_write_a_name() {
        for right in ["", "a b", "R&-D", "Entw&APw-rfe", "Hi &2D3eAA-", "&U,BTFw-/&ZeVnLIqe-"] {
            assert!(is_valid(right.as_bytes()), "{right}");
        }
        // Bare, raw, not needed, split in two, with stray bits, half a character, unended.
        for wrong in ["R&D", "Entwürfe", "&AGE-", "&U,A-&UxQ-", "&APx-", "&2D0-", "&APw", "a\tb"] {
            assert!(!is_valid(wrong.as_bytes()), "{wrong}");
        }
        assert!(!is_valid(b"x\xff"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_ascii_and_decodes_to_itself(text in "\\PC*") {
            let name = encode(&text);
            prop_assert!(name.bytes().all(|b| (0x20..0x7f).contains(&b)));
            prop_assert!(is_valid(name.as_bytes()));
            prop_assert_eq!(decode(name.as_bytes()), text);
        }

        #[test]
        fn any_octets_decode(name in proptest::collection::vec(any::<u8>(), 0..64)) {
            decode(&name);
        }
    }
}

//! Octets to UTF-8: by the declared charset when it fits, else by a guess, and always to something.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::parse;

/// The text that these octets are. `declared` is the charset the sender named, if any.
///
/// The declaration is not trusted where it can be seen to be wrong: UTF-8 hardly ever arises by chance, and
/// us-ascii with 8-bit octets, or an unknown name, says nothing.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    let declared = declared.map(str::trim).filter(|name| !name.is_empty());
    if let Some(name) = declared {
        if name.eq_ignore_ascii_case("utf-7") || name.eq_ignore_ascii_case("unicode-1-1-utf-7") {
            return parse::decode_utf_7(bytes);
        }
        if let Some(encoding) = trusted(name) {
            return decode_as(encoding, bytes);
        }
    }
    guess(bytes)
}

/// The text of a declared charset where it decodes without errors; else the better of it and the guess.
fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> String {
    let (text, wrong) = encoding.decode_without_bom_handling(strip_bom(encoding, bytes));
    if !wrong {
        // A windows charset takes any octets, also those of UTF-8: its own text would not be valid UTF-8 by chance.
        if encoding.is_single_byte() && !bytes.is_ascii() && has_multibyte_utf_8(bytes) {
            return guess(bytes);
        }
        return text.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => text.into_owned(),
    }
}

/// The encoding that a name means, but for names that mean nothing in practice.
fn trusted(name: &str) -> Option<&'static Encoding> {
    let silent =
        ["us-ascii", "ascii", "ansi_x3.4-1968", "unknown", "unknown-8bit", "x-unknown", "default", "binary"];
    if silent.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        return None;
    }
    // What the web calls "replacement" decodes to nothing at all.
    let found = Encoding::for_label(name.as_bytes()).or_else(|| alias(name));
    found.filter(|encoding| *encoding != encoding_rs::REPLACEMENT)
}

/// Names that mailers use and the WHATWG list lacks.
fn alias(name: &str) -> Option<&'static Encoding> {
    let name = name.to_ascii_lowercase();
    let label = match name.as_str() {
        "utf8" | "unicode" | "utf-8mb4" | "x-utf-8" => "utf-8",
        "cp-850" | "cp850" | "ibm850" | "cp1252" | "ansi" | "iso8859_1" | "8859-1" => "windows-1252",
        "ks_c_5601" | "ksc5601" | "cp949" | "uhc" | "x-windows-949" => "euc-kr",
        "cp936" | "gb_2312-80" | "hz-gb-2312" => "gb18030",
        "cp932" | "x-sjis-jp" | "ms932" => "shift_jis",
        "cp950" => "big5",
        "cp874" | "tis620" => "windows-874",
        "iso-2022-jp-2" | "iso-2022-jp-ms" | "cp50221" => "iso-2022-jp",
        _ => {
            let digits = name
                .strip_prefix("windows")
                .or_else(|| name.strip_prefix("cp"))
                .or_else(|| name.strip_prefix("win"));
            let digits = digits?.trim_start_matches(['-', '_']);
            return Encoding::for_label(format!("windows-{digits}").as_bytes());
        }
    };
    Encoding::for_label(label.as_bytes())
}

/// The text of octets that nobody named: ISO-2022-JP by its escapes, ASCII, UTF-8, else windows-1252.
pub fn guess(bytes: &[u8]) -> String {
    if bytes.is_ascii()
        && is_japanese(bytes)
        && let (text, false) = encoding_rs::ISO_2022_JP.decode_without_bom_handling(bytes)
    {
        return text.into_owned();
    }
    let bytes = strip_bom(UTF_8, bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) if mostly_utf_8(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Whether a declared charset says anything.
pub(super) fn is_meaningful(name: &str) -> bool {
    trusted(name.trim()).is_some() || name.to_ascii_lowercase().contains("utf-7")
}

/// The name of the charset that [`guess`] decides for; None for plain ASCII.
pub(super) fn guess_name(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_ascii() {
        return is_japanese(bytes).then_some("iso-2022-jp");
    }
    let is_utf_8 = std::str::from_utf8(bytes).is_ok() || mostly_utf_8(bytes);
    Some(if is_utf_8 { "utf-8" } else { "windows-1252" })
}

fn is_japanese(bytes: &[u8]) -> bool {
    bytes.contains(&0x1b) && bytes.windows(3).any(|w| matches!(w, b"\x1b$B" | b"\x1b$@" | b"\x1b(J"))
}

/// Whether this is UTF-8 with a little damage, such as a text cut in the middle of a character.
fn mostly_utf_8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 4 * bad
}

fn has_multibyte_utf_8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().filter(|c| !c.is_ascii()).count() > 2)
}

fn strip_bom<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> &'a [u8] {
    match Encoding::for_bom(bytes) {
        Some((found, length)) if found == encoding => &bytes[length..],
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_charsets_are_used() {
        assert_eq!(decode(b"Gr\xfc\xdfe", Some("ISO-8859-1")), "Grüße");
        assert_eq!(decode("Grüße".as_bytes(), Some("utf8")), "Grüße");
        assert_eq!(decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("cp1251")), "Привет");
        assert_eq!(decode(b"Hi Mom -+Jjo--!", Some("utf-7")), "Hi Mom -\u{263a}-!");
    }

    #[test]
    fn wrong_or_missing_declarations_are_guessed() {
        assert_eq!(decode("Grüße".as_bytes(), None), "Grüße");
        assert_eq!(decode("Grüße an".as_bytes(), Some("us-ascii")), "Grüße an");
        assert_eq!(decode(b"Gr\xfc\xdfe", Some("utf-8")), "Gr\u{fffd}\u{fffd}e");
        assert_eq!(decode(b"Gr\xfc\xdfe", Some("x-nonsense")), "Grüße");
        assert_eq!(decode("Ελληνικά".as_bytes(), Some("iso-8859-1")), "Ελληνικά");
        assert_eq!(decode(b"\x1b$B$3$s\x1b(B", None), "こん");
    }
}

//! Text in the form in which it is compared: i;unicode-casemap (RFC 5051), which IMAP asks of a search (RFC 5255 §4.5).
//!
//! RFC 5051 §2 titlecases each character and decomposes what comes out (NFKD). In the end letters are made small here,
//! which leaves equal what was equal, and lets ASCII be compared without a copy. It also lets a compatibility character
//! that has no capital of its own be found by the letters it stands for, whatever their case: "ﬁ" by "FI". Each
//! character is folded by itself, so that whatever is a part of a text is a part of the folded text.

use std::sync::LazyLock;

use unicode_normalization::char::decompose_compatible;

/// The text in a form in which letters that differ in case alone are the same.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len() + text.len() / 8);
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded text.
pub fn fold_into(text: &str, folded: &mut String) {
    let mut rest = text;
    // Runs of ASCII, of which there are many in most scripts, are taken at once.
    while let Some(at) = rest.bytes().position(|octet| !octet.is_ascii()) {
        push_ascii(&rest[..at], folded);
        let mut chars = rest[at..].chars();
        if let Some(c) = chars.next() {
            push(c, folded);
        }
        rest = chars.as_str();
    }
    push_ascii(rest, folded);
}

fn push_ascii(text: &str, folded: &mut String) {
    let start = folded.len();
    folded.push_str(text);
    folded[start..].make_ascii_lowercase();
}

fn push(c: char, folded: &mut String) {
    let index = c as usize;
    match index {
        // Of the ideographs in these blocks, none has a case or a decomposition.
        0x3400..=0x9FFF => folded.push(c),
        _ => match TABLE.get(index) {
            Some(Some(one)) => folded.push(*one),
            _ => slowly(c, &mut |one| folded.push(one)),
        },
    }
}

/// What one character becomes, by the tables of Unicode.
fn slowly(c: char, push: &mut dyn FnMut(char)) {
    // A titlecase letter that is no capital decomposes to the same letters as the capital does, but for their case. What
    // comes out may have a capital again, as the iota below a letter has.
    decompose_compatible(simple(c, c.to_uppercase()), |part| {
        let capital = simple(part, part.to_uppercase());
        push(simple(capital, capital.to_lowercase()));
    });
}

/// The one character to which `c` is mapped. Where it would be several, as the capital of "ß", there is no simple mapping,
/// which is what RFC 5051 asks for: the character stays.
fn simple(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// What the characters of most alphabets become, by their numbers, where it is one character.
static TABLE: LazyLock<Box<[Option<char>]>> = LazyLock::new(|| {
    let one = |number: u32| {
        let mut parts = Vec::new();
        slowly(char::from_u32(number)?, &mut |part| parts.push(part));
        match parts[..] {
            [one] => Some(one),
            _ => None,
        }
    };
    (0..TABLE_LENGTH).map(one).collect()
});

/// Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic and the scripts of India are below; symbols and CJK follow.
const TABLE_LENGTH: u32 = 0x3100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slow(text: &str) -> String {
        let mut folded = String::new();
        for c in text.chars() {
            slowly(c, &mut |part| folded.push(part));
        }
        folded
    }

    #[test]
    fn letters_that_differ_in_case_are_the_same() {
        for (one, other) in [
            ("GRÜSSE", "grüsse"),
            ("ΟΔΟΣ", "οδος"),
            ("\u{1c4}", "\u{1c5}"),
            ("\u{1c4}", "\u{1c6}"),
            ("\u{17f}o", "SO"),
            ("\u{212a}", "k"),
            ("\u{b5}", "\u{3bc}"),
            ("ﬁne", "FINE"),
            ("é", "e\u{301}"),
            ("Ａ１", "a1"),
            ("한", "\u{1112}\u{1161}\u{11ab}"),
            ("\u{1fb3}", "\u{1fbc}"),
            ("ᲐᲑ", "აბ"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn what_rfc_5051_keeps_apart_stays_apart() {
        // UnicodeData.txt has no simple capital for "ß", and no decomposition.
        assert_ne!(fold("straße"), fold("strasse"));
        assert_ne!(fold("é"), fold("e"));
        assert_ne!(fold("ø"), fold("o"));
    }

    #[test]
    fn the_table_says_what_the_rules_say() {
        for c in (0..0x3500).chain(0x9FF0..0xA100).chain(0xF900..0x11000).filter_map(char::from_u32) {
            let c = c.to_string();
            assert_eq!(fold(&c), slow(&c), "{c:?}");
        }
        for c in (0x3400..=0x9FFF).filter_map(char::from_u32) {
            assert_eq!(slow(&c.to_string()), c.to_string());
        }
    }

    proptest! {
        #[test]
        fn folding_goes_character_by_character(one in "\\PC{0,20}", other in "\\PC{0,20}") {
            let both = format!("{one}{other}");
            prop_assert_eq!(fold(&both), fold(&one) + &fold(&other));
            prop_assert_eq!(fold(&both), slow(&both));
        }

        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,30}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}

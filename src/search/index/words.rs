//! The words that folded text is cut into for the index.
//!
//! Whether a character parts words depends on nothing but that character. So a text that has none is a part of another
//! if, and only if, it is a part of one of the words of that.

/// Calls `found` with each word of a folded text.
pub fn each_word<'a>(folded: &'a str, mut found: impl FnMut(&'a str)) {
    let octets = folded.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < octets.len() {
        let (parts, length) = match octets[at] {
            octet if octet.is_ascii() => (!octet.is_ascii_alphanumeric(), 1),
            // Of what is not ASCII, few characters part words, and they begin with few octets.
            0xE2 | 0xE3 => (folded[at..].chars().next().is_some_and(parts_words), 3),
            octet => (
                false,
                if octet >= 0xF0 {
                    4
                } else if octet >= 0xE0 {
                    3
                } else {
                    2
                },
            ),
        };
        if parts {
            if start < at {
                found(&folded[start..at]);
            }
            start = at + length;
        }
        at += length;
    }
    if start < octets.len() {
        found(&folded[start..]);
    }
}

/// Whether this stands between words: what is neither a letter nor a digit in ASCII, and the punctuation blocks.
fn parts_words(c: char) -> bool {
    match c {
        c if c.is_ascii() => !c.is_ascii_alphanumeric(),
        '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' => true,
        _ => false,
    }
}

/// A part of what is looked for: a word, or as much of one as it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// The word begins with it.
    pub begins: bool,
    /// The word ends with it.
    pub ends: bool,
}

/// The pieces of a folded needle, all of which a text has that has the needle.
pub fn pieces(folded: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    each_word(folded, |text| {
        let start = text.as_ptr() as usize - folded.as_ptr() as usize;
        found.push(Piece { text, begins: start > 0, ends: start + text.len() < folded.len() });
    });
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word));
        words
    }

    #[test]
    fn words_lie_between_blanks_and_marks() {
        assert_eq!(
            words("well-known: (grüße) 12.5\u{2014}日本\u{3002}x"),
            ["well", "known", "grüße", "12", "5", "日本", "x"]
        );
        assert_eq!(words(" ,"), [""; 0]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn pieces_tell_where_the_word_ends() {
        let piece = |text, begins, ends| Piece { text, begins, ends };
        assert_eq!(pieces("hello"), [piece("hello", false, false)]);
        assert_eq!(
            pieces("anna@example.org"),
            [piece("anna", false, true), piece("example", true, true), piece("org", true, false)]
        );
        assert_eq!(pieces(" x "), [piece("x", true, true)]);
        assert_eq!(pieces("..."), []);
    }

    proptest! {
        #[test]
        fn words_are_what_separators_leave(text in "[ab\u{2010}\u{2070}é日\u{3001}😀 .]{0,30}") {
            let expected: Vec<&str> = text.split(parts_words).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(words(&text), expected);
        }
    }
}

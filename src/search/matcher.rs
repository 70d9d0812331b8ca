//! Whether the text of one message has what a leaf looks for: substrings by the collation that is in force, which is
//! without regard to case unless the client has chosen another one (RFC 9051 §6.4.4, RFC 5255 §4.2).

use std::borrow::Cow;

use jiff::civil::Date;
use memchr::memmem;

use super::collation::Collation;
use super::fold::fold;
use super::fuzzy::{BODY_WEIGHT, Fuzzy, HEADER_WEIGHT, WHOLE_WEIGHT};
use super::labels::with_u_labels;
use super::relevancy::RELEVANCY_MAX;
use super::selector::{Field, StoredLeaf};

/// What was read of one message, decoded to UTF-8. What a leaf does not need may be left out.
#[derive(Debug, Clone, Default)]
pub struct StoredText<'a> {
    /// The Subject field, if there is one.
    pub subject: Option<Cow<'a, str>>,
    /// Each address as a person would write it: `Name <local@domain>`; one with A-labels once more in U-labels.
    pub addresses: Vec<(Field, Cow<'a, str>)>,
    /// Every field of the header: name and value.
    pub header: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The fields of the headers of its parts. Only who looks for a text anywhere looks here.
    pub part_header: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The day of the Date field as it is written there, if it can be read.
    pub sent_on: Option<Date>,
    /// The Message-ID by which it is known, whatever the header says exactly. Only the index asks for it.
    pub message_id: Option<Cow<'a, str>>,
    /// The text of each part that has any.
    pub bodies: Vec<Cow<'a, str>>,
}

impl StoredText<'_> {
    /// The fields of its header, and those of its parts: TEXT includes these (RFC 9051 §6.4.4).
    fn all_fields(&self) -> impl Iterator<Item = &(Cow<'_, str>, Cow<'_, str>)> {
        self.header.iter().chain(&self.part_header)
    }
}

/// Whether a message has what `leaf` looks for. To ask of many messages, make a [`Matcher`].
pub fn matches(leaf: &StoredLeaf, text: &StoredText<'_>) -> bool {
    Matcher::new(leaf, Collation::default()).matches(text)
}

/// A leaf made ready to be asked of many messages.
#[derive(Debug, Clone)]
pub struct Matcher<'a> {
    leaf: &'a StoredLeaf,
    needle: Needle,
    /// The same in U-labels, where an address is looked for that has A-labels: see [`with_u_labels`].
    in_u_labels: Option<Needle>,
    /// Of a fuzzy leaf the words, and what it is about.
    fuzzy: Option<(Fuzzy, &'a StoredLeaf)>,
}

impl<'a> Matcher<'a> {
    /// Prepares `leaf`.
    pub fn new(leaf: &'a StoredLeaf, collation: Collation) -> Matcher<'a> {
        let text = leaf.text().unwrap_or_default();
        let fuzzy = match leaf {
            StoredLeaf::Fuzzy(about) => Fuzzy::new(text).map(|fuzzy| (fuzzy, &**about)),
            _ => None,
        };
        let in_u_labels = match leaf {
            StoredLeaf::Address { text, .. } => with_u_labels(text),
            _ => None,
        };
        let in_u_labels = in_u_labels.map(|text| Needle::new(&text, collation));
        Matcher { leaf, needle: Needle::new(text, collation), in_u_labels, fuzzy }
    }

    /// How relevant a message is, from 1 to 100, that has what the leaf looks for; what is looked for exactly is there or
    /// is not.
    pub fn relevancy(&self, text: &StoredText<'_>) -> Option<u8> {
        match &self.fuzzy {
            Some((fuzzy, about)) => relevancy(fuzzy, about, text),
            None => self.matches(text).then_some(RELEVANCY_MAX),
        }
    }

    /// Whether a message has what the leaf looks for. An empty text is in every field there is, and in every body.
    pub fn matches(&self, text: &StoredText<'_>) -> bool {
        let needle = &self.needle;
        match self.leaf {
            StoredLeaf::Subject(_) => text.subject.as_ref().is_some_and(|subject| needle.is_in(subject)),
            StoredLeaf::Address { field, .. } => {
                let is_in = |address: &str| {
                    needle.is_in(address)
                        || self.in_u_labels.as_ref().is_some_and(|needle| needle.is_in(address))
                };
                text.addresses.iter().any(|(of, address)| of == field && is_in(address))
            }
            StoredLeaf::Header { name, .. } => {
                text.header.iter().any(|(of, value)| of.eq_ignore_ascii_case(name) && needle.is_in(value))
            }
            StoredLeaf::Body(_) => needle.is_empty() || text.bodies.iter().any(|body| needle.is_in(body)),
            StoredLeaf::Text(_) => {
                needle.is_empty()
                    || text.all_fields().any(|(name, value)| needle.is_in_field(name, value))
                    || text.bodies.iter().any(|body| needle.is_in(body))
            }
            StoredLeaf::SentBefore(date) => text.sent_on.is_some_and(|sent| sent < *date),
            StoredLeaf::SentOn(date) => text.sent_on.is_some_and(|sent| sent == *date),
            StoredLeaf::SentSince(date) => text.sent_on.is_some_and(|sent| sent >= *date),
            StoredLeaf::Fuzzy(_) => self.relevancy(text).is_some(),
            // The text of a message does not say it.
            StoredLeaf::Placed(_) => false,
        }
    }
}

/// How near a message comes to what a fuzzy leaf is about.
fn relevancy(fuzzy: &Fuzzy, about: &StoredLeaf, text: &StoredText<'_>) -> Option<u8> {
    let mut sight = fuzzy.sight();
    match about {
        StoredLeaf::Subject(_) => text.subject.iter().for_each(|subject| sight.look(subject, WHOLE_WEIGHT)),
        StoredLeaf::Address { field, .. } => {
            let addresses = text.addresses.iter().filter(|(of, _)| of == field);
            addresses.for_each(|(_, address)| sight.look(address, WHOLE_WEIGHT));
        }
        StoredLeaf::Header { name, .. } => {
            let fields = text.header.iter().filter(|(of, _)| of.eq_ignore_ascii_case(name));
            fields.for_each(|(_, value)| sight.look(value, WHOLE_WEIGHT));
        }
        StoredLeaf::Body(_) => text.bodies.iter().for_each(|body| sight.look(body, WHOLE_WEIGHT)),
        StoredLeaf::Text(_) => {
            text.subject.iter().for_each(|subject| sight.look(subject, WHOLE_WEIGHT));
            for part in text.all_fields().flat_map(|(name, value)| [name, value]) {
                sight.look(part, HEADER_WEIGHT);
            }
            text.bodies.iter().for_each(|body| sight.look(body, BODY_WEIGHT));
        }
        _ => return None,
    }
    sight.score()
}

/// A text to look for by a collation.
#[derive(Debug, Clone)]
pub struct Needle {
    collation: Collation,
    /// As the collation compares it: for i;unicode-casemap as [`fold`] has it.
    folded: String,
    /// The octet of it that is rarest in text, by its index: the search is for that one.
    rare: usize,
}

impl Needle {
    /// Prepares `text`.
    pub fn new(text: &str, collation: Collation) -> Needle {
        let folded = match collation {
            Collation::UnicodeCasemap => fold(text),
            Collation::AsciiCasemap => text.to_ascii_lowercase(),
            Collation::Octet => text.to_owned(),
        };
        let by_rarity = |(_, octet): &(usize, u8)| COMMON.iter().position(|common| common == octet);
        // The later an octet stands in the list, the rarer it is; one that is not listed is rarest.
        let rank = |pair: &(usize, u8)| by_rarity(pair).unwrap_or(COMMON.len());
        let rare = folded.bytes().enumerate().max_by_key(rank).map_or(0, |(index, _)| index);
        Needle { collation, folded, rare }
    }

    /// Whether it is in everything.
    pub fn is_empty(&self) -> bool {
        self.folded.is_empty()
    }

    /// Whether `text` has it.
    pub fn is_in(&self, text: &str) -> bool {
        match self.collation {
            Collation::UnicodeCasemap => self.is_in_any_case(text),
            Collation::AsciiCasemap => self.is_in_octets(text.as_bytes()),
            Collation::Octet => memmem::find(text.as_bytes(), self.folded.as_bytes()).is_some(),
        }
    }

    fn is_in_any_case(&self, text: &str) -> bool {
        // Most text is ASCII, or has an ASCII needle as it is. Only what is left needs a folded copy: "ſ" is an "s".
        if self.folded.is_ascii() {
            return self.is_in_octets(text.as_bytes()) || (!text.is_ascii() && self.is_in_folded(text));
        }
        !text.is_ascii() && self.is_in_folded(text)
    }

    /// Whether a header line has it; a client may look for `Subject: hello` too.
    fn is_in_field(&self, name: &str, value: &str) -> bool {
        self.is_in(value)
            || self.is_in(name)
            || (self.folded.contains(':') && self.is_in(&format!("{name}: {value}")))
    }

    fn is_in_folded(&self, text: &str) -> bool {
        self.is_in_octets(fold(text).as_bytes())
    }

    /// Whether `text` has it, letters of ASCII compared without regard to case.
    fn is_in_octets(&self, text: &[u8]) -> bool {
        let needle = self.folded.as_bytes();
        let Some(&lower) = needle.get(self.rare) else { return true };
        let Some(last) = text.len().checked_sub(needle.len()) else { return false };
        let upper = lower.to_ascii_uppercase();
        let starts = &text[self.rare..=self.rare + last];
        let is_here = |at: usize| text[at..at + needle.len()].eq_ignore_ascii_case(needle);
        for (block, octets) in starts.chunks(BLOCK).enumerate() {
            // Without a branch inside, this runs many octets at a time.
            if !octets.iter().fold(false, |any, octet| any | (*octet == lower) | (*octet == upper)) {
                continue;
            }
            let mut places =
                octets.iter().enumerate().filter(|(_, octet)| **octet == lower || **octet == upper);
            if places.any(|(index, _)| is_here(block * BLOCK + index)) {
                return true;
            }
        }
        false
    }
}

/// Octets that are looked at together.
const BLOCK: usize = 64;

/// The octets that text is full of, the most frequent first.
const COMMON: &[u8] = b" etaoinsrhldcumfpgwybv,.k-";

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn is_in(needle: &str, text: &str) -> bool {
        Needle::new(needle, Collation::default()).is_in(text)
    }

    #[test]
    fn each_collation_finds_its_own() {
        let is_in = |collation, needle: &str, text: &str| Needle::new(needle, collation).is_in(text);
        for (needle, text, ascii, octet) in [
            ("Hello", "say Hello", true, true),
            ("hello", "say HELLO", true, false),
            ("über", "darüber", true, true),
            ("ÜBER", "darüber", false, false),
            ("DARüber", "darüber", true, false),
            ("cafe\u{301}", "café", false, false),
            ("k", "\u{212a}", false, false),
            ("", "", true, true),
        ] {
            assert_eq!(is_in(Collation::AsciiCasemap, needle, text), ascii, "{needle}");
            assert_eq!(is_in(Collation::Octet, needle, text), octet, "{needle}");
        }
    }

    #[test]
    fn case_does_not_matter() {
        assert!(is_in("HeLLo", "say hello"));
        assert!(is_in("ÜBER", "Darüber"));
        assert!(is_in("cafe\u{301}", "CAFÉ"));
        assert!(is_in("ΟΔΟΣ", "οδος"));
        assert!(is_in("привет", "ПРИВЕТ!"));
        assert!(is_in("\u{17f}o", "SO"));
        assert!(is_in("kelvin", "\u{212a}elvin"));
        assert!(is_in("", ""));
        assert!(!is_in("a", ""));
        assert!(!is_in("hello!", "hello"));
        assert!(!is_in("[", "{"), "only letters have a case");
    }

    #[test]
    fn a_needle_is_found_wherever_it_lies() {
        for before in 0..200 {
            let text = format!("{}Needle{}", "e".repeat(before), "n".repeat(before % 7));
            assert!(is_in("nEEDLe", &text));
            assert!(!is_in("needles", &text));
        }
    }

    #[test]
    fn an_empty_text_asks_whether_the_field_exists() {
        let leaf = |name: &str| StoredLeaf::Header { name: name.into(), text: String::new() };
        let header = vec![("X-Spam".into(), "yes".into())];
        let text = StoredText { header, ..StoredText::default() };
        assert!(matches(&leaf("x-spam"), &text));
        assert!(!matches(&leaf("x-ham"), &text));
        assert!(!matches(&StoredLeaf::Subject(String::new()), &text));
        assert!(matches(&StoredLeaf::Body(String::new()), &text));
    }

    #[test]
    fn each_leaf_looks_in_its_place() {
        let text = StoredText {
            subject: Some("Lunch".into()),
            addresses: vec![
                (Field::From, "Anna <anna@example.org>".into()),
                (Field::Cc, "bob@example.org".into()),
            ],
            header: vec![("Subject".into(), "Lunch".into()), ("X-Mood".into(), "hungry".into())],
            part_header: vec![("Content-Description".into(), "Menu".into())],
            sent_on: Some(date(2026, 2, 3)),
            bodies: vec!["See you at noon".into()],
            ..StoredText::default()
        };
        let address = |field, text: &str| StoredLeaf::Address { field, text: text.into() };
        for (leaf, expected) in [
            (StoredLeaf::Subject("lun".into()), true),
            (StoredLeaf::Subject("noon".into()), false),
            (address(Field::From, "ANNA"), true),
            (address(Field::From, "bob"), false),
            (address(Field::Cc, "bob@"), true),
            (StoredLeaf::Body("noon".into()), true),
            (StoredLeaf::Body("hungry".into()), false),
            (StoredLeaf::Text("hungry".into()), true),
            (StoredLeaf::Text("x-mood: hung".into()), true),
            (StoredLeaf::Text("noon".into()), true),
            (StoredLeaf::Text("menu".into()), true),
            (StoredLeaf::Text("content-description: m".into()), true),
            (StoredLeaf::Body("menu".into()), false),
            (StoredLeaf::Header { name: "Content-Description".into(), text: "menu".into() }, false),
            (StoredLeaf::Text("nothing".into()), false),
            (StoredLeaf::SentOn(date(2026, 2, 3)), true),
            (StoredLeaf::SentBefore(date(2026, 2, 3)), false),
            (StoredLeaf::SentSince(date(2026, 2, 3)), true),
            (StoredLeaf::SentSince(date(2026, 2, 4)), false),
        ] {
            assert_eq!(matches(&leaf, &text), expected, "{leaf}");
        }
        assert!(!matches(&StoredLeaf::SentOn(date(2026, 2, 3)), &StoredText::default()));
    }

    proptest! {
        #[test]
        fn searching_is_searching_the_folded_text(needle in "[abAB ßé]{0,4}", text in "[abAB ßẞÉ\u{301}]{0,100}") {
            prop_assert_eq!(is_in(&needle, &text), fold(&text).contains(&fold(&needle)));
        }

        /// So the text index, which is folded, names all messages that another collation may select.
        #[test]
        fn what_another_collation_finds_is_found_without_regard_to_case(
            needle in "[abAſkK\u{212a} ßé]{0,4}", text in "[abAſkK\u{212a} ßẞÉé\u{301}]{0,60}",
        ) {
            for collation in Collation::ALL {
                let needle = Needle::new(&needle, collation);
                prop_assert!(!needle.is_in(&text) || is_in(&needle.folded, &text));
            }
        }

        #[test]
        fn every_piece_of_a_text_is_in_it(text in "\\PC{0,80}", from in 0usize..80, len in 0usize..20) {
            let piece: String = text.chars().skip(from).take(len).collect();
            prop_assert!(is_in(&piece, &text));
            prop_assert!(is_in(&fold(&piece), &text));
        }
    }
}

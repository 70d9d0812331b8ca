//! Names of mailboxes: a path of levels separated by `/`, and the patterns with which LIST asks for them.

use std::borrow::Cow;
use std::fmt;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::error::{Code, Error};
use crate::limits;

/// The hierarchy separator of every mailbox name.
pub const SEPARATOR: char = '/';

/// The one name that exists in every account, and is written in any case (RFC 9051 §5.1).
const INBOX: &str = "INBOX";

/// The name of a mailbox within its account, in UTF-8 normalization form C, so that it is found however its accents are
/// composed (RFC 9051 §5.1 refers to RFC 5198, which asks for that form): no empty level, no control character, and `INBOX` in capitals
/// wherever a client may write it in any case, which is as the whole name and as the parent of other mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxName(String);

impl MailboxName {
    /// The name as a client writes it, or why there can be no mailbox of that name.
    pub fn new(name: &str) -> Result<MailboxName, Error> {
        let name = &*normalized(name);
        let refuse = |why: &str| Err(Error::no(Code::Cannot, why));
        if name.is_empty() {
            return refuse("A mailbox name cannot be empty");
        }
        if name.len() > limits::MAILBOX_NAME_BYTES_MAX {
            return refuse("The mailbox name is too long");
        }
        if name.split(SEPARATOR).any(str::is_empty) {
            return refuse("A mailbox name cannot have an empty level");
        }
        if name.split(SEPARATOR).count() > limits::MAILBOX_DEPTH_MAX {
            return refuse("The mailbox name has too many levels");
        }
        // U+2028 and U+2029 end lines, and are not allowed either (RFC 5198 §2).
        if name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return refuse("A mailbox name cannot have control characters");
        }
        Ok(MailboxName(with_inbox_in_capitals(name)))
    }

    /// The same for CREATE, where one separator at the end only says that children will follow (RFC 9051 §6.3.4).
    pub fn to_create(name: &str) -> Result<MailboxName, Error> {
        MailboxName::new(name.strip_suffix(SEPARATOR).filter(|rest| !rest.is_empty()).unwrap_or(name))
    }

    /// The mailbox into which mail is delivered.
    pub fn inbox() -> MailboxName {
        MailboxName(INBOX.into())
    }

    /// Whether this is INBOX itself.
    pub fn is_inbox(&self) -> bool {
        self.0 == INBOX
    }

    /// The name in UTF-8.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The levels from the top.
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &str> + '_ {
        self.0.split(SEPARATOR)
    }

    /// The last level: what a person would call the mailbox.
    pub fn last_level(&self) -> &str {
        self.0.rsplit_once(SEPARATOR).map_or(&self.0, |(_, last)| last)
    }

    /// All names above this one, from the top.
    pub fn parents(&self) -> impl Iterator<Item = MailboxName> + '_ {
        self.0.match_indices(SEPARATOR).map(|(end, _)| MailboxName(self.0[..end].into()))
    }

    /// Whether this mailbox lies below `other`, at any depth.
    pub fn is_child_of(&self, other: &MailboxName) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }

    /// The name that this mailbox gets when `from` is renamed to `to`, which takes all children with it (RFC 9051
    /// §6.3.6). Ok(None) when this is neither `from` nor below it; an error when the new name cannot be.
    pub fn renamed(&self, from: &MailboxName, to: &MailboxName) -> Result<Option<MailboxName>, Error> {
        if self == from {
            return Ok(Some(to.clone()));
        }
        if !self.is_child_of(from) {
            return Ok(None);
        }
        MailboxName::new(&format!("{}{}", to.0, &self.0[from.0.len()..])).map(Some)
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for MailboxName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The same text in normalization form C (RFC 5198 §3).
fn normalized(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.into(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect::<String>().into(),
    }
}

/// Whether the first level of `name` is INBOX in any case.
fn begins_with_inbox(name: &str) -> bool {
    name.split(SEPARATOR).next().is_some_and(|first| first.eq_ignore_ascii_case(INBOX))
}

fn with_inbox_in_capitals(name: &str) -> String {
    match begins_with_inbox(name) {
        true => format!("{INBOX}{}", &name[INBOX.len()..]),
        false => name.to_owned(),
    }
}

/// What LIST asks for: `*` stands for anything, `%` for anything within one level (RFC 9051 §6.3.9.1).
///
/// It is matched by one pass over the name with a set of states, a bit for each place in the pattern, so that no
/// pattern takes more than its length times the length of the name.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// For each octet the places that it may stand at. Empty when the pattern is so long that no name matches.
    literal: Vec<u64>,
    /// The places of `*` and `%`.
    wild: Vec<u64>,
    /// The places of `*`.
    star: Vec<u64>,
    words: usize,
    len: usize,
}

impl Pattern {
    /// The mailboxes that `pattern` asks for below `reference`: the two are one string, as nearly all servers take them
    /// (RFC 9051 §6.3.9).
    pub fn new(reference: &str, pattern: &str) -> Pattern {
        let mut places: Vec<u8> = Vec::new();
        let whole = [reference, pattern].concat();
        for octet in normalized(&whole).bytes() {
            match (places.last_mut(), octet) {
                // `*` takes all that a wildcard beside it could.
                (Some(last @ (b'*' | b'%')), b'*') => *last = b'*',
                (Some(b'*' | b'%'), b'%') => {}
                _ => places.push(octet),
            }
        }
        let literals = places.iter().filter(|octet| !matches!(octet, b'*' | b'%')).count();
        let len = places.len();
        let words = len / 64 + 1;
        let mut made = Pattern { literal: vec![], wild: vec![0; words], star: vec![0; words], words, len };
        if literals > limits::MAILBOX_NAME_BYTES_MAX {
            return made;
        }
        made.literal = vec![0; 256 * words];
        for (place, octet) in places.iter().enumerate() {
            let (word, bit) = (place / 64, 1 << (place % 64));
            match octet {
                b'*' => {
                    made.wild[word] |= bit;
                    made.star[word] |= bit;
                }
                b'%' => made.wild[word] |= bit,
                octet => made.literal[usize::from(*octet) * words + word] |= bit,
            }
        }
        made
    }

    /// Whether the pattern asks for `name`. INBOX is found in any case (RFC 9051 §6.3.9).
    pub fn matches(&self, name: &str) -> bool {
        if self.literal.is_empty() {
            return false;
        }
        let any_case = if begins_with_inbox(name) { INBOX.len() } else { 0 };
        let mut states = vec![0u64; self.words];
        states[0] = 1;
        self.pass_wildcards(&mut states);
        for (at, octet) in name.bytes().enumerate() {
            let either = if at < any_case { octet.to_ascii_lowercase() } else { octet };
            let mut carry = 0;
            for (word, state) in states.iter_mut().enumerate() {
                let literal = |octet: u8| self.literal[usize::from(octet) * self.words + word];
                let wild = if octet == SEPARATOR as u8 { self.star[word] } else { self.wild[word] };
                let advanced = *state & (literal(octet) | literal(either));
                *state = (*state & wild) | (advanced << 1) | carry;
                carry = advanced >> 63;
            }
            self.pass_wildcards(&mut states);
        }
        states[self.len / 64] & (1 << (self.len % 64)) != 0
    }

    /// A wildcard may stand for nothing; no two are neighbours.
    fn pass_wildcards(&self, states: &mut [u64]) {
        let mut carry = 0;
        for (state, wild) in states.iter_mut().zip(&self.wild) {
            let passed = *state & wild;
            *state |= (passed << 1) | carry;
            carry = passed >> 63;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(name: &str) -> MailboxName {
        MailboxName::new(name).unwrap()
    }

    #[test]
    fn inbox_is_written_in_any_case() {
        assert!(name("iNbOx").is_inbox());
        assert_eq!(name("inbox/Work").as_str(), "INBOX/Work");
        assert_eq!(name("a/inbox").as_str(), "a/inbox");
        assert_eq!(name("inboxes").as_str(), "inboxes");
    }

    #[test]
    fn accents_may_be_composed_or_not() {
        assert_eq!(name("Entwu\u{308}rfe"), name("Entw\u{fc}rfe"));
        assert_eq!(name("u\u{308}").as_str(), "\u{fc}");
        assert!(Pattern::new("u", "\u{308}%").matches("\u{fc}ber"));
    }

    #[test]
    fn some_names_cannot_be() {
        let deep = vec!["a"; limits::MAILBOX_DEPTH_MAX + 1].join("/");
        let long = "a".repeat(limits::MAILBOX_NAME_BYTES_MAX + 1);
        for bad in
            ["", "/", "/a", "a/", "a//b", "a\0", "a\nb", "a\u{7f}", "a\u{85}", "\u{2028}", &deep, &long]
        {
            assert!(MailboxName::new(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "Entwürfe/2026", "日本語", "a b", "a.b", ".."] {
            assert_eq!(name(good).as_str(), good);
        }
        assert_eq!(MailboxName::to_create("a/b/").unwrap(), name("a/b"));
        assert!(MailboxName::to_create("a/b//").is_err());
        assert!(MailboxName::to_create("/").is_err());
    }

    #[test]
    fn names_know_their_family() {
        let child = name("a/b/c");
        let parents: Vec<String> = child.parents().map(|parent| parent.to_string()).collect();
        assert_eq!(parents, ["a", "a/b"]);
        assert_eq!(child.last_level(), "c");
        assert_eq!(name("a").parents().count(), 0);
        assert!(child.is_child_of(&name("a")));
        assert!(!name("ab").is_child_of(&name("a")));
        assert!(!name("a").is_child_of(&name("a")));
    }

    #[test]
    fn children_are_renamed_with_their_parent() {
        let renamed = |old: &str| name(old).renamed(&name("a"), &name("x/y")).unwrap();
        assert_eq!(renamed("a"), Some(name("x/y")));
        assert_eq!(renamed("a/b/c"), Some(name("x/y/b/c")));
        assert_eq!(renamed("ab"), None);
        let long = name(&format!("a/{}", "b".repeat(limits::MAILBOX_NAME_BYTES_MAX - 2)));
        assert!(long.renamed(&name("a"), &name("aa")).is_err());
    }

    #[test]
    fn patterns_of_the_rfc() {
        let finds = |pattern: &str, name: &str| Pattern::new("", pattern).matches(name);
        assert!(finds("*", "a/b"));
        assert!(finds("%", "a"));
        assert!(!finds("%", "a/b"));
        assert!(finds("%/b", "a/b"));
        assert!(!finds("a", "ab"));
        assert!(finds("", ""));
        assert!(finds("inbox", "INBOX"));
        assert!(finds("In%", "INBOX"));
        assert!(finds("inbox/*", "INBOX/Work"));
        assert!(!finds("inbox/work", "INBOX/Work"));
        assert!(!finds("sent", "Sent"));
        assert!(Pattern::new("a/", "%").matches("a/b"));
        assert!(finds("%ü%", "Entwürfe"));
        assert!(!finds(&"a".repeat(5000), "a"));
        assert!(finds(&"%*".repeat(5000), "a/b"));
        let long = "ab/".repeat(300);
        assert!(finds(&long, &long));
        assert!(finds(&format!("%{}", &long[1..]), &long));
    }

    /// Says the same, slowly.
    fn finds(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], name) => name.is_empty(),
            ([b'*', rest @ ..], name) => (0..=name.len()).any(|n| finds(rest, &name[n..])),
            ([b'%', rest @ ..], name) => {
                (0..=name.len()).take_while(|n| !name[..*n].contains(&b'/')).any(|n| finds(rest, &name[n..]))
            }
            ([a, pattern @ ..], [b, name @ ..]) => a == b && finds(pattern, name),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_find_what_they_say(pattern in "[ab/*%]{0,9}", text in "[ab/]{0,9}", filler in 0usize..3) {
            prop_assert_eq!(
                Pattern::new("", &pattern).matches(&text),
                finds(pattern.as_bytes(), text.as_bytes())
            );
            // The same behind so many letters that the states take more than one word.
            let filler = "x".repeat(filler * 32 - filler.min(1));
            prop_assert_eq!(
                Pattern::new(&filler, &pattern).matches(&(filler.clone() + &text)),
                finds(pattern.as_bytes(), text.as_bytes())
            );
        }

        #[test]
        fn a_name_is_what_it_prints(text in "\\PC{0,20}") {
            if let Ok(name) = MailboxName::new(&text) {
                prop_assert_eq!(MailboxName::new(name.as_str()), Ok(name.clone()));
                prop_assert!(name.parents().all(|parent| name.is_child_of(&parent)));
            }
        }
    }
}

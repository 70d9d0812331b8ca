//! Annotations of messages (RFC 5257 §3): the names of their entries, patterns for these, and whose they are.

use std::fmt;

use crate::error::Error;
use crate::limits;

/// `/comment`, `/1.2/flags/seen` and the like; RFC 5257 §3.2 has them case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnnotationEntry(String);

/// An entry, or all whose names match, where `*` stands for anything and `%` for anything but a slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryMatch(String);

/// Whose the value of an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `.priv`: everybody has one of his own.
    Private,
    /// `.shared`
    Shared,
}

/// An attribute of an entry (RFC 5257 §3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribute {
    Value,
    Size,
}

/// A value that is to be given to an entry; without one the entry is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotating {
    pub entry: AnnotationEntry,
    pub scope: Scope,
    pub value: Option<Vec<u8>>,
}

impl AnnotationEntry {
    /// The name of an entry that may have values.
    pub fn new(name: &str) -> Result<AnnotationEntry, Error> {
        check(name, false)?;
        let first = name[1..].split('/').next().unwrap_or_default();
        let is_part = first.starts_with(|c: char| c.is_ascii_digit());
        if first == "flags" {
            return Err(Error::bad("RFC 5257 reserves /flags"));
        }
        match name.matches('/').count() {
            1 if is_part || first == "vendor" => Err(Error::bad(format!("below {name} an entry is missing"))),
            _ => Ok(AnnotationEntry(name.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The body part that it is about, if it is not about the whole message.
    pub fn part(&self) -> Option<&str> {
        part_of(&self.0)
    }

    /// Refuses what a flag of a part cannot be (RFC 5257 §3.2.1).
    pub fn check_value(&self, value: Option<&[u8]>) -> Result<(), Error> {
        let is_flag = self.part().is_some() && self.0.split('/').nth(2) == Some("flags");
        match value {
            Some(value) if is_flag && value != b"0" && value != b"1" => {
                Err(Error::bad("a flag of a part is \"1\", \"0\" or NIL"))
            }
            _ => Ok(()),
        }
    }
}

impl EntryMatch {
    /// Reads a pattern. The names of body parts in it have to be such names.
    pub fn new(pattern: &str) -> Result<EntryMatch, Error> {
        match pattern.starts_with(['*', '%']) {
            true if pattern.len() <= limits::ANNOTATION_ENTRY_BYTES_MAX && pattern.is_ascii() => {}
            true => return Err(Error::bad("no entry has such a name")),
            false => check(pattern, true)?,
        }
        Ok(EntryMatch(pattern.to_owned()))
    }

    /// The only name that it means, if it is no pattern.
    pub fn exact(&self) -> Option<&str> {
        (!self.0.contains(['*', '%'])).then_some(self.0.as_str())
    }

    /// The body part that the only entry is about which it means.
    pub fn part(&self) -> Option<&str> {
        part_of(self.exact()?)
    }

    /// Whether an entry of that name is meant.
    pub fn matches(&self, name: &str) -> bool {
        matches(self.0.as_bytes(), name.as_bytes())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<AnnotationEntry> for EntryMatch {
    fn from(AnnotationEntry(name): AnnotationEntry) -> EntryMatch {
        EntryMatch(name)
    }
}

/// RFC 5257 §4.3: the wildcards "match one or more characters at that position".
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // Up to which octets of the name the pattern has come.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for wanted in pattern {
        let mut next = vec![false; name.len() + 1];
        for (at, octet) in name.iter().enumerate() {
            next[at + 1] = match wanted {
                b'*' => reached[at] || next[at],
                b'%' => *octet != b'/' && (reached[at] || next[at]),
                wanted => reached[at] && octet == wanted,
            };
        }
        reached = next;
    }
    reached[name.len()]
}

/// `entry`: "slash-separated path to entry", or `entry-match`, which may have wildcards (RFC 5257 §5).
fn check(name: &str, wildcards: bool) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::bad(format!("no entry has such a name: {why}")));
    if name.len() > limits::ANNOTATION_ENTRY_BYTES_MAX {
        return refused("it is too long");
    }
    if !name.starts_with('/') || name.len() == 1 {
        return refused("it has to begin with a slash and go on");
    }
    if name[1..].split('/').any(str::is_empty) {
        return refused("one of its levels is empty");
    }
    let fits = |octet: u8| (1..0x80).contains(&octet) && (wildcards || !matches!(octet, b'*' | b'%'));
    if !name.bytes().all(fits) {
        return refused("it may have neither *, nor %, nor anything that is not ASCII");
    }
    let is_number =
        |number: &str| number.parse::<u32>().is_ok_and(|value| value > 0) && !number.starts_with(['0', '+']);
    match part_of(name) {
        Some(part) if !part.contains(['*', '%']) && !part.split('.').all(is_number) => {
            refused("it begins with a number that is none of a part")
        }
        _ => Ok(()),
    }
}

fn part_of(name: &str) -> Option<&str> {
    let first = name.strip_prefix('/')?.split('/').next()?;
    first.starts_with(|c: char| c.is_ascii_digit()).then_some(first)
}

impl Scope {
    /// The suffix of an attribute.
    pub fn suffix(self) -> &'static str {
        match self {
            Scope::Private => "priv",
            Scope::Shared => "shared",
        }
    }
}

impl fmt::Display for AnnotationEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EntryMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Attribute::Value { "value" } else { "size" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_paths() {
        for name in
            ["/comment", "/Comment", "/altsubject", "/1/comment", "/1.2/flags/seen", "/vendor/x/y", "/a b"]
        {
            assert_eq!(AnnotationEntry::new(name).unwrap().as_str(), name);
        }
        assert_eq!(AnnotationEntry::new("/1.2/comment").unwrap().part(), Some("1.2"));
        assert_eq!(AnnotationEntry::new("/comment").unwrap().part(), None);
        for wrong in [
            "",
            "/",
            "comment",
            "//a",
            "/a/",
            "/a*",
            "/a%",
            "/ä",
            "/a\0",
            "/1",
            "/0/comment",
            "/1./comment",
            "/1.0/comment",
            "/1a/comment",
            "/flags",
            "/flags/seen",
            "/vendor",
        ] {
            assert!(matches!(AnnotationEntry::new(wrong), Err(Error::Bad(_))), "{wrong:?}");
        }
        let flag = AnnotationEntry::new("/1/flags/seen").unwrap();
        assert!(flag.check_value(Some(b"1")).is_ok() && flag.check_value(None).is_ok());
        assert!(flag.check_value(Some(b"yes")).is_err());
    }

    #[test]
    fn patterns_match_one_or_more() {
        let matches = |pattern: &str, name: &str| EntryMatch::new(pattern).unwrap().matches(name);
        for (pattern, name) in [
            ("/*", "/1/comment"),
            ("/%", "/comment"),
            ("*", "/comment"),
            ("/%/comment", "/1.2/comment"),
            ("/*/seen", "/1/flags/seen"),
            ("/comment", "/comment"),
            ("/%a%", "/banana"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("/%", "/1/comment"),
            ("/comment*", "/comment"),
            ("/Comment", "/comment"),
            ("%", "/comment"),
            ("/%/seen", "/1/flags/seen"),
            ("/comment", "/comments"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        for wrong in ["", "comment", "//*", "/*/", "/0/*", "/x\u{e4}*"] {
            assert!(EntryMatch::new(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_expressions_do(pattern in "[ab/*%]{0,8}", name in "[ab/]{0,8}") {
            fn slow(pattern: &[u8], name: &[u8]) -> bool {
                match pattern.split_first() {
                    None => name.is_empty(),
                    Some((b'*', rest)) => (1..=name.len()).any(|n| slow(rest, &name[n..])),
                    Some((b'%', rest)) => (1..=name.len())
                        .take_while(|n| name[n - 1] != b'/')
                        .any(|n| slow(rest, &name[n..])),
                    Some((octet, rest)) => name.first() == Some(octet) && slow(rest, &name[1..]),
                }
            }
            prop_assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), slow(pattern.as_bytes(), name.as_bytes()));
        }
    }
}

//! Flags of a message: the system flags of RFC 9051 §2.3.2 and keywords, which compare without regard to case.

use std::fmt;
use std::sync::Arc;

use crate::limits;

/// The five system flags a client can change, as bits that the database stores in a smallint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct System(pub u8);

impl System {
    pub const SEEN: System = System(1);
    pub const ANSWERED: System = System(2);
    pub const FLAGGED: System = System(4);
    pub const DELETED: System = System(8);
    pub const DRAFT: System = System(16);

    /// Each flag with its name, in the order in which they are printed.
    pub const NAMES: [(System, &'static str); 5] = [
        (System::ANSWERED, "\\Answered"),
        (System::FLAGGED, "\\Flagged"),
        (System::DELETED, "\\Deleted"),
        (System::SEEN, "\\Seen"),
        (System::DRAFT, "\\Draft"),
    ];

    pub fn contains(self, other: System) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn with(self, other: System) -> System {
        System(self.0 | other.0)
    }

    pub fn without(self, other: System) -> System {
        System(self.0 & !other.0)
    }
}

/// A keyword as its first user wrote it. Compares and sorts without regard to ASCII case (RFC 9051 §2.3.2).
#[derive(Debug, Clone)]
pub struct Keyword(Arc<str>);

impl Keyword {
    /// None when `name` is not an atom, is empty, begins with a backslash, or is longer than
    /// [`limits::KEYWORD_BYTES_MAX`] octets.
    pub fn new(name: &str) -> Option<Keyword> {
        let atom = |c: u8| c > 0x20 && c < 0x7f && !b"(){%*\"\\]".contains(&c);
        let fits = !name.is_empty() && name.len() <= limits::KEYWORD_BYTES_MAX;
        (fits && name.bytes().all(atom)).then(|| Keyword(name.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

impl std::hash::Hash for Keyword {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl Ord for Keyword {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let lower = |k: &Self| k.0.bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>();
        lower(self).cmp(&lower(other))
    }
}

impl PartialOrd for Keyword {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Which flags somebody may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlagMask {
    /// These system flags.
    pub system: System,
    /// Keywords, all of them or none.
    pub keywords: bool,
}

impl FlagMask {
    /// Every flag.
    pub const ALL: FlagMask = FlagMask { system: System(0x1f), keywords: true };

    /// These without a system flag.
    pub fn without(self, flag: System) -> FlagMask {
        FlagMask { system: self.system.without(flag), ..self }
    }

    /// Whether no flag is among them.
    pub fn is_empty(self) -> bool {
        self == FlagMask::default()
    }
}

/// One flag as a client writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Flag {
    System(System),
    Keyword(Keyword),
}

/// The flags of one message: system flags, and keywords in sorted order without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FlagSet {
    pub system: System,
    keywords: Vec<Keyword>,
}

impl FlagSet {
    pub fn new(system: System, keywords: impl IntoIterator<Item = Keyword>) -> FlagSet {
        let mut keywords: Vec<Keyword> = keywords.into_iter().collect();
        keywords.sort();
        keywords.dedup();
        FlagSet { system, keywords }
    }

    pub fn keywords(&self) -> &[Keyword] {
        &self.keywords
    }

    pub fn has_keyword(&self, keyword: &Keyword) -> bool {
        self.keywords.binary_search(keyword).is_ok()
    }

    /// All flags of both sets.
    pub fn union(&self, other: &FlagSet) -> FlagSet {
        FlagSet::new(self.system.with(other.system), self.keywords.iter().chain(&other.keywords).cloned())
    }

    /// The flags of this set that `other` lacks.
    pub fn difference(&self, other: &FlagSet) -> FlagSet {
        let rest = self.keywords.iter().filter(|k| !other.has_keyword(k)).cloned();
        FlagSet::new(self.system.without(other.system), rest)
    }
}

impl FlagSet {
    /// Those of these flags that `mask` has.
    pub fn within(&self, mask: FlagMask) -> FlagSet {
        let keywords = if mask.keywords { self.keywords.clone() } else { Vec::new() };
        FlagSet { system: System(self.system.0 & mask.system.0), keywords }
    }

    /// Whether there is no flag.
    pub fn is_empty(&self) -> bool {
        self.system == System::default() && self.keywords.is_empty()
    }
}

impl FromIterator<Flag> for FlagSet {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> FlagSet {
        let mut system = System::default();
        let mut keywords = Vec::new();
        for flag in flags {
            match flag {
                Flag::System(bit) => system = system.with(bit),
                Flag::Keyword(keyword) => keywords.push(keyword),
            }
        }
        FlagSet::new(system, keywords)
    }
}

/// Prints `\Answered \Seen $Forwarded`, without parentheses.
impl fmt::Display for FlagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system =
            System::NAMES.iter().filter(|(bit, _)| self.system.contains(*bit)).map(|(_, name)| *name);
        let mut separator = "";
        for name in system.chain(self.keywords.iter().map(Keyword::as_str)) {
            write!(f, "{separator}{name}")?;
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_compare_without_case() {
        let set =
            FlagSet::new(System::SEEN, [Keyword::new("$Junk").unwrap(), Keyword::new("$junk").unwrap()]);
        assert_eq!(set.to_string(), "\\Seen $Junk");
    }

    #[test]
    fn a_keyword_is_an_atom() {
        assert!(Keyword::new("a b").is_none());
        assert!(Keyword::new("").is_none());
        assert!(Keyword::new("\\Seen").is_none());
        assert!(Keyword::new("$Label1").is_some());
    }
}

//! The tree of search keys (RFC 9051 §6.4.4), as a client wrote it.

use std::collections::HashSet;
use std::fmt;

use jiff::civil::Date;

use super::fuzzy::Fuzzy;
use super::placed::PlacedLeaf;
use crate::error::{Code, Error};
use crate::limits;
use crate::mailbox::{Keyword, SequenceSet, System};

/// One search key. UNSEEN is `Not(Has(SEEN))`, and so on: each question has one form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// ALL: every message.
    All,
    /// Messages that all of these select; without any, every message.
    And(Vec<Selector>),
    /// Messages that any of these selects; without any, no message.
    Or(Vec<Selector>),
    /// NOT.
    Not(Box<Selector>),
    /// A sequence set: messages by their position.
    Messages(SequenceSet),
    /// UID.
    Uids(SequenceSet),
    /// ANSWERED, DELETED, DRAFT, FLAGGED, SEEN.
    Has(System),
    /// KEYWORD.
    Keyword(Keyword),
    /// RECENT: known only in a session (RFC 3501 §2.3.2).
    Recent,
    /// LARGER: more octets than this.
    Larger(u64),
    /// SMALLER: fewer octets than this.
    Smaller(u64),
    /// OLDER: came so many seconds ago, or earlier (RFC 5032).
    Older(u32),
    /// YOUNGER: came so many seconds ago, or later.
    Younger(u32),
    /// BEFORE: came on an earlier day.
    Before(Date),
    /// ON: came on this day.
    On(Date),
    /// SINCE: came on this day or later.
    Since(Date),
    /// MODSEQ: changed at this mod-sequence or later, in whatever way (RFC 7162 §3.1.5).
    ModSeq(u64),
    /// FUZZY (RFC 6203) before a key that has no meaning but its exact one; before texts it is a part of the leaf.
    Fuzzy(Box<Selector>),
    /// FILTER: what somebody has written down under that name (RFC 5466). It is put in its place before anything is searched.
    Filter(String),
    /// What only the stored message can say.
    Stored(StoredLeaf),
}

/// A search key that is not answered from memory. Texts are UTF-8, as the client wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StoredLeaf {
    /// SUBJECT.
    Subject(String),
    /// FROM, TO, CC, BCC.
    Address { field: Field, text: String },
    /// HEADER; an empty text asks whether there is such a field at all.
    Header { name: String, text: String },
    /// BODY.
    Body(String),
    /// TEXT: header or body.
    Text(String),
    /// SENTBEFORE: dated earlier.
    SentBefore(Date),
    /// SENTON: dated on this day.
    SentOn(Date),
    /// SENTSINCE: dated on this day or later.
    SentSince(Date),
    /// FUZZY: a leaf with a text that has words, which a message need have only nearly.
    Fuzzy(Box<StoredLeaf>),
    /// What the message is called, and since when it is there.
    Placed(PlacedLeaf),
}

/// A field of addresses that has a search key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    From,
    To,
    Cc,
    Bcc,
}

/// What must be read of a message to answer a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The decoded subject.
    Subject,
    /// The day of the Date field.
    SentOn,
    /// The addresses.
    Addresses,
    /// All header fields.
    Header,
    /// The text of the parts.
    Body,
    /// Header fields and text.
    HeaderAndBody,
    /// Nothing of the message itself, but its place.
    Place,
}

impl Selector {
    /// Whether the answer depends on what those who read a message may change.
    pub fn asks_for_flags(&self) -> bool {
        matches!(self, Selector::Has(_) | Selector::Keyword(_) | Selector::Recent | Selector::ModSeq(_))
            || self.children().iter().any(Selector::asks_for_flags)
    }

    /// The messages that this does not select.
    #[allow(clippy::should_implement_trait)]
    pub fn not(self) -> Selector {
        match self {
            Selector::Not(inner) => *inner,
            other => Selector::Not(Box::new(other)),
        }
    }

    /// FUZZY (RFC 6203 §3): what has a text is looked for nearly.
    pub fn fuzzy(self) -> Selector {
        let all = |keys: Vec<Selector>| keys.into_iter().map(Selector::fuzzy).collect();
        match self {
            Selector::And(keys) => Selector::And(all(keys)),
            Selector::Or(keys) => Selector::Or(all(keys)),
            Selector::Not(key) => key.fuzzy().not(),
            fuzzy @ (Selector::Fuzzy(_) | Selector::Stored(StoredLeaf::Fuzzy(_))) => fuzzy,
            Selector::Stored(leaf) if leaf.text().is_some_and(|text| Fuzzy::new(text).is_some()) => {
                Selector::Stored(StoredLeaf::Fuzzy(Box::new(leaf)))
            }
            key => Selector::Fuzzy(Box::new(key)),
        }
    }

    /// Whether FUZZY was said of any key.
    pub fn is_fuzzy(&self) -> bool {
        self.has_key(|key| matches!(key, Selector::Fuzzy(_) | Selector::Stored(StoredLeaf::Fuzzy(_))))
    }

    /// Whether it looks into annotations.
    pub fn asks_annotations(&self) -> bool {
        self.has_key(|key| matches!(key, Selector::Stored(StoredLeaf::Placed(PlacedLeaf::Annotation(_)))))
    }

    /// OR. A chain of them becomes one list, so that a program with thousands of alternatives is not deep.
    pub fn or(self, other: Selector) -> Selector {
        let mut alternatives = match self {
            Selector::Or(alternatives) => alternatives,
            one => vec![one],
        };
        match other {
            Selector::Or(more) => alternatives.extend(more),
            one => alternatives.push(one),
        }
        Selector::Or(alternatives)
    }

    /// NEW: \Recent and not \Seen.
    pub fn new_mail() -> Selector {
        Selector::And(vec![Selector::Recent, Selector::Has(System::SEEN).not()])
    }

    /// OLD: not \Recent.
    pub fn old_mail() -> Selector {
        Selector::Recent.not()
    }

    /// Refuses a program that is deeper, or has more keys, than [`limits`] allow.
    pub fn check(&self) -> Result<(), Error> {
        let (mut keys, mut fuzzy_words) = (0, 0);
        let mut rest = vec![(self, 1)];
        while let Some((selector, depth)) = rest.pop() {
            keys += 1;
            if depth > limits::SEARCH_DEPTH_MAX {
                return Err(Error::no(Code::Limit, "The search program is nested too deeply"));
            }
            if keys > limits::SEARCH_KEYS_MAX {
                return Err(Error::no(Code::Limit, "The search program has too many keys"));
            }
            if let Selector::Stored(StoredLeaf::Fuzzy(leaf)) = selector {
                fuzzy_words += leaf.text().and_then(Fuzzy::new).map_or(0, |fuzzy| fuzzy.len());
            }
            if fuzzy_words > limits::FUZZY_WORDS_MAX {
                return Err(Error::no(Code::Limit, "So many words can only be looked for exactly"));
            }
            rest.extend(selector.children().iter().map(|child| (child, depth + 1)));
        }
        Ok(())
    }

    fn children(&self) -> &[Selector] {
        match self {
            Selector::And(children) | Selector::Or(children) => children,
            Selector::Not(child) | Selector::Fuzzy(child) => std::slice::from_ref(child),
            _ => &[],
        }
    }

    /// Whether messages are named by their places.
    pub fn names_places(&self) -> bool {
        matches!(self, Selector::Messages(_)) || self.children().iter().any(Selector::names_places)
    }

    /// Whether MODSEQ is among the keys.
    pub fn asks_modseq(&self) -> bool {
        self.has_key(|key| matches!(key, Selector::ModSeq(_)))
    }

    /// Whether any key of it is one that `is` says yes to.
    pub fn has_key(&self, is: impl Fn(&Selector) -> bool) -> bool {
        let mut rest = vec![self];
        while let Some(selector) = rest.pop() {
            if is(selector) {
                return true;
            }
            rest.extend(selector.children());
        }
        false
    }

    /// The names of the filters among the keys.
    pub fn filters(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut rest = vec![self];
        while let Some(selector) = rest.pop() {
            if let Selector::Filter(name) = selector {
                names.push(name.clone());
            }
            rest.extend(selector.children().iter().rev());
        }
        names
    }

    /// The distinct keys that only the stored messages can answer, in the order in which they occur.
    pub fn stored_leaves(&self) -> Vec<StoredLeaf> {
        let mut known = HashSet::new();
        let mut leaves = Vec::new();
        let mut rest = vec![self];
        while let Some(selector) = rest.pop() {
            if let Selector::Stored(leaf) = selector
                && known.insert(leaf)
            {
                leaves.push(leaf.clone());
            }
            rest.extend(selector.children().iter().rev());
        }
        leaves
    }
}

impl StoredLeaf {
    /// What must be read to answer it.
    pub fn source(&self) -> Source {
        match self {
            StoredLeaf::Subject(_) => Source::Subject,
            StoredLeaf::Address { .. } => Source::Addresses,
            StoredLeaf::Header { .. } => Source::Header,
            StoredLeaf::Body(_) => Source::Body,
            StoredLeaf::Text(_) => Source::HeaderAndBody,
            StoredLeaf::SentBefore(_) | StoredLeaf::SentOn(_) | StoredLeaf::SentSince(_) => Source::SentOn,
            StoredLeaf::Placed(_) => Source::Place,
            StoredLeaf::Fuzzy(leaf) => leaf.source(),
        }
    }

    /// The text that is looked for, if there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            StoredLeaf::Subject(text) | StoredLeaf::Body(text) | StoredLeaf::Text(text) => Some(text),
            StoredLeaf::Address { text, .. } | StoredLeaf::Header { text, .. } => Some(text),
            StoredLeaf::SentBefore(_) | StoredLeaf::SentOn(_) | StoredLeaf::SentSince(_) => None,
            StoredLeaf::Placed(_) => None,
            StoredLeaf::Fuzzy(leaf) => leaf.text(),
        }
    }

    /// Whether it is about header fields of this name, so that these have to be read.
    pub fn is_about_field(&self, field: &[u8]) -> bool {
        match self {
            StoredLeaf::Header { name, .. } => name.as_bytes().eq_ignore_ascii_case(field),
            StoredLeaf::Fuzzy(leaf) => leaf.is_about_field(field),
            leaf => leaf.source() == Source::HeaderAndBody,
        }
    }
}

/// Prints the program as IMAP writes it, one key: lists are in parentheses.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::All => f.write_str("ALL"),
            Selector::And(keys) if keys.is_empty() => f.write_str("ALL"),
            Selector::And(keys) => {
                for (index, key) in keys.iter().enumerate() {
                    write!(f, "{}{key}", if index == 0 { '(' } else { ' ' })?;
                }
                f.write_str(")")
            }
            Selector::Or(keys) => match keys.split_last() {
                None => f.write_str("NOT ALL"),
                Some((last, keys)) => {
                    for key in keys {
                        write!(f, "OR {key} ")?;
                    }
                    last.fmt(f)
                }
            },
            Selector::Not(key) => match key.as_ref() {
                Selector::Has(system) => write!(f, "UN{}", system_key(*system)),
                Selector::Keyword(keyword) => write!(f, "UNKEYWORD {keyword}"),
                Selector::Recent => f.write_str("OLD"),
                key => write!(f, "NOT {key}"),
            },
            Selector::Messages(set) => set.fmt(f),
            Selector::Uids(set) => write!(f, "UID {set}"),
            Selector::Has(system) => f.write_str(system_key(*system)),
            Selector::Keyword(keyword) => write!(f, "KEYWORD {keyword}"),
            Selector::Recent => f.write_str("RECENT"),
            Selector::Larger(octets) => write!(f, "LARGER {octets}"),
            Selector::Smaller(octets) => write!(f, "SMALLER {octets}"),
            Selector::Older(seconds) => write!(f, "OLDER {seconds}"),
            Selector::Younger(seconds) => write!(f, "YOUNGER {seconds}"),
            Selector::Before(date) => write!(f, "BEFORE {}", date.strftime(DATE)),
            Selector::On(date) => write!(f, "ON {}", date.strftime(DATE)),
            Selector::Since(date) => write!(f, "SINCE {}", date.strftime(DATE)),
            Selector::ModSeq(modseq) => write!(f, "MODSEQ {modseq}"),
            Selector::Fuzzy(key) => write!(f, "FUZZY {key}"),
            Selector::Filter(name) => write!(f, "FILTER {name}"),
            Selector::Stored(leaf) => leaf.fmt(f),
        }
    }
}

impl fmt::Display for StoredLeaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredLeaf::Subject(text) => write!(f, "SUBJECT {}", Astring(text)),
            StoredLeaf::Address { field, text } => write!(f, "{} {}", field.key(), Astring(text)),
            StoredLeaf::Header { name, text } => write!(f, "HEADER {} {}", Astring(name), Astring(text)),
            StoredLeaf::Body(text) => write!(f, "BODY {}", Astring(text)),
            StoredLeaf::Text(text) => write!(f, "TEXT {}", Astring(text)),
            StoredLeaf::SentBefore(date) => write!(f, "SENTBEFORE {}", date.strftime(DATE)),
            StoredLeaf::SentOn(date) => write!(f, "SENTON {}", date.strftime(DATE)),
            StoredLeaf::SentSince(date) => write!(f, "SENTSINCE {}", date.strftime(DATE)),
            StoredLeaf::Fuzzy(leaf) => write!(f, "FUZZY {leaf}"),
            StoredLeaf::Placed(leaf) => leaf.fmt(f),
        }
    }
}

impl Field {
    /// The search key.
    pub fn key(self) -> &'static str {
        match self {
            Field::From => "FROM",
            Field::To => "TO",
            Field::Cc => "CC",
            Field::Bcc => "BCC",
        }
    }
}

/// The search key for a system flag; every bit has one.
fn system_key(system: System) -> &'static str {
    match system {
        System::ANSWERED => "ANSWERED",
        System::DELETED => "DELETED",
        System::DRAFT => "DRAFT",
        System::FLAGGED => "FLAGGED",
        _ => "SEEN",
    }
}

/// A text as a quoted string, or as a literal where that cannot hold it.
pub(super) struct Astring<'a>(pub &'a str);

impl fmt::Display for Astring<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0;
        // 8-bit text in quotes is for clients of RFC 9051 only; a literal is understood by all.
        if !text.is_ascii() || text.contains(['\r', '\n', '\0']) {
            return write!(f, "{{{}+}}\r\n{text}", text.len());
        }
        write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// A date as IMAP writes it: `1-Feb-1994`.
pub(super) const DATE: &str = "%-d-%b-%Y";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_print_as_imap_writes_them() {
        let date = jiff::civil::date(1994, 2, 1);
        let from = StoredLeaf::Address { field: Field::From, text: "Sm\"ith".into() };
        let program = Selector::And(vec![
            Selector::Has(System::DELETED),
            Selector::Stored(from).not(),
            Selector::Since(date),
            Selector::Has(System::SEEN).not().or(Selector::Stored(StoredLeaf::Body("ü".into()))),
            Selector::Uids(SequenceSet::all()),
        ]);
        let expected = "(DELETED NOT FROM \"Sm\\\"ith\" SINCE 1-Feb-1994 OR UNSEEN BODY {2+}\r\nü UID 1:*)";
        assert_eq!(program.to_string(), expected);
    }

    #[test]
    fn deep_and_long_programs_are_refused() {
        let nest = |depth| (1..depth).fold(Selector::All, |inner, _| Selector::And(vec![inner]));
        assert!(nest(limits::SEARCH_DEPTH_MAX).check().is_ok());
        assert!(nest(limits::SEARCH_DEPTH_MAX + 1).check().is_err());
        let alternatives = |count| (1..count).fold(Selector::All, |or, _| or.or(Selector::Recent));
        assert!(alternatives(limits::SEARCH_KEYS_MAX - 1).check().is_ok());
        assert!(alternatives(limits::SEARCH_KEYS_MAX).check().is_err());
    }

    #[test]
    fn a_leaf_is_asked_once() {
        let leaf = |text: &str| Selector::Stored(StoredLeaf::Subject(text.into()));
        let program = Selector::And(vec![leaf("b"), leaf("a").not(), leaf("b").or(leaf("c"))]);
        let subjects = ["b", "a", "c"].map(|text| StoredLeaf::Subject(text.into()));
        assert_eq!(program.stored_leaves(), subjects);
    }
}

//! What SORT and THREAD compare, of the messages of one mailbox: kept in memory as compactly as that is possible.

use std::hash::{DefaultHasher, Hasher};

use super::collation::Collation;
use crate::grammar::Parsed;
use crate::grammar::core::{nstring, sp};
use crate::limits;
use crate::mailbox::{Entry, MessageId};
use crate::message::{decode_header_value, subject};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::char;
use nom::combinator::{map, value};
use nom::multi::many1;
use nom::sequence::{delimited, preceded, terminated};

/// Which columns there are, beside the date. Those that nobody has asked for are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Wanted {
    /// Base subjects, and whether the subject was that of a reply.
    pub subjects: bool,
    /// First addresses of From, To and Cc.
    pub addresses: bool,
    /// Message-ids, own and named.
    pub references: bool,
}

/// One message as it is read from the database. What is not wanted may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    pub message: MessageId,
    /// Seconds since 1970 of the Date field; None where that cannot be read.
    pub sent: Option<i64>,
    /// The decoded subject.
    pub subject: String,
    /// ENVELOPE as IMAP prints it.
    pub envelope: Vec<u8>,
    pub message_id: Option<String>,
    /// By whom a message says that it is an answer to, the oldest first (RFC 5256 §3).
    pub references: Vec<String>,
}

impl KeyRow {
    /// A message of which nothing is known.
    pub fn empty(message: MessageId) -> KeyRow {
        let (subject, envelope, references) = (String::new(), Vec::new(), Vec::new());
        KeyRow { message, sent: None, subject, envelope, message_id: None, references }
    }
}

/// A column of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKey {
    /// The local-part of the first From address.
    From,
    To,
    Cc,
    /// The first From address as people see it (RFC 5957 §3).
    DisplayFrom,
    DisplayTo,
}

/// The table. Rows are in the order in which they came; an index finds the row of a message.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    wanted: Wanted,
    collation: Collation,
    /// Messages in ascending order, each with its row.
    index: Vec<(MessageId, u32)>,
    /// Seconds since 1970; the least number where the date is not known.
    sent: Vec<i64>,
    subjects: Texts,
    replies: Vec<bool>,
    addresses: Texts,
    /// Digests of message-ids; 0 for none.
    ids: Vec<u64>,
    references: Vec<u64>,
    references_end: Vec<u32>,
}

/// Texts one behind the other.
#[derive(Debug, Clone, Default)]
struct Texts {
    octets: Vec<u8>,
    ends: Vec<usize>,
}

impl Wanted {
    /// What either of two wants.
    pub fn or(self, other: Wanted) -> Wanted {
        Wanted {
            subjects: self.subjects || other.subjects,
            addresses: self.addresses || other.addresses,
            references: self.references || other.references,
        }
    }
}

impl Keys {
    /// A table without rows.
    pub fn new(wanted: Wanted, collation: Collation) -> Keys {
        Keys { wanted, collation, ..Keys::default() }
    }

    /// The columns that it has.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Those of some messages that have no row yet, each once.
    pub fn missing(&self, messages: impl IntoIterator<Item = MessageId>) -> Vec<MessageId> {
        let mut walk = Walk { index: &self.index, at: 0 };
        let mut missing: Vec<MessageId> =
            messages.into_iter().filter(|message| walk.find(*message).is_none()).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Adds rows of messages that have none.
    pub fn extend(&mut self, rows: impl IntoIterator<Item = KeyRow>) {
        let before = self.index.len();
        for row in rows {
            self.index.push((row.message, self.sent.len() as u32));
            self.sent.push(row.sent.unwrap_or(i64::MIN));
            if self.wanted.subjects {
                let (base, is_reply) = subject::base_and_reply(&row.subject);
                self.subjects.push(&self.collation.key(&base));
                self.replies.push(is_reply);
            }
            if self.wanted.addresses {
                for address in first_addresses(&row.envelope) {
                    self.addresses.push(&self.collation.key(&address));
                }
            }
            if self.wanted.references {
                self.ids.push(row.message_id.as_deref().map_or(0, digest_of_id));
                self.references.extend(row.references.iter().map(|id| digest_of_id(id)));
                self.references_end.push(self.references.len() as u32);
            }
        }
        self.index[before..].sort_unstable();
        // Rows mostly come in the order of their messages. Where they do not, two ascending runs are merged.
        if before > 0 && self.index.get(before).is_some_and(|first| *first < self.index[before - 1]) {
            self.index.sort();
        }
    }

    /// The rows of messages that all have one, in their order.
    pub fn rows(&self, messages: impl IntoIterator<Item = MessageId>) -> Vec<u32> {
        let mut walk = Walk { index: &self.index, at: 0 };
        let row = |message| walk.find(message).expect("the keys of these messages were read");
        messages.into_iter().map(row).collect()
    }

    /// When a message was sent, in seconds since 1970; when it came, where that is not known (RFC 5256 §2.2).
    pub fn sent(&self, row: u32, entry: &Entry) -> i64 {
        match self.sent[row as usize] {
            i64::MIN => entry.internal_date().seconds,
            sent => sent,
        }
    }

    /// The base subject, as it is compared.
    pub fn subject(&self, row: u32) -> &[u8] {
        self.subjects.get(row as usize)
    }

    /// Whether the subject is that of an answer or of a forwarded message.
    pub fn is_reply(&self, row: u32) -> bool {
        self.replies[row as usize]
    }

    /// An address, as it is compared.
    pub fn address(&self, row: u32, key: AddressKey) -> &[u8] {
        self.addresses.get(row as usize * ADDRESSES.len() + key as usize)
    }

    /// The digest of the message-id, if there is one.
    pub fn id(&self, row: u32) -> Option<u64> {
        Some(self.ids[row as usize]).filter(|id| *id != 0)
    }

    /// The digests of the message-ids that a message refers to, the oldest first.
    pub fn references(&self, row: u32) -> &[u64] {
        let row = row as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.references_end[before]);
        &self.references[start as usize..self.references_end[row] as usize]
    }

    /// Gives back the memory that was taken for rows to come.
    pub fn shrink(&mut self) {
        self.index.shrink_to_fit();
        self.sent.shrink_to_fit();
        self.replies.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.references.shrink_to_fit();
        self.references_end.shrink_to_fit();
        for texts in [&mut self.subjects, &mut self.addresses] {
            texts.octets.shrink_to_fit();
            texts.ends.shrink_to_fit();
        }
    }

    /// The memory that it takes.
    pub fn memory_bytes(&self) -> usize {
        let Keys { index, sent, subjects, replies, addresses, ids, references, references_end, .. } = self;
        16 * index.capacity()
            + 8 * (sent.capacity() + ids.capacity() + references.capacity())
            + 4 * references_end.capacity()
            + replies.capacity()
            + subjects.memory_bytes()
            + addresses.memory_bytes()
    }
}

impl Texts {
    /// Only as much is kept as is worth to be compared.
    fn push(&mut self, text: &str) {
        let kept = &text.as_bytes()[..text.len().min(limits::SORT_KEY_BYTES_MAX)];
        self.octets.extend_from_slice(kept);
        self.ends.push(self.octets.len());
    }

    fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.octets[start..self.ends[index]]
    }

    fn memory_bytes(&self) -> usize {
        self.octets.capacity() + size_of::<usize>() * self.ends.capacity()
    }
}

/// Finds one message after the other. Those of a mailbox mostly ascend, so the next is most often the next in the index.
struct Walk<'a> {
    index: &'a [(MessageId, u32)],
    at: usize,
}

impl Walk<'_> {
    fn find(&mut self, message: MessageId) -> Option<u32> {
        if self.index.get(self.at).is_none_or(|(there, _)| *there != message) {
            self.at = self.index.partition_point(|(there, _)| *there < message);
        }
        let (there, row) = self.index.get(self.at)?;
        (*there == message).then(|| {
            self.at += 1;
            *row
        })
    }
}

/// A message-id by which others are found: quoting does not count, case does (RFC 5256 §3).
fn digest_of_id(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut octets = id.bytes();
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => (),
            b'\\' => octets.next().into_iter().for_each(|escaped| hasher.write_u8(escaped)),
            octet => hasher.write_u8(octet),
        }
    }
    // 0 is for no message-id.
    hasher.finish().max(1)
}

/// The columns of addresses, each by its place in [`AddressKey`].
const ADDRESSES: [AddressKey; 5] =
    [AddressKey::From, AddressKey::To, AddressKey::Cc, AddressKey::DisplayFrom, AddressKey::DisplayTo];

/// What SORT compares of an envelope, in the order of [`AddressKey`]. The empty text stands for what is not there.
fn first_addresses(printed: &[u8]) -> [String; 5] {
    let (from, to, cc) = match envelope(printed) {
        Ok((_, addresses)) => addresses,
        Err(_) => Default::default(),
    };
    let mailbox = |address: &First| address.mailbox.clone().unwrap_or_default();
    [mailbox(&from), mailbox(&to), mailbox(&cc), from.display(), to.display()]
}

/// The first address of a field.
#[derive(Default)]
struct First {
    name: Option<String>,
    mailbox: Option<String>,
    host: Option<String>,
}

impl First {
    /// `DISPLAY` of RFC 5957 §3: the name, else the address, else what there is of it.
    fn display(self) -> String {
        let First { name, mailbox, host } = self;
        let name = name.map(|name| decode_header_value(name.as_bytes())).filter(|name| !name.is_empty());
        match (name, mailbox, host) {
            (Some(name), ..) => name,
            (None, Some(mailbox), Some(host)) => format!("{mailbox}@{host}"),
            (None, mailbox, _) => mailbox.unwrap_or_default(),
        }
    }
}

/// `envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP ... ")"`:
/// the first of From, of To and of Cc.
fn envelope(input: &[u8]) -> Parsed<'_, (First, First, First)> {
    let skip = |input| value((), terminated(nstring, sp)).parse(input);
    let list = |input| terminated(env_addresses, sp).parse(input);
    let (rest, _) = char('(')(input)?;
    let (rest, ()) = skip(rest)?;
    let (rest, ()) = skip(rest)?;
    let (rest, from) = list(rest)?;
    let (rest, _) = list(rest)?;
    let (rest, _) = list(rest)?;
    let (rest, to) = list(rest)?;
    let (rest, cc) = list(rest)?;
    Ok((rest, (from, to, cc)))
}

/// `env-from = "(" 1*address ")" / nil`, and its like: the first address.
fn env_addresses(input: &[u8]) -> Parsed<'_, First> {
    let first = |addresses: Vec<First>| addresses.into_iter().next().unwrap_or_default();
    let list = map(delimited(char('('), many1(address), char(')')), first);
    alt((map(tag_no_case("NIL"), |_| First::default()), list)).parse(input)
}

/// `address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"`
fn address(input: &[u8]) -> Parsed<'_, First> {
    let text = |input| {
        map(nstring, |octets| octets.map(|octets| String::from_utf8_lossy(&octets).into_owned())).parse(input)
    };
    let inside = (text, preceded(sp, nstring), preceded(sp, text), preceded(sp, text));
    map(delimited(char('('), inside, char(')')), |(name, _, mailbox, host)| First { name, mailbox, host })
        .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_from_the_envelope() {
        let printed = br#"("date" NIL (("=?utf-8?q?=C3=84nna?=" NIL "anna" "example.org")) NIL NIL
            ((NIL NIL "team" NIL)(NIL NIL "bob" "example.org")(NIL NIL NIL NIL)) (("" NIL "c" "d")) NIL NIL "<x>")"#;
        let printed: Vec<u8> = String::from_utf8_lossy(printed).replace("\n           ", "").into_bytes();
        assert_eq!(first_addresses(&printed), ["anna", "team", "c", "Änna", "team"]);
        assert_eq!(first_addresses(b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"), [""; 5]);
        assert_eq!(first_addresses(b"broken"), [""; 5]);
    }

    #[test]
    fn quoting_does_not_tell_message_ids_apart() {
        assert_eq!(digest_of_id("<\"01KF\\a\"@x.y>"), digest_of_id("<01KFa@x.y>"));
        assert_ne!(digest_of_id("<a@x>"), digest_of_id("<A@x>"));
    }

    #[test]
    fn rows_are_found_in_any_order() {
        let row = |id: i64| KeyRow {
            sent: Some(id),
            subject: format!("Re: s{id}"),
            message_id: Some(format!("<{id}@x>")),
            references: (1..id).map(|before| format!("<{before}@x>")).collect(),
            ..KeyRow::empty(MessageId(id))
        };
        let wanted = Wanted { subjects: true, addresses: true, references: true };
        let mut keys = Keys::new(wanted, Collation::default());
        keys.extend([5, 2].map(row));
        let ids = |ids: &[i64]| ids.iter().copied().map(MessageId).collect::<Vec<_>>();
        assert_eq!(keys.missing(ids(&[2, 3, 5, 4, 3])), ids(&[3, 4]));
        keys.extend([4, 3].map(row));
        assert_eq!(keys.missing(ids(&[2, 3, 5, 4])), ids(&[]));
        let rows = keys.rows(ids(&[3, 4, 5, 2, 3]));
        assert_eq!(rows, [3, 2, 0, 1, 3]);
        for (id, row) in [3i64, 4, 5, 2].into_iter().zip(rows) {
            assert_eq!(keys.subject(row), format!("S{id}").as_bytes());
            assert!(keys.is_reply(row));
            assert_eq!(keys.id(row), Some(digest_of_id(&format!("<{id}@x>"))));
            assert_eq!(keys.references(row).len(), id as usize - 1);
            assert_eq!(keys.address(row, AddressKey::DisplayTo), b"");
        }
    }
}

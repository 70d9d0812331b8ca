//! SORT (RFC 5256): messages in the order of what they are asked for.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::keys::{AddressKey, Keys, Wanted};
use super::relevancy::RELEVANCY_MAX;
use crate::mailbox::{Entry, Snapshot, Uid};

/// One criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Criterion {
    /// REVERSE: the other way round; messages that are equal by it keep their order.
    pub reverse: bool,
    pub key: SortKey,
}

/// What messages are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// ARRIVAL: when they came.
    Arrival,
    /// DATE: when they were sent.
    Date,
    /// SIZE.
    Size,
    /// SUBJECT: the base subject.
    Subject,
    /// FROM, TO, CC, DISPLAYFROM, DISPLAYTO.
    Address(AddressKey),
    /// RELEVANCY: to a search for something that is only nearly so, the most relevant first (RFC 6203 §6).
    Relevancy,
    /// ANNOTATION (RFC 5257 §4.9): what is said of the messages in the list of that number.
    Annotation(usize),
}

/// What messages are compared by that the mailbox itself does not tell.
#[derive(Clone, Copy, Default)]
pub struct Known<'a> {
    /// Keys of all messages, where keys are [`wanted`].
    pub keys: Option<&'a Keys>,
    /// How relevant each message is, where that is asked for.
    pub relevancy: Option<&'a HashMap<Uid, u8>>,
    /// What annotations say of messages, as texts are compared.
    pub annotations: &'a [Said],
}

/// What an annotation says of the messages that have it.
pub type Said = HashMap<Uid, Vec<u8>>;

impl Criterion {
    /// Whether it compares texts, by the collation that is in force.
    pub fn compares_texts(&self) -> bool {
        matches!(self.key, SortKey::Subject | SortKey::Address(_) | SortKey::Annotation(_))
    }
}

/// The columns of keys that sorting needs; None when it needs no keys at all.
pub fn wanted(criteria: &[Criterion]) -> Option<Wanted> {
    let has = |is: fn(SortKey) -> bool| criteria.iter().any(|criterion| is(criterion.key));
    let wanted = Wanted {
        subjects: has(|key| key == SortKey::Subject),
        addresses: has(|key| matches!(key, SortKey::Address(_))),
        references: false,
    };
    let needed = wanted != Wanted::default() || has(|key| key == SortKey::Date);
    needed.then_some(wanted)
}

/// Sorts messages of a mailbox, which ascend.
pub fn sort(criteria: &[Criterion], snapshot: &Snapshot, known: Known<'_>, found: &[Uid]) -> Vec<Uid> {
    let set = found.iter().copied().collect();
    let entries: Vec<&Entry> = snapshot.by_uids(&set).map(|(_, entry)| entry).collect();
    let rows = match known.keys {
        Some(keys) => keys.rows(entries.iter().map(|entry| entry.message)),
        None => Vec::new(),
    };
    let columns: Vec<Column<'_>> =
        criteria.iter().map(|criterion| Column::new(*criterion, &entries, known, &rows)).collect();
    let Some(first) = columns.first() else { return found.to_vec() };
    let mut order: Vec<(u64, u32)> = first.ranks.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| {
        // The order in which messages appear in the mailbox is the last criterion (RFC 5256 §3).
        let by_others = || columns.iter().map(|column| column.compare(a.1, b.1)).find(|order| order.is_ne());
        a.0.cmp(&b.0).then_with(|| by_others().unwrap_or_else(|| a.1.cmp(&b.1)))
    });
    order.into_iter().map(|(_, position)| entries[position as usize].uid).collect()
}

/// One criterion of all messages.
struct Column<'a> {
    /// Numbers that compare as the values do; of texts, only their beginnings.
    ranks: Vec<u64>,
    texts: Option<Vec<&'a [u8]>>,
    reverse: bool,
}

impl<'a> Column<'a> {
    fn new(
        Criterion { reverse, key }: Criterion,
        entries: &[&Entry],
        known: Known<'a>,
        rows: &[u32],
    ) -> Column<'a> {
        let keys = || known.keys.expect("these keys are wanted");
        let rows = rows.iter();
        let (ranks, texts): (Vec<u64>, _) = match key {
            SortKey::Arrival => {
                (entries.iter().map(|entry| ascending(entry.internal_date().seconds)).collect(), None)
            }
            SortKey::Relevancy => {
                let of = |entry: &&Entry| known.relevancy.and_then(|known| known.get(&entry.uid)).copied();
                (
                    entries
                        .iter()
                        .map(|entry| u64::from(RELEVANCY_MAX - of(entry).unwrap_or(RELEVANCY_MAX)))
                        .collect(),
                    None,
                )
            }
            SortKey::Size => (entries.iter().map(|entry| entry.size.into()).collect(), None),
            SortKey::Date => {
                let sent = |(row, entry): (&u32, &&Entry)| ascending(keys().sent(*row, entry));
                (rows.zip(entries).map(sent).collect(), None)
            }
            SortKey::Subject => with_beginnings(rows.map(|row| keys().subject(*row)).collect()),
            SortKey::Annotation(at) => {
                let of = |entry: &&Entry| known.annotations.get(at)?.get(&entry.uid).map(Vec::as_slice);
                with_beginnings(entries.iter().map(|entry| of(entry).unwrap_or_default()).collect())
            }
            SortKey::Address(key) => with_beginnings(rows.map(|row| keys().address(*row, key)).collect()),
        };
        let ranks = if reverse { ranks.into_iter().map(|rank| !rank).collect() } else { ranks };
        Column { ranks, texts, reverse }
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        let (a, b) = (a as usize, b as usize);
        let by_text = || match &self.texts {
            Some(texts) if self.reverse => texts[b].cmp(texts[a]),
            Some(texts) => texts[a].cmp(texts[b]),
            None => Ordering::Equal,
        };
        self.ranks[a].cmp(&self.ranks[b]).then_with(by_text)
    }
}

fn with_beginnings(texts: Vec<&[u8]>) -> (Vec<u64>, Option<Vec<&[u8]>>) {
    let beginning = |text: &&[u8]| {
        let mut octets = [0; 8];
        let length = text.len().min(8);
        octets[..length].copy_from_slice(&text[..length]);
        u64::from_be_bytes(octets)
    };
    (texts.iter().map(beginning).collect(), Some(texts))
}

/// A signed number as an unsigned one that compares in the same way.
fn ascending(number: i64) -> u64 {
    number as u64 ^ 1 << 63
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mailbox::{FlagSet, InternalDate, Loaded, MessageId, ModSeq, UidValidity};
    use crate::search::collation::Collation;
    use crate::search::keys::KeyRow;

    fn mailbox(messages: &[(i64, u32)]) -> Snapshot {
        let loaded = |(at, (seconds, size)): (usize, &(i64, u32))| Loaded {
            uid: Uid::new(at as u32 + 1).unwrap(),
            message: MessageId(at as i64),
            modseq: ModSeq(1),
            size: *size,
            internal_date: InternalDate { seconds: *seconds, zone_minutes: 0 },
            flags: FlagSet::default(),
        };
        let messages = messages.iter().enumerate().map(loaded);
        Snapshot::load(UidValidity::new(1).unwrap(), 1, ModSeq(1), messages)
    }

    fn by(keys: &[(bool, SortKey)]) -> Vec<Criterion> {
        keys.iter().map(|(reverse, key)| Criterion { reverse: *reverse, key: *key }).collect()
    }

    fn keys(rows: &[(Option<i64>, &str)]) -> Keys {
        let wanted = Wanted { subjects: true, addresses: true, references: false };
        let mut keys = Keys::new(wanted, Collation::default());
        keys.extend(rows.iter().enumerate().map(|(at, (sent, subject))| KeyRow {
            sent: *sent,
            subject: subject.to_string(),
            ..KeyRow::empty(MessageId(at as i64))
        }));
        keys
    }

    #[test]
    fn each_key_orders() {
        let mailbox = mailbox(&[(50, 10), (-40, 10), (30, 7), (20, 9)]);
        let all: Vec<Uid> = mailbox.iter().map(|(_, entry)| entry.uid).collect();
        let rows =
            [(Some(5), "Re: beta"), (None, "alphabet"), (Some(-9), "Beta"), (Some(5), "[x] Alphabeta")];
        let keys = keys(&rows);
        let relevancy = all.iter().copied().zip([40, 100, 100, 1]).collect();
        let said = [HashMap::from([(all[1], b"B".to_vec()), (all[2], b"A".to_vec())])];
        let sorted = |criteria: &[(bool, SortKey)]| -> Vec<u32> {
            sort(
                &by(criteria),
                &mailbox,
                Known { keys: Some(&keys), relevancy: Some(&relevancy), annotations: &said },
                &all,
            )
            .iter()
            .map(|uid| uid.get())
            .collect()
        };
        assert_eq!(sorted(&[(false, SortKey::Arrival)]), [2, 4, 3, 1]);
        assert_eq!(sorted(&[(true, SortKey::Arrival)]), [1, 3, 4, 2]);
        assert_eq!(sorted(&[(false, SortKey::Size)]), [3, 4, 1, 2]);
        assert_eq!(sorted(&[(true, SortKey::Size)]), [1, 2, 4, 3], "equal ones keep their order");
        assert_eq!(sorted(&[(false, SortKey::Date)]), [2, 3, 1, 4], "message 2 has the date of its arrival");
        assert_eq!(sorted(&[(false, SortKey::Subject)]), [2, 4, 1, 3]);
        assert_eq!(sorted(&[(true, SortKey::Subject)]), [1, 3, 4, 2]);
        assert_eq!(sorted(&[(false, SortKey::Subject), (true, SortKey::Size)]), [2, 4, 1, 3]);
        assert_eq!(sorted(&[(false, SortKey::Subject), (false, SortKey::Date)]), [2, 4, 3, 1]);
        assert_eq!(sorted(&[(false, SortKey::Address(AddressKey::Cc))]), [1, 2, 3, 4]);
        assert_eq!(sorted(&[(false, SortKey::Relevancy)]), [2, 3, 1, 4]);
        assert_eq!(sorted(&[(true, SortKey::Relevancy), (true, SortKey::Size)]), [4, 1, 2, 3]);
        assert_eq!(sorted(&[(false, SortKey::Annotation(0))]), [1, 4, 3, 2]);
    }

    proptest! {
        #[test]
        fn sorting_is_what_a_stable_sort_does(
            messages in prop::collection::vec((-3i64..3, 0u32..3, "[ab]{0,2}|abcdefgh[ab]?"), 0..20),
            reverse in prop::array::uniform2(any::<bool>()),
        ) {
            let mailbox = mailbox(&messages.iter().map(|(date, size, _)| (*date, *size)).collect::<Vec<_>>());
            let rows: Vec<_> = messages.iter().map(|(_, _, subject)| (None, subject.as_str())).collect();
            let all: Vec<Uid> = mailbox.iter().map(|(_, entry)| entry.uid).collect();
            let criteria = by(&[(reverse[0], SortKey::Subject), (reverse[1], SortKey::Date)]);
            let directed = |order: Ordering, reverse| if reverse { order.reverse() } else { order };
            let mut expected: Vec<u32> = (1..=messages.len() as u32).collect();
            expected.sort_by(|a, b| {
                let (a, b) = (&messages[*a as usize - 1], &messages[*b as usize - 1]);
                directed(a.2.cmp(&b.2), reverse[0]).then(directed(a.0.cmp(&b.0), reverse[1]))
            });
            let sorted = sort(&criteria, &mailbox, Known { keys: Some(&keys(&rows)), ..Known::default() }, &all);
            prop_assert_eq!(sorted.iter().map(|uid| uid.get()).collect::<Vec<_>>(), expected);
        }
    }
}

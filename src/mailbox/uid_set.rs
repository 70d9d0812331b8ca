//! Sets of numbers as IMAP writes them: what a client said (`1:3,7,*`), and what that means in one mailbox.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::str::FromStr;

use super::ids::{Msn, Uid};

/// A number that sets are made of: [`Uid`] or [`Msn`], never both in one set.
pub trait Number: Copy + Ord {
    /// The number as IMAP prints it.
    fn number(self) -> u32;
    /// The number of this kind; `number` is not zero.
    fn of(number: u32) -> Self;
}

impl Number for Uid {
    fn number(self) -> u32 {
        self.get()
    }

    fn of(number: u32) -> Uid {
        Uid::new(number).expect("sets hold no zero")
    }
}

impl Number for Msn {
    fn number(self) -> u32 {
        self.get()
    }

    fn of(number: u32) -> Msn {
        Msn::new(number).expect("sets hold no zero")
    }
}

/// A set of uids.
pub type UidSet = NumberSet<Uid>;
/// A set of message sequence numbers.
pub type MsnSet = NumberSet<Msn>;

/// A set of numbers, kept as sorted ranges that neither overlap nor touch: `1:*` costs no more than `1`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NumberSet<N> {
    ranges: Vec<(u32, u32)>,
    kind: PhantomData<N>,
}

impl<N: Number> NumberSet<N> {
    /// The empty set.
    pub const fn new() -> Self {
        NumberSet { ranges: Vec::new(), kind: PhantomData }
    }

    /// The set of one number.
    pub fn single(number: N) -> Self {
        Self::range(number, number)
    }

    /// All numbers from `a` to `b`, both included, whichever is the greater (RFC 9051 §9, seq-range).
    pub fn range(a: N, b: N) -> Self {
        let (a, b) = (a.number(), b.number());
        Self { ranges: vec![(a.min(b), a.max(b))], kind: PhantomData }
    }

    /// The union of any ranges in any order; a range may be written backwards. Ranges with a zero lose it.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let ordered = ranges.into_iter().map(|(a, b)| (a.min(b).max(1), a.max(b)));
        let mut sorted: Vec<(u32, u32)> = ordered.filter(|(_, last)| *last > 0).collect();
        sorted.sort_unstable();
        let mut set = Self::new();
        for (first, last) in sorted {
            set.push_range(first, last);
        }
        set
    }

    /// Adds a range that begins at or after the beginning of the last one.
    fn push_range(&mut self, first: u32, last: u32) {
        match self.ranges.last_mut() {
            Some(end) if end.1 >= first.saturating_sub(1) => {
                debug_assert!(end.0 <= first, "ranges are pushed in order");
                end.1 = end.1.max(last);
            }
            _ => self.ranges.push((first, last)),
        }
    }

    /// Adds every number of `first..=last`: cheap when they lie behind all others.
    pub fn insert_range(&mut self, first: N, last: N) {
        let (first, last) = (first.number(), last.number());
        debug_assert!(first <= last, "a range goes upwards");
        if self.ranges.last().is_none_or(|end| end.0 <= first) {
            return self.push_range(first, last);
        }
        let from = self.ranges.partition_point(|range| range.1 < first.saturating_sub(1));
        let to = self.ranges.partition_point(|range| range.0 <= last.saturating_add(1));
        let merged = match self.ranges.get(from..to) {
            Some([]) | None => (first, last),
            Some(touched) => (first.min(touched[0].0), last.max(touched[touched.len() - 1].1)),
        };
        self.ranges.splice(from..to, [merged]);
    }

    /// Adds one number: cheap when it lies behind all others.
    pub fn insert(&mut self, number: N) {
        self.insert_range(number, number);
    }

    /// Takes one number out.
    pub fn remove(&mut self, number: N) {
        if self.contains(number) {
            *self = self.difference(&Self::single(number));
        }
    }

    /// Whether `number` is in the set.
    pub fn contains(&self, number: N) -> bool {
        let number = number.number();
        let at = self.ranges.partition_point(|range| range.1 < number);
        self.ranges.get(at).is_some_and(|range| range.0 <= number)
    }

    /// Whether the set has no number.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many numbers the set has.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// The smallest number.
    pub fn first(&self) -> Option<N> {
        self.ranges.first().map(|range| N::of(range.0))
    }

    /// The greatest number.
    pub fn last(&self) -> Option<N> {
        self.ranges.last().map(|range| N::of(range.1))
    }

    /// The ranges in order, both ends included.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = (N, N)> + ExactSizeIterator + '_ {
        self.ranges.iter().map(|(first, last)| (N::of(*first), N::of(*last)))
    }

    /// The ranges of what is greater than `number`, if there is one; what is not costs nothing.
    pub fn ranges_behind(&self, number: Option<N>) -> impl Iterator<Item = (N, N)> + '_ {
        let number = number.map_or(0, N::number);
        let at = self.ranges.partition_point(|range| range.1 <= number);
        let next = number.saturating_add(1);
        self.ranges[at..].iter().map(move |(first, last)| (N::of(next.max(*first)), N::of(*last)))
    }

    /// The numbers in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = N> + '_ {
        self.ranges.iter().flat_map(|(first, last)| (*first..=*last).map(N::of))
    }

    /// What is in either.
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        let mut union = Self { ranges: Vec::with_capacity(self.ranges.len()), kind: PhantomData };
        let (mut mine, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        loop {
            let next = match (mine.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a <= b => mine.next(),
                (_, Some(_)) => theirs.next(),
                (Some(_), None) => mine.next(),
                (None, None) => return union,
            };
            let (first, last) = next.expect("it was peeked at");
            union.push_range(*first, *last);
        }
    }

    /// What is in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = Self::new();
        let (mut i, mut j) = (0, 0);
        while let (Some(a), Some(b)) = (self.ranges.get(i), other.ranges.get(j)) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                both.ranges.push((first, last));
            }
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
        both
    }

    /// What is in this set and not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = Self::new();
        let mut j = 0;
        for &(mut first, last) in &self.ranges {
            while other.ranges.get(j).is_some_and(|hole| hole.1 < first) {
                j += 1;
            }
            let mut k = j;
            let mut ended = false;
            while let Some(hole) = other.ranges.get(k).filter(|hole| hole.0 <= last) {
                if hole.0 > first {
                    rest.ranges.push((first, hole.0 - 1));
                }
                if hole.1 >= last {
                    ended = true;
                    break;
                }
                first = hole.1 + 1;
                k += 1;
            }
            j = k;
            if !ended {
                rest.ranges.push((first, last));
            }
        }
        rest
    }
}

impl<N: Number> Default for NumberSet<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// From numbers in any order; sorted ones are the cheap case.
impl<N: Number> FromIterator<N> for NumberSet<N> {
    fn from_iter<I: IntoIterator<Item = N>>(numbers: I) -> Self {
        let mut set = Self::new();
        set.extend(numbers);
        set
    }
}

impl<N: Number> NumberSet<N> {
    /// The numbers at some places, counted from 0; those past the end are left out.
    pub fn slice(&self, places: Range<usize>) -> Self {
        let mut slice = Self::new();
        let mut before = 0;
        for (first, last) in &self.ranges {
            let length = (last - first) as usize + 1;
            let from = places.start.clamp(before, before + length) - before;
            let to = places.end.clamp(before, before + length) - before;
            if from < to {
                slice.push_range(first + from as u32, first + to as u32 - 1);
            }
            before += length;
        }
        slice
    }
}

impl<N: Number> Extend<N> for NumberSet<N> {
    fn extend<I: IntoIterator<Item = N>>(&mut self, numbers: I) {
        let mut late = Vec::new();
        for number in numbers {
            let number = number.number();
            if self.ranges.last().is_none_or(|end| end.0 <= number) {
                self.push_range(number, number);
            } else {
                late.push((number, number));
            }
        }
        if !late.is_empty() {
            *self = self.union(&Self::from_ranges(late));
        }
    }
}

/// Prints the set as an IMAP `sequence-set`; the empty set, which IMAP cannot write, prints as nothing.
impl<N: Number> fmt::Display for NumberSet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (first, last) in &self.ranges {
            match first == last {
                true => write!(f, "{separator}{first}")?,
                false => write!(f, "{separator}{first}:{last}")?,
            }
            separator = ",";
        }
        Ok(())
    }
}

impl<N: Number> fmt::Debug for NumberSet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// One end of a range as a client writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SequenceNumber {
    /// A number, not zero.
    Number(u32),
    /// `*`: the greatest number in use.
    Star,
}

/// A `sequence-set` as the client wrote it (RFC 9051 §9); what it means depends on the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SequenceSet {
    ranges: Vec<(SequenceNumber, SequenceNumber)>,
    /// `$`: what the last SEARCH has saved is in it too (RFC 5182).
    saved: bool,
}

impl SequenceSet {
    /// None when there is no range at all, or a number is zero.
    pub fn new(ranges: Vec<(SequenceNumber, SequenceNumber)>) -> Option<SequenceSet> {
        let zero = SequenceNumber::Number(0);
        let valid = !ranges.is_empty() && ranges.iter().all(|(a, b)| *a != zero && *b != zero);
        valid.then_some(SequenceSet { ranges, saved: false })
    }

    /// `$`: what the last SEARCH has saved.
    pub fn saved() -> SequenceSet {
        SequenceSet { ranges: Vec::new(), saved: true }
    }

    /// This set, and what the last SEARCH has saved.
    pub fn with_saved(self) -> SequenceSet {
        SequenceSet { saved: true, ..self }
    }

    /// Whether what the last SEARCH has saved is in it, which [`resolve`](SequenceSet::resolve) does not know.
    pub fn has_saved(&self) -> bool {
        self.saved
    }

    /// `1:*`, everything.
    pub fn all() -> SequenceSet {
        SequenceSet { ranges: vec![(SequenceNumber::Number(1), SequenceNumber::Star)], saved: false }
    }

    /// What it means where `max` is the greatest number in use. Numbers beyond `max` stay in the set: with uids they
    /// mean nothing, with sequence numbers the caller refuses them. In an empty mailbox `*` is no number, and a range
    /// with it holds nothing.
    pub fn resolve<N: Number>(&self, max: Option<N>) -> NumberSet<N> {
        let end = |end: SequenceNumber| match end {
            SequenceNumber::Number(number) => Some(number),
            SequenceNumber::Star => max.map(N::number),
        };
        NumberSet::from_ranges(self.ranges.iter().filter_map(|(a, b)| Some((end(*a)?, end(*b)?))))
    }

    /// Whether `*` is written anywhere.
    pub fn has_star(&self) -> bool {
        self.ranges.iter().any(|(a, b)| [a, b].contains(&&SequenceNumber::Star))
    }

    /// The greatest number of the ranges that are written without `*`: the client says that it is in use.
    pub fn greatest_claimed(&self) -> Option<u32> {
        let claimed = self.ranges.iter().filter_map(|range| match range {
            (SequenceNumber::Number(a), SequenceNumber::Number(b)) => Some(*a.max(b)),
            _ => None,
        });
        claimed.max()
    }
}

impl<N: Number> From<&NumberSet<N>> for SequenceSet {
    /// `set` must not be empty.
    fn from(set: &NumberSet<N>) -> SequenceSet {
        assert!(!set.is_empty(), "IMAP cannot write an empty set");
        let number = SequenceNumber::Number;
        let ranges = set.ranges.iter().map(|(a, b)| (number(*a), number(*b))).collect();
        SequenceSet { ranges, saved: false }
    }
}

/// Why a text is no sequence-set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sequence set")]
pub struct NotASequenceSet;

impl FromStr for SequenceSet {
    type Err = NotASequenceSet;

    fn from_str(text: &str) -> Result<SequenceSet, NotASequenceSet> {
        let end = |end: &str| match end {
            "*" => Some(SequenceNumber::Star),
            // nz-number has no leading zero (RFC 9051 §9).
            _ if end.starts_with(|c: char| c.is_ascii_digit() && c != '0') => {
                end.parse().ok().map(SequenceNumber::Number)
            }
            _ => None,
        };
        let range = |range: &str| match range.split_once(':') {
            Some((a, b)) => Some((end(a)?, end(b)?)),
            None => end(range).map(|number| (number, number)),
        };
        let saved = text.split(',').any(|item| item == "$");
        let items = text.split(',').filter(|item| *item != "$");
        let ranges = items.map(range).collect::<Option<Vec<_>>>().ok_or(NotASequenceSet)?;
        match saved {
            true if ranges.is_empty() => Ok(SequenceSet::saved()),
            saved => SequenceSet::new(ranges).map(|set| SequenceSet { saved, ..set }).ok_or(NotASequenceSet),
        }
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SequenceNumber::Number(number) => number.fmt(f),
            SequenceNumber::Star => f.write_str("*"),
        }
    }
}

impl fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (a, b) in &self.ranges {
            match a == b {
                true => write!(f, "{separator}{a}")?,
                false => write!(f, "{separator}{a}:{b}")?,
            }
            separator = ",";
        }
        if self.saved { write!(f, "{separator}$") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(numbers: &BTreeSet<u32>) -> UidSet {
        numbers.iter().map(|n| Uid::of(*n)).collect()
    }

    fn numbers(set: &UidSet) -> BTreeSet<u32> {
        set.iter().map(Uid::get).collect()
    }

    /// The ranges are sorted and do not touch.
    fn is_canonical(set: &UidSet) -> bool {
        set.ranges.iter().all(|r| r.0 > 0 && r.0 <= r.1)
            && set.ranges.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0)
    }

    proptest! {
        #[test]
        fn sets_do_as_ordered_sets_do(
            a in prop::collection::btree_set(1u32..60, 0..40),
            b in prop::collection::btree_set(1u32..60, 0..40),
        ) {
            let (x, y) = (set(&a), set(&b));
            for (ours, theirs) in [
                (x.union(&y), a.union(&b).copied().collect::<BTreeSet<_>>()),
                (x.intersection(&y), a.intersection(&b).copied().collect()),
                (x.difference(&y), a.difference(&b).copied().collect()),
            ] {
                prop_assert!(is_canonical(&ours));
                prop_assert_eq!(numbers(&ours), theirs.clone());
                prop_assert_eq!(ours.len(), theirs.len() as u64);
            }
            for n in 1..60 {
                prop_assert_eq!(x.contains(Uid::of(n)), a.contains(&n));
                let behind: Vec<u32> =
                    x.ranges_behind(Some(Uid::of(n))).flat_map(|(first, last)| first.get()..=last.get()).collect();
                prop_assert_eq!(behind, a.range(n + 1..).copied().collect::<Vec<_>>());
            }
            prop_assert!(x.ranges_behind(None).eq(x.ranges()));
        }

        #[test]
        fn numbers_may_come_in_any_order(order in prop::collection::vec((1u32..60, 0u32..5), 0..40)) {
            let mut model = BTreeSet::new();
            let mut ours = UidSet::new();
            for (first, more) in &order {
                model.extend(*first..=first + more);
                ours.insert_range(Uid::of(*first), Uid::of(first + more));
                prop_assert!(is_canonical(&ours));
            }
            prop_assert_eq!(numbers(&ours), model.clone());
            let extended: UidSet = order.iter().flat_map(|(a, n)| *a..=a + n).map(Uid::of).collect();
            prop_assert_eq!(&extended, &ours);
            for n in model {
                ours.remove(Uid::of(n));
            }
            prop_assert!(ours.is_empty());
        }

        #[test]
        fn a_slice_has_what_lies_at_its_places(
            a in prop::collection::btree_set(1u32..60, 0..40), from in 0usize..50, len in 0usize..50,
        ) {
            let slice = set(&a).slice(from..from + len);
            prop_assert!(is_canonical(&slice));
            prop_assert_eq!(numbers(&slice), a.iter().copied().skip(from).take(len).collect::<BTreeSet<_>>());
        }

        #[test]
        fn what_is_printed_can_be_parsed(a in prop::collection::btree_set(1u32..60, 1..40)) {
            let printed = set(&a).to_string();
            let parsed: SequenceSet = printed.parse().unwrap();
            prop_assert_eq!(parsed.to_string(), printed);
            prop_assert_eq!(parsed.resolve::<Uid>(None), set(&a));
        }
    }

    #[test]
    fn the_star_is_the_greatest_number() {
        let resolve = |text: &str, max| text.parse::<SequenceSet>().unwrap().resolve::<Uid>(Uid::new(max));
        assert_eq!(resolve("*", 9).to_string(), "9");
        assert_eq!(resolve("12:*", 9).to_string(), "9:12");
        assert_eq!(resolve("*:4,1", 9).to_string(), "1,4:9");
        assert_eq!(resolve("2:4,3:8,9", 9).to_string(), "2:9");
        assert!(resolve("1:*", 0).is_empty());
    }

    #[test]
    fn a_saved_result_may_be_in_a_set() {
        let read = |text: &str| text.parse::<SequenceSet>().map(|set| (set.has_saved(), set.to_string()));
        assert_eq!(read("$"), Ok((true, "$".to_string())));
        assert_eq!(read("1:3,$,7"), Ok((true, "1:3,7,$".to_string())));
        assert_eq!(read("1:3"), Ok((false, "1:3".to_string())));
        assert_eq!(read("1:$"), Err(NotASequenceSet));
        assert!(SequenceSet::saved().resolve::<Uid>(Uid::new(9)).is_empty(), "it is known elsewhere");
    }

    #[test]
    fn the_greatest_uid_overflows_nothing() {
        let mut all = UidSet::range(Uid::MIN, Uid::MAX);
        all.insert(Uid::MAX);
        assert_eq!(all.len(), u64::from(u32::MAX));
        all.remove(Uid::MAX);
        assert_eq!(all.last(), Uid::new(u32::MAX - 1));
        all.insert(Uid::MAX);
        assert_eq!(all.to_string(), "1:4294967295");
    }

    #[test]
    fn a_bad_set_is_refused() {
        for bad in ["", "0", "1,", ",1", "1:", "a", "1:2:3", "4294967296", "+1", "01", "1 ", "0:*"] {
            assert!(bad.parse::<SequenceSet>().is_err(), "{bad}");
        }
    }
}

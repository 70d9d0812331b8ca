//! Sets of messages as clients write them.

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, map_opt, value};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::separated_pair;

use super::Parsed;
use super::core::nz_number;
use crate::mailbox::uid_set::{SequenceNumber, SequenceSet};

/// `sequence-set = (seq-number / seq-range) ["," sequence-set]`, `sequence-set =/ seq-last-command`
pub fn sequence_set(input: &[u8]) -> Parsed<'_, SequenceSet> {
    let single = map(seq_number, |number| (number, number));
    let item = alt((map(alt((seq_range, single)), Some), map(seq_last_command, |()| None)));
    let set = |items: Vec<Option<_>>| {
        let ranges: Vec<_> = items.iter().copied().flatten().collect();
        match (ranges.len() < items.len(), ranges.is_empty()) {
            (false, _) => SequenceSet::new(ranges),
            (true, true) => Some(SequenceSet::saved()),
            (true, false) => SequenceSet::new(ranges).map(SequenceSet::with_saved),
        }
    };
    context("a sequence set", map_opt(separated_list1(char(','), item), set)).parse(input)
}

/// `seq-last-command = "$"`: what the last SEARCH has saved (RFC 5182 §3)
fn seq_last_command(input: &[u8]) -> Parsed<'_, ()> {
    value((), char('$')).parse(input)
}

/// `seq-range = seq-number ":" seq-number`
fn seq_range(input: &[u8]) -> Parsed<'_, (SequenceNumber, SequenceNumber)> {
    separated_pair(seq_number, char(':'), seq_number).parse(input)
}

/// `seq-number = nz-number / "*"`
fn seq_number(input: &[u8]) -> Parsed<'_, SequenceNumber> {
    alt((map(nz_number, SequenceNumber::Number), value(SequenceNumber::Star, char('*')))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sets_are_read() {
        assert_eq!(
            sequence_set(b"1:3,*,7:*,9 x").map(|(rest, set)| (rest, set.to_string())),
            Ok((&b" x"[..], "1:3,*,7:*,9".to_string()))
        );
        assert_eq!(
            sequence_set(b"1:3,$,9)").map(|(rest, set)| (rest, set.to_string())),
            Ok((&b")"[..], "1:3,9,$".to_string()))
        );
        assert_eq!(sequence_set(b"$ x"), Ok((&b" x"[..], SequenceSet::saved())));
        for bad in [&b"0"[..], b"", b",1", b"a", b":1", b"4294967296"] {
            assert!(sequence_set(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(
            ranges in proptest::collection::vec((0u32..9, 0u32..9), 1..9),
            saved in any::<bool>(),
        ) {
            let number = |n| if n == 0 { SequenceNumber::Star } else { SequenceNumber::Number(n) };
            let set = SequenceSet::new(ranges.into_iter().map(|(a, b)| (number(a), number(b))).collect()).unwrap();
            let set = if saved { set.with_saved() } else { set };
            let printed = set.to_string();
            let (rest, read) = sequence_set(printed.as_bytes()).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(read, set);
        }
    }
}

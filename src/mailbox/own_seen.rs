//! What one reader has seen of a mailbox where everybody has a \Seen of his own, and since when that is so.

use super::ids::ModSeq;
use super::uid_set::UidSet;

/// The messages that a reader has seen. Uids that belong to no message mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnSeen {
    pub uids: UidSet,
    /// Which of his changes came with which mod-sequence. What is long ago is together, as if it were as late as the
    /// last of it.
    changes: Vec<(ModSeq, UidSet)>,
}

impl OwnSeen {
    /// As it is kept: one mod-sequence for each range of uids, ascending.
    pub fn new(uids: UidSet, changes: impl IntoIterator<Item = (ModSeq, (u32, u32))>) -> OwnSeen {
        let mut grouped: Vec<(ModSeq, Vec<(u32, u32)>)> = Vec::new();
        for (modseq, range) in changes {
            match grouped.last_mut().filter(|(last, _)| *last == modseq) {
                Some((_, ranges)) => ranges.push(range),
                None => grouped.push((modseq, vec![range])),
            }
        }
        let changes = grouped.into_iter().map(|(modseq, ranges)| (modseq, UidSet::from_ranges(ranges)));
        OwnSeen { uids, changes: changes.collect() }
    }

    /// The same when he has seen these messages too, or no longer, as of this mod-sequence.
    pub fn with(&self, uids: &UidSet, seen: bool, modseq: ModSeq) -> OwnSeen {
        let mut changes = self.changes.clone();
        changes.push((modseq, uids.clone()));
        let uids = if seen { self.uids.union(uids) } else { self.uids.difference(uids) };
        OwnSeen { uids, changes }
    }

    /// His changes, each with its mod-sequence.
    pub fn changes(&self) -> impl Iterator<Item = (ModSeq, &UidSet)> {
        self.changes.iter().map(|(modseq, uids)| (*modseq, uids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_in_groups() {
        let uids = |ranges: &[(u32, u32)]| UidSet::from_ranges(ranges.to_vec());
        let read = [(ModSeq(5), (1, 2)), (ModSeq(5), (4, 4)), (ModSeq(7), (9, 9))];
        let seen = OwnSeen::new(uids(&[(1, 2)]), read).with(&uids(&[(2, 3)]), false, ModSeq(8));
        assert_eq!(seen.uids, uids(&[(1, 1)]));
        let changes: Vec<_> = seen.changes().collect();
        let expected = [uids(&[(1, 2), (4, 4)]), uids(&[(9, 9)]), uids(&[(2, 3)])];
        assert_eq!(
            changes,
            [(ModSeq(5), &expected[0]), (ModSeq(7), &expected[1]), (ModSeq(8), &expected[2])]
        );
    }
}

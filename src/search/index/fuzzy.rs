//! A fuzzy question to the index: it is asked which words come near to what is looked for.

use std::collections::BTreeMap;

use super::block::{Member, list_of};
use super::list::Walk;
use super::probe::{OpenList, Verdict};
use super::{BODY, HEADER, List, Trio};
use crate::search::StoredLeaf;
use crate::search::fuzzy::{BODY_WEIGHT, Fuzzy, HEADER_WEIGHT, WHOLE_WEIGHT, weighed};

/// What a fuzzy leaf looks for, for many blocks.
pub struct FuzzyProbe {
    fuzzy: Fuzzy,
    /// Where words are looked for, and what they are worth there.
    weights: BTreeMap<List, u8>,
    /// Who has all words is selected; otherwise, who has them may be.
    exact: bool,
}

/// Such a probe that is asking a block.
pub struct FuzzyAsking<'a> {
    probe: &'a FuzzyProbe,
    /// For each word the best that each column has.
    best: Vec<Vec<u8>>,
    unread: Vec<bool>,
}

impl FuzzyProbe {
    /// What the index can be asked for what a fuzzy leaf is about; None when it can say nothing.
    pub fn new(about: &StoredLeaf) -> Option<FuzzyProbe> {
        let (text, places, exact): (&str, Vec<(Vec<List>, u8)>, bool) = match about {
            StoredLeaf::Subject(text) => (text, vec![(vec![List::Subject], WHOLE_WEIGHT)], true),
            StoredLeaf::Address { field, text } => (text, vec![(vec![list_of(*field)], WHOLE_WEIGHT)], true),
            StoredLeaf::Header { text, .. } => (text, vec![(lists(HEADER), WHOLE_WEIGHT)], false),
            StoredLeaf::Body(text) => (text, vec![(lists(BODY), WHOLE_WEIGHT)], true),
            StoredLeaf::Text(text) => {
                let subject = (vec![List::Subject], WHOLE_WEIGHT);
                (text, vec![subject, (lists(HEADER), HEADER_WEIGHT), (lists(BODY), BODY_WEIGHT)], true)
            }
            _ => return None,
        };
        let of_place = |(lists, weight): (Vec<List>, u8)| lists.into_iter().map(move |list| (list, weight));
        let weights = places.into_iter().flat_map(of_place).collect();
        Some(FuzzyProbe { fuzzy: Fuzzy::new(text)?, weights, exact })
    }

    /// The lists in which it looks.
    pub fn lists(&self) -> impl Iterator<Item = List> {
        self.weights.keys().copied()
    }

    /// Begins to ask a block.
    pub fn ask(&self, members: &[Member]) -> FuzzyAsking<'_> {
        let best = vec![vec![0; members.len()]; self.fuzzy.len()];
        FuzzyAsking { probe: self, best, unread: members.iter().map(|member| member.unread).collect() }
    }
}

fn lists(trio: Trio) -> Vec<List> {
    trio.0.to_vec()
}

impl FuzzyAsking<'_> {
    /// Looks through one list; None when it is damaged.
    pub fn look(&mut self, list: List, open: &mut OpenList<'_>) -> Option<()> {
        let Some(weight) = self.probe.weights.get(&list).copied() else { return Some(()) };
        let (words, columns) = open.all()?;
        let (mut walk, mut passed, mut closeness) = (columns.walk(), 0, Vec::new());
        for word in words.iter() {
            let word = std::str::from_utf8(word).ok()?;
            if !self.comes_near(list, word, &mut closeness) {
                passed += 1;
                continue;
            }
            walk.skip(std::mem::take(&mut passed))?;
            self.note(&mut walk, &closeness, weight)?;
        }
        Some(())
    }

    /// How near what stands in a list comes to each word that is wanted. Addresses stand there whole.
    fn comes_near(&self, list: List, entry: &str, closeness: &mut Vec<u8>) -> bool {
        let fuzzy = &self.probe.fuzzy;
        if !matches!(list, List::From | List::To | List::Cc | List::Bcc) {
            return fuzzy.compare(entry, closeness);
        }
        let mut best = vec![0; fuzzy.len()];
        super::words::each_word(entry, |word| {
            if fuzzy.compare(word, closeness) {
                best.iter_mut().zip(&*closeness).for_each(|(best, close)| *best = (*best).max(*close));
            }
        });
        *closeness = best;
        closeness.iter().any(|closeness| *closeness > 0)
    }

    /// Notes the columns of a word.
    fn note(&mut self, walk: &mut Walk<'_>, closeness: &[u8], weight: u8) -> Option<()> {
        walk.next(|column| {
            for (best, close) in self.best.iter_mut().zip(closeness) {
                if let Some(best) = best.get_mut(column as usize) {
                    *best = (*best).max(weighed(*close, weight));
                }
            }
        })
    }

    /// What is known of the message in this column.
    pub fn verdict(&self, column: u32) -> Verdict {
        let column = column as usize;
        if self.unread.get(column).copied().unwrap_or(true) {
            return Verdict::Maybe;
        }
        match Fuzzy::score(self.best.iter().map(|best| best[column])) {
            None => Verdict::No,
            Some(score) if self.probe.exact => Verdict::Yes(score),
            Some(_) => Verdict::Maybe,
        }
    }
}

//! What a selector leaves open, asked of the stored messages of a mailbox a page after the other.

use std::collections::HashMap;

use super::evaluate::{Answers, Scope};
use super::relevancy::Scores;
use super::selector::{Selector, StoredLeaf};
use crate::limits;
use crate::mailbox::{MessageId, Snapshot, Uid, UidSet};

/// What stored messages have said to one leaf.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeafAnswer {
    /// The messages that it selects.
    pub selected: UidSet,
    /// Of a fuzzy leaf how relevant each of them is; of others nothing.
    pub scores: HashMap<Uid, u8>,
}

/// The messages that are asked, and what they have said so far.
#[derive(Debug)]
pub struct Inquiry {
    leaves: Vec<StoredLeaf>,
    asked: UidSet,
    /// How far that has come, and after how many of them.
    behind: Option<Uid>,
    done: u64,
    found: Vec<UidSet>,
    scores: Vec<HashMap<Uid, u8>>,
}

/// All that the stored messages have said.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    pub answers: Answers,
    pub scores: Scores,
    /// The messages that were asked.
    pub asked: UidSet,
}

impl Inquiry {
    /// Asks only about the messages that memory does not decide.
    pub fn new(selector: &Selector, scope: Scope<'_>) -> Inquiry {
        let leaves = selector.stored_leaves();
        let asked = match leaves.is_empty() {
            true => UidSet::new(),
            false => selector.candidates(scope),
        };
        let (found, scores) = (vec![UidSet::new(); leaves.len()], vec![HashMap::new(); leaves.len()]);
        Inquiry { leaves, asked, behind: None, done: 0, found, scores }
    }

    /// What they are asked.
    pub fn leaves(&self) -> &[StoredLeaf] {
        &self.leaves
    }

    /// The next messages to be asked, as the mailbox has them; None when all have been.
    pub fn next_page(&mut self, snapshot: &Snapshot) -> Option<Vec<(MessageId, Uid)>> {
        let messages = snapshot.by_uids_behind(&self.asked, self.behind).take(limits::SEARCH_UNIT_MESSAGES);
        let page: Vec<(MessageId, Uid)> = messages.map(|(_, entry)| (entry.message, entry.uid)).collect();
        let (_, last) = page.last()?;
        (self.behind, self.done) = (Some(*last), self.done + page.len() as u64);
        Some(page)
    }

    /// Takes what the page has said to each leaf.
    pub fn take(&mut self, answers: Vec<LeafAnswer>) {
        for (at, answer) in answers.into_iter().enumerate() {
            // They lie behind all that was found before, which is cheap to add to.
            answer.selected.ranges().for_each(|(first, last)| self.found[at].insert_range(first, last));
            self.scores[at].extend(answer.scores);
        }
    }

    /// How many have been asked, and how many are in all.
    pub fn progress(&self) -> (u64, u64) {
        (self.done, self.asked.len())
    }

    /// What all of them have said.
    pub fn finish(self) -> Heard {
        let scores = self.leaves.iter().cloned().zip(self.scores).filter(|(_, scores)| !scores.is_empty());
        let scores = scores.collect();
        Heard { answers: self.leaves.into_iter().zip(self.found).collect(), scores, asked: self.asked }
    }
}

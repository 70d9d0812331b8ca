//! Asks messages what only they can say: the keys of SEARCH that are not answered from memory.
//!
//! The text index answers for most messages. Those that it does not know, and those of which it cannot tell for sure, are
//! read.

use std::collections::{HashMap, HashSet};

use super::ask_text_index::{IndexAnswers, ask_text_index};
use super::read_texts::{Needs, each_text};
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{AccountId, MessageId};
use crate::search::index::Probe;
use crate::search::{Matcher, StoredLeaf};

/// Finds which messages have what each leaf looks for.
pub struct SearchPage {
    pub account: AccountId,
    pub messages: Vec<MessageId>,
    pub leaves: Vec<StoredLeaf>,
}

impl Unit for SearchPage {
    /// For each leaf, in their order, the messages that it selects.
    type Output = Vec<Vec<MessageId>>;
    const ACCESS: Access = Access::Read;
    const ABANDONABLE: bool = true;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let mut selected = vec![Vec::new(); self.leaves.len()];
        let ask_index = self.messages.len() > limits::SEARCH_UNINDEXED_MESSAGES;
        let (mut probes, mut others) = (Vec::new(), Vec::new());
        for (at, leaf) in self.leaves.iter().enumerate() {
            match Probe::new(leaf).filter(|_| ask_index) {
                Some(probe) => probes.push((at, probe)),
                None => others.push(at),
            }
        }
        // Keys that the index says nothing of are asked by themselves: the texts of all messages are not read for them.
        self.read(db, &others, &self.messages, |_, _| true, &mut selected).await?;
        if !probes.is_empty() {
            self.ask_index(db, probes, &mut selected).await?;
        }
        Ok(selected)
    }
}

impl SearchPage {
    async fn ask_index(
        &self,
        db: &Lent<'_>,
        probes: Vec<(usize, Probe)>,
        selected: &mut [Vec<MessageId>],
    ) -> Result<(), Error> {
        let (leaves, probes): (Vec<usize>, Vec<Probe>) = probes.into_iter().unzip();
        let IndexAnswers { yes, maybe } = ask_text_index(db, self.account, &self.messages, &probes).await?;
        let mut open: HashMap<usize, HashSet<MessageId>> = HashMap::new();
        let mut anywhere = HashSet::new();
        for ((leaf, yes), maybe) in leaves.iter().zip(yes).zip(maybe) {
            selected[*leaf].extend(yes);
            anywhere.extend(maybe.iter().copied());
            open.insert(*leaf, maybe.into_iter().collect());
        }
        let leaves: Vec<usize> = leaves.into_iter().filter(|leaf| !open[leaf].is_empty()).collect();
        let messages: Vec<MessageId> =
            self.messages.iter().copied().filter(|message| anywhere.contains(message)).collect();
        let is_open = |leaf: usize, message: MessageId| open[&leaf].contains(&message);
        self.read(db, &leaves, &messages, is_open, selected).await
    }

    /// Reads messages and asks each what those of `leaves` look for of which it `is_open` whether it has that.
    async fn read(
        &self,
        db: &Lent<'_>,
        leaves: &[usize],
        messages: &[MessageId],
        is_open: impl Fn(usize, MessageId) -> bool,
        selected: &mut [Vec<MessageId>],
    ) -> Result<(), Error> {
        if leaves.is_empty() || messages.is_empty() {
            return Ok(());
        }
        let asking: Vec<StoredLeaf> = leaves.iter().map(|leaf| self.leaves[*leaf].clone()).collect();
        let matchers: Vec<Matcher<'_>> = asking.iter().map(Matcher::new).collect();
        let needs = Needs::of(&asking);
        each_text(db, self.account, messages, needs, u64::MAX, &mut |message, text| {
            let Some(text) = text else { return true };
            for (leaf, matcher) in leaves.iter().zip(&matchers) {
                if is_open(*leaf, message) && matcher.matches(text) {
                    selected[*leaf].push(message);
                }
            }
            true
        })
        .await
    }
}

//! Asks messages, or their places, what only they can say: the keys of SEARCH that are not answered from memory.
//!
//! The text index answers for most messages. Those that it does not know, and those of which it cannot tell for sure, are
//! read.

use std::collections::{HashMap, HashSet};

use super::annotations;
use super::ask_text_index::{IndexAnswers, ask_text_index};
use super::read_placements::ReadPlacements;
use super::read_texts::{Needs, each_text};
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{AccountId, MailboxKey, MessageId, Uid, UidSet, object_id};
use crate::search::index::Probe;
use crate::search::{Collation, LeafAnswer, Matcher, PlacedLeaf, Source, StoredLeaf};

/// Finds which messages of a mailbox have what each leaf looks for.
pub struct SearchPage {
    pub key: MailboxKey,
    pub messages: Vec<(MessageId, Uid)>,
    pub leaves: Vec<StoredLeaf>,
    /// How texts are compared.
    pub collation: Collation,
    /// Whose private annotations are looked into.
    pub reader: Option<AccountId>,
}

impl Unit for SearchPage {
    /// What is said to each leaf, in their order.
    type Output = Vec<LeafAnswer>;
    const ACCESS: Access = Access::Read;
    const ABANDONABLE: bool = true;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let mut answers = self.places(db).await?;
        let (text_leaves, leaves): (Vec<usize>, Vec<StoredLeaf>) = self
            .leaves
            .iter()
            .enumerate()
            .filter(|(_, leaf)| !matches!(leaf, StoredLeaf::Placed(_)))
            .map(|(at, leaf)| (at, leaf.clone()))
            .unzip();
        if !leaves.is_empty() {
            let messages = self.messages.iter().map(|(message, _)| *message).collect();
            let found =
                SearchTexts { account: self.key.account, messages, leaves, collation: self.collation };
            for (at, found) in text_leaves.into_iter().zip(found.run(db).await?) {
                answers[at] = self.answer(found);
            }
        }
        Ok(answers)
    }
}

impl SearchPage {
    /// One message may be in the mailbox under several uids.
    fn uids_of(&self, messages: &HashSet<MessageId>) -> UidSet {
        let here = self.messages.iter().filter(|(message, _)| messages.contains(message));
        here.map(|(_, uid)| *uid).collect()
    }

    /// The same of what texts have said.
    fn answer(&self, found: TextAnswer) -> LeafAnswer {
        let scores: HashMap<MessageId, u8> = found.selected.iter().copied().zip(found.scores).collect();
        let scored = self.messages.iter().filter_map(|(message, uid)| Some((*uid, *scores.get(message)?)));
        let scores = scored.collect();
        LeafAnswer { selected: self.uids_of(&found.selected.into_iter().collect()), scores }
    }

    /// What the leaves select that ask for the places of messages; nothing for the others.
    async fn places(&self, db: &Lent<'_>) -> Result<Vec<LeafAnswer>, Error> {
        let mut selected = vec![UidSet::new(); self.leaves.len()];
        let is_thread = |leaf: &StoredLeaf| matches!(leaf, StoredLeaf::Placed(PlacedLeaf::ThreadId(_)));
        let threads = self.leaves.iter().any(is_thread);
        let mut placements = None;
        for (leaf, selected) in self.leaves.iter().zip(&mut selected) {
            let StoredLeaf::Placed(leaf) = leaf else { continue };
            if let PlacedLeaf::EmailId(id) = leaf {
                *selected = self.uids_of(&self.messages_called(db, id).await?);
                continue;
            }
            if let PlacedLeaf::Annotation(wanted) = leaf {
                let uids = self.messages.iter().map(|(_, uid)| *uid).collect();
                *selected =
                    annotations::find(db, self.key, self.reader, &uids, wanted, self.collation).await?;
                continue;
            }
            let placements = match &placements {
                Some(placements) => placements,
                None => {
                    let messages = self.messages.clone();
                    let read = ReadPlacements { key: self.key, messages, threads }.run(db).await?;
                    placements.insert(read)
                }
            };
            let there = placements.iter().filter(|placement| leaf.selects(placement));
            *selected = there.map(|placement| placement.uid).collect();
        }
        let answer = |selected| LeafAnswer { selected, ..LeafAnswer::default() };
        Ok(selected.into_iter().map(answer).collect())
    }

    /// Those messages of the account that are called so (RFC 8474 §5.1).
    async fn messages_called(&self, db: &Lent<'_>, id: &str) -> Result<HashSet<MessageId>, Error> {
        let Some(MessageId(message)) = object_id::message_of(id) else { return Ok(HashSet::new()) };
        let sql = include_str!("sql/select_known_as.sql");
        let rows = db.query(sql, &[&self.key.account.0, &message]).await?;
        Ok(rows.iter().map(|row| MessageId(row.get(0))).collect())
    }
}

/// Finds which messages of an account say what each leaf looks for.
pub(super) struct SearchTexts {
    pub account: AccountId,
    pub messages: Vec<MessageId>,
    pub leaves: Vec<StoredLeaf>,
    /// How texts are compared.
    pub collation: Collation,
}

/// What texts have said to one leaf.
#[derive(Default)]
pub(super) struct TextAnswer {
    is_fuzzy: bool,
    /// The messages that it selects.
    pub selected: Vec<MessageId>,
    /// Of a fuzzy leaf how relevant each is, in the same order.
    scores: Vec<u8>,
}

impl TextAnswer {
    fn to(leaf: &StoredLeaf) -> TextAnswer {
        TextAnswer { is_fuzzy: matches!(leaf, StoredLeaf::Fuzzy(_)), ..TextAnswer::default() }
    }

    fn push(&mut self, message: MessageId, score: u8) {
        self.selected.push(message);
        if self.is_fuzzy {
            self.scores.push(score);
        }
    }
}

impl SearchTexts {
    /// What is said to each leaf, in their order.
    pub async fn run(self, db: &Lent<'_>) -> Result<Vec<TextAnswer>, Error> {
        let mut answers: Vec<TextAnswer> = self.leaves.iter().map(TextAnswer::to).collect();
        let ask_index = self.messages.len() > limits::SEARCH_UNINDEXED_MESSAGES;
        let (mut probes, mut others) = (Vec::new(), Vec::new());
        for (at, leaf) in self.leaves.iter().enumerate() {
            match Probe::new(leaf).filter(|_| ask_index) {
                Some(probe) => probes.push((at, probe)),
                None => others.push(at),
            }
        }
        // Keys that the index says nothing of are asked by themselves: the texts of all messages are not read for them.
        self.read(db, &others, &self.messages, |_, _| true, &mut answers).await?;
        if !probes.is_empty() {
            self.ask_index(db, probes, &mut answers).await?;
        }
        Ok(answers)
    }

    async fn ask_index(
        &self,
        db: &Lent<'_>,
        probes: Vec<(usize, Probe)>,
        answers: &mut [TextAnswer],
    ) -> Result<(), Error> {
        let (leaves, probes): (Vec<usize>, Vec<Probe>) = probes.into_iter().unzip();
        let IndexAnswers { yes, maybe } = ask_text_index(db, self.account, &self.messages, &probes).await?;
        let mut open: HashMap<usize, HashSet<MessageId>> = HashMap::new();
        let mut anywhere = HashSet::new();
        for ((leaf, yes), mut maybe) in leaves.iter().zip(yes).zip(maybe) {
            // The index compares without regard to case: by another collation, what it finds may be another text.
            let is_text = self.leaves[*leaf].source() != Source::SentOn && !answers[*leaf].is_fuzzy;
            match self.collation == Collation::default() || !is_text {
                true => yes.into_iter().for_each(|(message, score)| answers[*leaf].push(message, score)),
                false => maybe.extend(yes.into_iter().map(|(message, _)| message)),
            }
            anywhere.extend(maybe.iter().copied());
            open.insert(*leaf, maybe.into_iter().collect());
        }
        let leaves: Vec<usize> = leaves.into_iter().filter(|leaf| !open[leaf].is_empty()).collect();
        let messages: Vec<MessageId> =
            self.messages.iter().copied().filter(|message| anywhere.contains(message)).collect();
        let is_open = |leaf: usize, message: MessageId| open[&leaf].contains(&message);
        self.read(db, &leaves, &messages, is_open, answers).await
    }

    /// Reads messages and asks each what those of `leaves` look for of which it `is_open` whether it has that.
    async fn read(
        &self,
        db: &Lent<'_>,
        leaves: &[usize],
        messages: &[MessageId],
        is_open: impl Fn(usize, MessageId) -> bool,
        answers: &mut [TextAnswer],
    ) -> Result<(), Error> {
        if leaves.is_empty() || messages.is_empty() {
            return Ok(());
        }
        let asking: Vec<StoredLeaf> = leaves.iter().map(|leaf| self.leaves[*leaf].clone()).collect();
        let matchers: Vec<Matcher<'_>> =
            asking.iter().map(|leaf| Matcher::new(leaf, self.collation)).collect();
        let needs = Needs::of(&asking);
        each_text(db, self.account, messages, needs, u64::MAX, &mut |message, text| {
            let Some(text) = text else { return true };
            for (leaf, matcher) in leaves.iter().zip(&matchers) {
                let relevancy = if is_open(*leaf, message) { matcher.relevancy(text) } else { None };
                relevancy.into_iter().for_each(|score| answers[*leaf].push(message, score));
            }
            true
        })
        .await
    }
}

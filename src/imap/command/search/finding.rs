//! Finding what a selector means: memory is asked first, and the stored messages a page at a time.

use std::sync::Arc;

use jiff::Timestamp;

use crate::db::{KeysRead, ReadKeys, SearchPage};
use crate::error::Error;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::{MessageId, Uid, UidSet};
use crate::plan::Plan;
use crate::search::collation::Collation;
use crate::search::keys::{Keys, Wanted};
use crate::search::{Answers, Scope, Selector, StoredLeaf};

/// What was found.
pub struct Found {
    /// The messages, ascending.
    pub uids: Vec<Uid>,
    /// What the stored messages have said, and which of them were asked.
    pub answers: Answers,
    pub asked: UidSet,
}

/// What is done with what was found, or with the failure to find it.
type Then = Box<dyn FnOnce(Result<Found, Error>, Running, &mut Selected) -> Step + Send>;

/// A search that has to ask the stored messages.
struct Finding {
    running: Running,
    selector: Selector,
    leaves: Vec<StoredLeaf>,
    /// All messages that are asked.
    asked: UidSet,
    /// Those that are still to come.
    rest: UidSet,
    /// What each leaf has selected so far.
    found: Vec<UidSet>,
    then: Then,
}

/// Finds the messages that a selector means, as the client numbers them, then goes on with them. Only what memory
/// leaves open is asked of the stored messages.
pub fn find(
    selector: Selector,
    running: Running,
    selected: &mut Selected,
    then: impl FnOnce(Result<Found, Error>, Running, &mut Selected) -> Step + Send + 'static,
) -> Step {
    let leaves = selector.stored_leaves();
    let rest = match leaves.is_empty() {
        true => UidSet::new(),
        false => selector.candidates(selected.scope(running.now)),
    };
    let (found, asked) = (vec![UidSet::new(); leaves.len()], rest.clone());
    Finding { running, selector, leaves, asked, rest, found, then: Box::new(then) }.next_page(selected)
}

impl Selected {
    /// Where and when a search of this client looks.
    pub(in crate::imap) fn scope(&self, now: Timestamp) -> Scope<'_> {
        Scope::of(&self.view, now).with_saved(&self.saved)
    }
}

impl Finding {
    fn next_page(mut self, selected: &mut Selected) -> Step {
        let told = selected.view.told().clone();
        let messages = told.by_uids(&self.rest).take(limits::SEARCH_UNIT_MESSAGES);
        let page: Vec<(MessageId, Uid)> = messages.map(|(_, entry)| (entry.message, entry.uid)).collect();
        let Some((_, last)) = page.last() else { return self.evaluate(selected) };
        self.rest = self.rest.difference(&UidSet::range(Uid::MIN, *last));
        let unit = SearchPage { key: selected.key(), messages: page, leaves: self.leaves.clone() };
        Plan::run(unit, move |outcome, selected: &mut Selected| match outcome {
            Ok(answers) => {
                for (found, answer) in self.found.iter_mut().zip(answers) {
                    *found = found.union(&answer);
                }
                // RFC 9585 §4: what is done is less than all.
                let (all, rest) = (self.asked.len(), self.rest.len());
                if rest == 0 {
                    return self.next_page(selected);
                }
                let progress = response::in_progress(&self.running.tag, all - rest, all);
                Plan::progress(progress, |selected: &mut Selected| self.next_page(selected))
            }
            Err(error) => (self.then)(Err(error.into()), self.running, selected),
        })
    }

    fn evaluate(self, selected: &mut Selected) -> Step {
        let answers: Answers = self.leaves.into_iter().zip(self.found).collect();
        let uids = self.selector.evaluate(selected.scope(self.running.now), &answers);
        (self.then)(Ok(Found { uids, answers, asked: self.asked }), self.running, selected)
    }
}

/// What is done with messages and all that they are compared by, or with the failure to read it.
type WithKeys = Box<dyn FnOnce(Result<(Arc<Keys>, Vec<Uid>), Error>, Running, &mut Selected) -> Step + Send>;

/// Reads what SORT and THREAD compare of the messages that were found, unless it is in memory.
pub fn with_keys(
    wanted: Wanted,
    found: Vec<Uid>,
    running: Running,
    selected: &mut Selected,
    then: impl FnOnce(Result<(Arc<Keys>, Vec<Uid>), Error>, Running, &mut Selected) -> Step + Send + 'static,
) -> Step {
    let set: UidSet = found.iter().copied().collect();
    let entries = selected.view.told().by_uids(&set);
    let messages: Arc<[MessageId]> = entries.map(|(_, entry)| entry.message).collect();
    let unit =
        ReadKeys { key: selected.key(), messages, wanted, collation: Collation::default(), begun: None };
    read_keys(unit, found, running, Box::new(then))
}

fn read_keys(unit: ReadKeys, found: Vec<Uid>, running: Running, then: WithKeys) -> Step {
    let next = unit.clone();
    Plan::run(unit, move |outcome, selected: &mut Selected| match outcome {
        Ok(KeysRead { keys, missing: 0 }) => then(Ok((keys, found)), running, selected),
        Ok(KeysRead { keys, missing }) => {
            let all = next.messages.len() as u64;
            let progress = response::in_progress(&running.tag, all - (missing as u64).min(all), all);
            Plan::progress(progress, move |_: &mut Selected| {
                read_keys(ReadKeys { begun: Some(keys), ..next }, found, running, then)
            })
        }
        Err(error) => then(Err(error.into()), running, selected),
    })
}

/// Computes something about so many messages: at once when they are few, else where it keeps nobody waiting.
pub fn compute<T: Send + 'static>(
    messages: usize,
    work: impl FnOnce() -> T + Send + 'static,
    selected: &mut Selected,
    then: impl FnOnce(Result<T, Error>, &mut Selected) -> Step + Send + 'static,
) -> Step {
    if messages <= limits::INLINE_MESSAGES_MAX {
        return then(Ok(work()), selected);
    }
    Plan::compute(work, |outcome, selected: &mut Selected| then(outcome.map_err(Error::from), selected))
}

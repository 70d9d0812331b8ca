//! Finding what a selector means: memory is asked first, and the stored messages a page at a time.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::db::{ReadKeys, SearchPage};
use crate::error::Error;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::{MessageId, Uid, UidSet};
use crate::plan::Plan;
use crate::search::keys::{Keys, Wanted};
use crate::search::{Collation, Heard, Inquiry, Scope, Selector};

/// What was found.
pub struct Found {
    /// The messages, ascending.
    pub uids: Vec<Uid>,
    /// What the stored messages have said.
    pub heard: Heard,
    /// How relevant each message is, if anything was to be so only nearly.
    pub relevancy: Option<Arc<Relevancy>>,
}

/// How relevant messages are, from 1 to 100 (RFC 6203 §4).
pub type Relevancy = HashMap<Uid, u8>;

/// What is done with what was found, or with the failure to find it.
type Then = Box<dyn FnOnce(Result<Found, Error>, Running, &mut Selected) -> Step + Send>;

/// A search that has to ask the stored messages.
struct Finding {
    running: Running,
    selector: Selector,
    collation: Collation,
    inquiry: Inquiry,
    then: Then,
}

/// Finds the messages that a selector means by a collation, as the client numbers them, then goes on with them. Only what
/// memory leaves open is asked of the stored messages.
pub fn find(
    selector: Selector,
    collation: Collation,
    running: Running,
    selected: &mut Selected,
    then: impl FnOnce(Result<Found, Error>, Running, &mut Selected) -> Step + Send + 'static,
) -> Step {
    let inquiry = Inquiry::new(&selector, selected.scope(running.now));
    Finding { running, selector, collation, inquiry, then: Box::new(then) }.next_page(selected)
}

impl Selected {
    /// How texts are compared for this client.
    pub(in crate::imap) fn collation(&self) -> Collation {
        self.enabled.comparator.collation
    }

    /// Where and when a search of this client looks.
    pub(in crate::imap) fn scope(&self, now: Timestamp) -> Scope<'_> {
        Scope::of(&self.view, now).with_saved(&self.saved)
    }
}

impl Finding {
    fn next_page(mut self, selected: &mut Selected) -> Step {
        let Some(messages) = self.inquiry.next_page(selected.view.told()) else {
            return self.evaluate(selected);
        };
        let (key, leaves, collation) = (selected.key(), self.inquiry.leaves().to_vec(), self.collation);
        let unit = SearchPage { key, messages, leaves, collation, reader: selected.reader() };
        Plan::run(unit, move |outcome, selected: &mut Selected| match outcome {
            Ok(answers) => {
                self.inquiry.take(answers);
                let (done, all) = self.inquiry.progress();
                if done == all {
                    return self.evaluate(selected);
                }
                let progress = response::in_progress(&self.running.tag, done, all);
                Plan::progress(progress, |selected: &mut Selected| self.next_page(selected))
            }
            Err(error) => (self.then)(Err(error.into()), self.running, selected),
        })
    }

    fn evaluate(self, selected: &mut Selected) -> Step {
        let Finding { running, selector, inquiry, then, .. } = self;
        let (told, now) = (selected.view.told().clone(), running.now);
        let (recent, saved) = (selected.view.recent().clone(), selected.saved.clone());
        let messages = told.len() as usize / EVALUATED_PER_COMPARED;
        let work = move || {
            let heard = inquiry.finish();
            let scope = Scope::new(&told, now).with_recent(&recent).with_saved(&saved);
            let uids = selector.evaluate(scope, &heard.answers);
            let relevancy = |uid: &Uid| (*uid, selector.relevancy(*uid, &heard.scores));
            let relevancy = selector.is_fuzzy().then(|| Arc::new(uids.iter().map(relevancy).collect()));
            Found { uids, heard, relevancy }
        };
        compute(messages, work, selected, |found, selected| then(found, running, selected))
    }
}

/// Messages that a selector is asked about while one is sorted or written.
const EVALUATED_PER_COMPARED: usize = 16;

/// What is done with messages and all that they are compared by, or with the failure to read it.
type WithKeys = Box<dyn FnOnce(Result<(Arc<Keys>, Vec<Uid>), Error>, Running, &mut Selected) -> Step + Send>;

/// Reads what SORT and THREAD compare of the messages that were found, unless it is in memory.
pub fn with_keys(
    wanted: Wanted,
    collation: Collation,
    found: Vec<Uid>,
    running: Running,
    selected: &mut Selected,
    then: impl FnOnce(Result<(Arc<Keys>, Vec<Uid>), Error>, Running, &mut Selected) -> Step + Send + 'static,
) -> Step {
    let set: UidSet = found.iter().copied().collect();
    let entries = selected.view.told().by_uids(&set);
    let messages: Arc<[MessageId]> = entries.map(|(_, entry)| entry.message).collect();
    let unit = ReadKeys { key: selected.key(), messages, wanted, collation, begun: None };
    read_keys(unit, found, running, Box::new(then))
}

fn read_keys(unit: ReadKeys, found: Vec<Uid>, running: Running, then: WithKeys) -> Step {
    // The table has one holder, so that rows can be added without copying it.
    let next = ReadKeys { messages: unit.messages.clone(), begun: None, ..unit };
    Plan::run(unit, move |outcome, selected: &mut Selected| match outcome {
        Ok(read) if read.missing() == 0 => then(Ok((read.keys, found)), running, selected),
        Ok(read) => {
            let (all, missing) = (next.messages.len() as u64, read.missing() as u64);
            let progress = response::in_progress(&running.tag, all - missing.min(all), all);
            Plan::progress(progress, move |_: &mut Selected| {
                read_keys(ReadKeys { begun: Some(read), ..next }, found, running, then)
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

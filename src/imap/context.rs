//! Searches whose results a client wants to be kept up to date (RFC 5267 §4.3).
//!
//! What memory can tell of a message is told with the news of it. What only the stored messages can tell waits for the
//! end of the next command, which may ask them: [`Selected::settle`].

use std::collections::HashSet;

use super::command::fetch::Item;
use super::command::search::finding;
use super::command::search::results::write_set;
use super::print::number;
use super::selected::{Running, Selected, Step};
use crate::error::Error;
use crate::limits;
use crate::mailbox::{Snapshot, Uid, UidSet};
use crate::search::sort::{Criterion, Known, sort, wanted};
use crate::search::{Collation, Heard, Selector};

/// One such search.
pub struct Context {
    /// The tag of its command.
    pub tag: String,
    /// Whether it is told in uids.
    pub uid: bool,
    /// Sequence numbers in it were resolved when the command came.
    pub selector: Selector,
    /// How texts were compared when the command came: COMPARATOR changes what comes after it.
    pub collation: Collation,
    /// What the stored messages have said, and which of them were asked.
    pub heard: Heard,
    /// How relevant the results are, if they need be what is looked for only nearly.
    pub relevancy: finding::Relevancy,
    /// The order of SORT; empty for SEARCH, whose results are in the order of the mailbox.
    pub criteria: Vec<Criterion>,
    /// What is to be told of new messages that become results.
    pub items: Vec<Item>,
    pub results: Results,
    /// Messages of which it is still to be found out whether they are results, or where.
    pub pending: UidSet,
}

/// The results as the client has been told.
pub enum Results {
    /// In the order of the mailbox.
    Ascending(UidSet),
    Sorted(Vec<Uid>),
}

/// All searches of one client that are kept up to date.
#[derive(Default)]
pub struct Contexts {
    contexts: Vec<Context>,
}

/// What is about to happen to the messages that a client knows.
pub struct News {
    gone: UidSet,
    /// Those with other flags, and new ones.
    changed: UidSet,
}

impl Contexts {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.contexts.is_empty()
    }

    /// Whether anything has to be asked of the stored messages.
    pub fn has_pending(&self) -> bool {
        self.contexts.iter().any(|context| !context.pending.is_empty())
    }

    /// Whether anything is to be told of new messages that become results.
    pub fn have_items(&self) -> bool {
        self.contexts.iter().any(|context| !context.items.is_empty())
    }

    /// What is to be told of a new message, as a result of these searches.
    pub fn items(&self, uid: Uid) -> impl Iterator<Item = &Item> {
        let of = self.contexts.iter().filter(move |context| context.results.contains(uid));
        of.flat_map(|context| &context.items)
    }

    /// Whether a search with this tag is under way.
    pub fn has(&self, tag: &str) -> bool {
        self.contexts.iter().any(|context| context.tag == tag)
    }

    /// Keeps one more, if there may be more.
    pub fn keep(&mut self, context: Context) -> bool {
        let there_is_room = self.contexts.len() < limits::CONTEXTS_MAX;
        if there_is_room {
            self.contexts.push(context);
        }
        there_is_room
    }

    /// Forgets the searches of these tags; false when one of them is not known, and then all stay.
    pub fn cancel(&mut self, tags: &[String]) -> bool {
        let all_known = tags.iter().all(|tag| self.has(tag));
        if all_known {
            self.contexts.retain(|context| !tags.contains(&context.tag));
        }
        all_known
    }
}

impl Results {
    fn contains(&self, uid: Uid) -> bool {
        match self {
            Results::Ascending(uids) => uids.contains(uid),
            Results::Sorted(uids) => uids.contains(&uid),
        }
    }

    /// Takes results away; returns each run of them with the place where it was at that moment. Where places do not
    /// count, that is 0.
    fn remove(&mut self, gone: &UidSet) -> Vec<(u32, Vec<Uid>)> {
        match self {
            Results::Ascending(uids) => {
                let there = uids.intersection(gone);
                *uids = uids.difference(gone);
                if there.is_empty() { Vec::new() } else { vec![(0, there.iter().collect())] }
            }
            Results::Sorted(uids) => {
                let before = std::mem::take(uids);
                let mut removed: Vec<(u32, Vec<Uid>)> = Vec::new();
                for uid in before {
                    let place = uids.len() as u32 + 1;
                    match removed.last_mut().filter(|_| gone.contains(uid)) {
                        Some((at, run)) if *at == place => run.push(uid),
                        _ if gone.contains(uid) => removed.push((place, vec![uid])),
                        _ => uids.push(uid),
                    }
                }
                removed
            }
        }
    }

    /// Takes `sorted` for the results from now on, which has them all and others; returns the runs of the others, each
    /// with the place that its first has.
    fn become_sorted(&mut self, sorted: Vec<Uid>) -> Vec<(u32, Vec<Uid>)> {
        let known: HashSet<Uid> = match self {
            Results::Ascending(uids) => uids.iter().collect(),
            Results::Sorted(uids) => uids.iter().copied().collect(),
        };
        let mut added: Vec<(u32, Vec<Uid>)> = Vec::new();
        for (place, uid) in (1..).zip(&sorted) {
            if known.contains(uid) {
                continue;
            }
            match added.last_mut() {
                Some((at, run)) if *at + run.len() as u32 == place => run.push(*uid),
                _ => added.push((place, vec![*uid])),
            }
        }
        *self = Results::Sorted(sorted);
        added
    }
}

impl Context {
    /// Takes away and tells the results that are in `gone`.
    fn remove(&mut self, out: &mut Vec<u8>, told: &Snapshot, gone: &UidSet) {
        let removed = self.results.remove(gone);
        self.write(out, told, "REMOVEFROM", &removed);
    }

    /// Looks at messages with what is known of them. What cannot be known yet is left pending.
    fn look(&mut self, out: &mut Vec<u8>, selected: &Selected, looked_at: &UidSet) {
        if looked_at.is_empty() {
            return;
        }
        let told = selected.view.told();
        let selector = Selector::And(vec![Selector::Uids(looked_at.into()), self.selector.clone()]);
        let scope = selected.scope(selected.now);
        let unknown = selector.candidates(scope).difference(&self.heard.asked);
        // What is found out in a moment is told with the rest, in one response.
        let known = match selected.settles && !unknown.is_empty() {
            true => UidSet::new(),
            false => looked_at.difference(&unknown),
        };
        let found: UidSet = selector.evaluate(scope, &self.heard.answers).into_iter().collect();
        let found = found.intersection(&known);
        let gone: UidSet = known.iter().filter(|uid| !found.contains(*uid)).collect();
        self.remove(out, told, &gone);
        self.pending = self.pending.union(looked_at).difference(&known);
        let new: UidSet = found.iter().filter(|uid| !self.results.contains(*uid)).collect();
        match &mut self.results {
            // Only the end of a command can read by what they are sorted.
            Results::Sorted(_) => self.pending = self.pending.union(&new),
            Results::Ascending(uids) => {
                *uids = uids.union(&new);
                let added = if new.is_empty() { Vec::new() } else { vec![(0, new.iter().collect())] };
                self.write(out, told, "ADDTO", &added);
            }
        }
    }

    /// `ret-data-addto = "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"`,
    /// and the same for REMOVEFROM (RFC 5267 §5)
    fn write(&self, out: &mut Vec<u8>, told: &Snapshot, name: &str, runs: &[(u32, Vec<Uid>)]) {
        if runs.is_empty() {
            return;
        }
        let uid = if self.uid { " UID" } else { "" };
        out.extend_from_slice(format!("* ESEARCH (TAG \"{}\"){uid} {name} (", self.tag).as_bytes());
        for (index, (place, uids)) in runs.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            number(out, (*place).into());
            out.push(b' ');
            let numbers: Vec<u32> = match self.uid {
                true => uids.iter().map(|uid| uid.get()).collect(),
                false => uids.iter().filter_map(|uid| Some(told.msn_of(*uid)?.get())).collect(),
            };
            write_set(out, &numbers);
        }
        out.extend_from_slice(b")\r\n");
    }
}

impl Selected {
    /// What the client is about to be told, as far as searches are kept up to date. Tells at once which results will
    /// be expunged: their sequence numbers are good only before that (RFC 5267 §4.3.4).
    pub(super) fn before_news(&mut self, out: &mut Vec<u8>, may_expunge: bool) -> Option<News> {
        if self.contexts.is_empty() {
            return None;
        }
        let (gone, changed) = self.view.news(&self.current());
        let gone = if may_expunge { gone } else { UidSet::new() };
        let told = self.view.told().clone();
        for context in &mut self.contexts.contexts {
            context.remove(out, &told, &gone);
            context.pending = context.pending.difference(&gone);
        }
        Some(News { gone, changed })
    }

    /// Tells which of the messages that the client has just heard of are results now, or are none any more.
    pub(super) fn after_news(&mut self, out: &mut Vec<u8>, news: Option<News>) {
        let Some(News { gone, changed }) = news else { return };
        let changed = self.view.told().uids_among(&changed.difference(&gone));
        let mut contexts = std::mem::take(&mut self.contexts);
        for context in &mut contexts.contexts {
            context.look(out, self, &changed);
        }
        self.contexts = contexts;
    }

    /// Finds out what is pending, by asking the stored messages, and tells what comes of it; then goes on.
    pub(super) fn settle(
        &mut self,
        running: Running,
        then: impl FnOnce(Running, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        let told = self.view.told().clone();
        for context in &mut self.contexts.contexts {
            context.pending = told.uids_among(&context.pending);
        }
        let pending = self.contexts.contexts.iter().position(|context| !context.pending.is_empty());
        let Some(at) = pending else { return then(running, self) };
        // Nobody else touches the searches while a command runs.
        let context = self.contexts.contexts.remove(at);
        let uids = Selector::Uids((&context.pending).into());
        let selector = Selector::And(vec![uids, context.selector.clone()]);
        finding::find(selector, context.collation, running, self, move |found, running, selected| match found
        {
            Ok(found) => place(at, context, found, running, selected, then),
            Err(error) => give_up(context, error, running, selected, then),
        })
    }
}

/// Puts what was found among the results.
fn place(
    at: usize,
    mut context: Context,
    found: finding::Found,
    running: Running,
    selected: &mut Selected,
    then: impl FnOnce(Running, &mut Selected) -> Step + Send + 'static,
) -> Step {
    let looked_at = std::mem::take(&mut context.pending);
    context.heard.asked = context.heard.asked.union(&found.heard.asked);
    for (leaf, uids) in found.heard.answers {
        let answers = context.heard.answers.entry(leaf).or_default();
        *answers = answers.union(&uids);
    }
    context.relevancy.extend(found.relevancy.iter().flat_map(|of| of.iter()));
    let told = selected.view.told().clone();
    let mut running = running;
    let found: UidSet = found.uids.into_iter().collect();
    context.remove(&mut running.untagged, &told, &looked_at.difference(&found));
    let Results::Sorted(results) = &context.results else {
        context.look(&mut running.untagged, selected, &looked_at);
        selected.contexts.contexts.insert(at, context);
        return selected.settle(running, then);
    };
    let all: UidSet = results.iter().copied().chain(found.iter()).collect();
    let criteria = context.criteria.clone();
    let wanted = wanted(&criteria).unwrap_or_default();
    let all = all.iter().collect();
    finding::with_keys(
        wanted,
        context.collation,
        all,
        running,
        selected,
        move |read, mut running, selected| match read {
            Ok((keys, all)) => {
                let told = selected.view.told().clone();
                let known =
                    Known { keys: Some(&keys), relevancy: Some(&context.relevancy), ..Known::default() };
                let sorted = sort(&criteria, &told, known, &all);
                let added = context.results.become_sorted(sorted);
                context.write(&mut running.untagged, &told, "ADDTO", &added);
                selected.contexts.contexts.insert(at, context);
                selected.settle(running, then)
            }
            Err(error) => give_up(context, error, running, selected, then),
        },
    )
}

/// The stored messages cannot be asked: the search ends, and the client hears of it.
fn give_up(
    context: Context,
    error: Error,
    mut running: Running,
    selected: &mut Selected,
    then: impl FnOnce(Running, &mut Selected) -> Step + Send + 'static,
) -> Step {
    tracing::debug!("a search is no longer kept up to date: {error}");
    running.untagged.extend(super::response::no_update(&context.tag, "The search cannot be kept up to date"));
    selected.settle(running, then)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids(numbers: &[u32]) -> Vec<Uid> {
        numbers.iter().map(|number| Uid::new(*number).unwrap()).collect()
    }

    /// The runs with plain numbers.
    fn plain(runs: Vec<(u32, Vec<Uid>)>) -> Vec<(u32, Vec<u32>)> {
        runs.into_iter().map(|(at, run)| (at, run.iter().map(|uid| uid.get()).collect())).collect()
    }

    #[test]
    fn sorted_results_have_places() {
        let mut results = Results::Sorted(uids(&[9, 4, 7, 1, 2, 8]));
        let removed = results.remove(&uids(&[4, 7, 8]).into_iter().collect());
        assert_eq!(plain(removed), [(2, vec![4, 7]), (4, vec![8])]);
        let added = results.become_sorted(uids(&[5, 9, 1, 6, 3, 2]));
        assert_eq!(plain(added), [(1, vec![5]), (4, vec![6, 3])]);
    }

    #[test]
    fn results_in_the_order_of_the_mailbox_need_none() {
        let mut results = Results::Ascending(uids(&[1, 2, 5]).into_iter().collect());
        assert_eq!(plain(results.remove(&uids(&[2, 3]).into_iter().collect())), [(0, vec![2])]);
        assert!(results.contains(Uid::new(5).unwrap()) && !results.contains(Uid::new(2).unwrap()));
    }
}

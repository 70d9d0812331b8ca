//! SEARCH and UID SEARCH (RFC 3501 §6.4.4): which messages?

use std::collections::HashSet;

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db::SearchPage;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::print::number;
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::{MessageId, Msn, Snapshot, Uid, UidSet};
use crate::plan::Plan;
use crate::search::grammar::search_program;
use crate::search::{Answers, Scope, Selector, StoredLeaf};

/// What the messages must satisfy. Texts are decoded, and the program is within the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub selector: Selector,
}

/// `search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)`, from the space after the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Search> {
    map(preceded(sp, search_program), |selector| Search { selector }).parse(input)
}

/// A SEARCH that has to ask the stored messages.
struct Searching {
    running: Running,
    selector: Selector,
    leaves: Vec<StoredLeaf>,
    /// The messages that are still to be asked.
    rest: UidSet,
    /// What each leaf has selected so far.
    found: Vec<UidSet>,
}

impl Search {
    /// What is in memory is asked first; only what that leaves open is asked of the stored messages.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let leaves = self.selector.stored_leaves();
        let rest = match leaves.is_empty() {
            true => UidSet::new(),
            false => self.selector.candidates(Scope::of(&selected.view, running.now)),
        };
        let found = vec![UidSet::new(); leaves.len()];
        Searching { running, selector: self.selector, leaves, rest, found }.next_page(selected)
    }
}

impl Searching {
    fn next_page(mut self, selected: &mut Selected) -> Step {
        let told = selected.view.told().clone();
        let messages = told.by_uids(&self.rest).take(limits::SEARCH_UNIT_MESSAGES);
        let page: Vec<(MessageId, Uid)> = messages.map(|(_, entry)| (entry.message, entry.uid)).collect();
        let Some((_, last)) = page.last() else { return self.respond(selected) };
        self.rest = self.rest.difference(&UidSet::range(Uid::MIN, *last));
        let unit = SearchPage {
            account: selected.key().account,
            messages: page.iter().map(|(message, _)| *message).collect(),
            leaves: self.leaves.clone(),
        };
        Plan::run(unit, move |outcome, selected: &mut Selected| match outcome {
            Ok(answers) => {
                for (found, answer) in self.found.iter_mut().zip(answers) {
                    let answer: HashSet<MessageId> = answer.into_iter().collect();
                    // One message may be in the mailbox under several uids.
                    found.extend(page.iter().filter(|(id, _)| answer.contains(id)).map(|(_, uid)| *uid));
                }
                self.next_page(selected)
            }
            Err(error) => self.running.failed(selected, error),
        })
    }

    /// `mailbox-data = "SEARCH" *(SP nz-number)` (RFC 3501 §7.2.5)
    fn respond(mut self, selected: &mut Selected) -> Step {
        let answers: Answers = self.leaves.into_iter().zip(self.found).collect();
        let out = &mut self.running.untagged;
        out.extend_from_slice(b"* SEARCH");
        let found = self.selector.evaluate(Scope::of(&selected.view, self.running.now), &answers);
        let mut say = |found: u32| {
            out.push(b' ');
            number(out, found.into());
        };
        match self.running.uid {
            true => found.iter().for_each(|uid| say(uid.get())),
            false => each_msn(selected.view.told(), &found, |msn| say(msn.get())),
        }
        if self.selector.asks_modseq() {
            write_modseq(out, selected.view.told(), &found);
        }
        out.extend_from_slice(b"\r\n");
        self.running.done(selected)
    }
}

/// `search-sort-mod-seq = "(" "MODSEQ" SP mod-sequence-value ")"` (RFC 7162 §7), the greatest of what was found; nothing
/// when that is nothing.
fn write_modseq(out: &mut Vec<u8>, told: &Snapshot, found: &[Uid]) {
    let found: UidSet = found.iter().copied().collect();
    if let Some(modseq) = told.by_uids(&found).map(|(_, entry)| entry.modseq).max() {
        out.extend_from_slice(format!(" (MODSEQ {modseq})").as_bytes());
    }
}

/// The positions of messages, whose uids ascend.
fn each_msn(told: &Snapshot, uids: &[Uid], mut say: impl FnMut(Msn)) {
    let is_known = "what is found is in view";
    if (uids.len() as u64) < u64::from(told.len()) / 16 {
        return uids.iter().for_each(|uid| say(told.msn_of(*uid).expect(is_known)));
    }
    // Walking beside a long list costs less than looking each of it up.
    let mut messages = told.iter();
    for uid in uids {
        let (msn, _) = messages.find(|(_, entry)| entry.uid == *uid).expect(is_known);
        say(msn);
    }
}

//! A command on the open mailbox that is under way, and how it ends.

use jiff::Timestamp;

use super::{Selected, Step};
use crate::error::Error;
use crate::imap::answer::{After, Answer};
use crate::imap::command::fetch;
use crate::imap::response;
use crate::imap::watching::Own;
use crate::mailbox::{Uid, UidSet};
use crate::plan::Plan;

/// A command under way: whose answer it is, and what has come of it so far.
pub struct Running {
    pub tag: String,
    /// It came after UID: its numbers are uids.
    pub uid: bool,
    /// When the client gave it.
    pub now: Timestamp,
    /// As the answer calls it.
    pub name: &'static str,
    /// Whether the client may hear of expunges at the end.
    pub may_expunge: bool,
    /// Untagged lines that are still to be sent.
    pub untagged: Vec<u8>,
    /// A response code for the tagged line.
    pub code: Option<String>,
    /// Only so many messages were dealt with, as that is the limit, down to this uid.
    pub limited: Option<(u32, Option<Uid>)>,
}

impl Running {
    /// The command has done what was asked.
    pub fn done(mut self, selected: &mut Selected) -> Step {
        selected.settles = true;
        self.write_updates(selected);
        selected.settles = false;
        let may_have_code = self.code.is_none() && self.name != NEWS;
        self.tell_horizon(selected, may_have_code);
        self.tell_rest(selected)
    }

    /// Tells what is not in memory, then ends.
    pub(super) fn tell_rest(self, selected: &mut Selected) -> Step {
        selected.tell_annotations(self, |running, selected| selected.settle(running, Running::tell_new))
    }

    /// Whether the command opens the mailbox.
    pub fn opens(&self) -> bool {
        OPENING.contains(&self.name)
    }

    /// Tells what is new. Who does not want to hear of it hears of what his own command has done all the same.
    pub fn write_updates(&mut self, selected: &mut Selected) {
        if self.opens() {
            // What it says is all of one moment; what others have done since is left to the next command.
            return;
        }
        let key = selected.key();
        let here = || selected.changes.iter().filter(|change| change.key == key);
        let has_changed = here().next().is_some();
        let own: UidSet =
            here().flat_map(|change| change.appended.iter().map(|message| message.uid)).collect();
        let heeds = selected.heeds.clone();
        if has_changed {
            (selected.heeds.messages, selected.heeds.flags) = (true, true);
        }
        selected.write_updates(&mut self.untagged, self.may_expunge, self.uid);
        selected.heeds = heeds;
        selected.note_own_messages(&own);
    }

    /// Tells of new messages what the client wants to know of each (RFC 5465 §5.2), then ends.
    pub(super) fn tell_new(self, selected: &mut Selected) -> Step {
        let new = std::mem::take(&mut selected.new);
        let new = selected.view.told().uids_among(&new);
        let mut items: Vec<fetch::Item> = Vec::new();
        let mut wanting = UidSet::new();
        for uid in new.iter() {
            let wanted = selected.items_of_new(uid);
            if wanted.is_empty() {
                continue;
            }
            if items.is_empty() || items == wanted {
                items = wanted;
                wanting.insert(uid);
            } else {
                // Of this one something else is wanted: its turn comes when these have been told.
                selected.new.insert(uid);
            }
        }
        match wanting.is_empty() {
            true => self.complete(selected),
            false => fetch::tell_new(wanting, items, self, selected),
        }
    }

    fn complete(mut self, selected: &Selected) -> Step {
        if self.name == NEWS {
            return self.answer(selected, Vec::new(), After::Continue);
        }
        self.tell_limit();
        let prefix = if self.uid && !self.opens() && self.name != "ESEARCH" { "UID " } else { "" };
        let text = format!("{prefix}{} completed", self.name);
        let tagged = response::ok(&self.tag, self.code.as_deref(), &text);
        self.answer(selected, tagged, After::Continue)
    }

    /// The command failed, or did only a part of what was asked.
    pub fn failed(mut self, selected: &mut Selected, error: impl Into<Error>) -> Step {
        let error = error.into();
        self.write_updates(selected);
        // The tagged line has the code of the error.
        self.tell_horizon(selected, false);
        if self.name == NEWS {
            tracing::debug!("a client could not be told of new messages: {error}");
            return self.answer(selected, Vec::new(), After::Continue);
        }
        let tagged = response::failure(&self.tag, &error);
        self.refused(selected, tagged)
    }

    pub(in crate::imap) fn refused(self, selected: &Selected, tagged: Vec<u8>) -> Step {
        // A SELECT that fails leaves no mailbox open.
        let next = if self.opens() { After::Unselect } else { After::Continue };
        self.answer(selected, tagged, next)
    }

    /// The mailbox is closed; nothing more is said of it.
    pub fn close(self, selected: &mut Selected) -> Step {
        let tagged = response::ok(&self.tag, self.code.as_deref(), &format!("{} completed", self.name));
        self.answer(selected, tagged, After::Unselect)
    }

    fn answer(self, selected: &Selected, tagged: Vec<u8>, next: After) -> Step {
        let own = Own::of(&selected.changes);
        Plan::Done(Answer { untagged: self.untagged, tagged, own, next, ..Answer::default() })
    }
}

/// What a client is told without a command.
pub(super) const NEWS: &str = "";

/// The commands that open a mailbox, though they may go on in it.
const OPENING: [&str; 2] = ["SELECT", "EXAMINE"];

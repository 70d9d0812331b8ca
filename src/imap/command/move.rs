//! MOVE and UID MOVE (RFC 6851): messages into another mailbox instead of this one.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use super::copy;
use crate::db::Copied;
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::set::sequence_set;
use crate::imap::limited::take_last;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::uid_set::SequenceSet;
use crate::mailbox::{MailboxName, Uid, UidSet};
use crate::plan::Plan;
use crate::policy::Rights;

/// Which messages are to go to which mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Sequence numbers, or uids in UID MOVE.
    pub set: SequenceSet,
    pub mailbox: MailboxName,
}

/// `move = "MOVE" SP sequence-set SP mailbox`, from the space after the word on.
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Move> {
    let arguments = (preceded(sp, sequence_set), preceded(sp, mailbox(enabled)));
    map(arguments, |(set, mailbox)| Move { set, mailbox }).parse(input)
}

impl Move {
    /// Moves the first messages, if they may be moved.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let allowed = match selected.key().is_of_deleted() {
            // Who takes mail back deletes nothing.
            true => selected.check_read_write(),
            false => selected.check_rights(Rights::MARK_DELETED.with(Rights::EXPUNGE)),
        };
        if let Err(error) = allowed {
            return running.failed(selected, error);
        }
        let Move { set, mailbox } = self;
        selected.with_messages(&set, running, |uids, mut running, selected| {
            let uids = selected.within_limit(uids, &mut running);
            Moving { running, mailbox, uids, behind: None, moved: false }.next(selected)
        })
    }
}

/// A MOVE under way: it goes through its messages some thousand at a time, so that neither its memory nor the time for
/// which it locks both mailboxes grows with them. RFC 6851 §3.3 has each message moved or not, and not all of them: when
/// the client leaves, or the room is used up, what was moved stays moved.
struct Moving {
    running: Running,
    mailbox: MailboxName,
    /// All messages that were named, and how far that has come.
    uids: UidSet,
    behind: Option<Uid>,
    /// Some were there to be moved.
    moved: bool,
}

impl Moving {
    /// Goes on with the next messages, if there are any.
    fn next(mut self, selected: &mut Selected) -> Step {
        let some = match self.running.limited {
            Some(_) => take_last(&mut self.uids, limits::STORE_UNIT_MESSAGES),
            None => {
                let messages = selected.view.told().by_uids_behind(&self.uids, self.behind);
                messages.take(limits::STORE_UNIT_MESSAGES).map(|(_, entry)| entry.uid).collect()
            }
        };
        if some.is_empty() {
            return self.finish(selected);
        }
        if self.running.limited.is_none() {
            self.behind = some.last();
        }
        let moved_by = Some(selected.culprit("move"));
        copy::copy(some, self.mailbox.clone(), moved_by, selected, |outcome, selected| match outcome {
            Ok(Some(moved)) => self.absorb(moved, selected),
            // Others have expunged all of these.
            Ok(None) => self.next(selected),
            Err(error) => self.running.failed(selected, error),
        })
    }

    /// RFC 6851 §4.3: COPYUID comes before the expunges, so that the client still knows which messages it speaks of.
    fn absorb(self, moved: Copied, selected: &mut Selected) -> Step {
        let Moving { mut running, mailbox, uids, behind, .. } = self;
        running.untagged.extend(response::ok("*", Some(&copy::copyuid(&moved)), "Moved"));
        if moved.is_nearly_full {
            running.untagged.extend(response::nearly_full());
        }
        selected.absorb(running, moved.changes, move |running, selected| {
            Moving { running, mailbox, uids, behind, moved: true }.tell(selected)
        })
    }

    /// Tells what is moved already, if more is to come.
    fn tell(mut self, selected: &mut Selected) -> Step {
        if selected.view.told().by_uids_behind(&self.uids, self.behind).next().is_none() {
            return self.finish(selected);
        }
        self.running.write_updates(selected);
        let out = std::mem::take(&mut self.running.untagged);
        Plan::emit(out, |selected: &mut Selected| self.next(selected))
    }

    fn finish(self, selected: &mut Selected) -> Step {
        match self.moved {
            true => self.running.done(selected),
            false => self.running.failed(selected, copy::all_gone()),
        }
    }
}

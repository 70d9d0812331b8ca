//! MOVE and UID MOVE (RFC 6851): messages into another mailbox instead of this one.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use super::copy;
use crate::db::{Copied, CopyMessages};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::set::sequence_set;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::MailboxName;
use crate::mailbox::uid_set::SequenceSet;
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
pub fn parse(input: &[u8]) -> Parsed<'_, Move> {
    let arguments = (preceded(sp, sequence_set), preceded(sp, mailbox));
    map(arguments, |(set, mailbox)| Move { set, mailbox }).parse(input)
}

impl Move {
    /// One unit copies all messages and takes them out of this mailbox, or does nothing.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let needed = Rights::MARK_DELETED.with(Rights::EXPUNGE);
        let messages = selected.check_rights(needed).and_then(|()| selected.messages(&self.set, running.uid));
        let uids = match messages {
            Ok(uids) => uids,
            Err(error) => return running.failed(selected, error),
        };
        if uids.is_empty() {
            return running.done(selected);
        }
        let (source, uids) = (selected.key(), selected.spans(&uids));
        let moved_by = Some(selected.culprit("move"));
        let unit = CopyMessages { viewer: selected.viewer(), source, uids, target: self.mailbox, moved_by };
        Plan::run(unit, |outcome, selected: &mut Selected| match outcome {
            Ok(Some(moved)) => respond(moved, running, selected),
            Ok(None) => running.failed(selected, copy::all_gone()),
            Err(error) => running.failed(selected, error),
        })
    }
}

/// RFC 6851 §4.3: COPYUID comes before the expunges, so that the client still knows which messages it speaks of.
fn respond(moved: Copied, mut running: Running, selected: &mut Selected) -> Step {
    running.untagged = response::ok("*", Some(&copy::copyuid(&moved)), "Moved");
    if moved.is_nearly_full {
        running.untagged.extend(response::nearly_full());
    }
    selected.absorb(running, moved.changes, |running, selected| running.done(selected))
}

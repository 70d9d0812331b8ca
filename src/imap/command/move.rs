//! MOVE and UID MOVE (RFC 6851): messages into another mailbox instead of this one.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use super::copy::{self, Copy};
use crate::db::Copied;
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::set::sequence_set;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::MailboxName;
use crate::mailbox::uid_set::SequenceSet;
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
    /// One unit copies all messages and takes them out of this mailbox, or does nothing.
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
        let moved_by = Some(selected.culprit("move"));
        copy::copy(Copy { set, mailbox }, moved_by, running, selected, respond)
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

//! COPY and UID COPY (RFC 3501 §6.4.7): messages into another mailbox as well.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db::{self, Copied, CopyMessages, Culprit, Destination, Undelete};
use crate::error::{Code, Error};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::set::sequence_set;
use crate::imap::limited::last;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::uid_set::SequenceSet;
use crate::mailbox::{MailboxName, UidSet};
use crate::plan::Plan;

/// Which messages are to be in which mailbox too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Sequence numbers, or uids in UID COPY.
    pub set: SequenceSet,
    pub mailbox: MailboxName,
}

/// `copy = "COPY" SP sequence-set SP mailbox`, from the space after the word on.
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Copy> {
    let arguments = (preceded(sp, sequence_set), preceded(sp, mailbox(enabled)));
    map(arguments, |(set, mailbox)| Copy { set, mailbox }).parse(input)
}

impl Copy {
    /// One unit copies all messages, or none.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let Copy { set, mailbox } = self;
        selected.with_messages(&set, running, |uids, mut running, selected| {
            // RFC 9738 §3.1: COPY is done for all messages, or for none; MOVE need not be.
            if let Some(limit) = selected.exceeds(selected.limit.save, &uids) {
                return running.exceeded(limit, last(&uids, limit).first(), selected);
            }
            let uids = selected.within_limit(uids, &mut running);
            copy(uids, mailbox, None, selected, |outcome, selected| match outcome {
                Ok(Some(copied)) => respond(copied, running, selected),
                Ok(None) => running.failed(selected, all_gone()),
                Err(error) => running.failed(selected, error),
            })
        })
    }
}

/// Copies messages, and takes them out of this mailbox when somebody moves them, in one unit; `then` hears of it. Out of
/// what was deleted they are taken back, and those that are copied stay there, too.
pub(super) fn copy(
    uids: UidSet,
    mailbox: MailboxName,
    moved_by: Option<Culprit>,
    selected: &Selected,
    then: impl FnOnce(Result<Option<Copied>, db::Error>, &mut Selected) -> Step + Send + 'static,
) -> Step {
    let (source, viewer) = (selected.key(), selected.viewer());
    if source.is_of_deleted() {
        let into = Destination::Named(viewer, mailbox);
        let keep = moved_by.is_none();
        let undelete = Undelete { source, uids, into, keep, beyond_quota: false, by: moved_by };
        return Plan::run(undelete, then);
    }
    let uids = selected.spans(&uids);
    Plan::run(CopyMessages { viewer, source, uids, target: mailbox, moved_by }, then)
}

/// The tagged line says which uids the copies have (RFC 4315 §3).
fn respond(copied: Copied, mut running: Running, selected: &mut Selected) -> Step {
    running.code = Some(copyuid(&copied));
    if copied.is_nearly_full {
        running.untagged = response::nearly_full();
    }
    selected.absorb(running, copied.changes, |running, selected| running.done(selected))
}

/// `resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set` (RFC 4315 §4)
pub(super) fn copyuid(copied: &Copied) -> String {
    let source: UidSet = copied.uids.iter().map(|(source, _)| *source).collect();
    let target: UidSet = copied.uids.iter().map(|(_, target)| *target).collect();
    format!("COPYUID {} {source} {target}", copied.uidvalidity)
}

/// Others have expunged every message that was named (RFC 2180 §4.4).
pub(super) fn all_gone() -> Error {
    Error::no(Code::ExpungeIssued, "These messages have been expunged")
}

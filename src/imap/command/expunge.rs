//! EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1): messages marked \Deleted leave the mailbox.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::set::sequence_set;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::uid_set::SequenceSet;
use crate::mailbox::{ModSeq, System, UidSet};
use crate::policy::Rights;

/// Which of the messages marked \Deleted are to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expunge {
    /// Only these, in UID EXPUNGE; None means all.
    pub uids: Option<SequenceSet>,
}

/// `"EXPUNGE"`, which has no arguments.
pub fn parse(input: &[u8]) -> Parsed<'_, Expunge> {
    Ok((input, Expunge { uids: None }))
}

/// `uid-expunge = "UID" SP "EXPUNGE" SP sequence-set`, from the last space on.
pub fn parse_uid(input: &[u8]) -> Parsed<'_, Expunge> {
    map(preceded(sp, sequence_set), |uids| Expunge { uids: Some(uids) }).parse(input)
}

impl Expunge {
    /// One unit takes out what is \Deleted, as far as is known here; without such messages there is nothing to do.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let allowed = match selected.key().is_of_deleted() {
            // Nothing there is \Deleted once more, see `quirk_flags_of_what_is_deleted`.
            true => selected.check_read_write(),
            false => selected.check_rights(Rights::EXPUNGE),
        };
        if let Err(error) = allowed {
            return running.failed(selected, error);
        }
        let mut uids = deleted(selected);
        if let Some(set) = &self.uids {
            let saved = if set.has_saved() { selected.saved.clone() } else { UidSet::new() };
            uids = uids.intersection(&set.resolve(selected.view.told().last_uid()).union(&saved));
        }
        if uids.is_empty() {
            return running.done(selected);
        }
        let unit = unit(&uids, "expunge", selected);
        selected.run(Rights::EXPUNGE, unit, |outcome, selected: &mut Selected| match outcome {
            Ok(change) => selected
                .absorb(running, change.into_iter().collect(), |running, selected| running.done(selected)),
            Err(error) => running.failed(selected, error),
        })
    }
}

/// CLOSE (RFC 3501 §6.4.2): expunges without a word, except after EXAMINE or without the right to do so (RFC 4314 §4),
/// then closes the mailbox.
pub fn close(running: Running, selected: &mut Selected) -> Step {
    let uids = deleted(selected);
    if selected.check_rights(Rights::EXPUNGE).is_err() || uids.is_empty() {
        return running.close(selected);
    }
    let unit = unit(&uids, "close", selected);
    selected.run(Rights::EXPUNGE, unit, |outcome, selected: &mut Selected| match outcome {
        Ok(change) => {
            let expunged = change.as_ref().map(|change| (change.after, change.modseq));
            let close = move |mut running: Running, selected: &mut Selected| {
                running.code = expunged.and_then(|(after, until)| highestmodseq(after, until, selected));
                running.close(selected)
            };
            selected.absorb(running, change.into_iter().collect(), close)
        }
        // The site does not let anybody expunge since a moment ago, which is no reason to keep it open.
        Err(db::Error::Refused(_)) => running.close(selected),
        // The mailbox stays open, so that the client can try again: nothing was expunged.
        Err(error) => running.failed(selected, error),
    })
}

/// How far a client has come that closes the mailbox by an expunge of its own (RFC 7162 §3.2.8): what others have done
/// before that it must have heard, or it is still to hear all of it.
fn highestmodseq(after: ModSeq, until: ModSeq, selected: &Selected) -> Option<String> {
    let told = selected.view.told().highestmodseq;
    let known = if told >= after { until } else { told };
    selected.enabled.qresync.then(|| format!("HIGHESTMODSEQ {known}"))
}

/// The messages with \Deleted, those included that the client has not been told of.
fn deleted(selected: &Selected) -> UidSet {
    selected.shared.current().uids_with(System::DELETED)
}

fn unit(uids: &UidSet, reason: &'static str, selected: &Selected) -> db::Expunge {
    let by = selected.culprit(reason);
    db::Expunge { key: selected.key(), uids: uids.iter().collect(), only_deleted: true, by }
}

//! EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1): messages marked \Deleted leave the mailbox.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::set::sequence_set;
use crate::imap::limited::take_last;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::uid_set::SequenceSet;
use crate::mailbox::{Change, ModSeq, System, Uid, UidSet};
use crate::plan::Plan;
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
    /// Takes out what is \Deleted, as far as is known here; without such messages there is nothing to do.
    pub fn plan(self, mut running: Running, selected: &mut Selected) -> Step {
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
            // RFC 9738 §3.1: EXPUNGE has no limit.
            uids = selected.within_limit(uids, &mut running);
        }
        Expunging { running, uids, behind: None, expunged: None }.next(selected)
    }
}

/// An EXPUNGE or CLOSE under way: it goes through its messages some thousand at a time, so that neither its memory nor
/// the time for which it locks the mailbox grows with them.
struct Expunging {
    running: Running,
    /// All messages that are to leave, and how far that has come.
    uids: UidSet,
    behind: Option<Uid>,
    /// From where to where the mailbox has come by that.
    expunged: Option<(ModSeq, ModSeq)>,
}

impl Expunging {
    /// Goes on with the next messages, if there are any.
    fn next(mut self, selected: &mut Selected) -> Step {
        let current = selected.shared.current();
        let some: Vec<Uid> = match self.running.limited {
            Some(_) => take_last(&mut self.uids, limits::STORE_UNIT_MESSAGES).iter().collect(),
            None => {
                let messages = current.by_uids_behind(&self.uids, self.behind).map(|(_, entry)| entry.uid);
                messages.take(limits::STORE_UNIT_MESSAGES).collect()
            }
        };
        let Some(last) = some.last() else { return self.finish(selected) };
        if self.running.limited.is_none() {
            self.behind = Some(*last);
        }
        let (by, key) = (selected.culprit(self.reason()), selected.key());
        let unit = db::Expunge { key, uids: some, only_deleted: true, by };
        selected.run(Rights::EXPUNGE, unit, |outcome, selected: &mut Selected| match outcome {
            Ok(change) => self.absorb(change, selected),
            // The site does not let anybody expunge since a moment ago, which is no reason to keep it open.
            Err(db::Error::Refused(_)) if self.closes() => self.finish(selected),
            // To be closed, the mailbox stays open, so that the client can try again.
            Err(error) => self.running.failed(selected, error),
        })
    }

    fn absorb(self, change: Option<Change>, selected: &mut Selected) -> Step {
        let Expunging { running, uids, behind, mut expunged } = self;
        if let Some(Change { after, modseq, .. }) = &change {
            // What others have done in between is still to be told.
            let begin = expunged.filter(|(_, until)| until == after).map_or(*after, |(begin, _)| begin);
            expunged = Some((begin, *modseq));
        }
        selected.absorb(running, change.into_iter().collect(), move |running, selected| {
            Expunging { running, uids, behind, expunged }.tell(selected)
        })
    }

    /// Tells what is gone already, if more is to come.
    fn tell(mut self, selected: &mut Selected) -> Step {
        if selected.shared.current().by_uids_behind(&self.uids, self.behind).next().is_none() {
            return self.finish(selected);
        }
        if !self.closes() {
            self.running.write_updates(selected);
            let out = std::mem::take(&mut self.running.untagged);
            return Plan::emit(out, |selected: &mut Selected| self.next(selected));
        }
        let all = self.uids.len();
        let rest: u64 =
            self.uids.ranges_behind(self.behind).map(|(a, b)| u64::from(b.get() - a.get()) + 1).sum();
        let progress = response::in_progress(&self.running.tag, all - rest, all);
        Plan::progress(progress, |selected: &mut Selected| self.next(selected))
    }

    fn finish(mut self, selected: &mut Selected) -> Step {
        if !self.closes() {
            return self.running.done(selected);
        }
        self.running.code = self.expunged.and_then(|(after, until)| selected.closed_at(after, until));
        self.running.close(selected)
    }

    /// Whether the mailbox is closed afterwards, and nothing is said of what has gone.
    fn closes(&self) -> bool {
        self.running.name == "CLOSE"
    }

    fn reason(&self) -> &'static str {
        if self.closes() { "close" } else { "expunge" }
    }
}

/// CLOSE (RFC 3501 §6.4.2): expunges without a word, except after EXAMINE or without the right to do so (RFC 4314 §4),
/// then closes the mailbox.
pub fn close(running: Running, selected: &mut Selected) -> Step {
    let uids = deleted(selected);
    if selected.check_rights(Rights::EXPUNGE).is_err() || uids.is_empty() {
        return running.close(selected);
    }
    Expunging { running, uids, behind: None, expunged: None }.next(selected)
}

/// The messages with \Deleted, those included that the client has not been told of.
fn deleted(selected: &Selected) -> UidSet {
    selected.shared.current().uids_with(System::DELETED)
}

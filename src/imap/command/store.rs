//! STORE and UID STORE (RFC 3501 §6.4.6): flags of messages.

pub mod annotate;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::char;
use nom::combinator::{map, opt, peek, value};
use nom::error::context;
use nom::sequence::{delimited, preceded};

use crate::db::{self, ConditionallySet, Marking, SetFlags, SetFlagsUnlessChanged, SetSeen};
use crate::error::Error;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::flags::store_flags;
use crate::imap::grammar::modseq::mod_sequence_valzer;
use crate::imap::grammar::set::sequence_set;
use crate::imap::limited::take_last;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::uid_set::SequenceSet;
use crate::mailbox::{Change, FlagMask, FlagSet, ModSeq, MsnSet, System, Uid, UidSet};
use crate::plan::Plan;
use crate::policy::Rights;

/// Which flags are to become what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Sequence numbers, or uids in UID STORE.
    pub set: SequenceSet,
    pub action: Action,
    /// The client does not want to hear of the new flags.
    pub silent: bool,
    pub flags: FlagSet,
    /// Messages that have changed after this stay as they are (RFC 7162 §3.1.3).
    pub unchanged_since: Option<ModSeq>,
}

/// What STORE does with the flags it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `FLAGS`: these and no others.
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// `store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags`, from the space after the word on (RFC 4466 §6).
pub fn parse(input: &[u8]) -> Parsed<'_, Store> {
    let arguments = (preceded(sp, sequence_set), store_modifiers, preceded(sp, store_att_flags));
    map(arguments, |(set, unchanged_since, (action, silent, flags))| Store {
        set,
        action,
        silent,
        flags,
        unchanged_since,
    })
    .parse(input)
}

/// `store-modifiers = SP "(" store-modifier *(SP store-modifier) ")"`, or nothing; the only one is
/// `store-modifier =/ "UNCHANGEDSINCE" SP mod-sequence-valzer` (RFC 7162 §7)
fn store_modifiers(input: &[u8]) -> Parsed<'_, Option<ModSeq>> {
    let modifier = preceded((tag_no_case("UNCHANGEDSINCE"), sp), mod_sequence_valzer);
    let modifier = delimited(char('('), modifier, char(')'));
    opt(preceded(sp, preceded(peek(char('(')), context("a store modifier", modifier)))).parse(input)
}

/// `store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))`
fn store_att_flags(input: &[u8]) -> Parsed<'_, (Action, bool, FlagSet)> {
    let sign = opt(alt((value(Action::Add, char('+')), value(Action::Remove, char('-')))));
    let action = map(sign, |sign| sign.unwrap_or(Action::Replace));
    let silent = map(opt(tag_no_case(".SILENT")), |word| word.is_some());
    let action = nom::sequence::terminated(action, tag_no_case("FLAGS"));
    (action, silent, preceded(sp, store_flags)).parse(input)
}

/// A STORE under way: it goes through its messages some thousand at a time, so that neither its memory nor the time for
/// which it locks the mailbox grows with them.
struct Storing {
    store: Store,
    permitted: FlagMask,
    running: Running,
    /// All messages that were named, how far that has come, and after how many of them.
    named: UidSet,
    behind: Option<Uid>,
    done: u64,
    /// Those that others had changed.
    modified: UidSet,
}

impl Store {
    /// Changes the flags of the first messages.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        if selected.key().is_of_deleted() {
            return quirk_flags_of_what_is_deleted(&self.set, running, selected);
        }
        let permitted = match self.permitted(selected) {
            Ok(permitted) => permitted,
            Err(error) => return running.failed(selected, error),
        };
        let set = self.set.clone();
        selected.with_messages(&set, running, |named, mut running, selected| {
            let named = selected.within_limit(named, &mut running);
            let (behind, done, modified) = (None, 0, UidSet::new());
            Storing { store: self, permitted, running, named, behind, done, modified }.next(selected)
        })
    }
}

impl Storing {
    /// Goes on with the next messages, if there are any.
    fn next(mut self, selected: &mut Selected) -> Step {
        let some = match self.running.limited {
            Some(_) => take_last(&mut self.named, limits::STORE_UNIT_MESSAGES),
            None => {
                let messages = selected.view.told().by_uids_behind(&self.named, self.behind);
                messages.take(limits::STORE_UNIT_MESSAGES).map(|(_, entry)| entry.uid).collect()
            }
        };
        if some.is_empty() {
            return self.finish(selected);
        }
        if self.running.limited.is_none() {
            self.behind = some.last();
        }
        self.done += some.len();
        match self.store.unchanged_since {
            Some(since) => self.store_unless_changed(some, since, selected),
            None => self.see_and_store(some, selected),
        }
    }

    /// Changes the flags of those messages that nobody has changed after `since`, and names the others.
    fn store_unless_changed(mut self, uids: UidSet, since: ModSeq, selected: &mut Selected) -> Step {
        let mut uids = uids;
        if selected.has_own_seen() {
            // What the same reader has changed elsewhere, the messages do not know.
            let modified = selected.current().changed_since(&uids, since);
            selected.view.tell_flags(&modified);
            uids = uids.difference(&modified);
            self.modified = self.modified.union(&modified);
        }
        if uids.is_empty() {
            return self.tell(&uids, selected);
        }
        let shared = self.shared_flags(selected);
        let unit = SetFlagsUnlessChanged { set: self.unit(&uids, shared, selected), since };
        let needed = self.store.needed(shared);
        selected.run(needed, unit, move |outcome, selected: &mut Selected| match outcome {
            Ok(ConditionallySet { change, modified }) => {
                let modified = uids.intersection(&modified);
                let rest = uids.difference(&modified);
                self.absorb(change, selected, move |mut storing, selected| {
                    // The client is to see what it did not know.
                    selected.view.tell_flags(&modified);
                    storing.modified = storing.modified.union(&modified);
                    storing.see_and_store(rest, selected)
                })
            }
            Err(error) => self.failed(error, selected),
        })
    }

    /// Changes the client's own \Seen first, where it has one, then the flags that all share.
    fn see_and_store(self, uids: UidSet, selected: &mut Selected) -> Step {
        let Some(unit) = self.store.own_seen(&uids, self.permitted, selected) else {
            return self.store(uids, selected);
        };
        let (marked, seen) = (unit.uids.clone(), unit.seen);
        selected.run(Rights::SEEN, unit, move |outcome, selected: &mut Selected| match outcome {
            Ok(change) => {
                selected.note_seen(&marked, seen, change.modseq);
                self.absorb(Some(change), selected, move |storing, selected| storing.store(uids, selected))
            }
            Err(error) => self.failed(error, selected),
        })
    }

    /// Changes the flags that all share.
    fn store(self, uids: UidSet, selected: &mut Selected) -> Step {
        let permitted = self.shared_flags(selected);
        let nothing = match self.store.action {
            Action::Replace => permitted.is_empty(),
            Action::Add | Action::Remove => self.store.flags.within(permitted).is_empty(),
        };
        // What depends on a mod-sequence has been done before.
        if nothing || self.store.unchanged_since.is_some() || uids.is_empty() {
            return self.tell(&uids, selected);
        }
        let (unit, needed) = (self.unit(&uids, permitted, selected), self.store.needed(permitted));
        selected.run(needed, unit, move |outcome, selected: &mut Selected| match outcome {
            Ok(change) => {
                self.absorb(change, selected, move |storing, selected| storing.tell(&uids, selected))
            }
            Err(error) => self.failed(error, selected),
        })
    }

    /// The client hears of all flags it named the messages of, or believes what it asked for (RFC 3501 §6.4.6).
    fn tell(mut self, uids: &UidSet, selected: &mut Selected) -> Step {
        let Storing { store, permitted, .. } = &self;
        // A client whose flags were not all set has to be told, also if it did not want to know.
        if store.silent && store.flags.within(*permitted) == store.flags {
            selected
                .view
                .silence(uids, None, |before| store.marking().apply(before, &store.flags, *permitted));
        } else {
            selected.view.tell_flags(uids);
        }
        if selected.some_are_gone(uids) {
            // RFC 5530 §3: some messages were expunged by others, and have no flags any more.
            self.running.code = Some("EXPUNGEISSUED".to_owned());
        }
        if selected.view.told().by_uids_behind(&self.named, self.behind).next().is_none() {
            return self.finish(selected);
        }
        self.running.write_updates(selected);
        let out = std::mem::take(&mut self.running.untagged);
        if out.is_empty() {
            // Downwards, those that are done are no longer among the others.
            let gone = if self.running.limited.is_some() { self.done } else { 0 };
            let progress = response::in_progress(&self.running.tag, self.done, self.named.len() + gone);
            return Plan::progress(progress, |selected: &mut Selected| self.next(selected));
        }
        Plan::emit(out, |selected: &mut Selected| self.next(selected))
    }

    fn finish(mut self, selected: &mut Selected) -> Step {
        let modified = modified_code(&self.modified, self.running.uid, selected);
        self.running.code = modified.or(self.running.code);
        self.running.done(selected)
    }

    fn failed(self, error: db::Error, selected: &mut Selected) -> Step {
        self.running.failed(selected, error)
    }

    /// Puts a change into the shared snapshot, then goes on.
    fn absorb(
        self,
        change: Option<Change>,
        selected: &mut Selected,
        then: impl FnOnce(Storing, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        let Storing { store, permitted, running, named, behind, done, modified } = self;
        selected.absorb(running, change.into_iter().collect(), move |running, selected| {
            then(Storing { store, permitted, running, named, behind, done, modified }, selected)
        })
    }

    /// Of the flags that may be changed, those that all share.
    fn shared_flags(&self, selected: &Selected) -> FlagMask {
        if selected.has_own_seen() { self.permitted.without(System::SEEN) } else { self.permitted }
    }

    fn unit(&self, uids: &UidSet, permitted: FlagMask, selected: &Selected) -> SetFlags {
        let (key, uids, flags) = (selected.key(), selected.spans(uids), self.store.flags.clone());
        SetFlags { key, uids, marking: self.store.marking(), flags, permitted }
    }
}

impl Store {
    /// What sets or takes away the client's own \Seen, where it has one and the messages have it otherwise.
    fn own_seen(&self, uids: &UidSet, permitted: FlagMask, selected: &Selected) -> Option<SetSeen> {
        let named = self.flags.system.contains(System::SEEN);
        let seen = match self.action {
            Action::Replace => named,
            Action::Add | Action::Remove if !named => return None,
            action => action == Action::Add,
        };
        if !selected.has_own_seen() || !permitted.system.contains(System::SEEN) {
            return None;
        }
        let current = selected.current();
        let other = current.by_uids(uids).filter(|(_, entry)| entry.system.contains(System::SEEN) != seen);
        let uids: UidSet = other.map(|(_, entry)| entry.uid).collect();
        let (key, reader) = (selected.key(), selected.viewer().account);
        (!uids.is_empty()).then_some(SetSeen { key, reader, uids, seen })
    }

    /// The rights that changing these flags needs.
    fn needed(&self, permitted: FlagMask) -> Rights {
        match self.action {
            Action::Replace => Rights::to_change_any(permitted),
            Action::Add | Action::Remove => Rights::to_change(&self.flags.within(permitted)),
        }
    }

    /// Which flags may be changed here. RFC 4314 §4: a STORE that may change one of the flags it names does that, and
    /// leaves the others as they are.
    fn permitted(&self, selected: &Selected) -> Result<FlagMask, Error> {
        selected.check_rights(Rights::NONE)?;
        let permitted = selected.rights().flags();
        let nothing = match self.flags.is_empty() {
            true => self.action == Action::Replace && permitted.is_empty(),
            false => self.flags.within(permitted).is_empty(),
        };
        match nothing {
            true if self.flags.is_empty() => Err(selected.permit().lacking(Rights::WRITE)),
            true => Err(selected.permit().lacking(Rights::to_change(&self.flags))),
            false => Ok(permitted),
        }
    }

    fn marking(&self) -> Marking {
        match self.action {
            Action::Replace => Marking::Replace,
            Action::Add => Marking::Add,
            Action::Remove => Marking::Remove,
        }
    }
}

/// Programs that move by COPY, STORE \Deleted and EXPUNGE (mutt 2.2, Alpine 2.26) take mail back so, and others set \Seen
/// on whatever is shown: where nothing can be changed, that is no failure. "The server will either ignore the change or
/// store the state change for the remainder of the current session only" (RFC 3501 §7.1), and the client hears what is so.
fn quirk_flags_of_what_is_deleted(set: &SequenceSet, running: Running, selected: &mut Selected) -> Step {
    if let Err(error) = selected.check_read_write() {
        return running.failed(selected, error);
    }
    selected.with_messages(set, running, |uids, running, selected| {
        selected.view.tell_flags(&uids);
        running.done(selected)
    })
}

/// `resp-text-code =/ "MODIFIED" SP sequence-set` (RFC 7162 §7): sequence numbers, or uids after UID STORE.
fn modified_code(modified: &UidSet, uid: bool, selected: &Selected) -> Option<String> {
    if modified.is_empty() {
        return None;
    }
    let msns: MsnSet = selected.view.told().by_uids(modified).map(|(msn, _)| msn).collect();
    Some(if uid { format!("MODIFIED {modified}") } else { format!("MODIFIED {msns}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn store_is_read() {
        let read = |input: &str| {
            let store = complete(input.as_bytes(), parse).expect(input);
            format!("{} {:?} {} {}", store.set, store.action, store.silent, store.flags)
        };
        assert_eq!(read(" 2:4 +FLAGS (\\Deleted)"), "2:4 Add false \\Deleted");
        assert_eq!(read(" 1 -flags.silent \\Seen $X"), "1 Remove true \\Seen $X");
        assert_eq!(read(" * FLAGS ()"), "* Replace false ");
        let store = complete(b" 1 (UNCHANGEDSINCE 7) FLAGS ()", parse).unwrap();
        assert_eq!(store.unchanged_since, Some(ModSeq(7)));
    }

    #[test]
    fn malformed_store_is_refused() {
        for input in [
            " 1 FLAGS",
            " 1 *FLAGS (\\Seen)",
            " FLAGS (\\Seen)",
            " 1 FLAGS (\\Seen",
            " 1 FLAGSX (a)",
            " 1 (X) FLAGS ()",
        ] {
            assert!(complete(input.as_bytes(), parse).is_err(), "{input}");
        }
    }
}

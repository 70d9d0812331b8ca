//! STORE ANNOTATION and UID STORE ANNOTATION (RFC 5257 §4.5): annotations of messages.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use super::{modified_code, store_modifiers};
use crate::db::{self, Annotated};
use crate::error::{Code, Error};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::annotation::att_annotate;
use crate::imap::grammar::core::{sp, word};
use crate::imap::grammar::set::sequence_set;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::{Annotating, ModSeq, Scope, SequenceSet, Uid, UidSet};
use crate::plan::Plan;
use crate::policy::{Permit, Rights};

/// Which annotations which messages are to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotate {
    /// Sequence numbers, or uids in UID STORE.
    pub set: SequenceSet,
    pub values: Vec<Annotating>,
    /// Messages that have changed after this stay as they are (RFC 7162 §3.1.3).
    pub unchanged_since: Option<ModSeq>,
}

/// `store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags`, `store-att-flags =/ att-annotate`, from the space
/// after the word on
pub fn parse(input: &[u8]) -> Parsed<'_, Annotate> {
    let arguments = (preceded(sp, sequence_set), store_modifiers, preceded(sp, att_annotate));
    map(arguments, |(set, unchanged_since, values)| Annotate { set, values, unchanged_since }).parse(input)
}

/// Whether STORE is about annotations.
pub fn is_meant(input: &[u8]) -> bool {
    (preceded(sp, sequence_set), store_modifiers, sp, word("ANNOTATION")).parse(input).is_ok()
}

/// A STORE under way, some thousand messages at a time, as that of flags.
struct Storing {
    annotate: Annotate,
    running: Running,
    /// All messages that were named, how far that has come, and after how many of them.
    named: UidSet,
    behind: Option<Uid>,
    done: u64,
    /// Those that others had changed.
    modified: UidSet,
}

impl Annotate {
    /// Gives the first messages all these annotations, or none.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let is_anonymous = selected.viewer().anonymous;
        let checked = selected.check_rights(Rights::READ);
        if let Err(error) = checked.and_then(|()| check(&self.values, selected.permit(), is_anonymous)) {
            return running.failed(selected, error);
        }
        let set = self.set.clone();
        selected.with_messages(&set, running, |named, mut running, selected| {
            let named = selected.within_limit(named, &mut running);
            let (behind, done, modified) = (None, 0, UidSet::new());
            Storing { annotate: self, running, named, behind, done, modified }.next(selected)
        })
    }
}

impl Storing {
    fn next(mut self, selected: &mut Selected) -> Step {
        let messages = selected.view.told().by_uids_behind(&self.named, self.behind);
        let uids: UidSet = messages.take(limits::STORE_UNIT_MESSAGES).map(|(_, entry)| entry.uid).collect();
        if uids.is_empty() {
            let modified = modified_code(&self.modified, self.running.uid, selected);
            self.running.code = modified.or(self.running.code);
            return self.running.done(selected);
        }
        (self.behind, self.done) = (uids.last(), self.done + uids.len());
        let Annotate { values, unchanged_since, .. } = self.annotate.clone();
        let (key, reader, needed) = (selected.key(), selected.viewer().account, needed(&values));
        let unit = db::Annotate { key, uids: uids.clone(), reader, values, unchanged_since };
        selected.run(needed, unit, move |outcome, selected: &mut Selected| match outcome {
            Ok(annotated) => self.annotated(&uids, annotated, selected),
            Err(error) => self.running.failed(selected, error),
        })
    }

    fn annotated(mut self, uids: &UidSet, annotated: Annotated, selected: &mut Selected) -> Step {
        let Annotated { change, modified } = annotated;
        selected.note_annotations(change.as_ref());
        self.modified = self.modified.union(&modified);
        if selected.some_are_gone(uids) {
            // RFC 5530 §3
            self.running.code = Some("EXPUNGEISSUED".to_owned());
        }
        let Storing { annotate, running, named, behind, done, modified } = self;
        selected.absorb(running, change.into_iter().collect(), move |running, selected| {
            let progress = response::in_progress(&running.tag, done, named.len());
            let storing = Storing { annotate, running, named, behind, done, modified };
            match done < storing.named.len() {
                true => Plan::progress(progress, |selected: &mut Selected| storing.next(selected)),
                false => storing.next(selected),
            }
        })
    }
}

/// Refuses annotations that are too long, or that one may not write (RFC 5257 §3.4).
pub(in crate::imap) fn check(
    values: &[Annotating],
    permit: &Permit,
    is_anonymous: bool,
) -> Result<(), Error> {
    let too_long = |one: &Annotating| {
        one.value.as_ref().is_some_and(|value| value.len() > limits::ANNOTATION_VALUE_BYTES_MAX)
    };
    if values.iter().any(too_long) {
        return Err(too_big());
    }
    if is_anonymous && values.iter().any(|one| one.scope == Scope::Private) {
        return Err(Error::no(Code::Cannot, "who does not say who he is has no annotations of his own"));
    }
    let needed = needed(values);
    match permit.rights.contains(needed) {
        true => Ok(()),
        false => Err(permit.lacking(needed)),
    }
}

/// What is said of a value that is too long.
pub(in crate::imap) fn too_big() -> Error {
    let text = format!("a value may have {} octets", limits::ANNOTATION_VALUE_BYTES_MAX);
    Error::no(Code::AnnotateTooBig, text)
}

/// The rights that it needs to write these.
pub(in crate::imap) fn needed(values: &[Annotating]) -> Rights {
    let right = |one: &Annotating| match one.scope {
        Scope::Private => Rights::READ,
        Scope::Shared => Rights::ANNOTATE,
    };
    values.iter().map(right).fold(Rights::NONE, Rights::with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn what_all_share_needs_a_right_of_its_own() {
        let read = |input: &str| complete(input.as_bytes(), parse).expect(input);
        let both =
            read(" 1:2 (UNCHANGEDSINCE 5) ANNOTATION (/comment (value.priv \"a\" value.shared \"b\"))");
        assert_eq!((needed(&both.values).letters().as_str(), both.unchanged_since), ("rn", Some(ModSeq(5))));
        let permit = |letters: &str| Permit::of(Rights::parse(letters).unwrap());
        assert_eq!(check(&both.values, &permit("lrn"), false), Ok(()));
        assert!(matches!(
            check(&both.values, &permit("lrw"), false),
            Err(Error::No { code: Code::NoPerm, .. })
        ));
        assert_eq!(check(&both.values[..1], &permit("lr"), false), Ok(()));
        assert!(check(&both.values[..1], &permit("lr"), true).is_err());
        let long = Annotating {
            value: Some(vec![b'x'; limits::ANNOTATION_VALUE_BYTES_MAX + 1]),
            ..both.values[0].clone()
        };
        assert!(matches!(
            check(&[long], &permit("lr"), false),
            Err(Error::No { code: Code::AnnotateTooBig, .. })
        ));
    }
}

//! What a client is told of the annotations that others write (RFC 5257 §4.4), when it wants to be told (§4.2).

use std::collections::BTreeMap;

use super::{Running, Selected, Step};
use crate::db::ReadChangedAnnotations;
use crate::imap::command::fetch;
use crate::imap::watching::{Heeds, When};
use crate::mailbox::{AccountId, Change, ModSeq, Uid, UidSet, Update};
use crate::plan::Plan;

/// What the client has been told, and is to be told.
pub(super) struct Annotations {
    /// The client has opened the mailbox so that it hears of them.
    wanted: bool,
    /// Up to which mod-sequence it has been told.
    told: ModSeq,
    /// Messages have changed since, perhaps in their annotations.
    due: bool,
    /// Those that have changed otherwise than in their flags: their mod-sequences are told with the annotations.
    moved: UidSet,
}

impl Annotations {
    /// Those of a mailbox that is opened now.
    pub fn new(wanted: bool, told: ModSeq) -> Annotations {
        Annotations { wanted, told, due: false, moved: UidSet::new() }
    }

    /// Whether there may be something to tell.
    pub fn are_due(&self) -> bool {
        self.due
    }
}

impl Selected {
    /// Whose private annotations the client has.
    pub(in crate::imap) fn reader(&self) -> Option<AccountId> {
        self.viewer.reader()
    }

    /// Whether the client hears of annotations: as it has opened the mailbox, unless it has said by NOTIFY what it wants.
    fn hears_annotations(&self) -> bool {
        match self.heeds.when {
            When::Asked => self.annotations.wanted && self.heeds.messages,
            When::Unasked | When::UnaskedButExpunges => self.heeds.annotations,
        }
    }

    /// The client wants to hear of this from now on.
    pub(super) fn heed(&mut self, heeds: Heeds) {
        if !self.hears_annotations() {
            self.annotations.told = self.view.told().highestmodseq;
        }
        self.heeds = heeds;
    }

    /// Takes what is to be told with the annotations out of what the client is told now. Where no message has changed, no
    /// annotation has.
    pub(super) fn put_off_annotations(&mut self, updates: &mut Vec<Update>) {
        if !self.hears_annotations() {
            return;
        }
        let is_change = |update: &Update| matches!(update, Update::Flags { .. } | Update::ModSeq { .. });
        self.annotations.due |= updates.iter().any(is_change);
        if !self.annotations.due {
            self.annotations.told = self.view.told().highestmodseq;
        }
        updates.retain(|update| match update {
            Update::ModSeq { uid, .. } => {
                self.annotations.moved.insert(*uid);
                false
            }
            _ => true,
        });
    }

    /// Tells which annotations others have changed since that was told last, then goes on. Values are not told.
    pub(super) fn tell_annotations(
        &mut self,
        mut running: Running,
        then: impl FnOnce(Running, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        if !std::mem::take(&mut self.annotations.due) {
            return then(running, self);
        }
        let (since, until) = (self.annotations.told, self.view.told().highestmodseq);
        let unit = ReadChangedAnnotations { key: self.key(), reader: self.reader(), since, until };
        Plan::run(unit, move |outcome, selected: &mut Selected| {
            match outcome {
                Ok(changed) => {
                    selected.annotations.told = until;
                    selected.write_annotations(&mut running, changed);
                }
                // What cannot be read now is told with what changes next.
                Err(error) => tracing::debug!("a client could not be told of annotations: {error}"),
            }
            then(running, selected)
        })
    }

    fn write_annotations(&mut self, running: &mut Running, mut changed: BTreeMap<Uid, Vec<String>>) {
        if self.enabled.condstore {
            for uid in self.annotations.moved.iter() {
                changed.entry(uid).or_default();
            }
        }
        self.annotations.moved = UidSet::new();
        // RFC 5465 §5.1: what NOTIFY has asked for has the uid.
        let with_uid = running.uid || self.heeds.when != When::Asked;
        for (uid, entries) in changed {
            if let Some(msn) = self.view.msn_of(uid) {
                self.write_state(&mut running.untagged, msn, with_uid, |out, _| {
                    fetch::annotation::write_changed(out, &entries);
                });
            }
        }
    }

    /// The client has changed annotations itself, and need not hear of that: unless others have changed something before
    /// that it has not heard of.
    pub(in crate::imap) fn note_annotations(&mut self, change: Option<&Change>) {
        if let Some(change) = change.filter(|change| self.annotations.told >= change.after) {
            self.annotations.told = change.modseq;
        }
    }
}

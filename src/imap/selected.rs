//! The selected state: one mailbox as one client has been told of it, and what that client can do with it.
//!
//! Everything here is pure. A command becomes a [`Plan`] that the session's actor carries out; what others change is
//! found in the shared snapshot, and [`Selected::catch_up`] says how the client is told of it, and when.

mod annotations;
mod horizon;
mod running;
mod telling;

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;

use self::annotations::Annotations;
use self::running::NEWS;
pub use self::running::Running;
use super::answer::{Answer, Opening};
use super::command::{OnMailbox, SelectedCommand, fetch};
use super::context::Contexts;
use super::enabled::Enabled;
use super::limited::MessageLimit;
use super::response;
use super::watching::{Heeds, When};
use crate::db::{self, Culprit, Guarded, ReadChanges, Unit};
use crate::error::{Code, Error};
use crate::mailbox::{
    AccountId, Applied, Change, Keyword, MailboxKey, MailboxName, ModSeq, OwnSeen, SequenceSet, Shared,
    Snapshot, Uid, UidSet, View,
};
use crate::plan::Plan;
use crate::policy::{Permit, Rights, Standing, Viewer};

/// One mailbox, opened by one client.
pub struct Selected {
    pub(super) view: View,
    pub(super) shared: Shared,
    /// What the client calls it.
    pub(super) name: MailboxName,
    /// What the last SEARCH that was to save its results has found (RFC 5182); some of it may be gone.
    pub(super) saved: UidSet,
    /// The searches that are kept up to date.
    pub(super) contexts: Contexts,
    /// The stored messages are asked before the command ends, about searches that are kept up to date.
    pub(super) settles: bool,
    /// When the client gave its last command.
    pub(super) now: Timestamp,
    /// How many messages a command may be about.
    pub(super) limit: MessageLimit,
    read_only: bool,
    viewer: Viewer,
    standing: Standing,
    /// The mailbox as this client has it who has a \Seen of his own, and what that was made of.
    as_seen: RefCell<Option<AsSeen>>,
    /// The rights are other ones than when the client was told which flags it may change.
    offers_due: bool,
    idling: bool,
    /// The client has been told to stay at a mod-sequence that is not the last one of which it has heard.
    is_held_back: bool,
    /// What the client wants to hear of.
    heeds: Heeds,
    /// New messages that the client has heard of, and is to be told more of.
    new: UidSet,
    annotations: Annotations,
    /// The keywords that the client has been told of.
    keywords_told: Vec<Keyword>,
    /// Whose doing it is.
    acting: AccountId,
    client: Option<String>,
    /// How the client wants to be spoken to.
    pub(super) enabled: Enabled,
    /// What its commands have changed, for all who watch, until the session takes it.
    changes: Vec<Change>,
}

/// A snapshot with the \Seen of one reader, and what it was made of.
struct AsSeen {
    shared: Arc<Snapshot>,
    seen: Arc<OwnSeen>,
    made: Arc<Snapshot>,
}

/// What a command on the mailbox does next.
pub type Step = Plan<Selected, Answer>;

impl Selected {
    /// Opens the mailbox. These messages are \Recent for this client.
    pub fn open(opening: Opening, shared: Shared, recent: UidSet) -> (Selected, Answer) {
        let current = match &opening.standing.seen {
            None => shared.current(),
            Some(seen) => Arc::new(shared.current().with_seen(seen)),
        };
        let recent = match !opening.enabled.imap4rev2 {
            true => recent,
            false => UidSet::new(),
        };
        let mut selected = Selected {
            view: View::new(current.clone()).with_recent(recent),
            shared,
            name: opening.name.clone(),
            saved: UidSet::new(),
            contexts: Contexts::default(),
            settles: false,
            now: Timestamp::UNIX_EPOCH,
            limit: MessageLimit::default(),
            read_only: opening.read_only,
            viewer: opening.viewer,
            standing: opening.standing.clone(),
            as_seen: RefCell::new(None),
            offers_due: false,
            idling: false,
            is_held_back: false,
            heeds: opening.heeds.clone(),
            new: UidSet::new(),
            annotations: Annotations::new(opening.annotate, current.highestmodseq),
            keywords_told: current.keywords(),
            acting: opening.acting,
            client: opening.client.clone(),
            enabled: opening.enabled,
            changes: Vec::new(),
        };
        let untagged = selected.introduction(&current, &opening);
        let tagged = match &opening.resync {
            None => {
                let (name, code) = selected.opened_by();
                response::ok(&opening.tag, Some(code), &format!("{name} completed"))
            }
            // That comes when the client has heard what it does not know.
            Some(_) => Vec::new(),
        };
        (selected, Answer { untagged, tagged, ..Answer::default() })
    }

    /// The command that has opened the mailbox, and the code that ends it.
    fn opened_by(&self) -> (&'static str, &'static str) {
        let is_read_write = !self.read_only && self.rights().has_any(Rights::CHANGING);
        let name = if self.read_only { "EXAMINE" } else { "SELECT" };
        (name, if is_read_write { "READ-WRITE" } else { "READ-ONLY" })
    }

    /// These new messages are \Recent for this client, and for no other.
    pub fn note_recent(&mut self, uids: &UidSet) {
        if !self.enabled.imap4rev2 {
            self.view.add_recent(uids);
        }
    }

    /// What the command does first.
    pub fn execute(&mut self, command: SelectedCommand) -> Step {
        let SelectedCommand { tag, uid, command, now, enabled, limit } = command;
        self.limit = limit;
        let mut untagged = self.enable(enabled);
        self.now = now;
        if uid {
            self.write_arrivals(&mut untagged);
        }
        let running = |name, may_expunge| Running {
            tag,
            uid,
            now,
            name,
            may_expunge,
            untagged,
            code: None,
            limited: None,
        };
        // RFC 3501 §7.4.1: sequence numbers must not change under FETCH, STORE and SEARCH; uids never do.
        match command {
            OnMailbox::Fetch(fetch) => fetch.plan(running("FETCH", uid), self),
            OnMailbox::Store(store) => store.plan(running("STORE", uid), self),
            OnMailbox::Annotate(annotate) => annotate.plan(running("STORE", uid), self),
            OnMailbox::Search(search) => search.plan(running("SEARCH", uid), self),
            OnMailbox::Esearch(search) => search.plan_esearch(running("ESEARCH", true), self),
            OnMailbox::Sort(sort) => sort.plan(running("SORT", uid), self),
            OnMailbox::Thread(thread) => thread.plan(running("THREAD", uid), self),
            OnMailbox::CancelUpdate(cancel) => cancel.plan(running("CANCELUPDATE", true), self),
            OnMailbox::UidBatches(batches) => batches.plan(running("UIDBATCHES", true), self),
            OnMailbox::Copy(copy) => copy.plan(running("COPY", true), self),
            OnMailbox::Move(r#move) => r#move.plan(running("MOVE", true), self),
            OnMailbox::Replace(replace) => replace.plan(running("REPLACE", true), self),
            OnMailbox::Expunge(expunge) => expunge.plan(running("EXPUNGE", true), self),
            OnMailbox::Noop => running("NOOP", true).done(self),
            OnMailbox::Heed(heeds) => {
                self.heed(heeds);
                running("NOTIFY", true).done(self)
            }
            OnMailbox::Check => running("CHECK", true).done(self),
            OnMailbox::Close => super::command::expunge::close(running("CLOSE", false), self),
            OnMailbox::Unselect => running("UNSELECT", false).close(self),
            OnMailbox::Resync(resync) => {
                let (name, code) = self.opened_by();
                let running = running(name, true);
                resync.plan(Running { code: Some(code.to_owned()), ..running }, self)
            }
            OnMailbox::Idle => self.start_idle(),
            OnMailbox::IdleDone => {
                self.idling = false;
                running("IDLE", true).done(self)
            }
        }
    }

    /// The client wants to be spoken to like this from now on. Returns what it has to be told because of that.
    fn enable(&mut self, enabled: Enabled) -> Vec<u8> {
        if enabled.imap4rev2 && !self.enabled.imap4rev2 {
            self.view.forget_recent();
        }
        let had_condstore = std::mem::replace(&mut self.enabled, enabled).condstore;
        match enabled.condstore && !had_condstore {
            true => self.highestmodseq(),
            false => Vec::new(),
        }
    }

    /// The untagged lines that bring the client up to date, who wants to be spoken to like that.
    pub fn catch_up(&mut self, may_expunge: bool, enabled: Enabled) -> Vec<u8> {
        let told = self.enable(enabled);
        [told, self.sync(may_expunge)].concat()
    }

    fn sync(&mut self, may_expunge: bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_updates(&mut out, may_expunge, false);
        out
    }

    /// Whether the client is told anything without its asking.
    pub fn is_told_unasked(&self) -> bool {
        self.idling || self.heeds.when != When::Asked
    }

    /// What tells the client now, without its asking, what it wants to hear; None when that is nothing.
    pub fn news(&mut self) -> Option<Step> {
        if !self.is_told_unasked() {
            return None;
        }
        let at_any_time = self.heeds.when != When::Asked;
        let may_expunge = self.idling || self.heeds.when == When::Unasked;
        let (untagged, code) = (Vec::new(), None);
        let (tag, now) = (String::new(), self.now);
        let mut running =
            Running { tag, uid: at_any_time, now, name: NEWS, may_expunge, untagged, code, limited: None };
        self.settles = true;
        self.write_updates(&mut running.untagged, may_expunge, at_any_time);
        self.settles = false;
        let is_told = running.untagged.is_empty()
            && !self.contexts.has_pending()
            && self.new.is_empty()
            && !self.annotations.are_due();
        (!is_told).then(|| running.tell_rest(self))
    }

    /// The client is to hear of nothing more (RFC 5465 §5.8).
    pub fn heed_nothing(&mut self) {
        self.heeds = Heeds::nothing();
        self.new = UidSet::new();
    }

    /// What is to be told of a new message, in one response (RFC 5465 §5.2).
    fn items_of_new(&self, uid: Uid) -> Vec<fetch::Item> {
        let mut items = self.heeds.items.to_vec();
        for item in self.contexts.items(uid) {
            if !items.contains(item) {
                items.push(item.clone());
            }
        }
        items
    }

    /// These messages have been made by the client itself: it need not be told of them more than that they are there.
    pub fn note_own_messages(&mut self, uids: &UidSet) {
        self.new = self.new.difference(uids);
    }

    /// Which mailbox this is.
    pub fn key(&self) -> MailboxKey {
        self.shared.key()
    }

    /// Who has opened it.
    pub fn viewer(&self) -> Viewer {
        self.viewer
    }

    /// What he may do in it, EXAMINE or not.
    pub fn rights(&self) -> Rights {
        self.standing.permit.rights
    }

    /// The same, and why he may not do more.
    pub(super) fn permit(&self) -> &Permit {
        &self.standing.permit
    }

    /// The client stands so to the mailbox now. False when it may not even read any more.
    pub fn standing_is(&mut self, standing: Standing) -> bool {
        self.offers_due |= self.rights().flags() != standing.permit.rights.flags();
        self.standing = standing;
        self.rights().contains(Rights::READ)
    }

    /// Whether \Seen is the client's own here, and not that of the message.
    pub(super) fn has_own_seen(&self) -> bool {
        self.standing.seen.is_some()
    }

    /// Notes that the client has seen these messages, or has not, as of that mod-sequence.
    pub(super) fn note_seen(&mut self, uids: &UidSet, seen: bool, modseq: ModSeq) {
        if let Some(known) = &mut self.standing.seen {
            *known = Arc::new(known.with(uids, seen, modseq));
        }
    }

    /// The mailbox as it is now: as all have it, but for a \Seen of the client's own.
    pub(super) fn current(&self) -> Arc<Snapshot> {
        let shared = self.shared.current();
        let Some(seen) = &self.standing.seen else { return shared };
        let mut as_seen = self.as_seen.borrow_mut();
        if let Some(known) = &*as_seen
            && Arc::ptr_eq(&known.shared, &shared)
            && Arc::ptr_eq(&known.seen, seen)
        {
            return known.made.clone();
        }
        let made = Arc::new(shared.with_seen(seen));
        *as_seen = Some(AsSeen { shared, seen: seen.clone(), made: made.clone() });
        made
    }

    /// Refuses what a client that used EXAMINE may not do, and what needs other rights than it has.
    pub(super) fn check_rights(&self, needed: Rights) -> Result<(), Error> {
        if self.key().is_of_deleted() {
            let text = "Deleted mail stays as it is; move or copy it to another mailbox to take it back";
            return Err(Error::no(Code::NoPerm, text));
        }
        self.check_read_write()?;
        match self.rights().contains(needed) {
            true => Ok(()),
            false => Err(self.permit().lacking(needed)),
        }
    }

    /// Refuses what a client that used EXAMINE may not do.
    pub(super) fn check_read_write(&self) -> Result<(), Error> {
        match self.read_only {
            true => Err(Error::no(Code::Other, "The mailbox is open read-only, by EXAMINE")),
            false => Ok(()),
        }
    }

    /// Runs a unit that changes the mailbox. In one that is somebody else's, the rights are looked at once more, by the
    /// unit itself.
    pub(super) fn run<U: Unit>(
        &self,
        needed: Rights,
        unit: U,
        then: impl FnOnce(Result<U::Output, db::Error>, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        let (viewer, key) = (self.viewer, self.key());
        match viewer.owns(key.account) {
            true => Plan::run(unit, then),
            false => Plan::run(Guarded { viewer, key, needed, unit }, then),
        }
    }

    /// The messages that a set means: uids, or sequence numbers.
    pub(super) fn messages(&self, set: &SequenceSet, uid: bool) -> Result<UidSet, Error> {
        let named = match uid {
            true => self.view.uids(set),
            false => self.view.messages(set)?,
        };
        Ok(match set.has_saved() {
            true => named.union(&self.view.told().uids_among(&self.saved)),
            false => named,
        })
    }

    /// Goes on with the messages that a set means. A command that names none has nothing to do.
    pub(super) fn with_messages(
        &mut self,
        set: &SequenceSet,
        running: Running,
        then: impl FnOnce(UidSet, Running, &mut Selected) -> Step,
    ) -> Step {
        match self.messages(set, running.uid) {
            Ok(uids) if uids.is_empty() => running.done(self),
            Ok(uids) => then(uids, running, self),
            Err(error) => running.failed(self, error),
        }
    }

    /// The same messages in as few ranges as possible. Uids between them that belong to no message may be named too:
    /// the messages of a mailbox with many holes are still one range.
    pub(super) fn spans(&self, uids: &UidSet) -> UidSet {
        let (told, current) = (self.view.told(), self.shared.current());
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for (first, last) in uids.ranges().map(|(first, last)| (first.get(), last.get())) {
            let is_empty = |from: u32, to: u32| {
                let (from, to) = (Uid::new(from), Uid::new(to));
                let hole = from.zip(to).map(|(from, to)| UidSet::range(from, to)).unwrap_or_default();
                told.count_in(&hole) == 0 && current.count_in(&hole) == 0
            };
            match spans.last_mut() {
                Some(span) if is_empty(span.1 + 1, first - 1) => span.1 = last,
                _ => spans.push((first, last)),
            }
        }
        UidSet::from_ranges(spans)
    }

    /// Whether others have expunged some of these messages, so that the client is still to hear of it.
    pub(super) fn some_are_gone(&self, uids: &UidSet) -> bool {
        self.shared.current().count_in(uids) < self.view.told().count_in(uids)
    }

    /// Who expunges here, as the tombstones say it.
    pub(super) fn culprit(&self, reason: &'static str) -> Culprit {
        let account = Some(self.acting);
        Culprit { account, door: "imap", client: self.client.clone(), reason }
    }

    /// What commands have changed since this was asked last, however far they have come, for all who watch.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Puts what a command has changed into the shared snapshot at once, then goes on with `then`.
    pub(super) fn absorb(
        &mut self,
        running: Running,
        mut changes: Vec<Change>,
        then: impl FnOnce(Running, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        let mut missing = false;
        for change in changes.iter_mut().filter(|change| change.key == self.shared.key()) {
            match self.shared.apply(change) {
                Applied::Gap(_) => missing = true,
                // Those who watch look at the snapshot.
                Applied::Done(_) | Applied::Already => change.abridge(),
            }
        }
        self.changes.extend(changes);
        if !missing {
            return then(running, self);
        }
        // Somebody else's change came in between and has not been heard of yet.
        let current = self.shared.current();
        let unit = ReadChanges { key: self.key(), since: current.highestmodseq, uidnext: current.uidnext };
        Plan::run(unit, move |outcome, selected: &mut Selected| {
            if let Ok(Some(change)) = outcome {
                selected.shared.apply(&change);
                // Whoever has it open has to hear that the rights have changed; nobody will read this change again.
                let concerns_guests = change.rights || !change.seen_by.is_empty();
                selected.changes.extend(concerns_guests.then_some(change));
            }
            // If it cannot be read now, the registry will: the client hears of it later.
            then(running, selected)
        })
    }

    fn start_idle(&mut self) -> Step {
        self.idling = true;
        let mut untagged = b"+ idling\r\n".to_vec();
        self.write_updates(&mut untagged, true, false);
        Plan::Done(Answer { untagged, ..Answer::default() })
    }
}

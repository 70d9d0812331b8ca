//! What one client has been told about its mailbox, and what it must be told next.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::edit::Place;
use super::flags::FlagSet;
use super::ids::{ModSeq, Msn, Uid};
use super::snapshot::{Entry, FlagsId, Snapshot};
use super::uid_set::{MsnSet, SequenceSet, UidSet};
use crate::error::Error;

/// One thing to tell a client, in the order in which [`View::sync`] returns them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// A message is gone; the messages behind it move up at once (RFC 9051 §7.5.1).
    Expunged {
        /// Where the message was, after all updates before this one.
        msn: Msn,
        /// The same message.
        uid: Uid,
    },
    /// So many messages there are now.
    Exists(u32),
    /// So many of them are \Recent for this session.
    Recent(u32),
    /// The flags of a message are other ones; [`View::write_flags`] says which.
    Flags {
        /// Where the message is, after all updates before this one.
        msn: Msn,
        /// The same message.
        uid: Uid,
    },
    /// The flags of a message are what the client takes them for, but they have become so with a mod-sequence that it
    /// does not know.
    ModSeq {
        /// Where the message is, after all updates before this one.
        msn: Msn,
        /// The same message.
        uid: Uid,
    },
}

/// What one client has been told: its own numbering, and the flags it knows.
///
/// A client that is up to date shares the current [`Snapshot`] of its mailbox, and costs no memory of its own.
#[derive(Debug, Clone)]
pub struct View {
    told: Arc<Snapshot>,
    /// Of nothing that was up to this one is the client still to hear.
    heard: ModSeq,
    recent: UidSet,
    recent_told: u32,
    /// What the client takes for true of messages after its own commands.
    believed: BTreeMap<Uid, Belief>,
    /// Messages whose flags are told next, be they changed or not.
    due: UidSet,
}

/// What a client takes for true of one message.
#[derive(Debug, Clone)]
struct Belief {
    flags: Arc<FlagSet>,
    /// The mod-sequence that it was told with that, if it was.
    modseq: Option<ModSeq>,
}

impl View {
    /// The view of a client that selects the mailbox now, and is told what is in it.
    pub fn new(current: Arc<Snapshot>) -> View {
        let (believed, due) = (BTreeMap::new(), UidSet::new());
        let heard = current.highestmodseq;
        View { told: current, heard, recent: UidSet::new(), recent_told: 0, believed, due }
    }

    /// The same with messages that are \Recent; SELECT tells their number itself.
    pub fn with_recent(mut self, recent: UidSet) -> View {
        self.recent_told = self.told.count_in(&recent);
        self.recent = recent;
        self
    }

    /// What the client has been told, in its numbering.
    pub fn told(&self) -> &Arc<Snapshot> {
        &self.told
    }

    /// The mod-sequence up to which the client has been told all. What is told may have later ones, when expunges in
    /// between are still to be told.
    pub fn heard(&self) -> ModSeq {
        self.heard
    }

    /// Whether expunges are still to be told that were before what has been told.
    pub fn withholds(&self) -> bool {
        self.heard < self.told.highestmodseq
    }

    /// How many messages the client knows of.
    pub fn told_len(&self) -> u32 {
        self.told.len()
    }

    /// The message at a position, as the client numbers them.
    pub fn get(&self, msn: Msn) -> Option<&Entry> {
        self.told.get(msn)
    }

    /// Where a message is, as the client numbers them.
    pub fn msn_of(&self, uid: Uid) -> Option<Msn> {
        self.told.msn_of(uid)
    }

    /// The uid of the message at a position.
    pub fn uid_of(&self, msn: Msn) -> Option<Uid> {
        self.told.uid_of(msn)
    }

    /// The messages of a set of sequence numbers. A number that is not in use is the client's mistake (RFC 9051 §9,
    /// seq-number); but clients ask for `n:*` when there may be nothing new, so what is beyond the end there is cut off.
    pub fn messages(&self, set: &SequenceSet) -> Result<UidSet, Error> {
        let len = self.told_len();
        if let Some(number) = set.greatest_claimed().filter(|number| *number > len) {
            return Err(Error::bad(format!("There is no message {number}: the mailbox has {len}")));
        }
        let msns: MsnSet = set.resolve(Msn::new(len));
        Ok(self.told.uids_at(&msns))
    }

    /// The messages of a set of uids; uids that are not in use mean nothing (RFC 9051 §6.4.9).
    pub fn uids(&self, set: &SequenceSet) -> UidSet {
        self.told.uids_among(&set.resolve(self.told.last_uid()))
    }

    /// The messages that are \Recent for this session.
    pub fn recent(&self) -> &UidSet {
        &self.recent
    }

    /// How many messages the client has been told are \Recent.
    pub fn recent_count(&self) -> u32 {
        self.recent_told
    }

    /// These new messages are \Recent for this session, and for no other (RFC 3501 §2.3.2).
    pub fn add_recent(&mut self, uids: &UidSet) {
        self.recent = self.recent.union(uids);
    }

    /// No message is \Recent for this session any more, and nothing is said of that.
    pub fn forget_recent(&mut self) {
        self.recent = UidSet::new();
        self.recent_told = 0;
    }

    /// Appends the flags of a message as FETCH prints them, \Recent and the parentheses included.
    pub fn write_flags(&self, out: &mut Vec<u8>, entry: &Entry) {
        let text = self.told.flags_text(entry.flags);
        if !self.recent.contains(entry.uid) {
            return out.extend_from_slice(text);
        }
        out.extend_from_slice(&text[..text.len() - 1]);
        out.extend_from_slice(if text.len() > 2 { b" \\Recent)" } else { b"\\Recent)" });
    }

    /// The client has changed flags and asked not to be told (RFC 9051 §6.4.6), or is told with the answer, and of this
    /// mod-sequence then: of each of these messages it believes what `result` makes of the flags it knows. If the next
    /// [`sync`](View::sync), which must have the change in it, finds other flags, someone else changed them too, and the
    /// client is told.
    pub fn silence(&mut self, uids: &UidSet, modseq: Option<ModSeq>, result: impl Fn(&FlagSet) -> FlagSet) {
        let mut results: BTreeMap<u32, Arc<FlagSet>> = BTreeMap::new();
        for (_, entry) in self.told.by_uids(uids) {
            let flags = match self.believed.get(&entry.uid) {
                Some(before) => Arc::new(result(&before.flags)),
                None => {
                    let FlagsId(number) = entry.flags;
                    let make = || Arc::new(result(self.told.flags(entry.flags)));
                    results.entry(number).or_insert_with(make).clone()
                }
            };
            self.believed.insert(entry.uid, Belief { flags, modseq });
        }
    }

    /// The flags of these messages are told at the next [`sync`](View::sync) whether they changed or not, as the
    /// answer to a STORE that is not silent.
    pub fn tell_flags(&mut self, uids: &UidSet) {
        self.due = self.due.union(uids);
    }

    /// Whether flags are to be told, changed or not.
    pub fn has_due_flags(&self) -> bool {
        !self.due.is_empty()
    }

    /// How `current` differs from what the client knows: the messages that are gone, and those with other flags or new.
    pub fn news(&self, current: &Snapshot) -> (UidSet, UidSet) {
        if current.highestmodseq < self.told.highestmodseq {
            return (UidSet::new(), UidSet::new());
        }
        let Difference { gone, changed, added, .. } = Difference::between(&self.told, current);
        let first_new = current.len() - added;
        let new = current.from(first_new + 1).map(|(_, entry)| entry.uid).collect();
        (gone.into_iter().map(|(_, uid)| uid).collect(), changed.union(&new))
    }

    /// Brings the client to `current`: returns what to tell it, in this order, and takes it as told.
    ///
    /// Where the client may not hear of expunges (RFC 9051 §7.5.1: while a command that uses sequence numbers is
    /// answered), messages that are gone keep their place and their last flags until a later call.
    pub fn sync(&mut self, current: Arc<Snapshot>, may_expunge: bool) -> Vec<Update> {
        let mut updates = Vec::new();
        // The mailbox does not go back in time, though two callers may have looked at it in turn.
        let is_stale = current.highestmodseq < self.told.highestmodseq;
        let current = if is_stale { self.told.clone() } else { current };
        let difference = Difference::between(&self.told, &current);
        let Difference { gone, changed, moved, added } = difference;
        let ToTell { flags, silent } = self.flags_to_tell(changed, &current);
        let moved = moved.union(&silent).difference(&flags);
        if gone.is_empty() || may_expunge {
            self.heard = current.highestmodseq;
        }
        if gone.is_empty() {
            self.told = current;
        } else if may_expunge {
            for (removed, (position, uid)) in gone.iter().enumerate() {
                let msn = Msn::new(position - removed as u32 + 1).expect("positions count from 0");
                updates.push(Update::Expunged { msn, uid: *uid });
            }
            let gone: UidSet = gone.iter().map(|(_, uid)| *uid).collect();
            self.recent = self.recent.difference(&gone);
            self.told = current;
        } else if self.told.highestmodseq < current.highestmodseq {
            let gone: Vec<Uid> = gone.iter().map(|(_, uid)| *uid).collect();
            self.told = Arc::new(current.with_withheld(&self.told, &gone));
        }
        if added > 0 {
            updates.push(Update::Exists(self.told.len()));
        }
        let recent = self.told.count_in(&self.recent);
        if recent != self.recent_told {
            self.recent_told = recent;
            updates.push(Update::Recent(recent));
        }
        let changed = self.told.by_uids(&flags).map(|(msn, entry)| Update::Flags { msn, uid: entry.uid });
        updates.extend(changed);
        let moved = self.told.by_uids(&moved).map(|(msn, entry)| Update::ModSeq { msn, uid: entry.uid });
        updates.extend(moved);
        updates
    }

    /// Which of the `changed` messages, and of those that are asked for or believed, to tell the flags of.
    fn flags_to_tell(&mut self, changed: UidSet, current: &Snapshot) -> ToTell {
        let due = self.told.uids_among(&std::mem::take(&mut self.due));
        let believed = std::mem::take(&mut self.believed);
        let (mut silent, mut wrong, mut known) = (UidSet::new(), UidSet::new(), UidSet::new());
        for (uid, belief) in &believed {
            silent.insert(*uid);
            let Some((_, entry)) = current.by_uid(*uid) else { continue };
            if current.flags(entry.flags) != &*belief.flags {
                wrong.insert(*uid);
            } else if belief.modseq == Some(entry.modseq) {
                known.insert(*uid);
            }
        }
        let flags = changed.difference(&silent).union(&wrong).union(&due);
        ToTell { silent: changed.intersection(&silent).difference(&known).difference(&flags), flags }
    }
}

/// What there is to say of messages that stay.
struct ToTell {
    /// The flags of these.
    flags: UidSet,
    /// Nothing of these but that they have changed as the client wanted.
    silent: UidSet,
}

/// How two snapshots of one mailbox differ.
struct Difference {
    /// Messages that only the older one has: position from 0, and uid.
    gone: Vec<(u32, Uid)>,
    /// Messages of both with different flags.
    changed: UidSet,
    /// Messages of both that have changed otherwise, in their annotations for example.
    moved: UidSet,
    /// How many messages only the newer one has; they lie behind all others.
    added: u32,
}

impl Difference {
    /// Chunks that both have are passed over unread, so that one change in a million messages costs microseconds.
    fn between(told: &Snapshot, current: &Snapshot) -> Difference {
        let mut difference =
            Difference { gone: Vec::new(), changed: UidSet::new(), moved: UidSet::new(), added: 0 };
        if std::ptr::eq(told, current) {
            return difference;
        }
        let (mut old, mut new) = (Cursor::at_start(told), Cursor::at_start(current));
        let own_seen = told.has_own_seen() || current.has_own_seen();
        loop {
            if let (Some(a), Some(b)) = (old.whole_chunk(), new.whole_chunk())
                && Arc::ptr_eq(&a.entries, &b.entries)
            {
                old.skip_chunk();
                new.skip_chunk();
                continue;
            }
            let (was, is) = match (old.entry(), new.entry()) {
                (None, None) => return difference,
                (was, is) => (was, is),
            };
            let order = match (was, is) {
                (Some(was), Some(is)) => was.uid.cmp(&is.uid),
                (Some(_), None) => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Greater,
            };
            if order.is_le() {
                if let Some(was) = was.filter(|_| order.is_lt()) {
                    difference.gone.push((old.position(), was.uid));
                }
                old.step();
            }
            if order.is_ge() {
                difference.added += u32::from(order.is_gt());
                new.step();
            }
            if let (Some(was), Some(is), true) = (was, is, order.is_eq())
                && (was.modseq != is.modseq || own_seen)
            {
                match told.flags(was.flags) == current.flags(is.flags) {
                    false => difference.changed.insert(is.uid),
                    true if was.modseq != is.modseq => difference.moved.insert(is.uid),
                    true => {}
                }
            }
        }
    }
}

/// A place in a snapshot that moves by entries or by chunks.
struct Cursor<'a> {
    places: &'a [Place],
    index: usize,
}

impl<'a> Cursor<'a> {
    fn at_start(snapshot: &'a Snapshot) -> Cursor<'a> {
        Cursor { places: snapshot.places(), index: 0 }
    }

    fn entry(&self) -> Option<&'a Entry> {
        self.places.first().map(|place| &place.entries[self.index])
    }

    fn position(&self) -> u32 {
        self.places.first().map_or(0, |place| place.before + self.index as u32)
    }

    /// The chunk that begins here.
    fn whole_chunk(&self) -> Option<&'a Place> {
        self.places.first().filter(|_| self.index == 0)
    }

    fn step(&mut self) {
        self.index += 1;
        if self.places.first().is_some_and(|place| place.len() == self.index) {
            self.skip_chunk();
        }
    }

    fn skip_chunk(&mut self) {
        self.places = &self.places[1..];
        self.index = 0;
    }
}

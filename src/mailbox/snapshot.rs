//! What is in one mailbox: a value that is cheap to keep, to copy and to change, however many messages it has.

use std::ops::Range;

use super::change::{Change, Gap};
use super::edit::{Edit, Place};
use super::flag_table::FlagTable;
use super::flags::{FlagSet, Keyword, System};
use super::ids::{MessageId, ModSeq, Msn, Uid, UidValidity};
use super::own_seen::OwnSeen;
use super::uid_set::{MsnSet, UidSet};

/// When a message came, as INTERNALDATE prints it: the instant, and the zone it is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InternalDate {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub zone_minutes: i16,
}

impl InternalDate {
    /// Days since 1970 in the zone of the date itself: BEFORE, ON and SINCE disregard time and zone (RFC 9051 §6.4.4).
    pub fn day(self) -> i64 {
        (self.seconds + i64::from(self.zone_minutes) * 60).div_euclid(86_400)
    }
}

/// One message as it is read from the database, with its flags spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its number in this mailbox.
    pub uid: Uid,
    /// What it is.
    pub message: MessageId,
    /// When it was last changed here.
    pub modseq: ModSeq,
    /// Octets, as RFC822.SIZE says it.
    pub size: u32,
    /// When it came.
    pub internal_date: InternalDate,
    /// Its flags.
    pub flags: FlagSet,
}

/// The number of a set of flags within one [`Snapshot`]; equal sets have equal numbers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlagsId(pub(super) u32);

impl FlagsId {
    /// The number as an index: small, so that a list may hold something for each.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One message of a snapshot, in 40 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub message: MessageId,
    /// When it was last changed here.
    pub modseq: ModSeq,
    seconds: i64,
    /// Its number in this mailbox.
    pub uid: Uid,
    /// Octets, as RFC822.SIZE says it.
    pub size: u32,
    /// Its flags, as the snapshot numbers them.
    pub flags: FlagsId,
    zone_minutes: i16,
    /// Its system flags, so that the most frequent searches look nothing up.
    pub system: System,
}

impl Entry {
    pub(super) fn new(loaded: &Loaded, flags: FlagsId) -> Entry {
        Entry {
            message: loaded.message,
            modseq: loaded.modseq,
            seconds: loaded.internal_date.seconds,
            uid: loaded.uid,
            size: loaded.size,
            flags,
            zone_minutes: loaded.internal_date.zone_minutes,
            system: loaded.flags.system,
        }
    }

    /// When it came.
    pub fn internal_date(&self) -> InternalDate {
        InternalDate { seconds: self.seconds, zone_minutes: self.zone_minutes }
    }
}

/// What is in one mailbox at one mod-sequence.
///
/// Entries live in chunks that snapshots share, so that a change costs a copy of the chunks it touches and a list of
/// pointers; a client that is up to date costs no memory of its own.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The uidvalidity of the mailbox.
    pub uidvalidity: UidValidity,
    /// The uid that the next message will have at least; one past [`Uid::MAX`] when the mailbox is full.
    pub uidnext: u64,
    /// All changes up to this one are in.
    pub highestmodseq: ModSeq,
    /// The greatest uid that was ever in; new messages lie behind it.
    pub(super) ceiling: u32,
    places: Vec<Place>,
    table: FlagTable,
    /// \Seen is that of one reader, and what he changes may be heard of later than the modseq of that.
    own_seen: bool,
}

/// A snapshot that is being loaded, message by message.
pub struct Loading {
    edit: Edit,
}

impl Default for Loading {
    fn default() -> Loading {
        Loading { edit: Edit::new(Vec::new(), FlagTable::default()) }
    }
}

impl Loading {
    /// Adds a message; ascending uids are the cheap case.
    pub fn add(&mut self, message: &Loaded) {
        self.edit.insert(message);
    }

    /// The mailbox with all that was added, as the database says where it stands.
    pub fn finish(self, uidvalidity: UidValidity, uidnext: u64, highestmodseq: ModSeq) -> Snapshot {
        let (places, table) = self.edit.finish();
        let ceiling = places.last().map_or(0, |place| place.last.get());
        let uidnext = uidnext.max(u64::from(ceiling) + 1);
        Snapshot { uidvalidity, uidnext, highestmodseq, ceiling, places, table, own_seen: false }
    }
}

impl Snapshot {
    /// The mailbox as the database has it, in any order of `messages`; ascending uids are the cheap case.
    pub fn load(
        uidvalidity: UidValidity,
        uidnext: u64,
        highestmodseq: ModSeq,
        messages: impl IntoIterator<Item = Loaded>,
    ) -> Snapshot {
        let mut loading = Loading::default();
        for loaded in messages {
            loading.add(&loaded);
        }
        loading.finish(uidvalidity, uidnext, highestmodseq)
    }

    /// This snapshot with `change` in it. A change that is known already changes nothing.
    pub fn apply(&self, change: &Change) -> Result<Snapshot, Gap> {
        if self.highestmodseq < change.after {
            return Err(Gap { since: self.highestmodseq });
        }
        if self.knows(change) {
            return Ok(self.clone());
        }
        if change.is_abridged {
            return Err(Gap { since: self.highestmodseq });
        }
        let mut edit = self.edit();
        let mut appended: Vec<_> =
            change.appended.iter().filter(|m| !change.expunged.contains(m.uid)).collect();
        appended.sort_by_key(|message| message.uid);
        for message in appended {
            // A uid below the ceiling that is not here was expunged before: uids are never used again.
            match message.uid.get() <= self.ceiling {
                true => edit.set_flags(message.uid, message.modseq, &message.flags),
                false => edit.insert(message),
            }
        }
        for flags in &change.flags {
            edit.set_flags(flags.uid, flags.modseq, &flags.flags);
        }
        edit.remove(&change.expunged);
        let appended_last = change.appended.iter().map(|message| message.uid.get()).max().unwrap_or(0);
        let mut next = self.with(edit);
        next.ceiling = next.ceiling.max(appended_last);
        next.highestmodseq = change.modseq;
        next.uidnext = self.uidnext.max(change.uidnext.unwrap_or(0)).max(u64::from(next.ceiling) + 1);
        Ok(next)
    }

    /// Whether a change is in already. What was deleted ends without a mod-sequence of its own, and that is in when the
    /// messages are not.
    pub(super) fn knows(&self, change: &Change) -> bool {
        let ends = change.key.is_of_deleted() && self.count_in(&change.expunged) > 0;
        self.highestmodseq > change.modseq || self.highestmodseq == change.modseq && !ends
    }

    /// This snapshot with the messages of `gone` put back, which are entries of `other`: what a client still sees
    /// that may not be told yet that they are expunged.
    pub(super) fn with_withheld(&self, other: &Snapshot, gone: &[Uid]) -> Snapshot {
        let mut edit = self.edit();
        for uid in gone {
            if let Some((_, entry)) = other.by_uid(*uid) {
                edit.insert(&other.loaded(entry));
            }
        }
        self.with(edit)
    }

    /// The mailbox as one reader has it who has seen these messages and no others: where he has changed that, a message has
    /// changed for him. Chunks in which everybody has seen the same are shared.
    pub fn with_seen(&self, seen: &OwnSeen) -> Snapshot {
        let mut edit = self.edit();
        for (_, entry) in self.iter() {
            let has_seen = seen.uids.contains(entry.uid);
            if entry.system.contains(System::SEEN) != has_seen {
                edit.mark_seen(entry.uid, has_seen);
            }
        }
        for (modseq, uids) in seen.changes() {
            self.by_uids(uids).for_each(|(_, entry)| edit.raise_modseq(entry.uid, modseq));
        }
        Snapshot { own_seen: true, ..self.with(edit) }
    }

    /// Whether \Seen is that of one reader.
    pub(super) fn has_own_seen(&self) -> bool {
        self.own_seen
    }

    /// One entry with its flags spelled out.
    pub fn loaded(&self, entry: &Entry) -> Loaded {
        Loaded {
            uid: entry.uid,
            message: entry.message,
            modseq: entry.modseq,
            size: entry.size,
            internal_date: entry.internal_date(),
            flags: self.flags(entry.flags).clone(),
        }
    }

    fn edit(&self) -> Edit {
        Edit::new(self.places.clone(), self.table.clone())
    }

    fn with(&self, edit: Edit) -> Snapshot {
        let (places, table) = edit.finish();
        let last = places.last().map_or(0, |place| place.last.get());
        let (uidvalidity, uidnext, highestmodseq) = (self.uidvalidity, self.uidnext, self.highestmodseq);
        let (ceiling, own_seen) = (self.ceiling.max(last), self.own_seen);
        Snapshot { uidvalidity, uidnext, highestmodseq, ceiling, places, table, own_seen }
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// How many messages there are.
    pub fn len(&self) -> u32 {
        self.places.last().map_or(0, |place| place.before + place.entries.len() as u32)
    }

    /// Whether there is no message.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The message at a position.
    pub fn get(&self, msn: Msn) -> Option<&Entry> {
        let position = msn.get() - 1;
        let at = self.places.partition_point(|place| place.before <= position).checked_sub(1)?;
        let place = &self.places[at];
        place.entries.get((position - place.before) as usize)
    }

    /// How many messages have a smaller uid than `uid`.
    fn count_below(&self, uid: u32) -> u32 {
        let at = self.places.partition_point(|place| place.last.get() < uid);
        match self.places.get(at) {
            None => self.len(),
            Some(place) => place.before + place.entries.partition_point(|entry| entry.uid.get() < uid) as u32,
        }
    }

    /// The positions whose uids lie in `first..=last`, counted from 0.
    fn span(&self, first: Uid, last: Uid) -> Range<u32> {
        let end = match last.get().checked_add(1) {
            Some(next) => self.count_below(next),
            None => self.len(),
        };
        self.count_below(first.get())..end
    }

    /// The message with a uid, and where it is.
    pub fn by_uid(&self, uid: Uid) -> Option<(Msn, &Entry)> {
        let at = self.places.partition_point(|place| place.last < uid);
        let place = self.places.get(at)?;
        let entries = &place.entries;
        // Uids ascend by one at least, and mostly by one: so far from the first one it stands at most, and mostly there.
        let furthest = uid.get().checked_sub(entries.first()?.uid.get())? as usize;
        let index = match entries.get(furthest) {
            Some(entry) if entry.uid == uid => furthest,
            _ => {
                let before = &entries[..entries.len().min(furthest)];
                before.binary_search_by_key(&uid, |entry| entry.uid).ok()?
            }
        };
        Some((position_to_msn(place.before + index as u32), &entries[index]))
    }

    /// Where the message with a uid is.
    pub fn msn_of(&self, uid: Uid) -> Option<Msn> {
        self.by_uid(uid).map(|(msn, _)| msn)
    }

    /// The uid of the message at a position.
    pub fn uid_of(&self, msn: Msn) -> Option<Uid> {
        self.get(msn).map(|entry| entry.uid)
    }

    /// The greatest uid in use, which `*` means in UID commands.
    pub fn last_uid(&self) -> Option<Uid> {
        self.places.last().map(|place| place.last)
    }

    /// All messages in order.
    pub fn iter(&self) -> impl Iterator<Item = (Msn, &Entry)> + '_ {
        self.positions(0..self.len())
    }

    /// The messages from a position on, counted from 1, in order.
    pub fn from(&self, position: u32) -> impl Iterator<Item = (Msn, &Entry)> + '_ {
        let len = self.len();
        self.positions(position.saturating_sub(1).min(len)..len)
    }

    /// The messages whose uids are in `uids`, in order. Uids of no message are passed over (RFC 9051 §6.4.9).
    pub fn by_uids<'a>(&'a self, uids: &'a UidSet) -> impl Iterator<Item = (Msn, &'a Entry)> + 'a {
        self.by_uids_behind(uids, None)
    }

    /// The same without those up to the uid `behind`, for who goes through a set piece by piece.
    pub fn by_uids_behind<'a>(
        &'a self,
        uids: &'a UidSet,
        behind: Option<Uid>,
    ) -> impl Iterator<Item = (Msn, &'a Entry)> + 'a {
        uids.ranges_behind(behind).flat_map(|(first, last)| self.positions(self.span(first, last)))
    }

    /// The messages at the positions in `msns`, in order. Positions past the end are passed over.
    pub fn by_msns<'a>(&'a self, msns: &'a MsnSet) -> impl Iterator<Item = (Msn, &'a Entry)> + 'a {
        let len = self.len();
        msns.ranges().flat_map(move |(first, last)| self.positions(first.get() - 1..last.get().min(len)))
    }

    /// The messages at some positions counted from 0; those past the end are passed over.
    fn positions(&self, range: Range<u32>) -> impl Iterator<Item = (Msn, &Entry)> + '_ {
        let chunks = self.slices(range);
        chunks.flat_map(|(position, entries)| (position..).map(position_to_msn).zip(entries))
    }

    /// The same chunk by chunk, each with the position of its first entry.
    fn slices(&self, range: Range<u32>) -> impl Iterator<Item = (u32, &[Entry])> + '_ {
        let first = self.places.partition_point(|place| place.before <= range.start).saturating_sub(1);
        let places = self.places.get(first..).unwrap_or(&[]).iter();
        let Range { start, end } = range;
        places.take_while(move |place| place.before < end).map(move |place| {
            let len = place.len() as u32;
            let from = start.saturating_sub(place.before).min(len);
            let to = (end - place.before).min(len).max(from);
            (place.before + from, &place.entries[from as usize..to as usize])
        })
    }

    /// Those of `uids` that have changed after `since`, or come.
    pub fn changed_since(&self, uids: &UidSet, since: ModSeq) -> UidSet {
        self.by_uids(uids).filter(|(_, entry)| entry.modseq > since).map(|(_, entry)| entry.uid).collect()
    }

    /// The uids from one on that were given out here, whatever has become of the messages.
    pub fn given_from(&self, first: u64) -> UidSet {
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let (first, last) = (number(first.max(1)), number(self.uidnext - 1));
        UidSet::from_ranges((first <= last).then_some((first, last)))
    }

    /// The last uid that was ever given out here.
    pub fn last_given_uid(&self) -> Option<Uid> {
        Uid::new(u32::try_from(self.uidnext - 1).unwrap_or(u32::MAX))
    }

    /// How many messages have their uid in `uids`.
    pub fn count_in(&self, uids: &UidSet) -> u32 {
        uids.ranges().map(|(first, last)| self.span(first, last).len() as u32).sum()
    }

    /// All uids.
    pub fn uids(&self) -> UidSet {
        let mut uids = UidSet::new();
        self.collect_uids(0..self.len(), &mut uids);
        uids
    }

    /// Those of `uids` that are in the mailbox.
    pub fn uids_among(&self, uids: &UidSet) -> UidSet {
        let mut among = UidSet::new();
        for (first, last) in uids.ranges() {
            self.collect_uids(self.span(first, last), &mut among);
        }
        among
    }

    /// The uids at the positions in `msns`.
    pub fn uids_at(&self, msns: &MsnSet) -> UidSet {
        let mut uids = UidSet::new();
        for (first, last) in msns.ranges() {
            self.collect_uids(first.get() - 1..last.get().min(self.len()), &mut uids);
        }
        uids
    }

    /// Adds the uids at some positions counted from 0. Where no uid is missing, a chunk is one range.
    fn collect_uids(&self, range: Range<u32>, uids: &mut UidSet) {
        for (_, entries) in self.slices(range) {
            let [first, .., last] = entries else {
                uids.extend(entries.iter().map(|entry| entry.uid));
                continue;
            };
            match (last.uid.get() - first.uid.get()) as usize + 1 == entries.len() {
                true => uids.insert_range(first.uid, last.uid),
                false => uids.extend(entries.iter().map(|entry| entry.uid)),
            }
        }
    }

    /// What a number of flags stands for.
    pub fn flags(&self, id: FlagsId) -> &FlagSet {
        self.table.set(id)
    }

    /// The flags as FETCH prints them, parentheses included: `(\Seen $Junk)`.
    pub fn flags_text(&self, id: FlagsId) -> &[u8] {
        self.table.text(id)
    }

    /// Every distinct set of flags in use with its number: what holds for a set holds for all its messages.
    pub fn flag_sets(&self) -> impl Iterator<Item = (FlagsId, &FlagSet)> + '_ {
        self.table.used()
    }

    /// The keywords in use, sorted.
    pub fn keywords(&self) -> Vec<Keyword> {
        let mut keywords: Vec<Keyword> =
            self.table.used().flat_map(|(_, set)| set.keywords().to_vec()).collect();
        keywords.sort();
        keywords.dedup();
        keywords
    }

    /// The first message that is not \Seen, for SELECT (RFC 3501 §6.3.1).
    pub fn first_unseen(&self) -> Option<Msn> {
        let place = self.places.iter().find(|place| place.unseen() > 0)?;
        let index = place.entries.iter().position(|entry| !entry.system.contains(System::SEEN))?;
        Some(position_to_msn(place.before + index as u32))
    }

    /// How many messages are not \Seen, for STATUS.
    pub fn unseen(&self) -> u32 {
        self.places.iter().map(Place::unseen).sum()
    }

    /// How many messages have all of these system flags.
    pub fn count_with(&self, system: System) -> u32 {
        self.table
            .used_with_counts()
            .filter(|(set, _)| set.system.contains(system))
            .map(|(_, uses)| uses)
            .sum()
    }

    /// The uids of the messages that have all of these system flags, such as what EXPUNGE will take.
    pub fn uids_with(&self, system: System) -> UidSet {
        if self.count_with(system) == 0 {
            return UidSet::new();
        }
        let places = self.places.iter().filter(|place| place.flagged.most_with(system) > 0);
        let entries = places.flat_map(|place| place.entries.iter());
        entries.filter(|entry| entry.system.contains(system)).map(|entry| entry.uid).collect()
    }
}

fn position_to_msn(position: u32) -> Msn {
    Msn::new(position + 1).expect("positions count from 0")
}

//! The chunks of a snapshot, and changes to them: only those that are touched are copied.

use std::sync::Arc;

use super::flag_table::FlagTable;
use super::flags::{FlagSet, System};
use super::ids::{ModSeq, Uid};
use super::snapshot::{Entry, Loaded};
use super::uid_set::UidSet;

/// Some hundred entries, never none, in their place; neighbouring snapshots share them.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) entries: Arc<Vec<Entry>>,
    /// How many entries lie before these.
    pub(super) before: u32,
    /// How many of these have which system flags.
    pub(super) flagged: Counts,
    /// The last of these uids.
    pub(super) last: Uid,
}

impl Place {
    fn new(entries: Vec<Entry>) -> Place {
        let last = entries.last().expect("a chunk is never empty").uid;
        let mut flagged = Counts::default();
        entries.iter().for_each(|entry| flagged.add(entry.system));
        Place { entries: Arc::new(entries), before: 0, flagged, last }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn unseen(&self) -> u32 {
        self.len() as u32 - self.flagged.most_with(System::SEEN)
    }
}

/// How many entries have each system flag, by its bit: so who looks for flags that few have passes over most chunks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts([u32; 8]);

impl Counts {
    fn add(&mut self, system: System) {
        self.0.iter_mut().enumerate().for_each(|(bit, count)| *count += u32::from(system.0 >> bit & 1));
    }

    fn take(&mut self, system: System) {
        self.0.iter_mut().enumerate().for_each(|(bit, count)| *count -= u32::from(system.0 >> bit & 1));
    }

    fn join(&mut self, other: Counts) {
        self.0.iter_mut().zip(other.0).for_each(|(count, other)| *count += other);
    }

    /// No more than these entries have all of these flags; of a single flag, so many have it.
    pub(super) fn most_with(&self, system: System) -> u32 {
        let counts = self.0.iter().enumerate().filter(|(bit, _)| system.0 >> bit & 1 == 1);
        counts.map(|(_, count)| *count).min().unwrap_or(u32::MAX)
    }
}

/// A snapshot in the making.
pub(super) struct Edit {
    places: Vec<Place>,
    table: FlagTable,
}

impl Edit {
    pub(super) fn new(places: Vec<Place>, table: FlagTable) -> Edit {
        Edit { places, table }
    }

    /// The chunks in their places, and the table.
    pub(super) fn finish(mut self) -> (Vec<Place>, FlagTable) {
        let mut before = 0;
        for place in &mut self.places {
            place.before = before;
            before += place.len() as u32;
        }
        (self.places, self.table)
    }

    /// The chunk that holds `uid` if any does.
    fn place_of(&self, uid: Uid) -> usize {
        match self.places.last() {
            Some(last) if last.last >= uid => self.places.partition_point(|place| place.last < uid),
            _ => self.places.len(),
        }
    }

    /// Puts a message in its place; one that is there already stays as it is.
    pub(super) fn insert(&mut self, message: &Loaded) {
        let mut at = self.place_of(message.uid);
        if at == self.places.len() {
            match self.places.last() {
                Some(last) if last.len() < CHUNK_ENTRIES => at -= 1,
                _ => {
                    let flags = self.table.take(&message.flags);
                    return self.places.push(Place::new(vec![Entry::new(message, flags)]));
                }
            }
        }
        let place = &mut self.places[at];
        let Err(index) = place.entries.binary_search_by_key(&message.uid, |entry| entry.uid) else {
            return;
        };
        let flags = self.table.take(&message.flags);
        let entries = Arc::make_mut(&mut place.entries);
        entries.insert(index, Entry::new(message, flags));
        place.last = place.last.max(message.uid);
        place.flagged.add(message.flags.system);
        if entries.len() > CHUNK_ENTRIES {
            let tail = entries.split_off(CHUNK_ENTRIES / 2);
            *place = Place::new(std::mem::take(entries));
            self.places.insert(at + 1, Place::new(tail));
        }
    }

    /// Sets the flags of a message if it is there and `modseq` is newer than what it has.
    pub(super) fn set_flags(&mut self, uid: Uid, modseq: ModSeq, flags: &FlagSet) {
        let at = self.place_of(uid);
        let Some(place) = self.places.get(at) else { return };
        let Ok(index) = place.entries.binary_search_by_key(&uid, |entry| entry.uid) else { return };
        if place.entries[index].modseq >= modseq {
            return;
        }
        self.put_flags(at, index, modseq, flags);
    }

    /// Sets or takes away \Seen, and nothing else: the message itself has not changed.
    pub(super) fn mark_seen(&mut self, uid: Uid, seen: bool) {
        let at = self.place_of(uid);
        let Some(place) = self.places.get(at) else { return };
        let Ok(index) = place.entries.binary_search_by_key(&uid, |entry| entry.uid) else { return };
        let entry = place.entries[index];
        let mut flags = self.table.set(entry.flags).clone();
        flags.system = match seen {
            true => flags.system.with(System::SEEN),
            false => flags.system.without(System::SEEN),
        };
        self.put_flags(at, index, entry.modseq, &flags);
    }

    /// Says that a message has changed as late as this, for one reader.
    pub(super) fn raise_modseq(&mut self, uid: Uid, modseq: ModSeq) {
        let at = self.place_of(uid);
        let Some(place) = self.places.get_mut(at) else { return };
        let Ok(index) = place.entries.binary_search_by_key(&uid, |entry| entry.uid) else { return };
        if place.entries[index].modseq < modseq {
            Arc::make_mut(&mut place.entries)[index].modseq = modseq;
        }
    }

    fn put_flags(&mut self, at: usize, index: usize, modseq: ModSeq, flags: &FlagSet) {
        let place = &mut self.places[at];
        let entry = &mut Arc::make_mut(&mut place.entries)[index];
        let id = self.table.take(flags);
        self.table.release(entry.flags);
        place.flagged.take(entry.system);
        place.flagged.add(flags.system);
        (entry.modseq, entry.flags, entry.system) = (modseq, id, flags.system);
    }

    /// Takes messages out, then joins chunks that have become small.
    pub(super) fn remove(&mut self, uids: &UidSet) {
        let mut kept: Vec<Place> = Vec::with_capacity(self.places.len());
        let mut removed = false;
        let mut ranges = uids.ranges().peekable();
        let mut before = None;
        for place in self.places.drain(..) {
            while ranges.next_if(|(_, last)| before.is_some_and(|before| *last <= before)).is_some() {}
            before = Some(place.last);
            if ranges.peek().is_none_or(|(first, _)| *first > place.last) {
                kept.push(place);
                continue;
            }
            let stays = |entry: &&Entry| !uids.contains(entry.uid);
            let rest: Vec<Entry> = place.entries.iter().filter(stays).copied().collect();
            if rest.len() == place.len() {
                kept.push(place);
                continue;
            }
            removed = true;
            for entry in place.entries.iter().filter(|entry| uids.contains(entry.uid)) {
                self.table.release(entry.flags);
            }
            if !rest.is_empty() {
                kept.push(Place::new(rest));
            }
        }
        self.places = kept;
        if removed {
            self.join();
        }
    }

    /// Joins neighbours that together fill at most half a chunk, so that a mailbox of few messages has few chunks.
    fn join(&mut self) {
        let mut joined: Vec<Place> = Vec::with_capacity(self.places.len());
        for place in self.places.drain(..) {
            match joined.last_mut() {
                Some(last) if last.len() + place.len() <= CHUNK_ENTRIES / 2 => {
                    Arc::make_mut(&mut last.entries).extend_from_slice(&place.entries);
                    last.flagged.join(place.flagged);
                    last.last = place.last;
                }
                _ => joined.push(place),
            }
        }
        self.places = joined;
    }
}

/// Entries of one chunk: 20 KiB, which a change copies in about a microsecond. Tests have few messages in many chunks.
const CHUNK_ENTRIES: usize = if cfg!(test) { 4 } else { 512 };

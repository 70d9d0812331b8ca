//! The distinct sets of flags of one snapshot: each is stored, and printed, once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::flags::FlagSet;
use super::snapshot::FlagsId;

/// Numbered sets of flags with a count of their uses. Snapshots share the sets; each has its own counts.
#[derive(Debug, Clone, Default)]
pub(super) struct FlagTable {
    sets: Arc<Sets>,
    uses: Vec<u32>,
}

#[derive(Debug, Clone, Default)]
struct Sets {
    slots: Vec<Arc<Printed>>,
    numbers: HashMap<Arc<Printed>, u32>,
    free: Vec<u32>,
}

/// A set with its text; compares as the set.
#[derive(Debug)]
struct Printed {
    set: FlagSet,
    text: Vec<u8>,
}

impl PartialEq for Printed {
    fn eq(&self, other: &Printed) -> bool {
        self.set == other.set
    }
}

impl Eq for Printed {}

impl std::hash::Hash for Printed {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.set.hash(state);
    }
}

/// So that a set can be looked up without being printed first.
impl std::borrow::Borrow<FlagSet> for Arc<Printed> {
    fn borrow(&self) -> &FlagSet {
        &self.set
    }
}

/// What a slot holds that is not in use.
static NOTHING: LazyLock<Arc<Printed>> = LazyLock::new(|| Arc::new(Printed::new(FlagSet::default())));

impl Printed {
    fn new(set: FlagSet) -> Printed {
        Printed { text: format!("({set})").into_bytes(), set }
    }
}

impl FlagTable {
    /// The number of `set`, counted as used once more.
    pub(super) fn take(&mut self, set: &FlagSet) -> FlagsId {
        let number = match self.sets.numbers.get(set) {
            Some(number) => *number,
            None => self.add(set),
        };
        if self.uses.len() <= number as usize {
            self.uses.resize(number as usize + 1, 0);
        }
        self.uses[number as usize] += 1;
        FlagsId(number)
    }

    /// Counts one use less.
    pub(super) fn release(&mut self, id: FlagsId) {
        self.uses[id.0 as usize] -= 1;
    }

    fn add(&mut self, set: &FlagSet) -> u32 {
        let unused = self.uses.iter().filter(|uses| **uses == 0).count();
        let sets = Arc::make_mut(&mut self.sets);
        // Numbers are not given to other sets while half of them are in use: the search for them would not pay.
        if sets.free.is_empty() && unused > UNUSED_MIN && unused > self.uses.len() / 2 {
            sets.sweep(&self.uses);
        }
        let printed = Arc::new(Printed::new(set.clone()));
        let number = match sets.free.pop() {
            Some(number) => {
                sets.slots[number as usize] = printed.clone();
                number
            }
            None => {
                sets.slots.push(printed.clone());
                sets.slots.len() as u32 - 1
            }
        };
        sets.numbers.insert(printed, number);
        number
    }

    pub(super) fn set(&self, id: FlagsId) -> &FlagSet {
        &self.sets.slots[id.0 as usize].set
    }

    pub(super) fn text(&self, id: FlagsId) -> &[u8] {
        &self.sets.slots[id.0 as usize].text
    }

    /// The sets in use with their numbers.
    pub(super) fn used(&self) -> impl Iterator<Item = (FlagsId, &FlagSet)> + '_ {
        let used = self.uses.iter().enumerate().filter(|(_, uses)| **uses > 0);
        used.map(|(number, _)| (FlagsId(number as u32), &self.sets.slots[number].set))
    }

    /// The sets in use with the number of their messages.
    pub(super) fn used_with_counts(&self) -> impl Iterator<Item = (&FlagSet, u32)> + '_ {
        self.used().map(|(id, set)| (set, self.uses[id.0 as usize]))
    }
}

impl Sets {
    /// Frees the numbers that no message uses. Chunks shared with older snapshots do not hold them, or they were used.
    fn sweep(&mut self, uses: &[u32]) {
        for (number, _) in uses.iter().enumerate().filter(|(_, uses)| **uses == 0) {
            let printed = std::mem::replace(&mut self.slots[number], NOTHING.clone());
            if self.numbers.get(&printed.set) == Some(&(number as u32)) {
                self.numbers.remove(&printed.set);
            }
            self.free.push(number as u32);
        }
    }
}

/// Unused sets that are not worth a search.
const UNUSED_MIN: usize = 64;

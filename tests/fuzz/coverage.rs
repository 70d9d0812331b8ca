//! Which code an input has reached, as the compiler counts it when `scripts/fuzz` builds the program; without that,
//! nothing is counted and every input is as good as any other.
//!
//! The compiler puts a counter of one octet before each block of code, and hands us the range of them when the program
//! starts. What matters is which counters moved, and about how far.

use std::sync::Mutex;

/// The ranges of counters, as addresses.
static RANGES: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Called by what the compiler adds to the program, before `main`; perhaps several times with the same range.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    let range = (start as usize, stop as usize);
    let mut ranges = RANGES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if range.0 < range.1 && !ranges.contains(&range) {
        ranges.push(range);
    }
}

/// What all inputs together have reached.
#[derive(Default)]
pub struct Coverage {
    /// For each counter, a bit for each magnitude that was seen.
    seen: Vec<u8>,
}

impl Coverage {
    /// Sets the counters back, before an input is run.
    pub fn begin() {
        for counters in counters() {
            counters.fill(0);
        }
    }

    /// Whether the input since [`Coverage::begin`] has reached something new.
    pub fn learn(&mut self) -> bool {
        let (mut at, mut new) = (0, false);
        for counters in counters() {
            if self.seen.len() < at + counters.len() {
                self.seen.resize(at + counters.len(), 0);
            }
            for (seen, count) in
                self.seen[at..].iter_mut().zip(counters.iter()).filter(|(_, count)| **count > 0)
            {
                let bit = magnitude(*count);
                new |= *seen & bit == 0;
                *seen |= bit;
            }
            at += counters.len();
        }
        new
    }

    /// Counters that have moved at all.
    pub fn reached(&self) -> usize {
        self.seen.iter().filter(|seen| **seen != 0).count()
    }
}

/// A bit that says about how often: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more.
fn magnitude(count: u8) -> u8 {
    match count {
        0..=3 => 1 << count.saturating_sub(1),
        4..=7 => 1 << 3,
        8..=15 => 1 << 4,
        16..=31 => 1 << 5,
        32..=127 => 1 << 6,
        _ => 1 << 7,
    }
}

/// The counters themselves. One thread runs inputs, and nobody else looks.
fn counters() -> Vec<&'static mut [u8]> {
    let ranges = RANGES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let slice = |&(start, stop): &(usize, usize)| {
        // SAFETY: the compiler gave us this range, which lives as long as the program; instrumented code that runs
        // meanwhile on another thread would only blur a count.
        unsafe { std::slice::from_raw_parts_mut(start as *mut u8, stop - start) }
    };
    ranges.iter().map(slice).collect()
}

//! When what was deleted ends, and how much of the database's time that may take.

use serde::{Deserialize, Serialize};

use crate::limits;

/// The background work that ends what has ended by rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vacuum {
    /// For how many days what was deleted can be taken back, where nothing else was said.
    pub undelete_days: u32,
    /// How often it runs; 0 for only when it is asked to.
    pub interval_minutes: u32,
    /// How many messages end in one transaction.
    pub batch_messages: u32,
    /// How long it rests after each, at least.
    pub pause_milliseconds: u32,
}

impl Default for Vacuum {
    fn default() -> Vacuum {
        Vacuum { undelete_days: 7, interval_minutes: 60, batch_messages: 500, pause_milliseconds: 100 }
    }
}

impl Vacuum {
    /// What is wrong with the values.
    pub(super) fn faults(&self, faults: &mut Vec<(&'static str, String)>) {
        if self.undelete_days > DAYS_MAX {
            faults.push(("vacuum.undelete_days", format!("a number from 0 to {DAYS_MAX}")));
        }
        if !(1..=limits::VACUUM_BATCH_MESSAGES_MAX).contains(&self.batch_messages) {
            let wanted = format!("a number from 1 to {}", limits::VACUUM_BATCH_MESSAGES_MAX);
            faults.push(("vacuum.batch_messages", wanted));
        }
        if self.interval_minutes > MINUTES_MAX {
            faults.push(("vacuum.interval_minutes", format!("a number from 0 to {MINUTES_MAX}")));
        }
        if self.pause_milliseconds > MILLISECONDS_MAX {
            faults.push(("vacuum.pause_milliseconds", format!("a number from 0 to {MILLISECONDS_MAX}")));
        }
    }
}

/// A hundred years.
const DAYS_MAX: u32 = 36_500;
/// Four weeks.
const MINUTES_MAX: u32 = 40_320;
/// Longer silence would look like the end of a run; see `limits::VACUUM_SILENCE_SECONDS`.
const MILLISECONDS_MAX: u32 = 10_000;

//! What is written down of one command of an administrator: once, in the transaction of the first thing that it changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use archiveopteryx::db::{Access, Audited, ErasedUnit, Event, RecordEvent};

use crate::database::{self, Database};

/// The event that a command is, and whether it is written down.
pub struct Recording {
    event: Event,
    is_done: Arc<AtomicBool>,
}

impl Recording {
    /// Nothing is written down yet.
    pub fn new(event: Event) -> Recording {
        Recording { event, is_done: Arc::default() }
    }

    /// The unit, with the event if it is the first that writes, and with who acts in any case.
    pub fn with(&self, unit: Box<dyn ErasedUnit>) -> Box<dyn ErasedUnit> {
        if unit.access() != Access::Write {
            return unit;
        }
        let is_recorded = self.is_done.load(Ordering::Acquire);
        Box::new(Audited { unit, event: self.event.clone(), is_recorded, recorded: self.is_done.clone() })
    }

    /// Writes down a command that has changed nothing, with what became of it.
    pub async fn finish(self, database: &actix::Addr<Database>, outcome: String) {
        if self.is_done.load(Ordering::Acquire) {
            return;
        }
        let mut event = self.event;
        event.detail["outcome"] = outcome.into();
        if let Err(error) = database::run(database, RecordEvent(event)).await {
            tracing::warn!(%error, "a command could not be recorded");
        }
    }
}

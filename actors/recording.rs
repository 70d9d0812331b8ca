//! What is written down of one command of an administrator: once, in the transaction of the first thing that it changes.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use archiveopteryx::db::{Access, Audited, ErasedUnit, Event, RecordEvent};

use crate::database::{self, Database};

/// The event that a command is, and whether it is written down.
pub struct Recording {
    event: Event,
    /// The one to be committed together with a unit, until there was one.
    due: RefCell<Option<Event>>,
    is_done: Arc<AtomicBool>,
}

impl Recording {
    /// Nothing is written down yet.
    pub fn new(event: Event) -> Recording {
        Recording { due: RefCell::new(Some(event.clone())), event, is_done: Arc::default() }
    }

    /// The unit, with the event if it is the first that writes.
    pub fn with(&self, unit: Box<dyn ErasedUnit>) -> Box<dyn ErasedUnit> {
        if unit.access() == Access::Read {
            return unit;
        }
        match self.due.borrow_mut().take() {
            Some(event) => Box::new(Audited { unit, event, recorded: self.is_done.clone() }),
            None => unit,
        }
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

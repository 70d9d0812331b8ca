//! The newest snapshot of one mailbox, shared by all its sessions in this process.

use std::sync::{Arc, PoisonError, RwLock};

use super::change::Change;
use super::ids::{MailboxKey, ModSeq};
use super::snapshot::Snapshot;

/// A cell with the newest [`Snapshot`] of one mailbox. Clones are the same cell.
#[derive(Debug, Clone)]
pub struct Shared {
    cell: Arc<Cell>,
}

#[derive(Debug)]
struct Cell {
    key: MailboxKey,
    newest: RwLock<Arc<Snapshot>>,
}

/// What became of a change.
#[derive(Debug, Clone)]
pub enum Applied {
    /// It is in; this is the newest snapshot now.
    Done(Arc<Snapshot>),
    /// It was in already.
    Already,
    /// What happened after this mod-sequence must be read first.
    Gap(ModSeq),
}

impl Shared {
    /// A cell of its own.
    pub fn new(key: MailboxKey, snapshot: Snapshot) -> Shared {
        Shared { cell: Arc::new(Cell { key, newest: RwLock::new(Arc::new(snapshot)) }) }
    }

    /// Whose snapshot it is.
    pub fn key(&self) -> MailboxKey {
        self.cell.key
    }

    /// The newest snapshot.
    pub fn current(&self) -> Arc<Snapshot> {
        // A panic while the lock was held left the snapshot as it was: it is replaced whole, never changed.
        self.cell.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a change in, unless it is known or something before it is missing.
    pub fn apply(&self, change: &Change) -> Applied {
        assert_eq!(change.key, self.cell.key, "a change goes to its own mailbox");
        let mut newest = self.cell.newest.write().unwrap_or_else(PoisonError::into_inner);
        if newest.knows(change) {
            return Applied::Already;
        }
        match newest.apply(change) {
            Ok(next) => {
                *newest = Arc::new(next);
                Applied::Done(newest.clone())
            }
            Err(gap) => Applied::Gap(gap.since),
        }
    }

    /// Takes a snapshot that was read whole, if it is newer. Returns the newest.
    pub fn replace(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let mut newest = self.cell.newest.write().unwrap_or_else(PoisonError::into_inner);
        if snapshot.highestmodseq > newest.highestmodseq {
            *newest = Arc::new(snapshot);
        }
        newest.clone()
    }

    /// Whether no other clone of this cell exists, so that a registry may forget it.
    pub fn is_alone(&self) -> bool {
        Arc::strong_count(&self.cell) == 1
    }
}

//! What the registry knows of one mailbox, and who has it open.

use std::sync::Arc;

use archiveopteryx::db;
use archiveopteryx::mailbox::{CatchUp, ModSeq, Shared, Snapshot, UidSet};
use tokio::sync::oneshot;

use crate::mailbox_registry::{Changed, Looked, Subscribe, Subscribed, SubscriptionId};

/// What the registry knows of one mailbox.
#[derive(Default)]
pub struct Watched {
    /// None until it has been loaded.
    pub shared: Option<Shared>,
    pub waiting: Vec<(Subscribe, oneshot::Sender<Result<Subscribed, db::Error>>)>,
    /// Who waits until the snapshot has come so far.
    pub looking: Vec<(ModSeq, oneshot::Sender<Looked>)>,
    pub sessions: Vec<Session>,
    /// What has been mentioned, and whether it must be read.
    pub catch_up: CatchUp,
    /// The first uid that no session here was told of as \Recent.
    pub recent_next: u32,
    /// What the database knows of it.
    pub recent_stored: u32,
    pub used: u64,
}

pub struct Session {
    pub id: SubscriptionId,
    pub read_write: bool,
    pub recipient: actix::Recipient<Changed>,
}

impl Watched {
    /// How far the snapshot has come.
    pub fn known(&self) -> Option<ModSeq> {
        self.shared.as_ref().map(|shared| shared.current().highestmodseq)
    }

    /// Nobody has it open, or waits for it.
    pub fn is_of_no_use(&self) -> bool {
        self.sessions.is_empty() && self.waiting.is_empty() && self.looking.is_empty()
    }

    /// Answers those who wait for no more than this.
    pub fn show(&mut self, current: &Arc<Snapshot>) {
        let is_settled = self.catch_up.is_settled(current.highestmodseq);
        let may_look = |(at_least, _): &mut (ModSeq, _)| is_settled || *at_least <= current.highestmodseq;
        for (_, answer) in self.looking.extract_if(.., may_look) {
            let _ = answer.send(Ok(current.clone()));
        }
    }

    pub fn admit(
        &mut self,
        id: SubscriptionId,
        subscribe: Subscribe,
        shared: &Shared,
        current: &Snapshot,
    ) -> Subscribed {
        let recent = new_since(self.recent_next, current);
        if subscribe.read_write {
            self.recent_next = uidnext(current);
        }
        self.sessions.push(Session { id, read_write: subscribe.read_write, recipient: subscribe.session });
        Subscribed { id, shared: shared.clone(), recent }
    }

    /// Tells every session to look, and the first that may change the mailbox which messages are \Recent for it.
    pub fn poke(&mut self, current: &Snapshot) {
        let mut recent = Some(new_since(self.recent_next, current)).filter(|recent| !recent.is_empty());
        let recent_next = &mut self.recent_next;
        self.sessions.retain(|session| {
            let recent = if session.read_write { recent.take() } else { None };
            let takes_recent = recent.is_some();
            match session.recipient.try_send(Changed { recent }) {
                Ok(()) if takes_recent => *recent_next = uidnext(current),
                Ok(()) | Err(actix::dev::SendError::Full(_)) => {}
                Err(actix::dev::SendError::Closed(_)) => return false,
            }
            true
        });
    }
}

/// The messages from a uid on that are in this snapshot. Later ones are for whoever hears of them first.
fn new_since(first: u32, current: &Snapshot) -> UidSet {
    let last = u32::try_from(current.uidnext - 1).unwrap_or(u32::MAX);
    UidSet::from_ranges((first <= last).then_some((first, last)))
}

/// The first uid behind all that are there; where the last possible one is taken, that one.
fn uidnext(snapshot: &Snapshot) -> u32 {
    u32::try_from(snapshot.uidnext).unwrap_or(u32::MAX)
}

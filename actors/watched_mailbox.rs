//! What the registry knows of one mailbox, and who has it open.

use std::sync::Arc;

use archiveopteryx::db;
use archiveopteryx::mailbox::{Applied, CatchUp, Change, ModSeq, Shared, Snapshot, UidSet};
use tokio::sync::oneshot;

use crate::mailbox_registry::{Changed, Looked, Subscribe, Subscribed};

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
    recent: Recent,
    pub used: u64,
}

/// Which messages are \Recent for somebody (RFC 3501 §2.3.2).
#[derive(Default)]
struct Recent {
    /// The first uid that no session was told of, as far as is known here.
    next: u32,
    /// What the database knows of that.
    stored: u32,
    /// Below this one, what nobody was told of is for sessions here, whatever the database says of that by now.
    claimed: u32,
    /// The database is being asked.
    is_asking: bool,
}

/// Who has waited for a mailbox, and what he gets.
pub type Admitted = (oneshot::Sender<Result<Subscribed, db::Error>>, Subscribed);

/// Comes when it can be seen that the mailbox has come so far.
pub type Sight = oneshot::Receiver<Looked>;

/// Names one subscription until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionId(u64);

pub struct Session {
    pub id: SubscriptionId,
    pub read_write: bool,
    pub recipient: actix::Recipient<Changed>,
}

impl Recent {
    /// What is \Recent for the next session to come, as far as is known here.
    fn of(&self, current: &Snapshot) -> UidSet {
        current.given_from(self.next.into())
    }

    /// Sessions were told of the messages below this uid: others than those here, where it is above what was claimed here.
    fn told_of(&mut self, first: u32) {
        if first > self.claimed {
            self.next = self.next.max(first);
        }
    }
}

impl Watched {
    /// What is in it, as far as that is known.
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        self.shared.as_ref().map(Shared::current)
    }

    /// How far the snapshot has come.
    pub fn known(&self) -> Option<ModSeq> {
        self.current().map(|current| current.highestmodseq)
    }

    /// Nobody has it open, or waits for it.
    pub fn is_of_no_use(&self) -> bool {
        self.sessions.is_empty() && self.waiting.is_empty() && self.looking.is_empty() && !self.is_asking()
    }

    /// How many messages it keeps in memory.
    pub fn held(&self) -> usize {
        self.current().map_or(0, |current| current.len() as usize)
    }

    /// Keeps who wants to open it, until it can be.
    pub fn wait(&mut self, subscribe: Subscribe) -> oneshot::Receiver<Result<Subscribed, db::Error>> {
        let (answer, answered) = oneshot::channel();
        self.know_recent(subscribe.first_recent_uid);
        self.waiting.push((subscribe, answer));
        answered
    }

    /// Keeps who wants to see it as it is at this modseq at least, until it has come so far.
    pub fn look(&mut self, at_least: ModSeq) -> Sight {
        let (answer, answered) = oneshot::channel();
        self.looking.push((at_least, answer));
        answered
    }

    /// Puts a change in, if anything is known of the mailbox. The messages that come with it may be for sessions here, without
    /// asking (`are_ours`). When something before it is missing and somebody has the mailbox open, this returns when it can be
    /// seen.
    pub fn apply(&mut self, change: &Change, are_ours: bool) -> Option<Sight> {
        self.catch_up.mention(change.modseq);
        let shared = self.shared.as_ref()?;
        let before = uidnext(&shared.current());
        // A gap leaves what was mentioned ahead of the snapshot, so that it is read.
        let applied = shared.apply(change);
        // Otherwise some have come before, and it is not known whose these are.
        if are_ours && self.recent.next.max(self.recent.claimed) >= before && self.taker().is_some() {
            self.recent.claimed = uidnext(&shared.current()).max(self.recent.claimed);
        }
        let is_missing = matches!(applied, Applied::Gap(_)) && !self.sessions.is_empty();
        is_missing.then(|| self.look(change.modseq))
    }

    /// Tells all who wait that they wait in vain.
    pub fn refuse(&mut self) {
        let why = || db::Error::Unavailable("the mailbox could not be read".into());
        for (_, answer) in self.waiting.drain(..) {
            let _ = answer.send(Err(why()));
        }
        for (_, answer) in self.looking.drain(..) {
            let _ = answer.send(Err(why()));
        }
    }

    /// Answers those who wait for no more than this.
    pub fn show(&mut self, current: &Arc<Snapshot>) {
        let is_settled = self.catch_up.is_settled(current.highestmodseq);
        let may_look = |(at_least, _): &mut (ModSeq, _)| is_settled || *at_least <= current.highestmodseq;
        for (_, answer) in self.looking.extract_if(.., may_look) {
            let _ = answer.send(Ok(current.clone()));
        }
    }

    /// Whether the database is being asked whose the new messages are. Until it has answered, nobody is told of them.
    pub fn is_asking(&self) -> bool {
        self.recent.is_asking
    }

    /// Begins to ask the database whose the messages below a uid are, if there is somebody to get them: where other servers
    /// know of them, they may have been told of already.
    pub fn begin_claim(&mut self) -> Option<u32> {
        let first = uidnext(&*self.current()?);
        let is_taken =
            self.waiting.iter().any(|(subscribe, _)| subscribe.read_write) || self.taker().is_some();
        let Recent { next, claimed, is_asking, .. } = &mut self.recent;
        let must_ask = is_taken && (*next).max(*claimed) < first;
        (must_ask && !std::mem::replace(is_asking, true)).then_some(first)
    }

    /// The messages below `first` belong to sessions here, but for those below `before`.
    pub fn end_claim(&mut self, first: u32, before: Option<u32>) {
        let recent = &mut self.recent;
        recent.is_asking = false;
        // RFC 3501 §2.3.2: where nobody can know whether they are \Recent, they are.
        if let Some(before) = before {
            recent.told_of(before);
            recent.stored = recent.stored.max(first);
        }
        recent.claimed = recent.claimed.max(first);
    }

    /// The database says that messages below this uid have been told to sessions, here or elsewhere.
    pub fn know_recent(&mut self, first: u64) {
        let first = u32::try_from(first).unwrap_or(u32::MAX);
        self.recent.stored = self.recent.stored.max(first);
        // It counts what it is being asked for already.
        if !self.recent.is_asking {
            self.recent.told_of(first);
        }
    }

    /// The messages up to here belong to sessions here, which the database does not know yet.
    pub fn unstored(&mut self) -> Option<u32> {
        let Recent { next, stored, .. } = &mut self.recent;
        let is_new = *next > std::mem::replace(stored, (*next).max(*stored));
        is_new.then_some(*next)
    }

    /// Gives the new messages to the first session that may change the mailbox. They are nobody else's then.
    pub fn hand_out(&mut self, current: &Snapshot) -> Option<(SubscriptionId, UidSet)> {
        let recent = self.recent.of(current);
        let taker = self.taker().filter(|_| !recent.is_empty())?;
        self.recent.next = uidnext(current);
        Some((taker, recent))
    }

    fn taker(&self) -> Option<SubscriptionId> {
        let is_taker = |session: &&Session| session.read_write && session.recipient.connected();
        self.sessions.iter().find(is_taker).map(|session| session.id)
    }

    /// Tells every session to look, and one what it has been given.
    pub fn poke(&mut self, handed_out: Option<(SubscriptionId, UidSet)>) {
        self.sessions.retain(|session| match &handed_out {
            // What is for nobody else is never left out.
            Some((id, recent)) if *id == session.id => {
                session.recipient.do_send(Changed { recent: Some(recent.clone()) });
                true
            }
            _ => {
                let told = session.recipient.try_send(Changed { recent: None });
                !matches!(told, Err(actix::dev::SendError::Closed(_)))
            }
        });
    }

    /// Lets those in who wait.
    pub fn admit(&mut self, next_id: &mut u64) -> Vec<Admitted> {
        let Some(shared) = &self.shared else { return Vec::new() };
        let current = shared.current();
        let admit = |(subscribe, answer): (Subscribe, _)| {
            let recent = self.recent.of(&current);
            if subscribe.read_write {
                self.recent.next = uidnext(&current);
            }
            let id = SubscriptionId(*next_id);
            *next_id += 1;
            let Subscribe { read_write, session: recipient, .. } = subscribe;
            self.sessions.push(Session { id, read_write, recipient });
            (answer, Subscribed { id, shared: shared.clone(), recent })
        };
        std::mem::take(&mut self.waiting).into_iter().map(admit).collect()
    }
}

/// The first uid behind all that are there; where the last possible one is taken, that one.
fn uidnext(snapshot: &Snapshot) -> u32 {
    u32::try_from(snapshot.uidnext).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use archiveopteryx::mailbox::UidValidity;

    use super::*;

    #[test]
    fn what_was_claimed_here_stays_here() {
        let current = Snapshot::load(UidValidity::new(1).expect("it is above 0"), 4, ModSeq(0), []);
        let mut watched = Watched::default();
        watched.know_recent(2);
        watched.end_claim(4, Some(2));
        // The database counts them as told of, and nobody here was.
        watched.know_recent(4);
        assert_eq!(watched.recent.of(&current), UidSet::from_ranges([(2, 3)]));
        let mut other = Watched::default();
        other.know_recent(2);
        other.end_claim(4, Some(4));
        assert!(other.recent.of(&current).is_empty());
    }
}

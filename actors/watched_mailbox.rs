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
    pub recent: Recent,
    /// How far the mailbox has come here, where other servers have not heard of it.
    pub unannounced: Option<ModSeq>,
    pub used: u64,
}

/// Which messages are \Recent for somebody (RFC 3501 §2.3.2).
#[derive(Default)]
pub struct Recent {
    /// The first uid that no session was told of, as far as is known here.
    next: u32,
    /// What the database knows of that.
    stored: u32,
    /// Below this one, what nobody was told of is for sessions here.
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
        self.sessions.is_empty() && self.waiting.is_empty() && self.looking.is_empty()
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

    /// Puts a change in, if anything is known of the mailbox. When something before it is missing and somebody has the mailbox
    /// open, this returns when it can be seen.
    pub fn apply(&mut self, change: &Change) -> Option<Sight> {
        self.catch_up.mention(change.modseq);
        // A gap leaves what was mentioned ahead of the snapshot, so that it is read.
        let applied = self.shared.as_ref()?.apply(change);
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

    /// Whether the database is to be asked first whose the new messages are: some may have come, and have been told of, where
    /// other servers know of them.
    pub fn must_claim(&self) -> bool {
        let Some(current) = self.current() else { return false };
        let is_taken =
            self.waiting.iter().any(|(subscribe, _)| subscribe.read_write) || self.taker().is_some();
        is_taken && self.recent.claimed <= self.recent.next && self.recent.next < uidnext(&current)
    }

    /// Begins to ask for all that are there; until there is an answer, nobody gets any.
    pub fn begin_claim(&mut self) -> Option<u32> {
        let first = uidnext(&*self.current()?);
        (!std::mem::replace(&mut self.recent.is_asking, true)).then_some(first)
    }

    /// The messages below `first` belong to sessions here, but for those below `before`.
    pub fn end_claim(&mut self, first: u32, before: Option<u32>) {
        let recent = &mut self.recent;
        recent.is_asking = false;
        recent.claimed = recent.claimed.max(first);
        // RFC 3501 §2.3.2: where nobody can know whether they are \Recent, they are.
        recent.next = recent.next.max(before.unwrap_or_default());
        if before.is_some() {
            recent.stored = recent.stored.max(first);
        }
    }

    /// Messages below this uid have been told to sessions, here or elsewhere.
    pub fn know_recent(&mut self, first: u64) {
        let first = u32::try_from(first).unwrap_or(u32::MAX);
        self.recent.next = self.recent.next.max(first);
        self.recent.stored = self.recent.stored.max(first);
    }

    /// The messages up to here belong to sessions here, which the database does not know yet.
    pub fn unstored(&mut self) -> Option<u32> {
        let Recent { next, stored, .. } = &mut self.recent;
        let is_new = *next > std::mem::replace(stored, (*next).max(*stored));
        is_new.then_some(*next)
    }

    /// Gives the new messages to the first session that may change the mailbox. They are nobody else's then.
    pub fn hand_out(&mut self, current: &Snapshot) -> Option<(SubscriptionId, UidSet)> {
        let recent = Some(current.given_from(self.recent.next.into())).filter(|recent| !recent.is_empty())?;
        let taker = self.taker().filter(|_| !self.recent.is_asking)?;
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
            let recent = current.given_from(self.recent.next.into());
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

//! # MailboxRegistry - who is interested in which mailbox
//!
//! Hears:  Subscribe, Unsubscribe, Look, Delivered, Signalled, Ended, Reconnected, Loaded, CaughtUp, Compared, Claimed
//! Says:   Changed → sessions, Watches · Affected, Recheck → Guests · Announce → DbListener · Run → Database
//! Lives:  the server's life
//! Knows:  a `mailbox::Shared` and a `mailbox::CatchUp` per mailbox that somebody watches, or watched lately
//! Limits: limits::SNAPSHOT_CACHE_MESSAGES
//!
//! A writer says what it changed; the registry brings the shared snapshot up to date and pokes the sessions, which
//! look at the snapshot themselves. So a thousand watchers of one mailbox cost no query, and a poke that finds a
//! session's queue full may be dropped: the session has not looked yet, and will.
//!
//! Every change says which modseq it follows. One that does not follow what the snapshot holds means that something
//! was missed, and the registry reads what happened since from the database. Signals of other hosts are only hints
//! that this is needed; the database is the truth.

use std::collections::HashMap;
use std::sync::Arc;

use actix::AsyncContext;
use archiveopteryx::db;
use archiveopteryx::limits;
use archiveopteryx::mailbox::{Applied, Change, MailboxKey, ModSeq, Shared, Snapshot, UidSet};
use futures_util::future::{join, join_all};

use crate::database::{self, Database};
use crate::db_listener::{self, DbListener, Heard, News};
use crate::guests::{self, Guests};
use crate::recents::Recents;
use crate::watched_mailbox::{Sight, SubscriptionId, Watched};
use crate::watches::{self, Watches};

/// Registers a session for one mailbox. The answer comes when the mailbox's snapshot is in memory.
pub struct Subscribe {
    pub key: MailboxKey,
    /// What the session's own look at the mailbox row said: the snapshot is at least that new when it is handed out.
    pub at_least: ModSeq,
    /// The first uid of which no session had been told then.
    pub first_recent_uid: u64,
    /// Only a session that may change the mailbox takes \Recent away from the next one.
    pub read_write: bool,
    pub session: actix::Recipient<Changed>,
}

impl actix::Message for Subscribe {
    type Result = Result<Subscribed, db::Error>;
}

/// What a session gets when it has subscribed.
pub struct Subscribed {
    pub id: SubscriptionId,
    pub shared: Shared,
    /// These messages are \Recent in this session.
    pub recent: UidSet,
}

/// Ends a subscription.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Unsubscribe {
    pub key: MailboxKey,
    pub id: SubscriptionId,
}

/// Asks what is in a mailbox, without watching it.
pub struct Look {
    pub key: MailboxKey,
    /// The snapshot is at least that new.
    pub at_least: ModSeq,
}

impl actix::Message for Look {
    type Result = Looked;
}

/// What somebody sees who looks.
pub type Looked = Result<Arc<Snapshot>, db::Error>;

/// Mailboxes have changed, by a delivery or by a session; the changes are committed. Answered when all who have these
/// mailboxes open can see that, so that what a writer says to his client later never comes too early.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Delivered {
    pub changes: Vec<Change>,
}

/// Another host says how far these mailboxes have come.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Signalled {
    pub changes: Vec<(MailboxKey, ModSeq)>,
}

/// Some of what was deleted has ended, somewhere.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Ended;

/// Signals may have been missed: everything watched has to be compared with the database.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Reconnected;

/// To a session: its mailbox has changed, look at the snapshot.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Changed {
    /// Set for the one session that is the first to hear of new messages: these are its \Recent ones, and nobody else's.
    pub recent: Option<UidSet>,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Loaded {
    key: MailboxKey,
    outcome: Result<Option<db::LoadedMailbox>, db::Error>,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct CaughtUp {
    key: MailboxKey,
    outcome: Result<Option<Change>, db::Error>,
}

/// The new messages below a uid are for sessions here, as far as they are not below another one.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Claimed {
    key: MailboxKey,
    first: u32,
    before: Option<u32>,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Compared {
    outcome: Result<Vec<(MailboxKey, ModSeq)>, db::Error>,
}

/// The actor. One per server.
pub struct MailboxRegistry {
    database: actix::Addr<Database>,
    recents: Recents,
    listener: actix::Addr<DbListener>,
    guests: actix::Addr<Guests>,
    watches: actix::Addr<Watches>,
    mailboxes: HashMap<MailboxKey, Watched>,
    next_id: u64,
    /// Counts uses, so that the mailbox that nobody has opened for longest is forgotten first.
    clock: u64,
}

impl MailboxRegistry {
    pub fn new(
        database: actix::Addr<Database>,
        recents: Recents,
        listener: actix::Addr<DbListener>,
        guests: actix::Addr<Guests>,
        watches: actix::Addr<Watches>,
    ) -> Self {
        Self { database, recents, listener, guests, watches, mailboxes: HashMap::new(), next_id: 0, clock: 0 }
    }

    /// Somebody wants a mailbox that has come at least that far.
    fn mention(&mut self, key: MailboxKey, at_least: ModSeq) -> &mut Watched {
        self.clock += 1;
        let watched = self.mailboxes.entry(key).or_default();
        watched.used = self.clock;
        watched.catch_up.mention(at_least);
        watched
    }

    /// Reads the mailbox, all of it or what has happened since, if that is needed and not under way.
    fn read(&mut self, key: MailboxKey, ctx: &mut actix::Context<Self>) {
        let Some(watched) = self.mailboxes.get_mut(&key) else { return };
        if !watched.catch_up.begin(watched.known()) {
            return;
        }
        let database = self.database.clone();
        let registry = ctx.address();
        match &watched.shared {
            None => actix_rt::spawn(async move {
                let outcome = database::run(&database, db::LoadSnapshot { key }).await;
                registry.do_send(Loaded { key, outcome });
            }),
            Some(shared) => {
                let current = shared.current();
                let unit = db::ReadChanges { key, since: current.highestmodseq, uidnext: current.uidnext };
                actix_rt::spawn(async move {
                    let outcome = database::run(&database, unit).await;
                    registry.do_send(CaughtUp { key, outcome });
                })
            }
        };
    }

    /// Answers whoever waits and pokes whoever watches, once nothing more is known to be missing.
    fn settle(&mut self, key: MailboxKey, ctx: &mut actix::Context<Self>) {
        let Some(watched) = self.mailboxes.get_mut(&key) else { return };
        let Some(current) = watched.current() else { return self.read(key, ctx) };
        if let Some(first) = watched.begin_claim() {
            claim(&self.recents, key, first, ctx.address());
        }
        // What is new is told when it is known whose it is.
        let may_tell = !watched.is_asking();
        if may_tell {
            let handed_out = watched.hand_out(&current);
            // Before anybody hears of them.
            remember_recent(&self.recents, key, watched);
            watched.poke(handed_out);
            watched.show(&current);
        }
        if !watched.catch_up.is_settled(current.highestmodseq) {
            return self.read(key, ctx);
        }
        if may_tell {
            let admitted = watched.admit(&mut self.next_id);
            remember_recent(&self.recents, key, watched);
            for (answer, subscribed) in admitted {
                // A session that has gone meanwhile is found out by the next poke.
                let _ = answer.send(Ok(subscribed));
            }
        }
    }

    /// Takes a change that was made here, and says so to the other servers. When it cannot be seen yet, that is answered later
    /// to whom this returns: something before it may be missing, and is read, or it is being asked whose the new messages are.
    fn take(&mut self, change: Change, ctx: &mut actix::Context<Self>) -> Option<Sight> {
        let Change { key, modseq, .. } = change;
        if !key.is_of_deleted() {
            self.look_at_deleted(key, modseq, ctx);
            self.listener.do_send(db_listener::Announce(News::Changed(key, modseq)));
        }
        let are_ours = self.recents.are_ours();
        let read = self.mailboxes.get_mut(&key)?.apply(&change, are_ours);
        self.settle(key, ctx);
        let watched = self.mailboxes.get_mut(&key).filter(|watched| watched.is_asking());
        read.or_else(|| watched.map(|watched| watched.look(modseq)))
    }

    /// A mailbox has changed: what was deleted there may be more or less now, and is read by those who look at it.
    fn look_at_deleted(&mut self, key: MailboxKey, modseq: ModSeq, ctx: &mut actix::Context<Self>) {
        let Some(watched) = self.mailboxes.get_mut(&key.of_deleted()) else { return };
        watched.catch_up.mention(modseq);
        self.settle(key.of_deleted(), ctx);
    }

    /// Gives up on a mailbox that could not be read: those who wait hear why.
    fn give_up(&mut self, key: MailboxKey, error: db::Error) {
        // If it is gone, so are the rights in it.
        self.guests.do_send(guests::Affected { key, reader: None });
        let Some(mut watched) = self.mailboxes.remove(&key) else { return };
        tracing::warn!(%error, mailbox = key.mailbox.0, "could not read a mailbox");
        watched.refuse();
        // Sessions keep what they have been told; the next comparison with the database finds what they miss.
        if !watched.sessions.is_empty() {
            watched.catch_up.fail();
            self.mailboxes.insert(key, watched);
        }
    }

    /// Forgets mailboxes that nobody watches, the longest unused first, until the rest fits.
    fn forget_unwatched(&mut self) {
        let mut total: usize = self.mailboxes.values().map(Watched::held).sum();
        while total > limits::SNAPSHOT_CACHE_MESSAGES {
            let unwatched = self.mailboxes.iter().filter(|(_, watched)| watched.is_of_no_use());
            let Some(key) = unwatched.min_by_key(|(_, watched)| watched.used).map(|(key, _)| *key) else {
                return;
            };
            total -= self.mailboxes.remove(&key).as_ref().map_or(0, Watched::held);
        }
    }
}

/// Asks the database whose the new messages below a uid are.
fn claim(recents: &Recents, key: MailboxKey, first: u32, registry: actix::Addr<MailboxRegistry>) {
    let claim = recents.claim(key, first);
    actix_rt::spawn(async move { registry.do_send(Claimed { key, first, before: claim.await }) });
}

/// Notes which messages are no longer \Recent to anybody.
fn remember_recent(recents: &Recents, key: MailboxKey, watched: &mut Watched) {
    if let Some(first) = watched.unstored() {
        recents.take(key, first);
    }
}

fn stopping() -> db::Error {
    db::Error::Unavailable("the server is stopping".into())
}

impl actix::Actor for MailboxRegistry {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // All deliveries of the server pass here, in groups; senders wait when this many are queued.
        ctx.set_mailbox_capacity(1024);
        let (registry, guests) = (ctx.address(), self.guests.clone());
        let tell = move |heard: &Heard| match heard {
            Heard::Signalled(changes) => registry.try_send(Signalled { changes: changes.clone() }).is_ok(),
            Heard::MayHaveMissed => registry.try_send(Reconnected).is_ok(),
            Heard::DeletePolicies => guests.try_send(guests::Recheck).is_ok(),
            Heard::Ended => registry.try_send(Ended).is_ok(),
            Heard::Dismissed(_) | Heard::Names(_) | Heard::Rights | Heard::Asked(_) | Heard::Metadata(_) => {
                true
            }
        };
        self.listener.do_send(db_listener::Attach(Box::new(tell)));
    }
}

impl actix::Handler<Subscribe> for MailboxRegistry {
    type Result = actix::ResponseFuture<Result<Subscribed, db::Error>>;

    fn handle(&mut self, subscribe: Subscribe, ctx: &mut Self::Context) -> Self::Result {
        let key = subscribe.key;
        let answered = self.mention(key, subscribe.at_least).wait(subscribe);
        self.settle(key, ctx);
        Box::pin(async move { answered.await.unwrap_or_else(|_| Err(stopping())) })
    }
}

impl actix::Handler<Look> for MailboxRegistry {
    type Result = actix::ResponseFuture<Looked>;

    fn handle(&mut self, Look { key, at_least }: Look, ctx: &mut Self::Context) -> Self::Result {
        let answered = self.mention(key, at_least).look(at_least);
        self.settle(key, ctx);
        Box::pin(async move { answered.await.unwrap_or_else(|_| Err(stopping())) })
    }
}

impl actix::Handler<Unsubscribe> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, gone: Unsubscribe, _: &mut Self::Context) {
        if let Some(watched) = self.mailboxes.get_mut(&gone.key) {
            watched.sessions.retain(|session| session.id != gone.id);
            // What ends of it says nothing, so it is read anew when somebody opens it again.
            if gone.key.is_of_deleted() && watched.is_of_no_use() {
                self.mailboxes.remove(&gone.key);
            }
        }
        self.forget_unwatched();
    }
}

impl actix::Handler<Delivered> for MailboxRegistry {
    type Result = actix::Response<()>;

    fn handle(&mut self, event: Delivered, ctx: &mut Self::Context) -> Self::Result {
        let keys = event.changes.iter().map(|change| change.key).collect();
        self.watches.do_send(watches::Changed { keys, ..watches::Changed::default() });
        let mut affected = Vec::new();
        let mut missing = Vec::new();
        for change in event.changes {
            affected.extend(guests::affected(&change).into_iter().map(|guests| self.guests.send(guests)));
            missing.extend(self.take(change, ctx));
        }
        match affected.is_empty() && missing.is_empty() {
            true => actix::Response::reply(()),
            false => actix::Response::fut(async { drop(join(join_all(affected), join_all(missing)).await) }),
        }
    }
}

impl actix::Handler<Signalled> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, event: Signalled, ctx: &mut Self::Context) {
        for (key, modseq) in event.changes {
            self.look_at_deleted(key, modseq, ctx);
            let Some(watched) = self.mailboxes.get_mut(&key) else { continue };
            watched.catch_up.mention(modseq);
            if watched.shared.is_some() && !watched.sessions.is_empty() {
                self.read(key, ctx);
            }
        }
    }
}

impl actix::Handler<Ended> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, _: Ended, ctx: &mut Self::Context) {
        let is_open =
            |(key, watched): &(&MailboxKey, &Watched)| key.is_of_deleted() && !watched.sessions.is_empty();
        let open: Vec<MailboxKey> = self.mailboxes.iter().filter(is_open).map(|(key, _)| *key).collect();
        for key in open {
            // What ends leaves no mod-sequence behind, so it is read again whatever is known.
            let known = self.mailboxes.get(&key).and_then(Watched::known).unwrap_or_default();
            self.mention(key, ModSeq(known.0 + 1));
            self.settle(key, ctx);
        }
    }
}

impl actix::Handler<Reconnected> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, _: Reconnected, ctx: &mut Self::Context) {
        self.guests.do_send(guests::Recheck);
        // What nobody watches is compared when somebody opens it.
        let keys = self.mailboxes.iter().filter(|(_, watched)| !watched.sessions.is_empty());
        let keys: Vec<MailboxKey> = keys.map(|(key, _)| *key).collect();
        if keys.is_empty() {
            return;
        }
        let database = self.database.clone();
        let registry = ctx.address();
        actix_rt::spawn(async move {
            let outcome = database::run(&database, db::MailboxModseqs { keys }).await;
            registry.do_send(Compared { outcome });
        });
    }
}

impl actix::Handler<Loaded> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, loaded: Loaded, ctx: &mut Self::Context) {
        let mailbox = match loaded.outcome {
            Ok(Some(mailbox)) => mailbox,
            Ok(None) => {
                return self.give_up(loaded.key, db::Error::Unavailable("the mailbox is gone".into()));
            }
            Err(error) => return self.give_up(loaded.key, error),
        };
        let Some(watched) = self.mailboxes.get_mut(&loaded.key) else { return };
        watched.catch_up.end();
        watched.know_recent(mailbox.first_recent_uid.into());
        watched.shared = Some(Shared::new(loaded.key, mailbox.snapshot));
        self.settle(loaded.key, ctx);
        self.forget_unwatched();
    }
}

impl actix::Handler<CaughtUp> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, caught_up: CaughtUp, ctx: &mut Self::Context) {
        let change = match caught_up.outcome {
            Ok(Some(change)) => change,
            Ok(None) => {
                return self.give_up(caught_up.key, db::Error::Unavailable("the mailbox is gone".into()));
            }
            Err(error) => return self.give_up(caught_up.key, error),
        };
        for affected in guests::affected(&change) {
            self.guests.do_send(affected);
        }
        let Some(watched) = self.mailboxes.get_mut(&caught_up.key) else { return };
        watched.catch_up.end();
        if let Some(shared) = &watched.shared {
            let _: Applied = shared.apply(&change);
        }
        self.settle(caught_up.key, ctx);
    }
}

impl actix::Handler<Claimed> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, Claimed { key, first, before }: Claimed, ctx: &mut Self::Context) {
        let Some(watched) = self.mailboxes.get_mut(&key) else { return };
        watched.end_claim(first, before);
        self.settle(key, ctx);
    }
}

impl actix::Handler<Compared> for MailboxRegistry {
    type Result = ();

    fn handle(&mut self, compared: Compared, ctx: &mut Self::Context) {
        match compared.outcome {
            Ok(changes) => actix::Handler::handle(self, Signalled { changes }, ctx),
            // The listener compares again in a while; until then nothing better can be done.
            Err(error) => tracing::warn!(%error, "could not compare the watched mailboxes with the database"),
        }
    }
}

#[cfg(test)]
#[path = "mailbox_registry_tests.rs"]
mod tests;

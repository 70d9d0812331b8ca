//! # Guests - who has a mailbox open, and may be told tomorrow that he may do something else there
//!
//! Hears:  Enter, Leave, Affected, Recheck, Answered, PoliciesRead
//! Says:   StandingIs → sessions · Run → Database
//! Lives:  the server's life
//! Knows:  the sessions of guests, and which of them have to look again
//! Limits: one question to the database at a time, whatever happens meanwhile
//!
//! What a guest may do can change while he does it: by SETACL, by an administrator, by a change of a group, here or at
//! another host. Where everybody has a \Seen of his own, another session of his may set it. Whoever hears of such a
//! change says so here, and every guest whom it concerns is told how he stands now. Owners are asked about only where the
//! site says something about who may delete, so elsewhere their mailboxes cost nothing.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use actix::AsyncContext;
use archiveopteryx::db;
use archiveopteryx::mailbox::{AccountId, Change, MailboxKey};
use archiveopteryx::policy::{Standing, Viewer};
use tokio::sync::oneshot;

use crate::database::{self, Database};
use crate::watched_mailbox::SubscriptionId;

/// Somebody has opened a mailbox. A guest is told at once how he stands: that may have changed since the mailbox was found.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Enter {
    pub id: SubscriptionId,
    pub key: MailboxKey,
    pub viewer: Viewer,
    pub session: actix::Recipient<StandingIs>,
}

/// A session has ended; it need not have been a guest's.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Leave(pub SubscriptionId);

/// A change concerns guests; it is committed. Answered when those who have the mailbox open know of it.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Affected {
    pub key: MailboxKey,
    /// Only this one; None means all.
    pub reader: Option<AccountId>,
}

/// Anything may have changed anywhere.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Recheck;

/// To a session: this is how its client stands now.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct StandingIs(pub Standing);

#[derive(actix::Message)]
#[rtype(result = "()")]
struct PoliciesRead {
    outcome: Result<bool, db::Error>,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Answered {
    asked: Vec<SubscriptionId>,
    outcome: Result<Vec<Standing>, db::Error>,
}

/// What of a change concerns those who are not the mailbox's owner.
pub fn affected(change: &Change) -> Vec<Affected> {
    let all = change.rights.then_some(None);
    let readers = change.seen_by.iter().map(|reader| Some(*reader)).filter(|_| !change.rights);
    all.into_iter().chain(readers).map(|reader| Affected { key: change.key, reader }).collect()
}

/// The actor. One per server.
pub struct Guests {
    database: actix::Addr<Database>,
    guests: HashMap<SubscriptionId, Guest>,
    /// Those about whom has to be asked: in a mailbox one of them, or all.
    due: HashSet<(MailboxKey, Option<AccountId>)>,
    /// Who waits until that has been asked.
    waiting: Vec<oneshot::Sender<()>>,
    /// A question is under way, for which these wait.
    asking: Option<Vec<oneshot::Sender<()>>>,
    /// Whether the site says something about who may delete, as far as is known.
    has_policies: bool,
}

struct Guest {
    key: MailboxKey,
    viewer: Viewer,
    session: actix::Recipient<StandingIs>,
}

impl Guests {
    pub fn new(database: actix::Addr<Database>) -> Guests {
        Guests {
            database,
            guests: HashMap::new(),
            due: HashSet::new(),
            waiting: Vec::new(),
            asking: None,
            has_policies: true,
        }
    }

    /// Asks what is due, unless an answer is still to come.
    fn ask(&mut self, ctx: &mut actix::Context<Self>) {
        if self.asking.is_some() {
            return;
        }
        // When nobody is concerned, nobody waits any more.
        let waiting = std::mem::take(&mut self.waiting);
        let due = std::mem::take(&mut self.due);
        if due.is_empty() {
            return;
        }
        let is_due = |guest: &Guest| {
            let Guest { key, viewer, .. } = guest;
            due.contains(&(*key, None)) || due.contains(&(*key, Some(viewer.account)))
        };
        let concerned = self.guests.iter().filter(|(_, guest)| is_due(guest));
        let (asked, questions): (Vec<_>, Vec<_>) =
            concerned.map(|(id, guest)| (*id, (guest.viewer, guest.key))).unzip();
        if asked.is_empty() {
            return;
        }
        self.asking = Some(waiting);
        let (database, guests) = (self.database.clone(), ctx.address());
        actix_rt::spawn(async move {
            let outcome = database::run(&database, db::ReadStandings { asked: questions }).await;
            guests.do_send(Answered { asked, outcome });
        });
    }
}

impl actix::Actor for Guests {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Enter> for Guests {
    type Result = ();

    fn handle(&mut self, Enter { id, key, viewer, session }: Enter, ctx: &mut Self::Context) {
        self.guests.insert(id, Guest { key, viewer, session });
        if self.has_policies || !viewer.owns(key.account) {
            self.due.insert((key, Some(viewer.account)));
            self.ask(ctx);
        }
    }
}

impl actix::Handler<Leave> for Guests {
    type Result = ();

    fn handle(&mut self, Leave(id): Leave, _: &mut Self::Context) {
        self.guests.remove(&id);
    }
}

impl actix::Handler<Affected> for Guests {
    type Result = actix::ResponseFuture<()>;

    fn handle(&mut self, Affected { key, reader }: Affected, ctx: &mut Self::Context) -> Self::Result {
        let (answer, answered) = oneshot::channel();
        self.due.insert((key, reader));
        self.waiting.push(answer);
        self.ask(ctx);
        // It is dropped when there is no more to wait for.
        Box::pin(async move { drop(answered.await) })
    }
}

impl actix::Handler<Recheck> for Guests {
    type Result = ();

    fn handle(&mut self, _: Recheck, ctx: &mut Self::Context) {
        let (database, guests) = (self.database.clone(), ctx.address());
        actix_rt::spawn(async move {
            let outcome = database::run(&database, db::HasDeletePolicies).await;
            guests.do_send(PoliciesRead { outcome });
        });
    }
}

impl actix::Handler<PoliciesRead> for Guests {
    type Result = ();

    fn handle(&mut self, PoliciesRead { outcome }: PoliciesRead, ctx: &mut Self::Context) {
        // When it is not known, more is asked than is needed. Who was kept from deleting by the last one is asked about
        // once more, too.
        let has_policies = outcome.unwrap_or(true);
        let with_owners = std::mem::replace(&mut self.has_policies, has_policies) || has_policies;
        let concerned = self
            .guests
            .values()
            .filter(|Guest { key, viewer, .. }| with_owners || !viewer.owns(key.account))
            .map(|guest| (guest.key, Some(guest.viewer.account)));
        self.due.extend(concerned);
        self.ask(ctx);
    }
}

impl actix::Handler<Answered> for Guests {
    type Result = ();

    fn handle(&mut self, Answered { asked, outcome }: Answered, ctx: &mut Self::Context) {
        // Whoever waits goes on when the sessions have been told; without a database, at once.
        let _waiting = self.asking.take();
        match outcome {
            Ok(standings) => {
                for (id, standing) in asked.iter().zip(standings) {
                    if let Some(guest) = self.guests.get(id) {
                        // A session's queue holds a handful at most, and this must not be lost.
                        guest.session.do_send(StandingIs(standing));
                    }
                }
                self.ask(ctx);
            }
            Err(error) => {
                tracing::warn!(%error, "could not read how guests stand");
                let asked = asked.iter().filter_map(|id| self.guests.get(id));
                self.due.extend(asked.map(|guest| (guest.key, Some(guest.viewer.account))));
                ctx.run_later(RETRY_AFTER, |guests, ctx| guests.ask(ctx));
            }
        }
    }
}

/// How long a question rests when the database is not available.
const RETRY_AFTER: Duration = Duration::from_millis(500);

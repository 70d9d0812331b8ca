//! # Guests - who has a mailbox open that is not his own
//!
//! Hears:  Enter, Leave, RightsChanged, Recheck, Answered
//! Says:   RightsAre → sessions · Run → Database
//! Lives:  the server's life
//! Knows:  the sessions of guests, and in which mailboxes the rights have to be read again
//! Limits: one question to the database at a time, whatever happens meanwhile
//!
//! What a guest may do can change while he does it: by SETACL, by an administrator, by a change of a group, here or at
//! another host. Whoever hears of such a change says so here, and every guest is told what he may do now. Owners are not
//! asked about, so their mailboxes cost nothing.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use actix::AsyncContext;
use archiveopteryx::db;
use archiveopteryx::mailbox::MailboxKey;
use archiveopteryx::policy::{Rights, Viewer};

use crate::database::{self, Database};
use crate::mailbox_registry::SubscriptionId;

/// A guest has opened a mailbox. He is told his rights at once: they may have changed since the mailbox was found.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Enter {
    pub id: SubscriptionId,
    pub key: MailboxKey,
    pub viewer: Viewer,
    pub session: actix::Recipient<RightsAre>,
}

/// A session has ended; it need not have been a guest's.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Leave(pub SubscriptionId);

/// The rights in a mailbox have changed; that is committed.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct RightsChanged(pub MailboxKey);

/// The rights may have changed anywhere.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Recheck;

/// To a session: this is what its client may do now.
#[derive(actix::Message, Clone, Copy)]
#[rtype(result = "()")]
pub struct RightsAre(pub Rights);

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Answered {
    asked: Vec<SubscriptionId>,
    outcome: Result<Vec<Rights>, db::Error>,
}

/// The actor. One per server.
pub struct Guests {
    database: actix::Addr<Database>,
    guests: HashMap<SubscriptionId, Guest>,
    /// Mailboxes in which the rights are to be read, but not yet asked for.
    due: HashSet<MailboxKey>,
    asking: bool,
}

struct Guest {
    key: MailboxKey,
    viewer: Viewer,
    session: actix::Recipient<RightsAre>,
}

impl Guests {
    pub fn new(database: actix::Addr<Database>) -> Guests {
        Guests { database, guests: HashMap::new(), due: HashSet::new(), asking: false }
    }

    /// Asks what is due, unless an answer is still to come.
    fn ask(&mut self, ctx: &mut actix::Context<Self>) {
        if self.asking {
            return;
        }
        let due = std::mem::take(&mut self.due);
        let concerned = self.guests.iter().filter(|(_, guest)| due.contains(&guest.key));
        let (asked, questions): (Vec<_>, Vec<_>) =
            concerned.map(|(id, guest)| (*id, (guest.viewer, guest.key))).unzip();
        if asked.is_empty() {
            return;
        }
        self.asking = true;
        let (database, guests) = (self.database.clone(), ctx.address());
        actix_rt::spawn(async move {
            let outcome = database::run(&database, db::ReadRights { asked: questions }).await;
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
        self.due.insert(key);
        self.ask(ctx);
    }
}

impl actix::Handler<Leave> for Guests {
    type Result = ();

    fn handle(&mut self, Leave(id): Leave, _: &mut Self::Context) {
        self.guests.remove(&id);
    }
}

impl actix::Handler<RightsChanged> for Guests {
    type Result = ();

    fn handle(&mut self, RightsChanged(key): RightsChanged, ctx: &mut Self::Context) {
        self.due.insert(key);
        self.ask(ctx);
    }
}

impl actix::Handler<Recheck> for Guests {
    type Result = ();

    fn handle(&mut self, _: Recheck, ctx: &mut Self::Context) {
        self.due.extend(self.guests.values().map(|guest| guest.key));
        self.ask(ctx);
    }
}

impl actix::Handler<Answered> for Guests {
    type Result = ();

    fn handle(&mut self, Answered { asked, outcome }: Answered, ctx: &mut Self::Context) {
        self.asking = false;
        match outcome {
            Ok(rights) => {
                for (id, rights) in asked.iter().zip(rights) {
                    if let Some(guest) = self.guests.get(id) {
                        // A session's queue holds a handful at most, and this must not be lost.
                        guest.session.do_send(RightsAre(rights));
                    }
                }
                self.ask(ctx);
            }
            Err(error) => {
                tracing::warn!(%error, "could not read the rights of guests");
                let keys = asked.iter().filter_map(|id| self.guests.get(id)).map(|guest| guest.key);
                let keys: Vec<MailboxKey> = keys.collect();
                self.due.extend(keys);
                ctx.run_later(RETRY_AFTER, |guests, ctx| guests.ask(ctx));
            }
        }
    }
}

/// How long a question rests when the database is not available.
const RETRY_AFTER: Duration = Duration::from_millis(500);

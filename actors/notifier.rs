//! # Notifier - what one client hears of mailboxes that it does not have open
//!
//! Hears:  Look, Turned, Did, MetadataChanged, End
//! Says:   Run → Database · Watch, Unwatch → Watches · Watching → MetadataWatch · Overflowed → its connection · octets → its client's outbox
//! Lives:  from NOTIFY SET to the next NOTIFY, or disconnect
//! Knows:  an `imap::Watching`, which decides what is told
//! Limits: limits::NOTIFY_MAILBOXES_MAX
//!
//! One look at a time: what changes meanwhile is looked at by the next one, together. So a client that does not read
//! costs no more than what it was told last.

use std::collections::HashSet;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::db;
use archiveopteryx::imap::{Enabled, Own, Watching};
use archiveopteryx::mailbox::MailboxKey;

use crate::database::{self, Database};
use crate::metadata_watch::{self, MetadataChanged, MetadataWatch};
use crate::outbox::Outbox;
use crate::services::Services;
use crate::watches::{Look, Unwatch, Watch, WatchId, Watches};

/// How the client wants to be spoken to, and what it has open; said when commands have been carried out.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Turned {
    pub enabled: Enabled,
    pub open: Option<MailboxKey>,
}

/// The client has done this itself. Said before the changes are told to others.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Did(pub Own);

/// To the connection: more is to be told than can be told, and so nothing is any more.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Overflowed;

#[derive(actix::Message)]
#[rtype(result = "()")]
struct End;

/// A notifier that ends when this is dropped.
pub struct Notifying(actix::Addr<Notifier>);

impl Drop for Notifying {
    fn drop(&mut self) {
        self.0.do_send(End);
    }
}

impl Notifying {
    /// Watches from now on, on the arbiter this is called on.
    pub fn start(
        watching: Watching,
        services: &Services,
        outbox: Outbox,
        overflowed: actix::Recipient<Overflowed>,
    ) -> Notifying {
        let notifier = Notifier {
            database: services.database.clone(),
            watches: services.watches.clone(),
            metadata_watch: services.metadata_watch.clone(),
            outbox,
            overflowed,
            id: WatchId::new(),
            watching,
            due: HashSet::new(),
            // Something may have happened since the watch began, of which nobody could hear.
            all_due: true,
            hearing: None,
            metadata: Vec::new(),
            looking: false,
        };
        Notifying(notifier.start())
    }

    pub fn turned(&self, enabled: Enabled, open: Option<MailboxKey>) {
        self.0.do_send(Turned { enabled, open });
    }

    pub fn did(&self, own: Own) {
        self.0.do_send(Did(own));
    }
}

/// The actor.
pub struct Notifier {
    database: actix::Addr<Database>,
    watches: actix::Addr<Watches>,
    metadata_watch: actix::Addr<MetadataWatch>,
    outbox: Outbox,
    overflowed: actix::Recipient<Overflowed>,
    id: WatchId,
    watching: Watching,
    /// What has changed and has not been looked at.
    due: HashSet<MailboxKey>,
    all_due: bool,
    /// It is to be told what others write down about mailboxes and the server, if the client wants to hear of that.
    hearing: Option<metadata_watch::Watching>,
    /// What they have written down and the client has not been told.
    metadata: Vec<db::ChangedMetadata>,
    /// A look is under way, or its outcome is being told.
    looking: bool,
}

/// What a look has found.
enum Seen {
    All(db::Watched),
    Some(<db::FindMailboxes as db::Unit>::Output),
    /// There was nothing to look for: what is to be told is known.
    Nothing,
}

impl Notifier {
    /// Looks at what is due, unless it does so already.
    fn look(&mut self, ctx: &mut actix::Context<Self>) {
        if self.looking {
            return;
        }
        let all = std::mem::take(&mut self.all_due);
        let some = self.watching.reads_some(&std::mem::take(&mut self.due)).filter(|_| !all);
        if !all && some.is_none() && self.metadata.is_empty() {
            return;
        }
        self.looking = true;
        let (database, outbox) = (self.database.clone(), self.outbox.clone());
        let reads_all = all.then(|| self.watching.looks_at_all());
        let look = async move {
            let seen = match (reads_all, some) {
                (Some(all), _) => database::run(&database, all).await.map(Seen::All),
                (None, Some(some)) => database::run(&database, some).await.map(Seen::Some),
                (None, None) => Ok(Seen::Nothing),
            };
            // What the client itself is doing is known when its command has ended, and nothing is told within it.
            (seen, outbox.voice().await)
        };
        ctx.spawn(look.into_actor(self).map(|(seen, voice), notifier, ctx| {
            let mut lines = notifier.lines(seen, ctx);
            // Which mailboxes these are, and whether subscribed to, is known when all has been looked at.
            if !notifier.all_due {
                let metadata = std::mem::take(&mut notifier.metadata);
                lines.extend(notifier.watching.metadata_changed(&metadata));
            }
            let outbox = notifier.outbox.clone();
            let told = async move {
                let told = outbox.send(lines).await;
                drop(voice);
                told
            };
            ctx.spawn(told.into_actor(notifier).map(|told, notifier, ctx| {
                notifier.looking = false;
                match told {
                    Ok(()) => notifier.look(ctx),
                    Err(_) => ctx.stop(),
                }
            }));
        }));
    }

    /// What is to be told of what was seen.
    fn lines(&mut self, seen: Result<Seen, db::Error>, ctx: &mut actix::Context<Self>) -> Vec<u8> {
        match seen {
            Ok(Seen::Some(found)) => match self.watching.read_some(found) {
                Some(lines) => lines,
                None => {
                    self.all_due = true;
                    Vec::new()
                }
            },
            Ok(Seen::All(read)) => match self.watching.read_all(read) {
                Ok(lines) => {
                    self.watch(ctx);
                    lines
                }
                Err(error) => {
                    self.hearing = None;
                    self.metadata.clear();
                    self.watches.do_send(Unwatch(self.id));
                    self.overflowed.do_send(Overflowed);
                    archiveopteryx::imap::response::overflow(&error)
                }
            },
            Ok(Seen::Nothing) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "could not read what a client watches");
                ctx.run_later(RETRY_AFTER, |notifier, ctx| {
                    notifier.all_due = true;
                    notifier.look(ctx);
                });
                Vec::new()
            }
        }
    }

    /// Says what is to be heard of.
    fn watch(&self, ctx: &mut actix::Context<Self>) {
        self.watches.do_send(Watch {
            id: self.id,
            account: self.watching.viewer().account,
            keys: self.watching.keys(),
            sees_others: self.watching.sees_others(),
            notifier: ctx.address().recipient(),
        });
    }
}

impl actix::Actor for Notifier {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.watch(ctx);
        if self.watching.hears_metadata() {
            let (connection, viewer) = (self.watching.connection(), self.watching.viewer());
            let (watch, told) = (&self.metadata_watch, ctx.address().recipient());
            self.hearing = Some(metadata_watch::Watching::begin(watch, connection, viewer, told));
        }
        self.look(ctx);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.watches.do_send(Unwatch(self.id));
    }
}

impl actix::Handler<Look> for Notifier {
    type Result = ();

    fn handle(&mut self, Look { keys, all }: Look, ctx: &mut Self::Context) {
        self.due.extend(keys);
        self.all_due |= all;
        self.look(ctx);
    }
}

impl actix::Handler<MetadataChanged> for Notifier {
    type Result = ();

    fn handle(&mut self, changed: MetadataChanged, ctx: &mut Self::Context) {
        if self.hearing.is_some() {
            changed.add_to(&mut self.metadata);
            self.look(ctx);
        }
    }
}

impl actix::Handler<Turned> for Notifier {
    type Result = ();

    fn handle(&mut self, Turned { enabled, open }: Turned, _: &mut Self::Context) {
        self.watching.turn_to(enabled, open);
    }
}

impl actix::Handler<Did> for Notifier {
    type Result = ();

    fn handle(&mut self, Did(own): Did, ctx: &mut Self::Context) {
        self.all_due |= !own.names.is_empty();
        self.watching.note_own(own);
        self.look(ctx);
    }
}

impl actix::Handler<End> for Notifier {
    type Result = ();

    fn handle(&mut self, _: End, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

/// How long a look rests when the database is not available.
const RETRY_AFTER: Duration = Duration::from_millis(500);

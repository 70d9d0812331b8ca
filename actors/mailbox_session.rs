//! # MailboxSession - one mailbox, opened by one client
//!
//! Hears:  Open, Execute, Sync, HeedNothing, Changed, StandingIs, Close
//! Says:   Run → Database · Subscribe, Unsubscribe, Delivered → MailboxRegistry · Enter, Leave → Guests ·
//!         Revoked → its connection · octets → its client's outbox
//! Lives:  from SELECT to CLOSE, UNSELECT, the next SELECT, or disconnect
//! Knows:  an `imap::Selected`, which holds the view; nothing else about mail
//! Limits: limits::FETCH_PAGE_MESSAGES, by way of what the plans ask for

use std::pin::Pin;

use actix::{ActorContext, ActorFuture, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::error::Error;
use archiveopteryx::imap::{Answer, Enabled, Opening, Selected, SelectedCommand, response};
use archiveopteryx::mailbox::{MailboxKey, UidSet};
use archiveopteryx::policy::Standing;

use crate::database::Database;
use crate::drive;
use crate::guests::{self, Guests, StandingIs};
use crate::mailbox_registry::{self, Changed, MailboxRegistry};
use crate::outbox::{Gone, Outbox, Voice};
use crate::services::Services;
use crate::watched_mailbox::SubscriptionId;

/// Opens the mailbox: the answer tells the client what is in it.
pub struct Open(pub Opening);

impl actix::Message for Open {
    type Result = Result<Answer, Error>;
}

/// Carries out one command on the open mailbox. Long answers leave by the outbox meanwhile; the rest is returned.
pub struct Execute(pub SelectedCommand);

impl actix::Message for Execute {
    type Result = Result<Answer, Gone>;
}

/// Asks for the untagged lines that are due before a command of the connection itself ends.
#[derive(actix::Message)]
#[rtype(result = "Vec<u8>")]
pub struct Sync {
    /// Whether sequence numbers may change now (RFC 3501 §7.4.1).
    pub may_expunge: bool,
    /// How the client wants to be spoken to.
    pub enabled: Enabled,
    /// Messages that the command has made, by the mailboxes in which they are.
    pub made: Vec<(MailboxKey, UidSet)>,
}

/// The client is to hear of nothing any more that it does not ask for.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct HeedNothing;

/// To the connection: its client may not read the mailbox any more.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Revoked;

/// Ends the session; the connection says so, also when it goes down.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Close;

/// The actor.
pub struct MailboxSession {
    database: actix::Addr<Database>,
    registry: actix::Addr<MailboxRegistry>,
    guests: actix::Addr<Guests>,
    connection: actix::Recipient<Revoked>,
    outbox: Outbox,
    /// None until it has been opened, and while a command is being carried out with it.
    selected: Option<Selected>,
    subscription: Option<(MailboxKey, SubscriptionId)>,
    /// These messages are \Recent here; heard while a command was running.
    recent: UidSet,
    /// How the client stands to the mailbox now; heard while a command was running.
    standing: Option<Standing>,
    /// The client is being told something, or waits for that.
    telling: bool,
}

impl MailboxSession {
    pub fn new(services: &Services, outbox: Outbox, connection: actix::Recipient<Revoked>) -> MailboxSession {
        MailboxSession {
            database: services.database.clone(),
            registry: services.registry.clone(),
            guests: services.guests.clone(),
            connection,
            outbox,
            selected: None,
            subscription: None,
            recent: UidSet::new(),
            standing: None,
            telling: false,
        }
    }

    /// Gives the client what is due without its asking, if it is in IDLE.
    fn tell(&mut self, ctx: &mut actix::Context<Self>) {
        let Some(selected) = &mut self.selected else { return };
        selected.note_recent(&std::mem::take(&mut self.recent));
        if let Some(standing) = self.standing.take()
            && !selected.standing_is(standing)
        {
            self.connection.do_send(Revoked);
            return;
        }
        if self.telling || !selected.is_told_unasked() {
            return;
        }
        // What happens while the client does not read, or has a command carried out, it is told at once afterwards.
        self.telling = true;
        let outbox = self.outbox.clone();
        let turn = async move { outbox.voice().await }.into_actor(self);
        ctx.spawn(turn.then(|voice, session, _| session.tell_all(voice)).map(|again, session, ctx| {
            session.telling = false;
            if again {
                session.tell(ctx);
            }
        }));
    }

    /// Tells the client all that is new, and meanwhile nobody else tells it anything. Whether that was something.
    fn tell_all(&mut self, voice: Voice) -> Pin<Box<dyn ActorFuture<Self, Output = bool>>> {
        let Some(mut selected) = self.selected.take() else { return Box::pin(actix::fut::ready(false)) };
        let Some(plan) = selected.news() else {
            self.selected = Some(selected);
            return Box::pin(actix::fut::ready(false));
        };
        let (database, outbox) = (self.database.clone(), self.outbox.clone());
        let told = async move {
            let told = match drive::drive(None, plan, &mut selected, &database, &outbox).await {
                Ok(answer) => outbox.send(answer.untagged).await,
                Err(Gone) => Err(Gone),
            };
            drop(voice);
            (selected, told.is_ok())
        };
        Box::pin(told.into_actor(self).map(|(selected, told), session, _| {
            session.selected = Some(selected);
            told
        }))
    }
}

impl actix::Actor for MailboxSession {
    type Context = actix::Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        if let Some((key, id)) = self.subscription.take() {
            self.registry.do_send(mailbox_registry::Unsubscribe { key, id });
            self.guests.do_send(guests::Leave(id));
        }
    }
}

impl actix::Handler<Open> for MailboxSession {
    type Result = actix::ResponseActFuture<Self, Result<Answer, Error>>;

    fn handle(&mut self, Open(opening): Open, ctx: &mut Self::Context) -> Self::Result {
        let subscribe = mailbox_registry::Subscribe {
            key: opening.key,
            at_least: opening.highestmodseq,
            first_recent_uid: opening.first_recent_uid,
            read_write: opening.takes_recent(),
            session: ctx.address().recipient(),
        };
        let subscribed = self.registry.send(subscribe);
        Box::pin(subscribed.into_actor(self).map(|outcome, session, ctx| {
            let subscribed = outcome.map_err(|_| Error::bug("the mailbox registry is gone"))??;
            session.subscription = Some((opening.key, subscribed.id));
            let Opening { key, viewer, .. } = opening;
            // How one stands to what was deleted never changes.
            if !key.is_of_deleted() {
                let session_here = ctx.address().recipient();
                let enter = guests::Enter { id: subscribed.id, key, viewer, session: session_here };
                session.guests.do_send(enter);
            }
            let (selected, answer) = Selected::open(opening, subscribed.shared, subscribed.recent);
            session.selected = Some(selected);
            Ok(answer)
        }))
    }
}

impl actix::Handler<Execute> for MailboxSession {
    type Result = actix::ResponseActFuture<Self, Result<Answer, Gone>>;

    fn handle(&mut self, Execute(command): Execute, _: &mut Self::Context) -> Self::Result {
        let mut selected =
            self.selected.take().expect("a connection sends one command at a time, after Open");
        let (database, outbox, registry) =
            (self.database.clone(), self.outbox.clone(), self.registry.clone());
        let done = async move {
            let at_work = Some(response::at_work(&command.tag));
            let plan = selected.execute(command);
            let answer = drive::drive(at_work, plan, &mut selected, &database, &outbox).await;
            // Also when the client has gone before the command came to its end.
            let changes = selected.take_changes();
            if !changes.is_empty() {
                // The registry lives as long as the server; when it is gone, so is everybody to tell.
                let _ = registry.send(mailbox_registry::Delivered { changes }).await;
            }
            (selected, answer)
        };
        Box::pin(done.into_actor(self).map(|(selected, answer), session, ctx| {
            session.selected = Some(selected);
            session.tell(ctx);
            answer
        }))
    }
}

impl actix::Handler<Sync> for MailboxSession {
    type Result = Vec<u8>;

    fn handle(&mut self, Sync { may_expunge, enabled, made }: Sync, ctx: &mut Self::Context) -> Vec<u8> {
        let recent = std::mem::take(&mut self.recent);
        let lines = self.selected.as_mut().map_or_else(Vec::new, |selected| {
            selected.note_recent(&recent);
            let (lines, here) = (selected.catch_up(may_expunge, enabled), selected.key());
            for (_, uids) in made.iter().filter(|(key, _)| *key == here) {
                selected.note_own_messages(uids);
            }
            lines
        });
        self.tell(ctx);
        lines
    }
}

impl actix::Handler<HeedNothing> for MailboxSession {
    type Result = ();

    fn handle(&mut self, _: HeedNothing, _: &mut Self::Context) {
        if let Some(selected) = &mut self.selected {
            selected.heed_nothing();
        }
    }
}

impl actix::Handler<Changed> for MailboxSession {
    type Result = ();

    fn handle(&mut self, Changed { recent }: Changed, ctx: &mut Self::Context) {
        if let Some(recent) = recent {
            self.recent = self.recent.union(&recent);
        }
        self.tell(ctx);
    }
}

impl actix::Handler<StandingIs> for MailboxSession {
    type Result = ();

    fn handle(&mut self, StandingIs(standing): StandingIs, ctx: &mut Self::Context) {
        self.standing = Some(standing);
        self.tell(ctx);
    }
}

impl actix::Handler<Close> for MailboxSession {
    type Result = ();

    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

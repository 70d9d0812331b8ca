//! # MailboxSession - one mailbox, opened by one client
//!
//! Hears:  Open, Execute, Sync, Changed, StandingIs, Close
//! Says:   Run → Database · Subscribe, Unsubscribe, Delivered → MailboxRegistry · Enter, Leave → Guests ·
//!         Revoked → its connection · octets → its client's outbox
//! Lives:  from SELECT to CLOSE, UNSELECT, the next SELECT, or disconnect
//! Knows:  an `imap::Selected`, which holds the view; nothing else about mail
//! Limits: limits::FETCH_PAGE_MESSAGES, by way of what the plans ask for

use actix::{ActorContext, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::error::Error;
use archiveopteryx::imap::{Answer, Enabled, Opening, Selected, SelectedCommand};
use archiveopteryx::mailbox::MailboxKey;
use archiveopteryx::policy::Standing;

use crate::database::Database;
use crate::drive;
use crate::guests::{self, Guests, StandingIs};
use crate::mailbox_registry::{self, Changed, MailboxRegistry, SubscriptionId};
use crate::outbox::{Gone, Outbox};
use crate::services::Services;

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
}

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
    /// Messages from this uid on are \Recent here; heard while a command was running.
    recent_from: Option<u32>,
    /// How the client stands to the mailbox now; heard while a command was running.
    standing: Option<Standing>,
    /// Lines wait for a client that is slow to read.
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
            recent_from: None,
            standing: None,
            telling: false,
        }
    }

    /// Gives the client what is due without its asking, if it is in IDLE.
    fn tell(&mut self, ctx: &mut actix::Context<Self>) {
        let Some(selected) = &mut self.selected else { return };
        if let Some(uid) = self.recent_from.take() {
            selected.recent_from(uid);
        }
        if let Some(standing) = self.standing.take()
            && !selected.standing_is(standing)
        {
            self.connection.do_send(Revoked);
            return;
        }
        if self.telling {
            return;
        }
        let Some(lines) = selected.changed() else { return };
        if let Err(lines) = self.outbox.try_send(lines.into()) {
            // The client does not read. When it does, it is told everything else at once.
            self.telling = true;
            let outbox = self.outbox.clone();
            let told = async move { outbox.send(lines).await }.into_actor(self);
            ctx.spawn(told.map(|_, session, ctx| {
                session.telling = false;
                session.tell(ctx);
            }));
        }
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
            let (selected, answer) = Selected::open(opening, subscribed.shared, subscribed.recent_from);
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
            let plan = selected.execute(command);
            let mut answer = drive::drive(plan, &mut selected, &database, &outbox).await;
            if let Ok(Answer { changes, .. }) = &mut answer
                && !changes.is_empty()
            {
                let changes = std::mem::take(changes);
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

    fn handle(&mut self, Sync { may_expunge, enabled }: Sync, _: &mut Self::Context) -> Vec<u8> {
        let recent_from = self.recent_from.take();
        self.selected.as_mut().map_or_else(Vec::new, |selected| {
            recent_from.into_iter().for_each(|uid| selected.recent_from(uid));
            selected.catch_up(may_expunge, enabled)
        })
    }
}

impl actix::Handler<Changed> for MailboxSession {
    type Result = ();

    fn handle(&mut self, Changed { recent_from }: Changed, ctx: &mut Self::Context) {
        self.recent_from = self.recent_from.or(recent_from);
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

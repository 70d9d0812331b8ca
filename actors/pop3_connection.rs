//! # Pop3Connection - one POP3 client
//!
//! Hears:  Received, Secured, Dismissed, Hungup, Shutdown
//! Says:   Run → Database · Look, Delivered → MailboxRegistry
//! Lives:  from greeting to goodbye
//! Knows:  a `pop3::Conversation`, which decides everything about the protocol
//! Limits: limits::POP3_IDLE_SECONDS_MAX, limits::POP3_LOGIN_SECONDS_MAX
//!
//! As with IMAP, the client task waits until what the client sent has been dealt with, which happens in one future.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::db;
use archiveopteryx::limits;
use archiveopteryx::login::Origin;
use archiveopteryx::pop3::{After, Answer, Conversation, Event, Opening, Setup};
use archiveopteryx::settings::Utf8Headers;
use bytes::Bytes;
use tracing::Instrument;

use crate::attendance::Dismissed;
use crate::client_socket::{ClientSocket, TlsFacts};
use crate::client_task::{self, Change, Hungup, Next, Received, Secured, Shutdown};
use crate::drive;
use crate::listener::Peer;
use crate::mailbox_registry;
use crate::outbox::{Gone, Outbox};
use crate::roll;
use crate::services::{Services, UserPlace};
use crate::tls::Protocol;

/// The actor.
pub struct Pop3Connection {
    /// None while octets are being dealt with.
    talk: Option<Talk>,
    span: tracing::Span,
    /// When the client last said something, or, before login, when it came.
    heard: Instant,
    logged_in: bool,
    /// Counts among the connections of its door as long as it lives.
    peer: Peer,
}

/// What is needed to talk with the client, in one piece so that the future that does so can own it.
struct Talk {
    conversation: Conversation,
    outbox: Outbox,
    services: Services,
    /// Where the client logs in from.
    origin: Origin,
    /// Where it is written down who the client is.
    entry: Arc<roll::Entry>,
    /// Counts among the connections of its user.
    place: Option<UserPlace>,
    /// The connection itself, for who may send it away.
    connection: Option<actix::Recipient<Dismissed>>,
}

/// What follows when all that the client sent has been dealt with.
enum Then {
    Listen,
    StartTls,
    Close,
}

impl Talk {
    /// Does everything that the conversation can do with what it has received.
    async fn carry_on(&mut self) -> Result<Then, Gone> {
        while let Some(event) = self.conversation.poll() {
            let event = match event {
                // It has nothing to log, so it need not say what it belongs to.
                Event::Send(octets) => {
                    self.outbox.send(octets).await?;
                    continue;
                }
                event => event,
            };
            let span = tracing::info_span!("command", of = %self.conversation.doing());
            match self.carry_out(event).instrument(span).await? {
                Then::Listen => {}
                end => return Ok(end),
            }
        }
        Ok(Then::Listen)
    }

    async fn carry_out(&mut self, event: Event) -> Result<Then, Gone> {
        match event {
            Event::Send(octets) => self.outbox.send(octets).await?,
            Event::Ask(question) => {
                let connection = self.connection.clone().expect("a connection has started before it reads");
                let (answer, place) =
                    self.services.ask((&self.origin, &self.entry), question, connection).await;
                self.place = place.or(self.place.take());
                self.conversation.answered(answer);
            }
            Event::Run(plan) => {
                let Services { database, .. } = &self.services;
                let plan = drive::drive(None, plan, &mut self.conversation, database, &self.outbox);
                let answer = plan.await?;
                return self.answered(answer).await;
            }
            Event::StartTls => {
                self.outbox.pause(Bytes::new()).await?;
                return Ok(Then::StartTls);
            }
            Event::Close => return Ok(Then::Close),
        }
        Ok(Then::Listen)
    }

    /// Tells others what a command has changed, and does what it leaves to be done.
    async fn answered(&mut self, Answer { changes, next }: Answer) -> Result<Then, Gone> {
        if !changes.is_empty() {
            // The registry lives as long as the server; when it is gone, so is everybody to tell.
            let _ = self.services.registry.send(mailbox_registry::Delivered { changes }).await;
        }
        match next {
            After::Continue => {}
            After::Open(opening) => {
                let Opening { key, at_least, .. } = opening;
                let looked = self.services.registry.send(mailbox_registry::Look { key, at_least }).await;
                let gone = |_| Err(db::Error::Unavailable("the server is stopping".into()));
                self.conversation.opened(opening, looked.unwrap_or_else(gone));
            }
            After::Close => return Ok(Then::Close),
        }
        Ok(Then::Listen)
    }
}

impl Pop3Connection {
    /// Greets the client at `socket` and serves it, on the arbiter this is called on.
    pub fn start(socket: ClientSocket, peer: Peer, services: Services) {
        let (outbox, queue) = Outbox::new();
        let origin = Origin { door: "pop3", address: peer.address.ip(), tls: peer.tls.is_some() };
        let mut conversation = Conversation::new(setup(&services, &origin, peer.tls.as_deref()));
        if let Some(Event::Send(greeting)) = conversation.poll() {
            // An empty queue takes the greeting.
            let _ = outbox.try_send(greeting.into());
        }
        let span = tracing::info_span!("pop3", client = %peer.address);
        let (tls, stopping) = (services.tls.clone(), services.stopping.clone());
        let entry = peer.listed.entry();
        let talk =
            Some(Talk { conversation, outbox, services, origin, entry, place: None, connection: None });
        let heard = Instant::now();
        let connection = Pop3Connection { talk, span, heard, logged_in: false, peer }.start();
        client_task::start(socket, queue, (tls, Protocol::Pop3), stopping, connection);
    }

    /// Takes the conversation back when all that was received has been dealt with.
    fn rest(
        &mut self,
        talk: Talk,
        then: Result<Then, Gone>,
        ctx: &mut actix::Context<Self>,
    ) -> Result<Next, Gone> {
        self.logged_in = talk.conversation.logged_in();
        self.talk = Some(talk);
        if self.logged_in {
            self.heard = Instant::now();
        }
        match then {
            Ok(Then::Listen) => return Ok(Next::ReadOn),
            Ok(Then::StartTls) => return Ok(Next::Change(Change::StartTls)),
            Ok(Then::Close) | Err(Gone) => ctx.stop(),
        }
        Err(Gone)
    }
}

/// What the conversation has to know of this server and this client.
fn setup(services: &Services, origin: &Origin, tls: Option<&TlsFacts>) -> Setup {
    let settings = &services.settings.pop3;
    Setup {
        hostname: services.settings.hostname.clone(),
        starttls: services.tls.is_offered(),
        secure: tls.is_some(),
        terms: services.terms(settings.plaintext_login, origin, tls),
        mark_seen: settings.mark_seen,
        utf8_wanted: settings.utf8_headers == Utf8Headers::Refuse,
        client: Some(origin.address.to_string()),
    }
}

impl actix::Actor for Pop3Connection {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(talk) = &mut self.talk {
            talk.connection = Some(ctx.address().recipient());
        }
        let myself = ctx.address();
        self.peer.listed.entry().leaves_by(move |why| myself.do_send(Dismissed(why.into())));
        // An actor empties its queue before its timers run, so the timer compares instants.
        ctx.run_interval(WATCH_INTERVAL, |connection, ctx| {
            let seconds = if connection.logged_in {
                limits::POP3_IDLE_SECONDS_MAX
            } else {
                limits::POP3_LOGIN_SECONDS_MAX
            };
            // RFC 1939 §3: nothing is removed then, and nothing is said.
            if connection.talk.is_some() && connection.heard.elapsed() > Duration::from_secs(seconds) {
                ctx.stop();
            }
        });
    }
}

impl actix::Handler<Received> for Pop3Connection {
    type Result = actix::ResponseActFuture<Self, Result<Next, Gone>>;

    fn handle(&mut self, Received(octets): Received, _: &mut Self::Context) -> Self::Result {
        let mut talk =
            self.talk.take().expect("the client task waits until everything before has been dealt with");
        talk.entry.heard();
        let dealt = async move {
            talk.conversation.receive(&octets);
            let then = talk.carry_on().await;
            (talk, then)
        };
        let dealt = dealt.instrument(self.span.clone()).into_actor(self);
        Box::pin(dealt.map(|(talk, then), connection, ctx| connection.rest(talk, then, ctx)))
    }
}

impl actix::Handler<Secured> for Pop3Connection {
    type Result = ();

    fn handle(&mut self, Secured(facts): Secured, _: &mut Self::Context) {
        let talk =
            self.talk.as_mut().expect("the client task waits until everything before has been dealt with");
        talk.origin.tls = true;
        talk.entry.secured();
        let plaintext = talk.services.settings.pop3.plaintext_login;
        let terms = talk.services.terms(plaintext, &talk.origin, Some(&facts));
        talk.conversation.secured(terms);
    }
}

impl actix::Handler<Dismissed> for Pop3Connection {
    type Result = ();

    fn handle(&mut self, _: Dismissed, ctx: &mut Self::Context) {
        // POP3 has no words for that; nothing is removed.
        ctx.stop();
    }
}

impl actix::Handler<Hungup> for Pop3Connection {
    type Result = ();

    fn handle(&mut self, _: Hungup, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl actix::Handler<Shutdown> for Pop3Connection {
    type Result = ();

    fn handle(&mut self, _: Shutdown, ctx: &mut Self::Context) {
        if let Some(talk) = &mut self.talk {
            let goodbye = talk.conversation.goodbye();
            // A client that does not read misses its goodbye.
            let _ = talk.outbox.try_send(goodbye.into());
        }
        ctx.stop();
    }
}

/// How often an idle client is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(60);

//! # ImapConnection - one IMAP client
//!
//! Hears:  Received, Secured, Revoked, Overflowed, Dismissed, MetadataChanged, Hungup, Shutdown
//! Says:   Open, Execute, Sync, Close → MailboxSession · Run → Database · Delivered → MailboxRegistry ·
//!         Watching → MetadataWatch
//! Lives:  from greeting to goodbye
//! Knows:  an `imap::Conversation`, which decides everything about the protocol
//! Limits: limits::IMAP_IDLE_SECONDS_MAX, limits::IMAP_LOGIN_SECONDS_MAX
//!
//! The client task hands over what the client sends and waits until it has been dealt with. Everything this actor does
//! for those octets happens in one future, in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::db::ChangedMetadata;
use archiveopteryx::error::Error;
use archiveopteryx::imap::{After, Answer, Conversation, Event, Opening, SelectedCommand, Setup, Watch};
use archiveopteryx::limits;
use archiveopteryx::login::Origin;
use archiveopteryx::mailbox::{MailboxKey, UidSet};
use bytes::Bytes;
use tracing::Instrument;

use crate::attendance::Dismissed;
use crate::client_socket::{ClientSocket, TlsFacts};
use crate::client_task::{self, Change, Hungup, Next, Received, Secured, Shutdown};
use crate::drive;
use crate::listener::Peer;
use crate::mailbox_registry;
use crate::mailbox_session::{self, MailboxSession, Revoked};
use crate::metadata_watch::{MetadataChanged, Watching};
use crate::notifier::{Notifying, Overflowed};
use crate::outbox::{Gone, Outbox};
use crate::pulse::Pulse;
use crate::roll;
use crate::services::{Services, UserPlace};
use crate::tls::Protocol;

/// The actor.
pub struct ImapConnection {
    /// None while octets are being dealt with.
    talk: Option<Talk>,
    outbox: Outbox,
    span: tracing::Span,
    /// When the client last said something; before login, when it came.
    heard: Instant,
    logged_in: bool,
    /// The client is told what others write down about mailboxes and the server.
    watching: Option<Watching>,
    /// What it is to be told of that when nothing is half said.
    untold: Vec<ChangedMetadata>,
    /// The conversation ends, with these words, as soon as nothing is half said.
    ending: Option<Arc<str>>,
    /// The notifier has given up.
    overflowed: bool,
    /// Counts among the connections of its door as long as it lives.
    peer: Peer,
}

/// What is needed to talk with the client, in one piece so that the future that does so can own it.
struct Talk {
    conversation: Conversation,
    outbox: Outbox,
    services: Services,
    session: Option<Session>,
    /// What tells the client of mailboxes that it does not have open.
    notifier: Option<Notifying>,
    /// Where the client logs in from.
    origin: Origin,
    /// Where it is written down who the client is, and what it does.
    entry: Arc<roll::Entry>,
    /// The connection itself, for its sessions and for who may send it away.
    connection: Option<actix::Addr<ImapConnection>>,
    /// Counts among the connections of its user.
    place: Option<UserPlace>,
}

/// An open mailbox; closes it when dropped, however the connection ends.
struct Session(actix::Addr<MailboxSession>);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.do_send(mailbox_session::Close);
    }
}

/// What follows when all that the client sent has been dealt with.
enum Then {
    Listen,
    Change(Change),
    Close,
}

impl Talk {
    /// Does everything that the conversation can do with what it has received.
    async fn carry_on(&mut self) -> Result<Then, Gone> {
        while let Some(event) = self.conversation.poll(jiff::Timestamp::now()) {
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
        if let Some(notifier) = &self.notifier {
            notifier.turned(self.conversation.enabled(), self.conversation.open_key());
        }
        Ok(Then::Listen)
    }

    async fn carry_out(&mut self, event: Event) -> Result<Then, Gone> {
        match event {
            Event::Send(octets) => self.outbox.send(octets).await?,
            Event::Ask(question) => {
                let connection = self.connection().recipient();
                let (answer, place) =
                    self.services.ask((&self.origin, &self.entry), question, connection).await;
                self.place = place.or(self.place.take());
                self.conversation.answered(answer);
            }
            Event::Run(plan) => {
                let (at_work, database) = (self.conversation.at_work(), &self.services.database);
                let plan = drive::drive(at_work, plan, &mut self.conversation, database, &self.outbox);
                let answer = plan.await?;
                self.answer(answer).await?;
                // After UNAUTHENTICATE it is a connection of nobody.
                if !self.conversation.logged_in() {
                    self.place = None;
                }
            }
            Event::Selected(command) => self.execute(command).await?,
            Event::StartTls => {
                self.outbox.pause(Bytes::new()).await?;
                return Ok(Then::Change(Change::StartTls));
            }
            Event::Compress { last, unread } => {
                self.outbox.pause(last).await?;
                return Ok(Then::Change(Change::Compress(unread.into())));
            }
            Event::Decompress { last, unread } => {
                self.outbox.pause(last).await?;
                return Ok(Then::Change(Change::Decompress(unread.into())));
            }
            Event::Close => return Ok(Then::Close),
        }
        Ok(Then::Listen)
    }

    fn connection(&self) -> actix::Addr<ImapConnection> {
        self.connection.clone().expect("a connection has started before it reads")
    }

    /// Has the open mailbox carry out a command.
    async fn execute(&mut self, command: SelectedCommand) -> Result<(), Gone> {
        let session = self.session.as_ref().expect("the conversation knows whether a mailbox is open");
        match session.0.send(mailbox_session::Execute(command)).await {
            Ok(answer) => self.answer(answer?).await,
            // It panicked. Its client cannot know any more what it has been told, so it has to start anew.
            Err(_) => {
                self.outbox.send(self.conversation.goodbye("internal error, please connect again")).await?;
                Err(Gone)
            }
        }
    }

    /// Sends an answer: the untagged lines of the command, those of the open mailbox, the tagged line.
    async fn answer(&mut self, answer: Answer) -> Result<(), Gone> {
        if let Some(notifier) = self.notifier.as_ref().filter(|_| !answer.own.is_empty()) {
            notifier.did(answer.own);
        }
        let made = answer.changes.iter().map(|change| {
            let uids = change.appended.iter().map(|message| message.uid);
            (change.key, uids.collect())
        });
        let made: Vec<(MailboxKey, UidSet)> = made.collect();
        if !answer.changes.is_empty() {
            let delivered = mailbox_registry::Delivered { changes: answer.changes };
            // The registry lives as long as the server; when it is gone, so is everybody to tell.
            let _ = self.services.registry.send(delivered).await;
        }
        let mut octets = match answer.untagged.starts_with(b"* NO ") {
            true => self.conversation.said(answer.untagged),
            false => answer.untagged,
        };
        if let (Some(session), Some(may_expunge)) = (&self.session, answer.sync) {
            let enabled = self.conversation.enabled();
            let due = session.0.send(mailbox_session::Sync { may_expunge, enabled, made }).await;
            octets.extend(due.unwrap_or_default());
        }
        octets.extend(self.conversation.said(answer.tagged));
        match answer.watch {
            Watch::Continue => {}
            Watch::End => self.notifier = None,
            Watch::Begin(watching) => {
                let overflowed = self.connection().recipient();
                self.notifier =
                    Some(Notifying::start(*watching, &self.services, self.outbox.clone(), overflowed));
            }
        }
        match answer.next {
            After::Continue => {}
            After::Unselect => {
                self.session = None;
                self.entry.opened(None);
                self.conversation.closed();
            }
            After::Close => {
                self.outbox.send(octets).await?;
                return Err(Gone);
            }
            After::Open(opening) => {
                self.outbox.send(octets).await?;
                octets = self.open(*opening).await;
            }
        }
        self.outbox.send(octets).await
    }

    /// NOTIFY has ended by itself.
    fn heed_nothing(&mut self) {
        self.notifier = None;
        self.conversation.heed_nothing();
        if let Some(session) = &self.session {
            session.0.do_send(mailbox_session::HeedNothing);
        }
    }

    /// Opens a mailbox and returns what the client is to be told of it.
    async fn open(&mut self, opening: Opening) -> Vec<u8> {
        self.session = None;
        let connection = self.connection().recipient();
        let session = MailboxSession::new(&self.services, self.outbox.clone(), connection).start();
        let mut pulse = Pulse::new(&self.outbox, self.conversation.at_work());
        let opened = pulse.wait(session.send(mailbox_session::Open(opening.clone()))).await;
        let opened = opened.unwrap_or_else(|error| Err(Error::bug(format!("the session ended: {error}"))));
        if opened.is_ok() {
            self.session = Some(Session(session));
        }
        self.entry.opened(opened.is_ok().then(|| opening.name.as_str().to_owned()));
        self.conversation.opened(opening, opened)
    }
}

impl ImapConnection {
    /// Greets the client at `socket` and serves it, on the arbiter this is called on.
    pub fn start(socket: ClientSocket, peer: Peer, services: Services) {
        let (outbox, queue) = Outbox::new();
        let origin = Origin { door: "imap", address: peer.address.ip(), tls: peer.tls.is_some() };
        let (conversation, greeting) =
            Conversation::new(setup(&services, &origin, peer.tls.as_deref(), &peer.listed.entry()));
        // An empty queue takes the greeting.
        let _ = outbox.try_send(greeting.into());
        let span = tracing::info_span!("imap", client = %peer.address);
        let (tls, stopping) = (services.tls.clone(), services.stopping.clone());
        let talk = Talk {
            conversation,
            outbox: outbox.clone(),
            services,
            session: None,
            notifier: None,
            origin,
            entry: peer.listed.entry(),
            connection: None,
            place: None,
        };
        let heard = Instant::now();
        let connection = ImapConnection {
            talk: Some(talk),
            outbox,
            span,
            heard,
            logged_in: false,
            watching: None,
            untold: Vec::new(),
            ending: None,
            overflowed: false,
            peer,
        };
        client_task::start(socket, queue, (tls, Protocol::Imap), stopping, connection.start());
    }

    /// Says BYE with `text`, as soon as no answer is half written, and ends.
    fn say_goodbye(&mut self, text: &str, ctx: &mut actix::Context<Self>) {
        let Some(talk) = &mut self.talk else {
            self.ending = Some(text.into());
            return;
        };
        let goodbye = talk.conversation.goodbye(text);
        // A client that does not read misses its goodbye.
        let _ = self.outbox.try_send(goodbye.into());
        ctx.stop();
    }

    /// Sees to it that the client is told what others write down, if it wants to be told.
    fn watch(&mut self, ctx: &mut actix::Context<Self>) {
        let Some(talk) = &self.talk else { return };
        let wanted = talk.conversation.watches_metadata();
        if wanted == self.watching.as_ref().map(Watching::viewer) {
            return;
        }
        self.untold.clear();
        // One ends before the next begins.
        self.watching = None;
        let (watch, told) = (&talk.services.metadata_watch, ctx.address().recipient());
        self.watching = wanted.map(|viewer| Watching::begin(watch, talk.conversation.number(), viewer, told));
    }

    /// Tells the client what others have written down, unless an answer is half said, or anything else that is told
    /// without its asking; a client that does not read is told later.
    fn tell(&mut self, ctx: &mut actix::Context<Self>) {
        let Some(talk) = self.talk.as_ref().filter(|_| !self.untold.is_empty()) else { return };
        let Some(_voice) = self.outbox.try_voice() else {
            let silence = self.outbox.silence();
            ctx.spawn(silence.into_actor(self).map(|(), connection, ctx| connection.tell(ctx)));
            return;
        };
        if self.outbox.try_send(talk.conversation.metadata_changed(&self.untold).into()).is_ok() {
            self.untold.clear();
        }
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
        self.watch(ctx);
        if matches!(then, Ok(Then::Listen)) {
            self.tell(ctx);
        }
        match (then, self.ending.take()) {
            (Ok(Then::Listen), Some(text)) => self.say_goodbye(&text, ctx),
            (Ok(Then::Listen), None) => return Ok(Next::ReadOn),
            (Ok(Then::Change(change)), _) => return Ok(Next::Change(change)),
            (Ok(Then::Close) | Err(Gone), _) => ctx.stop(),
        }
        Err(Gone)
    }
}

/// What the conversation has to know of this server and this client.
fn setup(services: &Services, origin: &Origin, tls: Option<&TlsFacts>, entry: &roll::Entry) -> Setup {
    Setup {
        hostname: services.settings.hostname.clone(),
        literal_max: services.settings.delivery.size_max.octets(),
        starttls: services.tls.is_offered(),
        secure: tls.is_some(),
        terms: services.terms(services.settings.imap.plaintext_login, origin, tls),
        first_mailboxes: services.settings.accounts.first_mailboxes.clone().into(),
        client: Some(origin.address.to_string()),
        administrators_group: services.settings.login.administrators_group.clone(),
        submission_group: services.settings.login.submission_group.clone(),
        deleted_messages: services.settings.undelete.for_users,
        language: services.language(),
        compress: services.settings.imap.compress,
        literal_plus: services.settings.imap.literal_plus,
        connection: services.number_for(entry),
        limit: services.message_limit(),
    }
}

impl actix::Actor for ImapConnection {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(talk) = &mut self.talk {
            talk.connection = Some(ctx.address());
        }
        let myself = ctx.address();
        self.peer.listed.entry().leaves_by(move |why| myself.do_send(Dismissed(why.into())));
        // An actor empties its queue before its timers run, so the timer compares instants.
        ctx.run_interval(Duration::from_secs(limits::IMAP_STILL_HERE_SECONDS), |connection, _| {
            let idling = connection.talk.as_ref().and_then(|talk| talk.conversation.quirk_idle_without_end());
            if let Some(words) = idling {
                // A client that does not read is not to be told twice.
                let _ = connection.outbox.try_send(words.into());
                connection.heard = Instant::now();
            }
        });
        ctx.run_interval(WATCH_INTERVAL, |connection, ctx| {
            let seconds = if connection.logged_in {
                limits::IMAP_IDLE_SECONDS_MAX
            } else {
                limits::IMAP_LOGIN_SECONDS_MAX
            };
            connection.tell(ctx);
            if connection.talk.is_some() && connection.heard.elapsed() > Duration::from_secs(seconds) {
                connection.say_goodbye("nothing heard for too long", ctx);
            }
        });
    }
}

impl actix::Handler<Received> for ImapConnection {
    type Result = actix::ResponseActFuture<Self, Result<Next, Gone>>;

    fn handle(&mut self, Received(octets): Received, _: &mut Self::Context) -> Self::Result {
        let mut talk = self.talk.take().expect("the client task waits until all before has been dealt with");
        talk.entry.heard();
        let overflowed = std::mem::take(&mut self.overflowed);
        let dealt = async move {
            // What the client is being told without its asking ends first.
            let _voice = talk.outbox.voice().await;
            if overflowed {
                talk.heed_nothing();
            }
            talk.conversation.receive(&octets);
            let then = talk.carry_on().await;
            (talk, then)
        };
        let dealt = dealt.instrument(self.span.clone()).into_actor(self);
        Box::pin(dealt.map(|(talk, then), connection, ctx| connection.rest(talk, then, ctx)))
    }
}

impl actix::Handler<Secured> for ImapConnection {
    type Result = ();

    fn handle(&mut self, Secured(facts): Secured, _: &mut Self::Context) {
        let talk = self.talk.as_mut().expect("the client task waits until all before has been dealt with");
        talk.origin.tls = true;
        talk.entry.secured();
        let plaintext = talk.services.settings.imap.plaintext_login;
        let terms = talk.services.terms(plaintext, &talk.origin, Some(&facts));
        talk.conversation.secured(terms);
    }
}

impl actix::Handler<Revoked> for ImapConnection {
    type Result = ();

    fn handle(&mut self, _: Revoked, ctx: &mut Self::Context) {
        // RFC 4314 §5.1.1 allows it, and says that clients do not understand a refusal of each command.
        self.say_goodbye("you may not read this mailbox any more", ctx);
    }
}

impl actix::Handler<Overflowed> for ImapConnection {
    type Result = ();

    fn handle(&mut self, _: Overflowed, _: &mut Self::Context) {
        match &mut self.talk {
            Some(talk) => talk.heed_nothing(),
            None => self.overflowed = true,
        }
    }
}

impl actix::Handler<Dismissed> for ImapConnection {
    type Result = ();

    fn handle(&mut self, Dismissed(why): Dismissed, ctx: &mut Self::Context) {
        self.say_goodbye(&why, ctx);
    }
}

impl actix::Handler<MetadataChanged> for ImapConnection {
    type Result = ();

    fn handle(&mut self, changed: MetadataChanged, ctx: &mut Self::Context) {
        changed.add_to(&mut self.untold);
        self.tell(ctx);
    }
}

impl actix::Handler<Hungup> for ImapConnection {
    type Result = ();

    fn handle(&mut self, _: Hungup, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl actix::Handler<Shutdown> for ImapConnection {
    type Result = ();

    fn handle(&mut self, _: Shutdown, ctx: &mut Self::Context) {
        self.say_goodbye(STOPPING, ctx);
    }
}

/// How often an idle client is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(60);
const STOPPING: &str = "the server is stopping";

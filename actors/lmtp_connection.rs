//! # LmtpConnection - one MTA that delivers.
//!
//! Hears:  Received, Secured, Dismissed, TimedOut
//! Says:   Run → Database · Deliver, Heard, Unheard → Delivery
//! Lives:  from greeting to goodbye
//! Knows:  an `lmtp::Conversation`, and the receipts of which its client has not evidently heard
//! Limits: limits::LMTP_IDLE_SECONDS_MAX, limits::LMTP_LARGE_BYTES_IN_ALL
//!
//! LMTP takes turns, so one plain task owns the socket: it reads, has the actor deal with what it read, and writes the
//! answer. A client has evidently read an answer when it sends something afterwards that it had not sent before.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, WrapFuture};
use archiveopteryx::db::{Receipt, ResolveRecipient};
use archiveopteryx::limits;
use archiveopteryx::lmtp::{self, Arrival, Conversation, Event, Mail, Outcome, Resolution, Setup};
use archiveopteryx::wire::address::Address;
use bytes::Bytes;
use futures_util::future;
use jiff::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tracing::Instrument;

use crate::client_socket::ClientSocket;
use crate::client_task::Pieces;
use crate::database;
use crate::delivery::{self, Delivery};
use crate::delivery_lane::{Answer, Presence};
use crate::listener::Peer;
use crate::outbox;
use crate::services::Services;
use crate::tls::{Protocol, Tls};

/// Octets from the client. Answered when they have been dealt with.
#[derive(actix::Message)]
#[rtype(result = "Said")]
pub struct Received {
    /// What came.
    pub octets: Bytes,
    /// Whether this shows that the client has read our last answer.
    pub evident: bool,
}

/// TLS has begun: what was said before it in the clear is forgotten.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Secured;

/// The server stops, or an administrator sends the client away: finish what is on its way, then say goodbye in these words.
#[derive(actix::Message)]
#[rtype(result = "Said")]
pub struct Dismissed(Arc<str>);

/// The client has been silent for too long.
#[derive(actix::Message)]
#[rtype(result = "Said")]
pub struct TimedOut;

/// What the socket's task does next.
#[derive(Debug, Default, actix::MessageResponse)]
pub struct Said {
    /// Write this,
    octets: Vec<u8>,
    /// and then close,
    close: bool,
    /// or begin TLS.
    start_tls: bool,
    /// Nothing that the client sent is waiting to be read.
    quiet: bool,
}

/// See the module.
pub struct LmtpConnection {
    /// None while octets are being dealt with.
    talk: Option<Talk>,
    span: tracing::Span,
    /// Counts among the connections of its door as long as it lives.
    peer: Peer,
}

impl LmtpConnection {
    /// Greets the client at `socket` and serves it, in the arbiter this is called in.
    pub fn start(socket: ClientSocket, peer: Peer, services: Services) {
        let address = peer.address;
        let span = tracing::info_span!("lmtp", client = %address);
        let presence = Presence::new();
        let (tls, stopping) = (services.tls.clone(), services.stopping.clone());
        let talk = Talk {
            conversation: Conversation::new(setup(&services, &peer)),
            held: Held { receipts: Vec::new(), delivery: services.intake.delivery.clone() },
            presence: presence.clone(),
            room: None,
            name: format!("{:x}.{:x}", Timestamp::now().as_microsecond(), address.port()),
            peer: address.ip().to_string(),
            transactions: 0,
            services,
        };
        let (leave, leaving) = watch::channel(None);
        // One that has ended has left.
        peer.listed.entry().leaves_by(move |why| drop(leave.send(Some(Arc::from(why)))));
        let connection = LmtpConnection { talk: Some(talk), span, peer }.start();
        actix_rt::spawn(serve(socket, connection, presence, tls, Ends { stopping, leaving }));
    }

    /// Has the conversation say something of its own accord.
    fn interrupt(&mut self, word: impl FnOnce(&mut Conversation), ctx: &mut actix::Context<Self>) -> Said {
        let Some(talk) = &mut self.talk else { return Said::default() };
        word(&mut talk.conversation);
        let mut said = Said { close: true, ..Said::default() };
        while let Some(Event::Send(octets)) = talk.conversation.poll() {
            said.octets.extend(octets);
        }
        ctx.stop();
        said
    }
}

impl actix::Actor for LmtpConnection {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Received> for LmtpConnection {
    type Result = actix::ResponseActFuture<Self, Said>;

    fn handle(&mut self, received: Received, _: &mut Self::Context) -> Self::Result {
        let mut talk = self.talk.take().expect("the socket's task waits for each answer");
        self.peer.listed.entry().heard();
        let dealt = async move {
            let said = talk.hear(received).await;
            (talk, said)
        };
        Box::pin(dealt.instrument(self.span.clone()).into_actor(self).map(|(talk, said), connection, ctx| {
            connection.talk = Some(talk);
            if said.close {
                ctx.stop();
            }
            said
        }))
    }
}

impl actix::Handler<Secured> for LmtpConnection {
    type Result = ();

    fn handle(&mut self, Secured: Secured, _: &mut Self::Context) {
        self.peer.listed.entry().secured();
        let talk = self.talk.as_mut().expect("the socket's task waits for each answer");
        talk.conversation.secured();
    }
}

impl actix::Handler<Dismissed> for LmtpConnection {
    type Result = Said;

    fn handle(&mut self, Dismissed(why): Dismissed, ctx: &mut Self::Context) -> Said {
        self.interrupt(|conversation| conversation.dismiss(&why), ctx)
    }
}

impl actix::Handler<TimedOut> for LmtpConnection {
    type Result = Said;

    fn handle(&mut self, TimedOut: TimedOut, ctx: &mut Self::Context) -> Said {
        self.interrupt(Conversation::time_out, ctx)
    }
}

/// What is needed to talk with the client, in one piece so that the future that does so can own it.
struct Talk {
    conversation: Conversation,
    held: Held,
    presence: Presence,
    /// The room that a large message takes.
    room: Option<OwnedSemaphorePermit>,
    /// With the number of the transaction, what Received calls it.
    name: String,
    peer: String,
    transactions: u32,
    services: Services,
}

impl Talk {
    /// Does everything that the conversation can do with what it has received.
    async fn hear(&mut self, Received { octets, evident }: Received) -> Said {
        if evident {
            self.held.heard();
        }
        self.conversation.receive(&octets);
        let mut said = Said::default();
        while let Some(event) = self.conversation.poll() {
            match event {
                Event::Send(octets) => said.octets.extend(octets),
                Event::Resolve(address) => {
                    let resolving =
                        self.resolve(address).instrument(tracing::info_span!("command", of = %"RCPT"));
                    let resolution = resolving.await;
                    self.conversation.resolved(resolution);
                }
                Event::Deliver(mail) => {
                    let delivering =
                        self.deliver(mail).instrument(tracing::info_span!("command", of = %"DATA"));
                    let outcomes = delivering.await;
                    self.conversation.delivered(&outcomes);
                }
                Event::StartTls => said.start_tls = true,
                Event::Close => said.close = true,
            }
        }
        if !said.close {
            self.make_room().await;
        }
        said.quiet = self.conversation.is_quiet();
        said
    }

    async fn resolve(&self, address: Address) -> Resolution {
        let separators = self.services.settings.delivery.subaddress_separator.clone();
        let octets = self.conversation.announced_octets();
        let unit = ResolveRecipient { address, separators, octets };
        match database::run(&self.services.database, unit).await {
            Ok(resolved) => resolved.into(),
            Err(_) => Resolution::Unavailable,
        }
    }

    /// Stores a mail, and returns what became of it for each recipient.
    async fn deliver(&mut self, mail: Mail) -> Vec<Outcome> {
        self.transactions += 1;
        let arrival = Arrival {
            hostname: self.services.settings.hostname.clone(),
            peer: self.peer.clone(),
            id: format!("{}.{}", self.name, self.transactions),
            at: Timestamp::now(),
        };
        let (id, octets, recipients) = (arrival.id.clone(), mail.data.len(), mail.envelope.recipients.len());
        let prepared = if octets <= limits::INLINE_MESSAGE_BYTES_MAX {
            lmtp::prepare(mail, &arrival)
        } else {
            let prepared = actix_rt::task::spawn_blocking(move || lmtp::prepare(mail, &arrival)).await;
            match prepared {
                Ok(prepared) => prepared,
                // A panic over one message: it is logged, and costs nobody but its sender.
                Err(_) => return vec![Outcome::Temporary("internal error".into()); recipients],
            }
        };
        let counts: Vec<usize> = prepared.iter().map(Vec::len).collect();
        let messages = prepared.into_iter().flatten().collect();
        let deliver = delivery::Deliver { messages, presence: self.presence.clone() };
        let answers = self.services.intake.delivery.send(deliver).await.unwrap_or_default();
        let outcomes = self.note(&counts, answers);
        self.room = None;
        tracing::info!(id, octets, recipients, outcome = %summary(&outcomes), "mail");
        outcomes
    }

    /// Keeps the receipts, and tells for each recipient what became of all their mailboxes together.
    fn note(&mut self, counts: &[usize], answers: Vec<Answer>) -> Vec<Outcome> {
        let mut answers = answers.into_iter();
        let mut outcomes = Vec::with_capacity(counts.len());
        for &count in counts {
            let (mut receipts, mut failure) = (Vec::new(), None);
            for answer in answers.by_ref().take(count) {
                match answer {
                    Ok(receipt) => receipts.push(receipt),
                    Err(error) => failure = Some(Outcome::from(&error)),
                }
            }
            let outcome = failure.or_else(|| (receipts.len() < count).then(unfinished));
            outcomes.push(outcome.unwrap_or_else(|| {
                Outcome::Stored(
                    receipts.first().map(|receipt| receipt.message.to_string()).unwrap_or_default(),
                )
            }));
            match outcomes.last() {
                Some(Outcome::Stored(_)) => self.held.receipts.append(&mut receipts),
                // The client will try again, and then what is stored already must be recognized.
                _ => self.held.delivery.do_send(delivery::Unheard(receipts)),
            }
        }
        outcomes
    }

    /// Waits until there is room for the rest of a large message, before more of it is read.
    async fn make_room(&mut self) {
        match self.conversation.octets_held() {
            0 => self.room = None,
            held if held > limits::INLINE_MESSAGE_BYTES_MAX && self.room.is_none() => {
                self.room = self.services.intake.room_for(self.conversation.octets_expected()).await;
            }
            _ => {}
        }
    }
}

/// Receipts of which the client has not evidently heard.
struct Held {
    receipts: Vec<Receipt>,
    delivery: actix::Addr<Delivery>,
}

impl Held {
    fn heard(&mut self) {
        if !self.receipts.is_empty() {
            // One for each transaction at most, and the client waits for the answer to each.
            self.delivery.do_send(delivery::Heard(std::mem::take(&mut self.receipts)));
        }
    }
}

/// However a connection ends, whoever tries the same delivery again must be recognized.
impl Drop for Held {
    fn drop(&mut self) {
        if !self.receipts.is_empty() {
            self.delivery.do_send(delivery::Unheard(std::mem::take(&mut self.receipts)));
        }
    }
}

/// Why a connection may have to end before its client likes.
struct Ends {
    /// The server stops.
    stopping: watch::Receiver<bool>,
    /// An administrator sends the client away, in these words.
    leaving: watch::Receiver<Option<Arc<str>>>,
}

/// Reads, has the actor answer, and writes, until one side has had enough.
async fn serve(
    mut socket: ClientSocket,
    connection: actix::Addr<LmtpConnection>,
    presence: Presence,
    tls: Tls,
    mut ends: Ends,
) {
    // The answer to nothing is the greeting.
    let mut received = Received { octets: Bytes::new(), evident: false };
    let mut pieces = Pieces::new(READ_BYTES_MIN);
    loop {
        let said = answer(&mut socket, connection.send(received), &presence).await;
        let evident = said.quiet && socket.is_silent();
        if !write(&mut socket, &said.octets).await || said.close {
            break;
        }
        if said.start_tls {
            match secure(socket, &connection, &tls).await {
                Some(secure) => socket = secure,
                None => return presence.end(),
            }
        }
        let heard = hear(&mut socket, &mut pieces, &mut ends).await;
        let last_words = match heard {
            Heard::Octets(octets) => {
                received = Received { octets, evident };
                continue;
            }
            Heard::End => break,
            Heard::Dismissed(why) => connection.send(Dismissed(why)).await,
            Heard::Nothing => connection.send(TimedOut).await,
        };
        write(&mut socket, &last_words.unwrap_or_default().octets).await;
        break;
    }
    presence.end();
    outbox::close(&mut socket).await;
}

/// Goes on in TLS, or not at all.
async fn secure(
    socket: ClientSocket,
    connection: &actix::Addr<LmtpConnection>,
    tls: &Tls,
) -> Option<ClientSocket> {
    match tls.secure(socket, Protocol::Lmtp).await {
        Ok((socket, _)) => connection.send(Secured).await.ok().map(|()| socket),
        Err(error) => {
            tracing::debug!(door = "lmtp", %error, "TLS did not begin");
            None
        }
    }
}

/// What was heard on the socket.
enum Heard {
    Octets(Bytes),
    /// The client has closed its side.
    End,
    /// Nothing for too long.
    Nothing,
    /// The client has to go, for this reason.
    Dismissed(Arc<str>),
}

/// Waits for the actor's answer, and notes when the client leaves meanwhile: its next try may come at any moment.
async fn answer(
    socket: &mut ClientSocket,
    asked: actix::dev::Request<LmtpConnection, Received>,
    presence: &Presence,
) -> Said {
    let said = match future::select(pin!(asked), pin!(socket.peek())).await {
        future::Either::Left((said, _)) => said,
        future::Either::Right((is_there, asked)) => {
            if !is_there {
                presence.end();
            }
            asked.await
        }
    };
    said.unwrap_or_else(|_| Said {
        // It panicked; the log says why.
        octets: b"421 4.3.0 internal error, please try again\r\n".to_vec(),
        close: true,
        ..Said::default()
    })
}

/// Waits for the client, as long as it and the server like.
async fn hear(socket: &mut ClientSocket, pieces: &mut Pieces, ends: &mut Ends) -> Heard {
    let stop = pin!(async {
        let Ends { stopping, leaving } = ends;
        let stop = pin!(stopping.wait_for(|stopping| *stopping));
        match future::select(stop, pin!(leaving.wait_for(Option::is_some))).await {
            future::Either::Right((Ok(why), _)) => Heard::Dismissed(why.clone().unwrap_or_default()),
            _ => Heard::Dismissed(STOPPING.into()),
        }
    });
    let read = async {
        // An idle client costs no buffer.
        socket.readable().await;
        pieces.next(socket).await
    };
    let octets = pin!(tokio::time::timeout(IDLE, read));
    match future::select(stop, octets).await {
        future::Either::Left((end, _)) => end,
        future::Either::Right((Ok(heard), _)) => heard.map_or(Heard::End, Heard::Octets),
        future::Either::Right((Err(_), _)) => Heard::Nothing,
    }
}

/// True when all of it has left.
async fn write(socket: &mut ClientSocket, octets: &[u8]) -> bool {
    let written = async {
        socket.write_all(octets).await?;
        socket.flush().await
    };
    octets.is_empty() || matches!(tokio::time::timeout(PATIENCE, written).await, Ok(Ok(())))
}

/// What the conversation has to know of this server and this client.
fn setup(services: &Services, peer: &Peer) -> Setup {
    Setup {
        hostname: services.settings.hostname.clone(),
        message_bytes_max: services.settings.delivery.size_max.octets(),
        starttls: services.tls.is_offered(),
        secure: peer.tls.is_some(),
        over_reply: services.settings.quota.over_reply,
    }
}

fn unfinished() -> Outcome {
    Outcome::Temporary("the delivery was not finished, please try again".into())
}

/// For the log: how many recipients have it, and why the others have not.
fn summary(outcomes: &[Outcome]) -> String {
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Stored(_))).count();
    let why = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Stored(_) => None,
        Outcome::Temporary(why) => Some(format!(", temporary failure: {why}")),
        Outcome::Refused(why) => Some(format!(", refused: {why}")),
        Outcome::OverQuota => Some(", no room for it".to_owned()),
    });
    format!("{stored} stored{}", why.unwrap_or_default())
}

const STOPPING: &str = "the server is going down, please come back";
/// How long a client may be silent (RFC 5321 §4.5.3.2.7).
const IDLE: Duration = Duration::from_secs(limits::LMTP_IDLE_SECONDS_MAX);
/// How long a client may take no answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// One read of a client that sends little.
const READ_BYTES_MIN: usize = 8 * 1024;

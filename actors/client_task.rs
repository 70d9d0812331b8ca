//! The task that owns a client's socket: it reads for the connection, writes what the connection has to say, and takes
//! the socket into TLS when the two have agreed upon that.
//!
//! It is a plain task, because `actix::io` has no back-pressure. The actor is the mind of the connection; this is its
//! hands. A client cannot get ahead of the actor by more than one read: the next one waits until what came before has
//! been dealt with.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use archiveopteryx::limits;
use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{Notify, watch};

use crate::client_socket::{ClientSocket, TlsFacts};
use crate::compressible::Compressible;
use crate::outbox::{self, Gone, Queue, ReaderLeft, Written};
use crate::tls::{Protocol, Tls};

/// Octets from the client; answered when they have been dealt with.
pub struct Received(pub Bytes);

impl actix::Message for Received {
    type Result = Result<Next, Gone>;
}

/// What the task does after it has handed octets over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Read more.
    ReadOn,
    /// Go on in another stream over the same socket. Before it answers so, the connection calls `Outbox::pause`.
    Change(Change),
}

/// Which stream comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// TLS. What was read before its beginning is dropped.
    StartTls,
    /// A compressed one, which begins with these octets.
    Compress(Bytes),
    /// The one that was compressed, without that; these octets were sent in it before.
    Decompress(Bytes),
}

/// TLS has begun: what was said before it in the clear is forgotten.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Secured(pub Arc<TlsFacts>);

/// The client has left.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Hungup;

/// The server stops: say goodbye. Nothing of the client's is being dealt with.
#[derive(actix::Message, Clone, Copy)]
#[rtype(result = "()")]
pub struct Shutdown;

/// A connection: what this task talks with.
pub trait Connection:
    actix::Actor<Context = actix::Context<Self>>
    + actix::Handler<Received>
    + actix::Handler<Secured>
    + actix::Handler<Hungup>
    + actix::Handler<Shutdown>
{
}

impl<C> Connection for C where
    C: actix::Actor<Context = actix::Context<Self>>
        + actix::Handler<Received>
        + actix::Handler<Secured>
        + actix::Handler<Hungup>
        + actix::Handler<Shutdown>
{
}

/// Serves `socket` in this arbiter until the client or the connection has had enough. The connection puts what it says
/// into the outbox of `queue`.
pub fn start<C: Connection>(
    socket: ClientSocket,
    queue: Queue,
    (tls, protocol): (Tls, Protocol),
    stopping: watch::Receiver<bool>,
    connection: actix::Addr<C>,
) {
    let task = Task { queue, tls, protocol, stopping, connection };
    actix_rt::spawn(task.serve(socket));
}

/// What is read and written.
type Socket = Compressible<ClientSocket>;

struct Task<C: Connection> {
    queue: Queue,
    tls: Tls,
    protocol: Protocol,
    stopping: watch::Receiver<bool>,
    connection: actix::Addr<C>,
}

/// Why no more is read for now.
enum Silence {
    /// The client has left, or is not listened to any more.
    Over,
    /// Another stream comes next.
    Change(Change),
}

impl<C: Connection> Task<C> {
    async fn serve(mut self, socket: ClientSocket) {
        let (mut socket, mut unheard) = (Compressible::plain(socket), None);
        while let Some((paused, change)) = self.transfer(socket, unheard.take()).await {
            match self.change(paused, change).await {
                Ok((changed, octets)) => {
                    unheard = Some(octets).filter(|octets| !octets.is_empty());
                    socket = changed;
                }
                Err(error) => {
                    tracing::debug!(door = self.protocol.name(), %error, "another stream did not begin");
                    self.connection.do_send(Hungup);
                    return;
                }
            }
        }
    }

    /// Changes the stream. Returns what the client has said in the new one already, too.
    async fn change(&self, mut paused: Socket, change: Change) -> io::Result<(Socket, Bytes)> {
        match change {
            Change::StartTls => {
                let (secure, facts) = self.tls.secure(paused.into_below(), self.protocol).await?;
                let told = self.connection.send(Secured(Arc::new(facts))).await;
                told.map_err(|_| io::Error::other("the connection has ended"))?;
                Ok((Compressible::plain(secure), Bytes::new()))
            }
            Change::Compress(unread) => {
                paused.compress(unread);
                Ok((paused, Bytes::new()))
            }
            Change::Decompress(said) => {
                let ended = tokio::time::timeout(PATIENCE, paused.decompress()).await;
                let unread = ended.map_err(io::Error::other)??;
                Ok((paused, [said, unread].concat().into()))
            }
        }
    }

    /// Reads and writes, each at its own pace; what is `unheard` was read before. Returns the socket when another stream is to
    /// begin on it: then everything that was said before is written, and what the client sent before has been dealt with.
    async fn transfer(&mut self, socket: Socket, unheard: Option<Bytes>) -> Option<(Socket, Change)> {
        let (mut reader, mut writer) = tokio::io::split(socket);
        let cut = Notify::new();
        let ends = {
            let left = self.queue.reader_left();
            let listener = Listener { connection: &self.connection, cut: &cut, left: &left };
            let mut reading = pin!(listener.listen(&mut reader, unheard, &mut self.stopping));
            let mut writing = pin!(self.queue.write(&mut writer, PATIENCE));
            // Writing goes first, so that an answer acknowledges what was read before anything else has to.
            match select(&mut writing, &mut reading).await {
                Either::Right((silence, _)) => (silence, writing.await),
                // The connection has ended.
                Either::Left((Written::Ended, _)) => (Silence::Over, Written::Ended),
                Either::Left((Written::Paused, _)) => (reading.await, Written::Paused),
                Either::Left((Written::Failed, _)) => {
                    cut.notify_one();
                    (reading.await, Written::Failed)
                }
            }
        };
        match ends {
            (Silence::Change(change), Written::Paused) => return Some((reader.unsplit(writer), change)),
            (_, Written::Ended) => outbox::close(&mut writer).await,
            _ => self.connection.do_send(Hungup),
        }
        None
    }
}

/// Who hears the client, and who says that it is heard no more.
struct Listener<'a, C: Connection> {
    connection: &'a actix::Addr<C>,
    cut: &'a Notify,
    left: &'a ReaderLeft,
}

impl<C: Connection> Listener<'_, C> {
    /// Hands over what the client sends, `ahead` first, until it leaves, is cut off, or the server stops.
    async fn listen<R: AsyncRead + Unpin>(
        self,
        reader: &mut R,
        mut ahead: Option<Bytes>,
        stopping: &mut watch::Receiver<bool>,
    ) -> Silence {
        let mut stop = pin!(stopping.wait_for(|stopping| *stopping));
        let mut cut = pin!(self.cut.notified());
        let mut pieces = Pieces::new(READ_BYTES_MIN);
        loop {
            let end = select(&mut stop, &mut cut);
            let next = async {
                match ahead.take() {
                    Some(octets) => Some(octets),
                    None => pieces.next(reader).await,
                }
            };
            let octets = match select(end, pin!(next)).await {
                Either::Left((Either::Left(_), _)) => {
                    self.connection.do_send(Shutdown);
                    return Silence::Over;
                }
                Either::Left((Either::Right(_), _)) | Either::Right((None, _)) => {
                    self.connection.do_send(Hungup);
                    return Silence::Over;
                }
                Either::Right((Some(octets), _)) => octets,
            };
            let mut dealing = pin!(self.connection.send(Received(octets)));
            let dealt = match tokio::time::timeout(SHORT, &mut dealing).await {
                Ok(dealt) => dealt,
                // It takes long. Who leaves meanwhile need not be answered.
                Err(_) => match select(&mut dealing, pin!(pieces.next(reader))).await {
                    Either::Left((dealt, _)) => dealt,
                    Either::Right((more, _)) => {
                        if more.is_none() {
                            self.left.tell();
                        }
                        ahead = more;
                        dealing.await
                    }
                },
            };
            match dealt {
                Ok(Ok(Next::ReadOn)) => {}
                Ok(Ok(Next::Change(change))) => return Silence::Change(change.behind(ahead)),
                Ok(Err(Gone)) | Err(_) => return Silence::Over,
            }
        }
    }
}

impl Change {
    /// The change, when `ahead` was read meanwhile.
    fn behind(self, ahead: Option<Bytes>) -> Change {
        let with = |octets: Bytes| match ahead {
            Some(ahead) => Bytes::from([octets, ahead].concat()),
            None => octets,
        };
        match self {
            Change::StartTls => self,
            Change::Compress(octets) => Change::Compress(with(octets)),
            Change::Decompress(octets) => Change::Decompress(with(octets)),
        }
    }
}

/// Reads a socket piece by piece: a client that sends little costs a small buffer, and one that sends much is read in
/// larger pieces.
pub struct Pieces {
    least: usize,
    size: usize,
}

impl Pieces {
    /// Pieces of `least` octets at first.
    pub fn new(least: usize) -> Pieces {
        Pieces { least, size: least }
    }

    /// The next piece; None when the client has left.
    pub async fn next<R: AsyncRead + Unpin>(&mut self, socket: &mut R) -> Option<Bytes> {
        let mut buffer = BytesMut::with_capacity(self.size);
        match socket.read_buf(&mut buffer).await {
            Ok(got) if got > 0 => {
                self.size = if got == self.size { (got * 4).min(READ_BYTES_MAX) } else { self.least };
                Some(buffer.freeze())
            }
            _ => None,
        }
    }
}

/// What takes no longer is answered before anybody asks whether the client is still there.
const SHORT: Duration = Duration::from_millis(500);
/// What an idle client costs.
const READ_BYTES_MIN: usize = 2 * 1024;
/// What one read of a busy client takes at most.
const READ_BYTES_MAX: usize = 128 * 1024;
/// How long a client may take nothing of what it is sent.
const PATIENCE: Duration = Duration::from_secs(limits::CLIENT_TAKES_NOTHING_SECONDS_MAX);

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[actix_rt::test]
    async fn pieces_grow_with_what_comes_and_lose_nothing() {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(&vec![7; 300_000]).await.unwrap();
        drop(theirs);
        let mut pieces = Pieces::new(READ_BYTES_MIN);
        let mut lengths = Vec::new();
        while let Some(piece) = pieces.next(&mut ours).await {
            lengths.push(piece.len());
        }
        assert_eq!(lengths.iter().sum::<usize>(), 300_000);
        assert_eq!(lengths[..4], [2048, 8192, 32_768, 131_072]);
    }
}

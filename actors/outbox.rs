//! Where a connection puts what its client shall read: a short queue, written out in order and with back-pressure.
//!
//! It is written by a plain task, because `actix::io` accepts any amount of output for a client that does not read.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use archiveopteryx::limits;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

/// The client has left, or takes nothing any more: whatever was to be told, nobody hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Where a connection puts what its client shall read. When the last clone is dropped, the rest is written and the
/// socket is closed.
#[derive(Clone)]
pub struct Outbox {
    chunks: mpsc::Sender<Chunk>,
    left: ReaderLeft,
    /// Who has it may say something in pieces, and nobody comes in between.
    voice: Arc<Semaphore>,
}

/// Whoever carries out commands has it, and else who tells the client what it has not asked for.
pub struct Voice(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

/// The other end of an [`Outbox`]: what is still to be written.
pub struct Queue {
    chunks: mpsc::Receiver<Chunk>,
    left: ReaderLeft,
}

/// Whether the client has closed its side: it may take what is written still, but asks for nothing more.
#[derive(Debug, Clone, Default)]
pub struct ReaderLeft(Arc<(AtomicBool, Notify)>);

impl ReaderLeft {
    /// It has.
    pub fn tell(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.notify_waiters();
    }

    /// Waits until it has.
    async fn told(&self) {
        let mut told = pin!(self.0.1.notified());
        told.as_mut().enable();
        if !self.0.0.load(Ordering::Acquire) {
            told.await;
        }
    }
}

enum Chunk {
    Octets(Bytes),
    /// These are the last octets for this stream: what follows is for another one over the same socket.
    Last(Bytes),
}

/// Why a writer has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All of it has been written, and no more will come.
    Ended,
    /// All has been written up to [`Outbox::pause`].
    Paused,
    /// The client takes nothing any more.
    Failed,
}

impl Outbox {
    /// An outbox, and the queue that somebody has to [write](Queue::write).
    pub fn new() -> (Outbox, Queue) {
        let (chunks, queue) = mpsc::channel(limits::OUTBOX_CHUNKS_MAX);
        let left = ReaderLeft::default();
        let voice = Arc::new(Semaphore::new(1));
        (Outbox { chunks, left: left.clone(), voice }, Queue { chunks: queue, left })
    }

    /// Starts a writer of `socket` in this arbiter. It gives up when nothing could be written for `patience`.
    pub fn start<W>(mut socket: W, patience: Duration) -> Outbox
    where
        W: AsyncWrite + Unpin + 'static,
    {
        let (outbox, mut queue) = Outbox::new();
        actix_rt::spawn(async move {
            if queue.write(&mut socket, patience).await == Written::Ended {
                close(&mut socket).await;
            }
        });
        outbox
    }

    /// Waits until nobody else says anything. Until the voice is dropped, nobody does.
    pub async fn voice(&self) -> Voice {
        Voice(self.voice.clone().acquire_owned().await.expect("it is never closed"))
    }

    /// The same, if nobody else says anything now.
    pub fn try_voice(&self) -> Option<Voice> {
        self.voice.clone().try_acquire_owned().ok().map(Voice)
    }

    /// Waits until nobody says anything, and says nothing either.
    pub fn silence(&self) -> impl Future<Output = ()> + use<> {
        let outbox = self.clone();
        async move { drop(outbox.voice().await) }
    }

    /// Queues `octets`; waits while the client is slow.
    pub async fn send(&self, octets: impl Into<Bytes>) -> Result<(), Gone> {
        let octets = octets.into();
        if octets.is_empty() {
            return Ok(());
        }
        self.chunks.send(Chunk::Octets(octets)).await.map_err(|_| Gone)
    }

    /// Whether nobody reads any more what is queued.
    pub fn is_closed(&self) -> bool {
        self.chunks.is_closed()
    }

    /// Queues `octets` if there is room now; gives them back if there is not.
    pub fn try_send(&self, octets: Bytes) -> Result<(), Bytes> {
        self.chunks.try_send(Chunk::Octets(octets)).map_err(|refused| match refused.into_inner() {
            Chunk::Octets(octets) | Chunk::Last(octets) => octets,
        })
    }

    /// Waits until the client has closed its side.
    pub async fn reader_left(&self) {
        self.left.told().await;
    }

    /// Has the writer stop when it has written everything that was queued so far, and `last`; it goes on in another
    /// stream.
    pub async fn pause(&self, last: impl Into<Bytes>) -> Result<(), Gone> {
        self.chunks.send(Chunk::Last(last.into())).await.map_err(|_| Gone)
    }
}

impl Queue {
    /// Who reads from the client tells it that it has closed its side.
    pub fn reader_left(&self) -> ReaderLeft {
        self.left.clone()
    }

    /// Writes what is queued until the queue ends or pauses, or until nothing could be written for `patience`; then
    /// nothing more is queued.
    pub async fn write<W: AsyncWrite + Unpin>(&mut self, socket: &mut W, patience: Duration) -> Written {
        let written = self.write_on(socket, patience).await;
        if written == Written::Failed {
            // Whoever waits for room hears that there will be none.
            self.chunks.close();
        }
        written
    }

    async fn write_on<W: AsyncWrite + Unpin>(&mut self, socket: &mut W, patience: Duration) -> Written {
        while let Some(first) = self.chunks.recv().await {
            // An idle connection keeps no buffer.
            let mut gathered = BytesMut::new();
            let mut next = Some(first);
            // What is small and already there goes out in one system call.
            while let Some(Chunk::Octets(octets)) = next {
                if gathered.is_empty() && octets.len() >= GATHER_BYTES_MAX {
                    if write_all(socket, &octets, patience).await.is_err() {
                        return Written::Failed;
                    }
                } else {
                    gathered.extend_from_slice(&octets);
                }
                next = if gathered.len() < GATHER_BYTES_MAX { self.chunks.try_recv().ok() } else { None };
            }
            let is_last = match next {
                Some(Chunk::Last(octets)) => {
                    gathered.extend_from_slice(&octets);
                    true
                }
                _ => false,
            };
            if write_all(socket, &gathered, patience).await.is_err() {
                return Written::Failed;
            }
            if is_last {
                return Written::Paused;
            }
        }
        Written::Ended
    }
}

/// Closes the writing side of a socket; whoever is not there any more need not be waited for.
pub async fn close<W: AsyncWrite + Unpin>(socket: &mut W) {
    let _ = tokio::time::timeout(CLOSE_PATIENCE, socket.shutdown()).await;
}

/// Writes all of `octets`, as long as some of them leave within each `patience`.
async fn write_all<W: AsyncWrite + Unpin>(
    socket: &mut W,
    mut octets: &[u8],
    patience: Duration,
) -> Result<(), Gone> {
    while !octets.is_empty() {
        match tokio::time::timeout(patience, socket.write(octets)).await {
            Ok(Ok(taken)) if taken > 0 => octets = &octets[taken..],
            _ => return Err(Gone),
        }
    }
    match tokio::time::timeout(patience, socket.flush()).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Gone),
    }
}

/// Chunks smaller than this are put together before they are written.
const GATHER_BYTES_MAX: usize = 16 * 1024;
/// How long the last octets may take to leave.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[actix_rt::test]
    async fn chunks_arrive_in_order_and_the_end_closes_the_socket() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let outbox = Outbox::start(ours, PATIENCE);
        let mut expected = Vec::new();
        let reader = actix_rt::spawn(async move {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.unwrap();
            all
        });
        for n in 0..50usize {
            let chunk = vec![n as u8; if n % 7 == 0 { 20_000 } else { n }];
            expected.extend_from_slice(&chunk);
            outbox.send(chunk).await.unwrap();
        }
        drop(outbox);
        assert_eq!(reader.await.unwrap(), expected);
    }

    #[actix_rt::test]
    async fn a_client_that_does_not_read_makes_the_sender_wait_and_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let outbox = Outbox::start(ours, Duration::from_millis(50));
        let mut sent = 0;
        while outbox.send(vec![0; 1000]).await.is_ok() {
            sent += 1;
            assert!(sent < 100, "the outbox takes any amount");
        }
    }

    #[actix_rt::test]
    async fn who_waits_for_room_hears_of_a_failure() {
        let (mut ours, _theirs) = tokio::io::duplex(64);
        let (outbox, mut queue) = Outbox::new();
        let sender = actix_rt::spawn(async move { while outbox.send(vec![0; 1000]).await.is_ok() {} });
        assert_eq!(queue.write(&mut ours, Duration::from_millis(50)).await, Written::Failed);
        sender.await.unwrap();
    }

    #[actix_rt::test]
    async fn a_pause_lets_everything_before_it_out_and_nothing_after() {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 16);
        let (outbox, mut queue) = Outbox::new();
        outbox.send(&b"bef"[..]).await.unwrap();
        outbox.pause(&b"ore"[..]).await.unwrap();
        outbox.send(&b"after"[..]).await.unwrap();
        assert_eq!(queue.write(&mut ours, PATIENCE).await, Written::Paused);
        let mut seen = [0; 64];
        assert_eq!(theirs.read(&mut seen).await.unwrap(), 6);
        drop(outbox);
        assert_eq!(queue.write(&mut ours, PATIENCE).await, Written::Ended);
        assert_eq!(theirs.read(&mut seen).await.unwrap(), 5);
    }
}

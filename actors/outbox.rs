//! The two tasks that own a client's socket: the outbox writes, in order and with back-pressure; the reader reads.
//!
//! They are plain tasks, because `actix::io` accepts any amount of output for a client that does not read. The actor
//! is the mind of the connection; these are its hands.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use archiveopteryx::limits;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::mpsc;

/// The client has left, or takes nothing any more: whatever was to be told, nobody hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Where a connection puts what its client shall read. When the last clone is dropped, the rest is written and the
/// socket is closed.
#[derive(Clone)]
pub struct Outbox {
    chunks: mpsc::Sender<Bytes>,
}

impl Outbox {
    /// Starts the writer of `socket` in this arbiter. It gives up when nothing could be written for `patience`.
    pub fn start<W>(socket: W, patience: Duration) -> Outbox
    where
        W: AsyncWrite + Unpin + 'static,
    {
        let (chunks, queue) = mpsc::channel(limits::OUTBOX_CHUNKS_MAX);
        actix_rt::spawn(write(socket, queue, patience));
        Outbox { chunks }
    }

    /// Queues `octets`; waits while the client is slow.
    pub async fn send(&self, octets: impl Into<Bytes>) -> Result<(), Gone> {
        let octets = octets.into();
        if octets.is_empty() {
            return Ok(());
        }
        self.chunks.send(octets).await.map_err(|_| Gone)
    }

    /// Queues `octets` if there is room now; gives them back if there is not.
    pub fn try_send(&self, octets: Bytes) -> Result<(), Bytes> {
        self.chunks.try_send(octets).map_err(mpsc::error::TrySendError::into_inner)
    }
}

/// Writes what is queued until the queue ends or the client does.
async fn write<W: AsyncWrite + Unpin>(mut socket: W, mut queue: mpsc::Receiver<Bytes>, patience: Duration) {
    let mut gathered = BytesMut::new();
    while let Some(first) = queue.recv().await {
        let mut next = Some(first);
        // What is small and already there goes out in one system call.
        while let Some(chunk) = next.take() {
            if gathered.is_empty() && chunk.len() >= GATHER_BYTES_MAX {
                if write_all(&mut socket, &chunk, patience).await.is_err() {
                    return;
                }
            } else {
                gathered.extend_from_slice(&chunk);
            }
            if gathered.len() < GATHER_BYTES_MAX {
                next = queue.try_recv().ok();
            }
        }
        if write_all(&mut socket, &gathered, patience).await.is_err() {
            return;
        }
        // An idle connection keeps no buffer.
        gathered = BytesMut::new();
    }
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

/// Reads `socket` until its end, and hands every piece to `take`; reads on when `take` has finished with it. Ends early
/// when `take` returns [`Gone`]. An idle client costs one small buffer; one that sends much is read in larger pieces.
pub async fn read<R, F, T>(mut socket: R, mut take: F)
where
    R: AsyncRead + Unpin,
    F: FnMut(Bytes) -> T,
    T: Future<Output = Result<(), Gone>>,
{
    let mut size = READ_BYTES_MIN;
    loop {
        let mut buffer = BytesMut::with_capacity(size);
        match socket.read_buf(&mut buffer).await {
            Ok(got) if got > 0 => {
                size = if got == size { (size * 4).min(READ_BYTES_MAX) } else { READ_BYTES_MIN };
            }
            _ => return,
        }
        if take(buffer.freeze()).await.is_err() {
            return;
        }
    }
}

/// A client's socket that acknowledges at once what has been read. A client that sends a literal and the end of its line
/// in two pieces (Python's imaplib does) holds the second back until the first is acknowledged, and the kernel by
/// itself waits some 40 ms with that, for an answer of ours to go along.
pub struct Prompt(pub OwnedReadHalf);

impl AsyncRead for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let polled = Pin::new(&mut self.0).poll_read(context, buffer);
        #[cfg(target_os = "linux")]
        if let Poll::Ready(Ok(())) = polled {
            let socket: &TcpStream = self.0.as_ref();
            // Without it everything works, only later.
            let _ = socket.set_quickack(true);
        }
        polled
    }
}

/// What an idle client costs.
const READ_BYTES_MIN: usize = 2 * 1024;
/// What one read of a busy client takes at most.
const READ_BYTES_MAX: usize = 128 * 1024;
/// Chunks smaller than this are put together before they are written.
const GATHER_BYTES_MAX: usize = 16 * 1024;
/// How long the last octets may take to leave.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

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
    async fn the_reader_hands_over_everything_and_stops_when_told() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(&vec![7; 300_000]).await.unwrap();
        drop(theirs);
        let seen = Rc::new(RefCell::new(0));
        let count = seen.clone();
        read(ours, |octets| {
            *count.borrow_mut() += octets.len();
            std::future::ready(Ok(()))
        })
        .await;
        assert_eq!(*seen.borrow(), 300_000);

        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(b"a").await.unwrap();
        read(ours, |_| std::future::ready(Err(Gone))).await;
    }
}

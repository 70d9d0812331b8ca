//! A stream that can be compressed in both directions, as COMPRESS asks (RFC 4978), and back.
//!
//! What compression holds is bounded: one read of what the client sends, one write of what it is sent. Decompressed octets are
//! made only as they are asked for, so that a client which sends little that becomes much is slowed down like one that
//! sends much.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use archiveopteryx::wire::deflate::{Deflater, Inflater};
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A stream that may be compressed.
pub struct Compressible<S> {
    below: S,
    layer: Option<Box<Layer>>,
}

/// What compression needs.
struct Layer {
    inflater: Inflater,
    /// Read from below, and not decompressed yet.
    input: Bytes,
    deflater: Deflater,
    /// Compressed, and not yet written below from `written` on.
    output: Vec<u8>,
    written: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Compressible<S> {
    /// The stream as it is.
    pub fn plain(below: S) -> Compressible<S> {
        Compressible { below, layer: None }
    }

    /// What carries it. It must not be compressed.
    pub fn into_below(self) -> S {
        self.below
    }

    /// From now on it is compressed in both directions. The client has sent `input` of that already.
    pub fn compress(&mut self, input: Bytes) {
        let (inflater, deflater) = (Inflater::new(), Deflater::default());
        self.layer = Some(Box::new(Layer { inflater, input, deflater, output: Vec::new(), written: 0 }));
    }

    /// Ends the compression. Returns what was read behind the end of the client's own.
    pub async fn decompress(&mut self) -> io::Result<Bytes> {
        let Some(mut layer) = self.layer.take() else { return Ok(Bytes::new()) };
        layer.deflater.finish(&mut layer.output);
        self.below.write_all(&layer.output[layer.written..]).await?;
        self.below.flush().await?;
        Ok(layer.input)
    }
}

impl Layer {
    fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        below: &mut S,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            // What is left of the last read may still be in the decompressor, although all input is used.
            let read = self.inflater.read(&self.input, buffer.initialize_unfilled());
            let (taken, made) =
                read.map_err(|corrupt| io::Error::new(io::ErrorKind::InvalidData, corrupt))?;
            self.input.advance(taken);
            buffer.advance(made);
            // A client that ends its stream has nothing more to say.
            if made > 0 || self.inflater.has_ended() {
                return Poll::Ready(Ok(()));
            }
            let mut room = [0; READ_BYTES];
            let mut raw = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut *below).poll_read(context, &mut raw))?;
            if raw.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.input = Bytes::copy_from_slice(raw.filled());
        }
    }

    /// Writes below what has been compressed.
    fn poll_drain<S: AsyncWrite + Unpin>(
        &mut self,
        below: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let written = ready!(Pin::new(&mut *below).poll_write(context, &self.output[self.written..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        // An idle connection keeps no buffer.
        (self.output, self.written) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Compressible<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Compressible { below, layer } = &mut *self;
        match layer {
            Some(layer) => layer.poll_read(below, context, buffer),
            None => Pin::new(below).poll_read(context, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Compressible<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Compressible { below, layer } = &mut *self;
        let Some(layer) = layer else { return Pin::new(below).poll_write(context, octets) };
        ready!(layer.poll_drain(below, context))?;
        let octets = &octets[..octets.len().min(WRITE_BYTES)];
        layer.deflater.write(octets, &mut layer.output);
        Poll::Ready(Ok(octets.len()))
    }

    /// What was written, the client can read to its last octet.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Compressible { below, layer } = &mut *self;
        if let Some(layer) = layer {
            ready!(layer.poll_drain(below, context))?;
        }
        Pin::new(below).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.below).poll_shutdown(context)
    }
}

/// What is read at a time from below, on the stack.
const READ_BYTES: usize = 4 * 1024;
/// What is compressed at a time: less than a millisecond.
const WRITE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    type Side = Compressible<tokio::io::DuplexStream>;

    fn pair() -> (Side, Side) {
        let compressed = |stream| {
            let mut side = Compressible::plain(stream);
            side.compress(Bytes::new());
            side
        };
        let (ours, theirs) = tokio::io::duplex(1000);
        (compressed(ours), compressed(theirs))
    }

    #[actix_rt::test]
    async fn what_is_flushed_arrives_and_no_buffer_stays() {
        let (mut ours, mut theirs) = pair();
        let mut room = [0; 100];
        for said in ["* 1 EXISTS\r\n", "* 2 EXISTS\r\n"] {
            ours.write_all(said.as_bytes()).await.unwrap();
            ours.flush().await.unwrap();
            let read = theirs.read(&mut room).await.unwrap();
            assert_eq!(&room[..read], said.as_bytes());
            assert_eq!(ours.layer.as_ref().unwrap().output.capacity(), 0);
        }
    }

    #[actix_rt::test]
    async fn much_goes_through_in_both_directions_at_once() {
        let (ours, theirs) = pair();
        let said: Vec<u8> = (0..200_000u32).flat_map(|n| (n / 3).to_be_bytes()).collect();
        let talk = |side: Side| {
            let said = said.clone();
            async move {
                let (mut reader, mut writer) = tokio::io::split(side);
                let writing = async {
                    writer.write_all(&said).await.unwrap();
                    writer.flush().await.unwrap();
                };
                let mut heard = vec![0; said.len()];
                let reading = reader.read_exact(&mut heard);
                let ((), read) = futures_util::future::join(writing, reading).await;
                read.unwrap();
                heard == said
            }
        };
        assert_eq!(futures_util::future::join(talk(ours), talk(theirs)).await, (true, true));
    }

    #[actix_rt::test]
    async fn both_ends_can_go_on_without() {
        let (mut ours, mut theirs) = pair();
        assert!(ours.decompress().await.unwrap().is_empty());
        ours.write_all(b"plain").await.unwrap();
        let mut room = [0; 100];
        assert_eq!(theirs.read(&mut room).await.unwrap(), 0);
        let mut heard = theirs.decompress().await.unwrap().to_vec();
        while heard.len() < 5 {
            theirs.read_buf(&mut heard).await.unwrap();
        }
        assert_eq!(heard, b"plain");
    }
}

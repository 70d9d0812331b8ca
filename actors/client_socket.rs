//! One client's socket, in the clear or in TLS, and what TLS has shown of the client.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What a connection reads from and writes to.
pub struct ClientSocket {
    stream: Stream,
}

enum Stream {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>),
}

/// What TLS has shown of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The name by which the client calls this server (RFC 6066 §3).
    pub server_name: Option<String>,
    /// The protocol that was agreed upon (RFC 7301).
    pub alpn: Option<String>,
    /// The client's own certificate, when it has shown one; it was issued by one of `tls.client_authorities`.
    pub client_certificate: Option<Vec<u8>>,
    /// What binds a login to this very connection (RFC 9266 §2). TLS 1.2 has it, too, as we ask for its extended master
    /// secret (RFC 7627).
    pub exporter: [u8; 32],
}

impl ClientSocket {
    /// A socket that has just been accepted.
    pub fn plain(stream: TcpStream) -> ClientSocket {
        ClientSocket { stream: Stream::Plain(Wire { stream, is_owing: false, records: None }) }
    }

    /// Shakes hands as the server. What the client has sent and nobody has read yet has to be its part of that: plain
    /// text among it makes the handshake fail.
    pub async fn secure(self, config: Arc<ServerConfig>) -> io::Result<(ClientSocket, TlsFacts)> {
        let Stream::Plain(wire) = self.stream else {
            return Err(io::Error::other("this is TLS already"));
        };
        let wire = Wire { records: Some(Records::default()), ..wire };
        let stream = TlsAcceptor::from(config).accept(wire).await?;
        let facts = TlsFacts::of(stream.get_ref().1)?;
        Ok((ClientSocket { stream: Stream::Tls(Box::new(stream)) }, facts))
    }

    /// Waits until it is worth reading: there is something, or the client has left. As cheap as it can be.
    pub async fn readable(&mut self) {
        match &mut self.stream {
            // Reading tells what is wrong.
            Stream::Plain(wire) => {
                wire.acknowledge();
                drop(wire.stream.readable().await);
            }
            Stream::Tls(stream) => drop(stream.fill_buf().await),
        }
    }

    /// Waits until there is something to read, and takes nothing of it. False when the client has left.
    pub async fn peek(&mut self) -> bool {
        match &mut self.stream {
            Stream::Plain(wire) => matches!(wire.stream.peek(&mut [0]).await, Ok(octets) if octets > 0),
            Stream::Tls(stream) => matches!(stream.fill_buf().await, Ok(octets) if !octets.is_empty()),
        }
    }

    /// Whether the client has sent nothing more so far. What it sends later, it sends after what it has been told.
    pub fn is_silent(&mut self) -> bool {
        self.peek().now_or_never().is_none()
            && match &self.stream {
                Stream::Plain(_) => true,
                Stream::Tls(stream) => stream.get_ref().0.records.as_ref().is_none_or(Records::are_complete),
            }
    }
}

impl TlsFacts {
    fn of(session: &ServerConnection) -> io::Result<TlsFacts> {
        // RFC 9266 §2: this label, a context of no octets (which TLS 1.2 tells from no context), 32 octets.
        let exporter = session
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .map_err(io::Error::other)?;
        let suite = session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let alpn = session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let client = session.peer_certificates().and_then(<[CertificateDer]>::first);
        Ok(TlsFacts {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLSv1.2",
            },
            cipher: suite.unwrap_or_default(),
            server_name: session.server_name().map(str::to_owned),
            alpn,
            client_certificate: client.map(|certificate| certificate.to_vec()),
            exporter,
        })
    }
}

impl AsyncRead for ClientSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for ClientSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_write(context, octets),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, octets),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// What lies below TLS. It acknowledges at once what has been read and is not answered: a client that sends a literal
/// and the end of its line in two pieces (Python's imaplib does) holds the second back until the first is acknowledged,
/// and the kernel by itself waits some 40 ms with that, for an answer of ours to go along. Where there is an answer, it
/// does go along: an acknowledgement by itself would cost as much as the answer.
struct Wire {
    stream: TcpStream,
    /// Something was read since anything was written or acknowledged.
    is_owing: bool,
    /// In TLS only.
    records: Option<Records>,
}

impl Wire {
    /// Acknowledges what was read, if no answer has done that.
    fn acknowledge(&mut self) {
        if std::mem::take(&mut self.is_owing) {
            // Without it everything works, only later.
            #[cfg(target_os = "linux")]
            let _ = self.stream.set_quickack(true);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        match polled {
            Poll::Ready(Ok(())) => {
                self.is_owing = true;
                if let Some(records) = &mut self.records {
                    records.pass(&buffer.filled()[before..]);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.acknowledge(),
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, octets);
        self.is_owing &= !matches!(polled, Poll::Ready(Ok(_)));
        polled
    }

    /// TLS has several records at once: when it refuses a client, an alert behind what it has said so far.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.is_owing &= !matches!(polled, Poll::Ready(Ok(_)));
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Where among the records of TLS (RFC 8446 §5.1) that what was read so far ends: of a record that has come in part,
/// TLS itself shows nothing.
#[derive(Debug, Default)]
struct Records {
    /// Octets seen of the header.
    header: usize,
    /// Octets of the record that are still to come; while the header comes, what is known of their number.
    left: usize,
}

impl Records {
    fn pass(&mut self, mut octets: &[u8]) {
        while let Some((&first, rest)) = octets.split_first() {
            if self.header < RECORD_HEADER_BYTES {
                // The last two octets of the header are the length.
                if self.header >= RECORD_HEADER_BYTES - 2 {
                    self.left = self.left << 8 | usize::from(first);
                }
                self.header += 1;
                octets = rest;
            } else {
                let passed = self.left.min(octets.len());
                self.left -= passed;
                octets = &octets[passed..];
            }
            if self.header == RECORD_HEADER_BYTES && self.left == 0 {
                self.header = 0;
            }
        }
    }

    fn are_complete(&self) -> bool {
        self.header == 0
    }
}

const RECORD_HEADER_BYTES: usize = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_are_complete_at_their_ends_only(
            lengths in proptest::collection::vec(0usize..700, 1..6), cut in 0usize..4000,
        ) {
            let mut octets = Vec::new();
            let mut ends = vec![0];
            for length in lengths {
                octets.extend([23, 3, 3, (length >> 8) as u8, length as u8]);
                octets.extend(vec![7; length]);
                ends.push(octets.len());
            }
            let cut = cut.min(octets.len());
            let mut records = Records::default();
            records.pass(&octets[..cut]);
            prop_assert_eq!(records.are_complete(), ends.contains(&cut));
            records.pass(&octets[cut..]);
            prop_assert!(records.are_complete());
        }
    }
}

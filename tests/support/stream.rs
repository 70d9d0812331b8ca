//! A client's connection, in the clear or in TLS.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use archiveopteryx::wire::deflate::{Deflater, Inflater};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::authority::Issued;

/// What a client is connected by.
pub struct Stream {
    carried: Carried,
    compression: Option<Compression>,
    /// Read behind the end of what was compressed.
    plain: Vec<u8>,
}

/// Both directions of a compressed stream.
#[derive(Default)]
struct Compression {
    inflater: Inflater,
    deflater: Deflater,
    input: Vec<u8>,
}

enum Carried {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// How a client does TLS.
#[derive(Clone)]
pub struct TlsClient {
    /// The name by which it knows the server.
    pub name: String,
    pub config: Arc<ClientConfig>,
}

impl TlsClient {
    /// One that trusts the certificates in the PEM file `trusted` and calls the server `name`.
    pub fn new(trusted: &Path, name: &str) -> TlsClient {
        let config = builder(trusted, rustls::ALL_VERSIONS).with_no_client_auth();
        TlsClient { name: name.to_string(), config: Arc::new(config) }
    }

    /// The same, for one version of TLS.
    pub fn of_version(trusted: &Path, name: &str, version: &'static SupportedProtocolVersion) -> TlsClient {
        let config = builder(trusted, &[version]).with_no_client_auth();
        TlsClient { name: name.to_string(), config: Arc::new(config) }
    }

    /// One that shows a certificate of its own.
    pub fn with_certificate(trusted: &Path, name: &str, own: &Issued) -> TlsClient {
        let chain = CertificateDer::from_pem_file(&own.certificate).expect("the certificate can be read");
        let key = PrivateKeyDer::from_pem_file(&own.key).expect("the key can be read");
        let builder = builder(trusted, rustls::ALL_VERSIONS);
        let config = builder.with_client_auth_cert(vec![chain], key).expect("the key fits");
        TlsClient { name: name.to_string(), config: Arc::new(config) }
    }
}

fn builder(
    trusted: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(trusted).expect("the file can be read") {
        roots.add(certificate.expect("it is a certificate")).expect("it can be trusted");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions);
    builder.expect("ring has them all").with_root_certificates(roots)
}

/// A connection from an address of this machine: what failed from another is not held against it.
pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source, 0)))?;
        socket.connect(address).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

impl Stream {
    /// A connection that has just been made.
    pub fn plain(stream: TcpStream, patience: Duration) -> io::Result<Stream> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Stream { carried: Carried::Plain(stream), compression: None, plain: Vec::new() })
    }

    /// Connects, and shakes hands before anything is said.
    pub fn secure(address: SocketAddr, client: &TlsClient, patience: Duration) -> io::Result<Stream> {
        let mut stream = Stream::plain(TcpStream::connect(address)?, patience)?;
        stream.start_tls(client)?;
        Ok(stream)
    }

    /// Shakes hands on a connection that began in the clear.
    pub fn start_tls(&mut self, client: &TlsClient) -> io::Result<()> {
        let Carried::Plain(stream) = &self.carried else { return Err(io::Error::other("it is TLS already")) };
        let mut stream = stream.try_clone()?;
        let name = ServerName::try_from(client.name.clone()).map_err(io::Error::other)?;
        let mut session = ClientConnection::new(client.config.clone(), name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        self.carried = Carried::Tls(Box::new(StreamOwned::new(session, stream)));
        Ok(())
    }

    /// How long a read may wait before it fails.
    pub fn set_read_timeout(&mut self, patience: Duration) -> io::Result<()> {
        self.socket().set_read_timeout(Some(patience))
    }

    /// What is below TLS and compression.
    pub fn socket(&self) -> &TcpStream {
        match &self.carried {
            Carried::Plain(stream) => stream,
            Carried::Tls(tls) => &tls.sock,
        }
    }

    /// What this connection has that no other has (RFC 9266).
    pub fn exporter(&self) -> Option<[u8; 32]> {
        let Carried::Tls(tls) = &self.carried else { return None };
        tls.conn.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok()
    }

    /// The certificate that the server has shown.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        let Carried::Tls(tls) = &self.carried else { return None };
        tls.conn.peer_certificates()?.first().map(|certificate| certificate.to_vec())
    }

    /// Whether an earlier connection was resumed.
    pub fn is_resumed(&self) -> bool {
        matches!(&self.carried, Carried::Tls(tls) if tls.conn.handshake_kind() == Some(HandshakeKind::Resumed))
    }
}

impl Stream {
    /// Compresses what is said from now on.
    pub fn compress(&mut self) {
        self.compression = Some(Compression::default());
    }

    /// Goes on without compression, when the server has ended its own.
    pub fn decompress(&mut self) -> io::Result<()> {
        let Some(mut compression) = self.compression.take() else { return Ok(()) };
        while !compression.inflater.has_ended() {
            if compression.read(&mut self.carried, &mut [0; 1])? != 0 {
                return Err(io::Error::other("more is said before the end of the compressed stream"));
            }
        }
        self.plain = compression.input;
        Ok(())
    }
}

impl Compression {
    /// Nothing is read at the end of the stream.
    fn read(&mut self, carried: &mut Carried, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let (taken, made) = self.inflater.read(&self.input, buffer).map_err(io::Error::other)?;
            self.input.drain(..taken);
            if made > 0 || self.inflater.has_ended() {
                return Ok(made);
            }
            let mut room = [0; 4096];
            let read = carried.read(&mut room)?;
            if read == 0 {
                return Ok(0);
            }
            self.input.extend_from_slice(&room[..read]);
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.compression {
            Some(compression) => compression.read(&mut self.carried, buffer),
            None if !self.plain.is_empty() => {
                let read = self.plain.len().min(buffer.len());
                buffer[..read].copy_from_slice(&self.plain[..read]);
                self.plain.drain(..read);
                Ok(read)
            }
            None => self.carried.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let Some(compression) = &mut self.compression else { return self.carried.write(octets) };
        let mut out = Vec::new();
        compression.deflater.write(octets, &mut out);
        self.carried.write_all(&out)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.carried.flush()
    }
}

impl Read for Carried {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Carried::Plain(stream) => stream.read(buffer),
            Carried::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Carried {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Carried::Plain(stream) => stream.write(octets),
            Carried::Tls(tls) => tls.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Carried::Plain(stream) => stream.flush(),
            Carried::Tls(tls) => tls.flush(),
        }
    }
}

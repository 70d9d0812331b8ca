//! A client's connection, in the clear or in TLS.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

/// What a client is connected by.
pub struct Stream {
    carried: Carried,
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
        TlsClient { name: name.to_string(), config: Arc::new(builder(trusted).with_no_client_auth()) }
    }

    /// One that shows a certificate of its own: `certificate` and `key` are PEM files.
    pub fn with_certificate(trusted: &Path, name: &str, certificate: &Path, key: &Path) -> TlsClient {
        let chain = vec![CertificateDer::from_pem_file(certificate).expect("the certificate can be read")];
        let key = PrivateKeyDer::from_pem_file(key).expect("the key can be read");
        let config = builder(trusted).with_client_auth_cert(chain, key).expect("the key fits");
        TlsClient { name: name.to_string(), config: Arc::new(config) }
    }
}

fn builder(trusted: &Path) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(trusted).expect("the file can be read") {
        roots.add(certificate.expect("it is a certificate")).expect("it can be trusted");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    builder.with_safe_default_protocol_versions().expect("ring has them all").with_root_certificates(roots)
}

impl Stream {
    /// A connection that has just been made.
    pub fn plain(stream: TcpStream, patience: Duration) -> io::Result<Stream> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Stream { carried: Carried::Plain(stream) })
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
        let stream = match &self.carried {
            Carried::Plain(stream) => stream,
            Carried::Tls(tls) => &tls.sock,
        };
        stream.set_read_timeout(Some(patience))
    }

    /// What this connection has that no other has (RFC 9266).
    pub fn exporter(&self) -> Option<[u8; 32]> {
        let Carried::Tls(tls) = &self.carried else { return None };
        tls.conn.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", None).ok()
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

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.carried {
            Carried::Plain(stream) => stream.read(buffer),
            Carried::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.carried {
            Carried::Plain(stream) => stream.write(octets),
            Carried::Tls(tls) => tls.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.carried {
            Carried::Plain(stream) => stream.flush(),
            Carried::Tls(tls) => tls.flush(),
        }
    }
}

/// A certificate for `names` and its key, signed by `issuer` or by itself: written as `NAME.pem` and `NAME.key`.
pub fn certificate(
    folder: &Path,
    name: &str,
    names: &[&str],
    issuer: Option<&rcgen::Issuer<'static, rcgen::KeyPair>>,
) -> (PathBuf, PathBuf) {
    let key = rcgen::KeyPair::generate().expect("a key can be made");
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = rcgen::CertificateParams::new(names).expect("these are names");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let signed = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    let (pem, secret) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&pem, signed.expect("it can be signed").pem()).expect("the folder can be written");
    std::fs::write(&secret, key.serialize_pem()).expect("the folder can be written");
    (pem, secret)
}

/// An authority whose own certificate is written as `NAME.pem`.
pub fn authority(folder: &Path, name: &str) -> (PathBuf, rcgen::Issuer<'static, rcgen::KeyPair>) {
    let key = rcgen::KeyPair::generate().expect("a key can be made");
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names are names");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = folder.join(format!("{name}.pem"));
    let certificate = params.self_signed(&key).expect("it can be signed").pem();
    std::fs::write(&pem, certificate).expect("the folder can be written");
    (pem, rcgen::Issuer::new(params, key))
}

//! How to reach PostgreSQL: an address, and how far its certificate is trusted. Opens connections; keeps none.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::trust;

/// One database, and the role to use there.
#[derive(Clone)]
pub struct Target {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// The database that `url` names, as libpq reads it: `postgres://…` or `host=… user=…`, with `sslmode` (disable,
    /// prefer, require, verify-ca, verify-full) and `sslrootcert`.
    pub fn from_url(url: &str) -> Result<Target, String> {
        let (url, asked) = take_ssl_words(url)?;
        let mut config: tokio_postgres::Config = url.parse().map_err(|e| format!("{e}"))?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        let local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let trust = asked.trust()?;
        config.ssl_mode(asked.mode).connect_timeout(CONNECT_TIMEOUT);
        config.keepalives_idle(KEEPALIVE_IDLE).application_name("aox");
        let tls = match asked.mode {
            SslMode::Disable => None,
            _ if local => None,
            _ => Some(MakeRustlsConnect::new(client_config(trust, asked.root.as_deref())?)),
        };
        if tls.is_none() {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Target { config, tls })
    }

    /// The database `name` behind the unix socket in `directory`, as `role`.
    pub fn local(directory: &std::path::Path, role: &str, name: &str) -> Target {
        let mut config = tokio_postgres::Config::new();
        config.host_path(directory).user(role).dbname(name).application_name("aox");
        config.ssl_mode(SslMode::Disable).connect_timeout(CONNECT_TIMEOUT);
        Target { config, tls: None }
    }

    /// Opens a connection. Its socket does nothing until somebody polls it.
    pub async fn connect(&self) -> Result<(Client, Socket), tokio_postgres::Error> {
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                Ok((client, Box::new(connection)))
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                Ok((client, Box::new(connection)))
            }
        }
    }

    /// Has PostgreSQL break off what it does for `client` now.
    pub async fn cancel(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let token = client.cancel_token();
        match &self.tls {
            None => token.cancel_query(NoTls).await,
            Some(tls) => token.cancel_query(tls.clone()).await,
        }
    }

    /// The parameters of the connection, for a pool of another kind.
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// The TLS connector; None when the connection stays in clear text or on this host.
    pub fn tls(&self) -> Option<&MakeRustlsConnect> {
        self.tls.as_ref()
    }
}

/// The socket behind a [`Client`], whatever it is made of.
pub type Socket = Box<dyn Messages>;

/// What a socket says besides the answers to statements.
pub trait Messages: Send {
    /// Moves octets both ways; the next notice or notification, or None when the connection has ended.
    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>>;
}

impl<S, T> Messages for Connection<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> {
        Connection::poll_message(self, cx)
    }
}

/// The next notice or notification of `socket`; None when the connection has ended.
pub async fn next_message(socket: &mut Socket) -> Option<Result<AsyncMessage, tokio_postgres::Error>> {
    std::future::poll_fn(|cx| socket.poll_message(cx)).await
}

/// What the address said about TLS.
struct Asked {
    mode: SslMode,
    word: String,
    root: Option<String>,
}

/// How much of the server's certificate is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Anything,
    Chain,
    ChainAndName,
}

impl Asked {
    /// libpq's reading: `require` checks the chain as soon as a root certificate is given.
    fn trust(&self) -> Result<Trust, String> {
        match self.word.as_str() {
            "disable" | "prefer" => Ok(Trust::Anything),
            "require" if self.root.is_some() => Ok(Trust::Chain),
            "require" => Ok(Trust::Anything),
            "verify-ca" => Ok(Trust::Chain),
            "verify-full" => Ok(Trust::ChainAndName),
            other => Err(format!(
                "sslmode is \"{other}\", but must be disable, prefer, require, verify-ca or verify-full"
            )),
        }
    }
}

/// `url` without `sslmode` and `sslrootcert`, which tokio-postgres knows less well than libpq, and what they said.
fn take_ssl_words(url: &str) -> Result<(String, Asked), String> {
    let mut word = "prefer".to_owned();
    let mut root = None;
    let mut take = |item: &str| -> Result<bool, String> {
        let Some((key, value)) = item.split_once('=') else { return Ok(false) };
        match key {
            "sslmode" => word = value.trim_matches('\'').to_owned(),
            "sslrootcert" => root = Some(percent_decoded(value.trim_matches('\''))),
            _ => return Ok(false),
        }
        Ok(true)
    };
    let kept = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut rest = Vec::new();
        for item in query.split('&').filter(|item| !item.is_empty()) {
            if !take(item)? {
                rest.push(item);
            }
        }
        if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) }
    } else {
        let mut rest = Vec::new();
        for item in url.split_whitespace() {
            if !take(item)? {
                rest.push(item);
            }
        }
        rest.join(" ")
    };
    let mode = match word.as_str() {
        "disable" => SslMode::Disable,
        "prefer" => SslMode::Prefer,
        _ => SslMode::Require,
    };
    Ok((kept, Asked { mode, word, root }))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match (bytes[at], hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(octet)) => {
                out.push(octet);
                at += 3;
            }
            (octet, _) => {
                out.push(octet);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn client_config(trust: Trust, root: Option<&str>) -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous();
    let verifier = Verifier {
        trust,
        inner: match trust {
            Trust::Anything => None,
            _ => Some(
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots(root)?), provider.clone())
                    .build()
                    .map_err(|e| format!("no certificate authority can be used: {e}"))?,
            ),
        },
        algorithms: provider.signature_verification_algorithms,
    };
    Ok(builder.with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// The authorities in the file that `sslrootcert` names, or else those that this system trusts.
fn roots(file: Option<&str>) -> Result<rustls::RootCertStore, String> {
    trust::roots(file.filter(|path| *path != "system")).map_err(|error| format!("sslrootcert {error}"))
}

/// Checks a certificate as far as `sslmode` asks, as libpq does.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    inner: Option<Arc<WebPkiServerVerifier>>,
    algorithms: rustls::crypto::WebPkiSupportedAlgorithms,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Trust::Anything => "anything",
            Trust::Chain => "chain",
            Trust::ChainAndName => "chain and name",
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(certificate, between, name, ocsp, now) {
            // verify-ca: any name will do, as long as the authority is ours.
            Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName
                | rustls::CertificateError::NotValidForNameContext { .. },
            )) if self.trust == Trust::Chain => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssl_words_are_taken_out_of_both_forms() {
        let (url, asked) = take_ssl_words(
            "postgres://a:b@h/db?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&connect_timeout=3",
        )
        .unwrap();
        assert_eq!(url, "postgres://a:b@h/db?connect_timeout=3");
        assert_eq!(asked.root.as_deref(), Some("/etc/ca.pem"));
        assert!(asked.trust().unwrap() == Trust::ChainAndName);
        let (url, asked) = take_ssl_words("host=h user=u sslmode=require").unwrap();
        assert_eq!(url, "host=h user=u");
        assert!(asked.trust().unwrap() == Trust::Anything);
    }

    #[test]
    fn an_unknown_mode_is_named() {
        let Err(why) = Target::from_url("postgres://u@h/db?sslmode=sometimes") else { panic!("accepted") };
        assert!(why.contains("sometimes"), "{why}");
    }

    #[test]
    fn a_unix_socket_needs_no_tls() {
        let target = Target::from_url("host=/run/postgresql user=u dbname=d sslmode=require").unwrap();
        assert!(target.tls().is_none());
    }
}

//! TLS as the doors use it: what it is configured with now, and how a socket is taken into it.
//!
//! The configuration is replaced as a whole when its files change; connections that are open keep what they began with.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use archiveopteryx::aox::conversation::CertificateFacts;
use archiveopteryx::limits;
use rustls::ServerConfig;
use tokio::sync::{Semaphore, watch};

use crate::client_socket::{ClientSocket, TlsFacts};

/// What is spoken inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Imap,
    Pop3,
    Lmtp,
}

/// One configuration for each protocol: they differ by the name that a client may ask for (RFC 7301).
#[derive(Debug)]
pub struct Configs {
    imap: Arc<ServerConfig>,
    pop3: Arc<ServerConfig>,
    lmtp: Arc<ServerConfig>,
    facts: Vec<CertificateFacts>,
}

/// Shared by all doors.
#[derive(Clone)]
pub struct Tls {
    configs: watch::Receiver<Option<Arc<Configs>>>,
    /// Handshakes that may be under way.
    handshakes: Arc<Semaphore>,
}

impl Protocol {
    /// Its name: for the log, and in ALPN. LMTP has none there; a client that names one all the same is not refused.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Imap => "imap",
            Protocol::Pop3 => "pop3",
            Protocol::Lmtp => "lmtp",
        }
    }
}

impl Configs {
    /// What `config` says, with each protocol's own name added. `facts` are those of its certificates.
    pub fn of(config: &ServerConfig, facts: Vec<CertificateFacts>) -> Configs {
        let named = |protocol: Protocol| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.name().as_bytes().to_vec()];
            Arc::new(config)
        };
        Configs {
            imap: named(Protocol::Imap),
            pop3: named(Protocol::Pop3),
            lmtp: Arc::new(config.clone()),
            facts,
        }
    }

    /// The certificates in use.
    pub fn facts(&self) -> &[CertificateFacts] {
        &self.facts
    }
}

impl Tls {
    /// TLS with what `configs` holds at the time; none is offered while that is nothing.
    pub fn new(configs: watch::Receiver<Option<Arc<Configs>>>) -> Tls {
        Tls { configs, handshakes: Arc::new(Semaphore::new(limits::TLS_HANDSHAKES_MAX)) }
    }

    /// Whether there is a certificate, so that TLS can be offered.
    pub fn is_offered(&self) -> bool {
        self.configs.borrow().is_some()
    }

    /// The certificates in use.
    pub fn certificates(&self) -> Vec<CertificateFacts> {
        self.configs.borrow().as_ref().map(|configs| configs.facts().to_vec()).unwrap_or_default()
    }

    /// Shakes hands with a client, which has limited time for that.
    pub async fn secure(
        &self,
        socket: ClientSocket,
        protocol: Protocol,
    ) -> io::Result<(ClientSocket, TlsFacts)> {
        let config = self.config(protocol).ok_or_else(|| io::Error::other("there is no certificate"))?;
        let handshake = async {
            let _one = self.handshakes.acquire().await.map_err(io::Error::other)?;
            socket.secure(config).await
        };
        let patience = Duration::from_secs(limits::TLS_HANDSHAKE_SECONDS_MAX);
        let secured = tokio::time::timeout(patience, handshake).await;
        let (socket, facts) = secured.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        let TlsFacts { version, cipher, server_name, alpn, client_certificate, .. } = &facts;
        let (door, certified) = (protocol.name(), client_certificate.is_some());
        tracing::debug!(door, version, cipher, ?server_name, ?alpn, certified, "TLS begins");
        Ok((socket, facts))
    }

    fn config(&self, protocol: Protocol) -> Option<Arc<ServerConfig>> {
        let configs = self.configs.borrow();
        let configs = configs.as_ref()?;
        Some(match protocol {
            Protocol::Imap => configs.imap.clone(),
            Protocol::Pop3 => configs.pop3.clone(),
            Protocol::Lmtp => configs.lmtp.clone(),
        })
    }
}

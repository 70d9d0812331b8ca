//! What POP3 is configured with.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The door for those who fetch their mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pop3 {
    #[serde(deserialize_with = "super::addresses")]
    pub listen: Vec<SocketAddr>,
    /// Where TLS comes first.
    #[serde(deserialize_with = "super::addresses")]
    pub tls_listen: Vec<SocketAddr>,
    pub connections_max: u32,
    /// Whether passwords may come in the clear from elsewhere than this machine.
    pub plaintext_login: bool,
    /// Whether a message that was retrieved becomes \Seen.
    pub mark_seen: bool,
    /// What a client gets that did not say that it takes UTF-8 in headers.
    pub utf8_headers: Utf8Headers,
}

/// What becomes of messages with UTF-8 in their header for clients that did not ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Utf8Headers {
    /// They are sent as they are.
    Send,
    /// They are refused (RFC 6856 §2.1).
    Refuse,
}

impl Default for Pop3 {
    fn default() -> Pop3 {
        Pop3 {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 1110))],
            tls_listen: vec![SocketAddr::from(([127, 0, 0, 1], 1995))],
            connections_max: 20_000,
            plaintext_login: false,
            mark_seen: true,
            utf8_headers: Utf8Headers::Send,
        }
    }
}

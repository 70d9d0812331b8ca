//! Logging in, as far as all doors agree on it: who came from where, what a connection may offer, and who was let in.
//!
//! A door leads an [`Exchange`] and hands its questions to its actor, which gets the answers from the authenticator. What
//! is decided without waiting is decided here.

pub mod throttle;
pub mod token;

use std::net::IpAddr;

use crate::db;
use crate::settings;
use crate::wire::sasl::{self, Terms};

/// An exchange that ends with a user.
pub type Exchange = sasl::Exchange<Authenticated>;
/// What follows in it.
pub type Next = sasl::Next<Authenticated>;
/// What came of a question in it.
pub type Answer = sasl::Answer<Authenticated>;

/// Who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// Whose rights the session has.
    pub account: db::Account,
    /// The administrator who acts for that account.
    pub by: Option<db::Account>,
    /// The client did not say who it is, and got the account for such clients.
    pub anonymous: bool,
}

impl Authenticated {
    /// A user who acts for nobody else.
    pub fn new(account: db::Account) -> Authenticated {
        Authenticated { account, by: None, anonymous: false }
    }
}

/// Where an attempt came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub door: &'static str,
    pub address: IpAddr,
    pub tls: bool,
}

/// What is known of a connection that has to do with logging in. The default is one without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Channel {
    /// Whether the client is on this machine.
    pub loopback: bool,
    pub tls: bool,
    /// `tls-exporter` (RFC 9266).
    pub channel_binding: Option<[u8; 32]>,
    /// The login that the client's certificate names.
    pub certificate_identity: Option<String>,
}

/// What a client may use. `plaintext` says whether the door takes passwords in the clear from anywhere.
pub fn terms(login: &settings::Login, plaintext: bool, channel: &Channel) -> Terms {
    Terms {
        mechanisms: login.mechanisms.clone(),
        plaintext_allowed: plaintext || channel.tls || channel.loopback,
        channel_binding: channel.channel_binding,
        certificate_identity: channel.certificate_identity.clone(),
        anonymous: !login.anonymous.is_empty(),
        oauth: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_need_tls_or_this_machine_or_the_sites_word() {
        let login = settings::Login::default();
        let offers = |plaintext, tls, loopback| {
            let channel = Channel { tls, loopback, ..Channel::default() };
            terms(&login, plaintext, &channel).offer("PLAIN")
        };
        assert!(!offers(false, false, false));
        assert!(offers(true, false, false) && offers(false, true, false) && offers(false, false, true));
    }
}

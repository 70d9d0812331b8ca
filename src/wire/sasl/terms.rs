//! Which mechanisms a client may use, by what is known of its connection.

/// What is known of the site and of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The mechanisms that the site permits, by name.
    pub mechanisms: Vec<String>,
    /// Whether a password or a token may come over this connection as it is.
    pub plaintext_allowed: bool,
    /// What binds an exchange to this TLS connection: `tls-exporter` (RFC 9266).
    pub channel_binding: Option<[u8; 32]>,
    /// Whom the client's certificate names, when TLS has verified one.
    pub certificate_identity: Option<String>,
    /// Whether there is an account for those who do not say who they are.
    pub anonymous: bool,
    /// How to get a token, where tokens are accepted.
    pub oauth: Option<OAuthTerms>,
}

/// What a client is told whose token was refused (RFC 7628 §3.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OAuthTerms {
    /// The scope that a token needs; empty when there is none to name.
    pub scope: String,
    /// Where the configuration of the issuer can be read; empty when it is not told.
    pub openid_configuration: String,
}

/// Every mechanism there is, best first: a client that knows no better takes the first that it knows.
pub const NAMES: [&str; 10] = [
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-1",
    "EXTERNAL",
    "OAUTHBEARER",
    "XOAUTH2",
    "PLAIN",
    "LOGIN",
    "ANONYMOUS",
];

impl Terms {
    /// What is offered on this connection, best first.
    pub fn mechanisms(&self) -> Vec<&'static str> {
        NAMES.into_iter().filter(|name| self.offer(name)).collect()
    }

    /// Whether the mechanism of that name, in capitals, is offered.
    pub fn offer(&self, name: &str) -> bool {
        let possible = match name {
            "PLAIN" | "LOGIN" => self.plaintext_allowed,
            "OAUTHBEARER" | "XOAUTH2" => self.plaintext_allowed && self.oauth.is_some(),
            "SCRAM-SHA-256-PLUS" | "SCRAM-SHA-1-PLUS" => self.channel_binding.is_some(),
            "EXTERNAL" => self.certificate_identity.is_some(),
            "ANONYMOUS" => self.anonymous,
            _ => true,
        };
        possible && self.permit(name)
    }

    /// Whether the site wants the mechanism at all.
    pub fn permit(&self, name: &str) -> bool {
        self.mechanisms.iter().any(|permitted| permitted.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_depends_on_the_connection() {
        let mechanisms = NAMES.map(str::to_owned).to_vec();
        let plain = Terms { mechanisms, ..Terms::default() };
        assert_eq!(plain.mechanisms(), ["SCRAM-SHA-256", "SCRAM-SHA-1"]);
        let loopback = Terms { plaintext_allowed: true, anonymous: true, ..plain.clone() };
        assert_eq!(loopback.mechanisms(), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "ANONYMOUS"]);
        let tls = Terms {
            channel_binding: Some([1; 32]),
            certificate_identity: Some("anna".into()),
            oauth: Some(OAuthTerms::default()),
            ..loopback
        };
        assert_eq!(tls.mechanisms(), NAMES);
        let few = Terms { mechanisms: vec!["plain".into()], ..tls };
        assert_eq!(few.mechanisms(), ["PLAIN"]);
    }
}

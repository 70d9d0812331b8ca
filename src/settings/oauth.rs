//! An authorization server whose tokens open accounts.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use super::Secret;

/// How a token is checked, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oauth {
    /// Who issues the tokens: `iss` must be exactly this.
    pub issuer: String,
    /// For whom tokens must be meant: one of these must be in `aud`.
    #[serde(deserialize_with = "texts")]
    pub audiences: Vec<String>,
    /// The issuer's public keys: a file or an address, a JWK set or PEM. Empty means that we cannot check signatures.
    pub keys: String,
    pub keys_seconds: u32,
    pub algorithms: Vec<Algorithm>,
    /// The key of HS256 and its like.
    pub secret: Secret,
    pub secret_file: String,
    /// The claim that says which login a token opens.
    pub login_claim: String,
    /// A scope that a token must have; empty means any.
    pub scope: String,
    pub leeway_seconds: u32,
    /// Where the authorization server says whether a token is active (RFC 7662); empty means that it is not asked.
    pub introspection_url: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub client_secret_file: String,
    /// How long an answer of the authorization server holds.
    pub cache_seconds: u32,
    pub timeout_seconds: u32,
    /// The authorities that may vouch for it; empty means those that the system trusts.
    pub ca_file: String,
    /// Where a client whose token was refused learns more about the authorization server (RFC 7628 §3.2.2).
    pub openid_configuration: String,
}

/// How a token may be signed (RFC 7518 §3.1, RFC 8037 §3.1). "none" is none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl Algorithm {
    /// Whether the key that checks a signature can make one as well.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
    }
}

impl Default for Oauth {
    fn default() -> Oauth {
        use Algorithm::{ES256, EdDSA, PS256, RS256};
        Oauth {
            issuer: String::new(),
            audiences: Vec::new(),
            keys: String::new(),
            keys_seconds: 3600,
            algorithms: vec![RS256, PS256, ES256, EdDSA],
            secret: Secret::default(),
            secret_file: String::new(),
            login_claim: "preferred_username".to_owned(),
            scope: String::new(),
            leeway_seconds: 60,
            introspection_url: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            client_secret_file: String::new(),
            cache_seconds: 60,
            timeout_seconds: 10,
            ca_file: String::new(),
            openid_configuration: String::new(),
        }
    }
}

impl Oauth {
    /// Whether tokens open accounts at all.
    pub fn is_on(&self) -> bool {
        self.checks_signatures() || !self.introspection_url.is_empty()
    }

    /// Whether we check the signatures of tokens.
    pub fn checks_signatures(&self) -> bool {
        !(self.keys.is_empty() && self.secret.is_empty() && self.secret_file.is_empty())
    }

    /// The addresses that are asked in the clear over a network.
    pub fn readable_on_the_way(&self) -> impl Iterator<Item = &str> {
        let far = |url: &&str| {
            let host = url.strip_prefix("http://").unwrap_or("localhost");
            !["localhost", "127.", "[::1]"].iter().any(|near| host.starts_with(near))
        };
        [self.keys.as_str(), self.introspection_url.as_str()].into_iter().filter(far)
    }

    pub(super) fn faults(&self, faults: &mut Vec<(&'static str, String)>) {
        if !self.is_on() {
            return;
        }
        let mut fault = |key, wanted: &str| faults.push((key, wanted.to_owned()));
        if self.checks_signatures() {
            // RFC 8725 §3.8, §3.9: a good signature alone does not say that the token was made for us.
            if self.issuer.is_empty() {
                fault("oauth.issuer", "the issuer of the tokens, as long as their signatures are checked");
            }
            if self.audiences.is_empty() {
                fault(
                    "oauth.audiences",
                    "for whom tokens must be meant, as long as their signatures are checked",
                );
            }
        }
        let symmetric = self.algorithms.iter().any(|algorithm| algorithm.is_symmetric());
        let secret = !(self.secret.is_empty() && self.secret_file.is_empty());
        if self.checks_signatures() && (self.algorithms.is_empty() || symmetric && !secret) {
            // RFC 8725 §3.1: without a secret of its own, HS256 would take a public key for one.
            fault("oauth.algorithms", "a list of algorithms, with HS256 only when oauth.secret is set");
        }
        if secret && !symmetric {
            fault("oauth.algorithms", "a list with HS256, HS384 or HS512, as long as oauth.secret is set");
        }
        for (key, [one, other]) in [
            ("oauth.secret_file", [&self.secret.0, &self.secret_file]),
            ("oauth.client_secret_file", [&self.client_secret.0, &self.client_secret_file]),
        ] {
            if !one.is_empty() && !other.is_empty() {
                fault(key, "empty, as long as the secret itself is set");
            }
        }
        if !self.secret.is_empty() && self.secret.0.len() < 32 {
            // RFC 7518 §3.2.
            fault("oauth.secret", "32 octets at least");
        }
        for (key, url) in [
            ("oauth.introspection_url", &self.introspection_url),
            ("oauth.openid_configuration", &self.openid_configuration),
        ] {
            if !url.is_empty() && !is_url(url) {
                fault(key, WANTED_URL);
            }
        }
        if self.login_claim.is_empty() {
            fault("oauth.login_claim", WANTED_CLAIM);
        }
        if self.leeway_seconds > 600 {
            fault("oauth.leeway_seconds", "a number up to 600");
        }
        if !(60..=604_800).contains(&self.keys_seconds) {
            fault("oauth.keys_seconds", "a number from 60 to 604800");
        }
        if self.cache_seconds > 3600 {
            fault("oauth.cache_seconds", "a number up to 3600");
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            fault("oauth.timeout_seconds", "a number from 1 to 60");
        }
    }
}

/// What a setting of this section may be.
pub(super) fn wanted(key: &str) -> Option<&'static str> {
    Some(match key {
        "issuer" => "the issuer as tokens name it, such as \"https://login.example.org\"",
        "audiences" => "a list of names, such as [\"mail.example.org\"]",
        "keys" => "a file or an address, such as \"https://login.example.org/jwks\"",
        "algorithms" => {
            "a list of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, HS256, HS384 and HS512"
        }
        "secret" | "client_secret" => "a secret",
        "secret_file" | "client_secret_file" | "ca_file" => "a file",
        "login_claim" => WANTED_CLAIM,
        "scope" => "a scope, such as \"mail\"",
        "introspection_url" | "openid_configuration" => WANTED_URL,
        "client_id" => "the name by which the authorization server knows this one",
        "keys_seconds" | "leeway_seconds" | "cache_seconds" | "timeout_seconds" => "a number",
        _ => return None,
    })
}

fn is_url(url: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':', '?']))
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A list of texts. Empty items are skipped: that is how the environment gives an empty list.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let mut items = Vec::<String>::deserialize(deserializer)?;
    items.retain(|item| !item.is_empty());
    Ok(items)
}

const WANTED_URL: &str = "an address, such as \"https://login.example.org/introspect\"";
const WANTED_CLAIM: &str = "the name of a claim, such as \"preferred_username\", \"email\" or \"sub\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut Oauth)) -> Vec<&'static str> {
        let mut oauth = Oauth {
            issuer: "https://login.example.org".to_owned(),
            audiences: vec!["mail".to_owned()],
            keys: "/etc/aox/jwks.json".to_owned(),
            ..Oauth::default()
        };
        change(&mut oauth);
        let mut faults = Vec::new();
        oauth.faults(&mut faults);
        faults.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn each_fault_names_its_key() {
        assert!(faults(|_| ()).is_empty());
        assert!(faults(|oauth| *oauth = Oauth::default()).is_empty());
        assert_eq!(faults(|oauth| oauth.issuer.clear()), ["oauth.issuer"]);
        assert_eq!(faults(|oauth| oauth.audiences.clear()), ["oauth.audiences"]);
        assert_eq!(faults(|oauth| oauth.algorithms.push(Algorithm::HS256)), ["oauth.algorithms"]);
        assert_eq!(faults(|oauth| oauth.algorithms.clear()), ["oauth.algorithms"]);
        assert_eq!(faults(|oauth| oauth.secret_file = "/a".to_owned()), ["oauth.algorithms"]);
        assert_eq!(faults(|oauth| oauth.introspection_url = "here".to_owned()), ["oauth.introspection_url"]);
        assert_eq!(faults(|oauth| oauth.leeway_seconds = 100_000), ["oauth.leeway_seconds"]);
        let short = |oauth: &mut Oauth| {
            oauth.secret = Secret("short".to_owned());
            oauth.algorithms.push(Algorithm::HS256);
        };
        assert_eq!(faults(short), ["oauth.secret"]);
    }
}

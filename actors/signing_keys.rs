//! The keys with which an issuer signs its tokens, read from a file or fetched, and fetched again when they change.
//!
//! A token whose key has a name that is not known makes us look for new keys, but not more often than once a minute, as
//! anybody can make such a token. While the issuer cannot be reached, the keys that are known stay good.

use std::sync::Arc;
use std::time::{Duration, Instant};

use archiveopteryx::identity::bearer::BearerToken;
use archiveopteryx::limits;
use archiveopteryx::settings::{Algorithm, Oauth};
use jsonwebtoken::DecodingKey;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::web::Web;

/// The keys of one issuer.
pub struct SigningKeys {
    source: String,
    keep: Duration,
    secret: Option<DecodingKey>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<Vec<SigningKey>>>,
    /// When they were read.
    read: Option<Instant>,
    /// When that was tried and failed.
    failed: Option<Instant>,
    /// When that was done because of a key that was not known.
    refreshed: Option<Instant>,
}

/// One public key.
struct SigningKey {
    name: Option<String>,
    /// The only algorithm that it is meant for, if it says so.
    algorithm: Option<Algorithm>,
    family: Family,
    key: DecodingKey,
}

/// With which algorithms a key can be used at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl SigningKeys {
    /// The keys that the settings name; `secret` is that of HS256.
    pub fn new(settings: &Oauth, secret: &str) -> SigningKeys {
        SigningKeys {
            source: settings.keys.clone(),
            keep: Duration::from_secs(settings.keys_seconds.into()),
            secret: (!secret.is_empty()).then(|| DecodingKey::from_secret(secret.as_bytes())),
            state: Mutex::default(),
        }
    }

    /// Whether the token was signed with one of these keys, by the algorithm that it names. An error when no keys can
    /// be had at all.
    pub async fn have_signed(&self, token: &BearerToken<'_>, web: &Web) -> Result<bool, String> {
        if token.algorithm.is_symmetric() {
            return Ok(self.secret.as_ref().is_some_and(|secret| holds(token, secret)));
        }
        if self.source.is_empty() {
            return Ok(false);
        }
        let keys = self.keys(web, |_| true).await?;
        if !keys.iter().any(|key| key.may_have_signed(token)) {
            let keys = self.keys(web, |keys| keys.iter().any(|key| key.may_have_signed(token))).await?;
            return Ok(keys.iter().any(|key| key.may_have_signed(token) && holds(token, &key.key)));
        }
        Ok(keys.iter().any(|key| key.may_have_signed(token) && holds(token, &key.key)))
    }

    /// Reads the keys, as it is done at the start; how many there are.
    pub async fn read(&self, web: &Web) -> Result<usize, String> {
        if self.source.is_empty() {
            return Ok(0);
        }
        self.keys(web, |_| true).await.map(|keys| keys.len())
    }

    /// The keys, read anew when they are old, or when they do not `suffice` and were not asked for within a minute.
    async fn keys(
        &self,
        web: &Web,
        suffice: impl Fn(&[SigningKey]) -> bool,
    ) -> Result<Arc<Vec<SigningKey>>, String> {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        let within =
            |moment: Option<Instant>, pause| moment.is_some_and(|then| now.duration_since(then) < pause);
        let missing = state.keys.as_ref().is_none_or(|keys| !suffice(keys));
        let pause = if state.keys.is_some() { REFRESH_PAUSE } else { FIRST_PAUSE };
        let refresh = missing && !within(state.refreshed, REFRESH_PAUSE);
        if (refresh || !within(state.read, self.keep)) && !within(state.failed, pause) {
            if missing && state.keys.is_some() {
                state.refreshed = Some(now);
            }
            match self.load(web).await {
                Ok(keys) => {
                    tracing::debug!(keys = keys.len(), source = %self.source, "the issuer's keys were read");
                    state.keys = Some(Arc::new(keys));
                    state.read = Some(now);
                }
                Err(error) => {
                    tracing::warn!(source = %self.source, %error, "the issuer's keys cannot be read");
                    state.failed = Some(now);
                }
            }
        }
        state.keys.clone().ok_or_else(|| format!("there are no keys from {}", self.source))
    }

    async fn load(&self, web: &Web) -> Result<Vec<SigningKey>, String> {
        let octets = if self.source.starts_with("http://") || self.source.starts_with("https://") {
            web.get(&self.source).await?
        } else {
            tokio::fs::read(&self.source).await.map_err(|error| error.to_string())?
        };
        parse(&octets)
    }
}

impl SigningKey {
    /// Whether it fits the name and the algorithm of a token. The algorithm is one that the site permits.
    fn may_have_signed(&self, token: &BearerToken<'_>) -> bool {
        let named = match (&self.name, &token.key) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        let meant = self.algorithm.is_none_or(|algorithm| algorithm == token.algorithm);
        named && meant && self.family.has(token.algorithm)
    }

    /// A key of a JWK set (RFC 7517); none when it is for something else, or of a kind that we do not know.
    fn of_jwk(jwk: &Value) -> Option<SigningKey> {
        let text = |member: &str| jwk.get(member).and_then(Value::as_str);
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let algorithm = match jwk.get("alg") {
            None => None,
            Some(name) => Some(serde_json::from_value(name.clone()).ok()?),
        };
        let (family, key) = match (text("kty")?, text("crv")) {
            ("RSA", _) => (Family::Rsa, DecodingKey::from_rsa_components(text("n")?, text("e")?)),
            ("EC", Some("P-256")) => (Family::P256, DecodingKey::from_ec_components(text("x")?, text("y")?)),
            ("EC", Some("P-384")) => (Family::P384, DecodingKey::from_ec_components(text("x")?, text("y")?)),
            ("OKP", Some("Ed25519")) => (Family::Ed25519, DecodingKey::from_ed_components(text("x")?)),
            // Secrets ("oct") come from the settings and never from a set of public keys.
            _ => return None,
        };
        Some(SigningKey { name: text("kid").map(str::to_owned), algorithm, family, key: key.ok()? })
    }
}

impl Family {
    fn has(self, algorithm: Algorithm) -> bool {
        use Algorithm::*;
        match self {
            Family::Rsa => matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512),
            Family::P256 => algorithm == ES256,
            Family::P384 => algorithm == ES384,
            Family::Ed25519 => algorithm == EdDSA,
        }
    }
}

/// A JWK set, one JWK, or public keys and certificates in PEM.
fn parse(octets: &[u8]) -> Result<Vec<SigningKey>, String> {
    let keys: Vec<SigningKey> = match serde_json::from_slice::<Value>(octets) {
        Ok(json) => match json.get("keys").and_then(Value::as_array) {
            Some(set) => set.iter().filter_map(SigningKey::of_jwk).take(limits::SIGNING_KEYS_MAX).collect(),
            None => SigningKey::of_jwk(&json).into_iter().collect(),
        },
        Err(_) => pem_blocks(octets).filter_map(of_pem).take(limits::SIGNING_KEYS_MAX).collect(),
    };
    if keys.is_empty() { Err("there is no key for signatures in it".to_owned()) } else { Ok(keys) }
}

/// Each block from its BEGIN to its END.
fn pem_blocks(octets: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(octets).into_owned();
    let starts: Vec<usize> = text.match_indices("-----BEGIN ").map(|(at, _)| at).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    let blocks: Vec<String> =
        starts.into_iter().zip(ends).map(|(start, end)| text[start..end].to_owned()).collect();
    blocks.into_iter()
}

fn of_pem(block: String) -> Option<SigningKey> {
    let pem = block.as_bytes();
    let (family, key) = None
        .or_else(|| DecodingKey::from_rsa_pem(pem).ok().map(|key| (Family::Rsa, key)))
        .or_else(|| DecodingKey::from_ec_pem(pem).ok().map(|key| (Family::P256, key)))
        .or_else(|| DecodingKey::from_ed_pem(pem).ok().map(|key| (Family::Ed25519, key)))?;
    Some(SigningKey { name: None, algorithm: None, family, key })
}

/// Whether the signature holds.
fn holds(token: &BearerToken<'_>, key: &DecodingKey) -> bool {
    let signed = token.signed.as_bytes();
    // Any error is about what the token brought: a signature in no base64, of a wrong length.
    jsonwebtoken::crypto::verify(token.signature, signed, key, algorithm_of(token.algorithm)).unwrap_or(false)
}

fn algorithm_of(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::HS256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::HS384 => jsonwebtoken::Algorithm::HS384,
        Algorithm::HS512 => jsonwebtoken::Algorithm::HS512,
        Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::RS384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::RS512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::PS256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::PS384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::PS512 => jsonwebtoken::Algorithm::PS512,
        Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::ES384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
    }
}

/// How often an unknown key makes us ask again.
const REFRESH_PAUSE: Duration = Duration::from_secs(60);
/// How often that is tried as long as there are no keys at all.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

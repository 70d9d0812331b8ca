//! Checks tokens of an authorization server: by the issuer's keys, by asking the server itself, or both.
//!
//! A good token is remembered, by a keyed digest and not longer than it is valid, so that a client that connects again
//! and again costs nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use archiveopteryx::error::{Code, Error};
use archiveopteryx::identity::bearer::{self, BearerToken, Claims, Flaw, Owner};
use archiveopteryx::limits;
use archiveopteryx::settings::Oauth;

use crate::secrets::{self, Remembered};
use crate::signing_keys::SigningKeys;
use crate::web::{Client, Web};

/// Shared by all connections of the server.
#[derive(Clone)]
pub struct Tokens {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Oauth,
    client: Client,
    web: Web,
    keys: SigningKeys,
    known: Remembered<String>,
}

impl Tokens {
    /// Reads what the settings name. What is wrong about them is said with the name of the setting.
    pub fn new(settings: &Oauth) -> Result<Tokens, String> {
        let ca_file = Some(settings.ca_file.as_str()).filter(|file| !file.is_empty());
        let timeout = Duration::from_secs(settings.timeout_seconds.into());
        let web = Web::new(ca_file, timeout).map_err(|error| format!("oauth.ca_file: {error}"))?;
        let secret = secrets::read(&settings.secret, &settings.secret_file, "oauth.secret_file")?;
        let client_secret =
            secrets::read(&settings.client_secret, &settings.client_secret_file, "oauth.client_secret_file")?;
        for url in settings.readable_on_the_way() {
            tracing::warn!(
                url,
                "what an authorization server says there can be changed on its way; use https"
            );
        }
        let shared = Shared {
            client: Client { id: settings.client_id.clone(), secret: client_secret },
            web,
            keys: SigningKeys::new(settings, &secret),
            known: Remembered::new(limits::KNOWN_TOKENS_MAX).map_err(|error| error.to_string())?,
            settings: settings.clone(),
        };
        Ok(Tokens { shared: Arc::new(shared) })
    }

    /// How tokens are checked.
    pub fn settings(&self) -> &Oauth {
        &self.shared.settings
    }

    /// Says in the log when the issuer's keys cannot be had yet. That stops nothing: they are asked for again.
    pub async fn look(&self) {
        let Shared { keys, web, settings, .. } = &*self.shared;
        if !settings.keys.is_empty() {
            match keys.read(web).await {
                Ok(keys) => tracing::info!(keys, source = %settings.keys, "tokens open accounts"),
                Err(error) => tracing::warn!(%error, "tokens open no account yet"),
            }
        }
    }

    /// The login that `token` opens, or what is wrong with the token. An error when nobody can say that now.
    pub async fn check(&self, token: &str) -> Result<Result<String, Flaw>, Error> {
        if !bearer::is_well_formed(token) {
            return Ok(Err(Flaw::Invalid("it has not the form of a token")));
        }
        let now = seconds_since_1970();
        if let Some(login) = self.shared.known.get(&[token.as_bytes()]) {
            return Ok(Ok(login));
        }
        let owner = match self.ask(token, now).await? {
            Ok(owner) => owner,
            Err(flaw) => {
                tracing::debug!(%flaw, "a token was refused");
                return Ok(Err(flaw));
            }
        };
        let keep = i64::from(self.shared.settings.cache_seconds);
        let left = owner.until.map_or(keep, |until| keep.min(until - now));
        let left = Duration::from_secs(u64::try_from(left).unwrap_or(0));
        self.shared.known.put(&[token.as_bytes()], owner.login.clone(), left);
        Ok(Ok(owner.login))
    }

    async fn ask(&self, token: &str, now: i64) -> Result<Result<Owner, Flaw>, Error> {
        let Shared { settings, .. } = &*self.shared;
        let mut signed = None;
        if settings.checks_signatures() && bearer::has_parts(token) {
            match self.signed(token, now).await? {
                Ok(owner) => signed = Some(owner),
                Err(flaw) => return Ok(Err(flaw)),
            }
        } else if settings.introspection_url.is_empty() {
            return Ok(Err(Flaw::Invalid("it is not signed")));
        }
        if settings.introspection_url.is_empty() {
            return Ok(signed.ok_or(Flaw::Invalid("it is not signed")));
        }
        let Some(claims) = self.introspected(token).await? else {
            return Ok(Err(Flaw::Invalid("the authorization server does not know it, or has revoked it")));
        };
        Ok(match signed {
            // Whose it is, the signature says; the server was asked only whether that still holds.
            Some(owner) => claims.stands(settings, now).map(|_| owner),
            None => claims.judge_introspected(settings, now),
        })
    }

    async fn signed(&self, token: &str, now: i64) -> Result<Result<Owner, Flaw>, Error> {
        let Shared { settings, keys, web, .. } = &*self.shared;
        let token = match BearerToken::parse(token) {
            Ok(token) => token,
            Err(flaw) => return Ok(Err(flaw)),
        };
        if !settings.algorithms.contains(&token.algorithm) {
            return Ok(Err(Flaw::Invalid("it is signed in a way that this site does not accept")));
        }
        match keys.have_signed(&token, web).await {
            Ok(true) => Ok(token.claims.judge_signed(settings, now)),
            Ok(false) => Ok(Err(Flaw::Invalid("it is not signed by the issuer"))),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Asks the authorization server (RFC 7662 §2.1).
    async fn introspected(&self, token: &str) -> Result<Option<Claims>, Error> {
        let Shared { settings, client, web, .. } = &*self.shared;
        let form = vec![("token", token.to_owned()), ("token_type_hint", "access_token".to_owned())];
        let answer = web.post(&settings.introspection_url, client, form).await;
        let answer = answer.map_err(|error| {
            tracing::warn!(url = %settings.introspection_url, %error, "the authorization server does not answer");
            unavailable(&error)
        })?;
        Ok(Claims::introspected(&answer))
    }
}

fn unavailable(error: &str) -> Error {
    tracing::debug!(error, "a token cannot be checked");
    Error::no(Code::Unavailable, "the token cannot be checked now, try again later")
}

fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

//! What a bearer token of an authorization server says, and whether that opens an account.
//!
//! A token in the form of RFC 7519 is read and judged here; whether its signature holds is computed outside, with keys
//! that come from outside. Nothing that the token itself says about keys but the name of one is ever followed: not
//! `jwk`, `jku`, `x5u` or `x5c`, through which a forger would bring his own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::limits;
use crate::settings::{Algorithm, Oauth};

/// A signed token, taken apart, and not yet believed.
#[derive(Debug, Clone, PartialEq)]
pub struct BearerToken<'a> {
    pub algorithm: Algorithm,
    /// The name of the key, if the token has one. It may be anything: it is compared with names, and nothing else.
    pub key: Option<String>,
    /// What was signed.
    pub signed: &'a str,
    /// The signature, still in base64url.
    pub signature: &'a str,
    pub claims: Claims,
}

/// What a token, or the authorization server about it, asserts.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

/// Whom a good token lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub login: String,
    /// The second since 1970 after which the token opens nothing; none if nobody has said.
    pub until: Option<i64>,
}

/// Why a token opens nothing. The sentence is for our log; a client hears only the word of RFC 6750 §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Invalid(&'static str),
    /// The token is good, but for something else.
    InsufficientScope,
}

impl Flaw {
    /// The word of RFC 6750 §3.1.
    pub fn status(self) -> &'static str {
        match self {
            Flaw::Invalid(_) => "invalid_token",
            Flaw::InsufficientScope => "insufficient_scope",
        }
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Flaw::Invalid(reason) => reason,
            Flaw::InsufficientScope => "the scope that is asked for is missing",
        })
    }
}

/// Whether it has the form of a signed token: three parts. Anything else can only be known to who issued it.
pub fn has_parts(token: &str) -> bool {
    token.bytes().filter(|octet| *octet == b'.').count() == 2
}

/// Whether it may be a token at all: RFC 6750 §2.1 says of what it consists, and we how long it is.
pub fn is_well_formed(token: &str) -> bool {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(&octet);
    !token.is_empty() && token.len() <= limits::TOKEN_BYTES_MAX && token.bytes().all(allowed)
}

impl<'a> BearerToken<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a str) -> Result<BearerToken<'a>, Flaw> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Flaw::Invalid("it has no parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(Flaw::Invalid("it has no signature"))?;
        if payload.contains('.') {
            return Err(Flaw::Invalid("it has too many parts"));
        }
        let header = object(header).ok_or(Flaw::Invalid("its header is no JSON object"))?;
        let algorithm = header.get("alg").cloned().unwrap_or_default();
        let algorithm = serde_json::from_value(algorithm)
            .map_err(|_| Flaw::Invalid("it is signed in a way that we do not know"))?;
        if header.contains_key("crit") {
            // RFC 7515 §4.1.11: whoever does not understand one of these must refuse; we understand none.
            return Err(Flaw::Invalid("it has a critical extension"));
        }
        let kind = header.get("typ").map(|kind| kind.as_str().unwrap_or_default().to_ascii_lowercase());
        let kind = kind.as_deref().map(|kind| kind.trim_start_matches("application/"));
        if !matches!(kind, None | Some("jwt" | "at+jwt")) {
            // RFC 8725 §3.11: what was signed for another purpose, a logout for example, is no access token.
            return Err(Flaw::Invalid("it is not a token for access"));
        }
        let key = match header.get("kid") {
            None => None,
            Some(Value::String(key)) => Some(key.clone()),
            Some(_) => return Err(Flaw::Invalid("the name of its key is no text")),
        };
        let claims = Claims(object(payload).ok_or(Flaw::Invalid("its claims are no JSON object"))?);
        Ok(BearerToken { algorithm, key, signed, signature, claims })
    }
}

impl Claims {
    /// The answer of an authorization server about a token (RFC 7662 §2.2); none when it says that it is not active.
    pub fn introspected(answer: &[u8]) -> Option<Claims> {
        let Ok(Value::Object(claims)) = serde_json::from_slice(answer) else { return None };
        (claims.get("active") == Some(&Value::Bool(true))).then_some(Claims(claims))
    }

    /// Whom a signed token lets in at `now`, in seconds since 1970. The signature must hold already.
    pub fn judge_signed(&self, settings: &Oauth, now: i64) -> Result<Owner, Flaw> {
        for claim in ["exp", "iss", "aud"] {
            if !self.0.contains_key(claim) {
                return Err(Flaw::Invalid("it does not say until when, by whom and for whom it was issued"));
            }
        }
        self.judge(settings, now)
    }

    /// Whom an active token lets in at `now`. The authorization server may leave out what it has looked at itself.
    pub fn judge_introspected(&self, settings: &Oauth, now: i64) -> Result<Owner, Flaw> {
        self.judge(settings, now)
    }

    fn judge(&self, settings: &Oauth, now: i64) -> Result<Owner, Flaw> {
        let until = self.stands(settings, now)?;
        let login = self.0.get(&settings.login_claim).and_then(Value::as_str);
        let login = login.filter(|login| !login.is_empty() && !login.chars().any(char::is_control));
        if settings.login_claim == "email" && self.0.get("email_verified") == Some(&Value::Bool(false)) {
            // Whoever may write any address into a profile would open any account.
            return Err(Flaw::Invalid("its address was not verified"));
        }
        let login = login.ok_or(Flaw::Invalid("it does not say whose it is"))?.to_owned();
        Ok(Owner { login, until })
    }

    /// Whether the token is valid at `now`, for us and for mail; until when, with the leeway that clocks need.
    pub fn stands(&self, settings: &Oauth, now: i64) -> Result<Option<i64>, Flaw> {
        let leeway = i64::from(settings.leeway_seconds);
        let until = self.seconds("exp")?;
        if until.is_some_and(|until| until.saturating_add(leeway) <= now) {
            return Err(Flaw::Invalid("it has expired"));
        }
        if self.seconds("nbf")?.is_some_and(|from| from.saturating_sub(leeway) > now) {
            return Err(Flaw::Invalid("it is not yet valid"));
        }
        if let Some(issuer) = self.0.get("iss")
            && !settings.issuer.is_empty()
            && issuer.as_str() != Some(&settings.issuer)
        {
            return Err(Flaw::Invalid("it was issued by somebody else"));
        }
        if self.0.contains_key("aud")
            && !settings.audiences.is_empty()
            && !self
                .texts("aud")
                .iter()
                .any(|audience| settings.audiences.iter().any(|ours| ours == audience))
        {
            return Err(Flaw::Invalid("it was issued for somebody else"));
        }
        if !settings.scope.is_empty() && !self.has_scope(&settings.scope) {
            return Err(Flaw::InsufficientScope);
        }
        Ok(until.map(|until| until.saturating_add(leeway)))
    }

    /// A moment (RFC 7519 §2: NumericDate, which may have a fraction); none if it is not there.
    fn seconds(&self, claim: &str) -> Result<Option<i64>, Flaw> {
        let Some(value) = self.0.get(claim) else { return Ok(None) };
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
        seconds.map(Some).ok_or(Flaw::Invalid("one of its times is no number"))
    }

    /// A claim that is a text or a list of texts.
    fn texts(&self, claim: &str) -> Vec<&str> {
        match self.0.get(claim) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// RFC 8693 §4.2: one text with spaces. Some servers write a list, and some call it `scp`.
    fn has_scope(&self, wanted: &str) -> bool {
        let scopes = ["scope", "scp"].into_iter().flat_map(|claim| self.texts(claim));
        let scopes: Vec<&str> = scopes.flat_map(str::split_whitespace).collect();
        wanted.split_whitespace().all(|wanted| scopes.contains(&wanted))
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let octets = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&octets) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn settings() -> Oauth {
        Oauth {
            issuer: "https://login.example.org".to_owned(),
            audiences: vec!["mail".to_owned(), "imap".to_owned()],
            scope: "mail".to_owned(),
            ..Oauth::default()
        }
    }

    fn good() -> Value {
        json!({"iss": "https://login.example.org", "aud": ["web", "mail"], "exp": NOW + 600, "nbf": NOW,
            "scope": "openid mail", "preferred_username": "anna"})
    }

    fn with(claim: &str, value: Value) -> Result<Owner, Flaw> {
        let mut claims = good();
        claims[claim] = value;
        judged(&claims)
    }

    fn judged(claims: &Value) -> Result<Owner, Flaw> {
        let token = made(&json!({"alg": "RS256", "typ": "JWT"}), claims);
        BearerToken::parse(&token).unwrap().claims.judge_signed(&settings(), NOW)
    }

    fn made(header: &Value, claims: &Value) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.c2lnbmVk")
    }

    #[test]
    fn a_good_token_opens_what_it_names() {
        assert_eq!(judged(&good()), Ok(Owner { login: "anna".to_owned(), until: Some(NOW + 660) }));
        assert!(with("aud", json!("imap")).is_ok());
        assert!(with("exp", json!(NOW as f64 + 0.5)).is_ok());
        assert!(with("exp", json!(NOW - 59)).is_ok());
        assert!(with("nbf", json!(NOW + 60)).is_ok());
        assert!(with("scope", json!(["mail"])).is_ok());
    }

    #[test]
    fn every_claim_counts() {
        for (claim, value) in [
            ("exp", json!(NOW - 60)),
            ("exp", json!("tomorrow")),
            ("exp", json!(-1)),
            ("nbf", json!(NOW + 61)),
            ("nbf", json!(null)),
            ("iss", json!("https://login.example.org/")),
            ("iss", json!(["https://login.example.org"])),
            ("aud", json!("web")),
            ("aud", json!([])),
            ("aud", json!({"mail": 1})),
            ("preferred_username", json!("")),
            ("preferred_username", json!("anna\r\n")),
            ("preferred_username", json!(7)),
        ] {
            assert!(matches!(with(claim, value.clone()), Err(Flaw::Invalid(_))), "{claim} {value}");
        }
        assert_eq!(with("scope", json!("openid mailx")), Err(Flaw::InsufficientScope));
        for claim in ["exp", "iss", "aud", "preferred_username"] {
            let mut claims = good();
            claims.as_object_mut().unwrap().remove(claim);
            assert!(judged(&claims).is_err(), "{claim}");
        }
    }

    #[test]
    fn an_address_that_nobody_verified_opens_nothing() {
        let settings = Oauth { login_claim: "email".to_owned(), ..settings() };
        for (verified, opens) in [(json!(true), true), (json!(false), false)] {
            let mut claims = good();
            claims["email"] = json!("anna@example.org");
            claims["email_verified"] = verified;
            let Value::Object(claims) = claims else { unreachable!() };
            assert_eq!(Claims(claims).judge_signed(&settings, NOW).is_ok(), opens);
        }
    }

    #[test]
    fn headers_that_forgers_write_are_refused() {
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "None"}),
            json!({"alg": ""}),
            json!({"alg": null}),
            json!({}),
            json!({"alg": "RS256", "crit": ["exp"]}),
            json!({"alg": "RS256", "kid": 7}),
            json!({"alg": "RS256", "typ": "logout+jwt"}),
            json!([]),
        ] {
            assert!(BearerToken::parse(&made(&header, &good())).is_err(), "{header}");
        }
        let token = made(&json!({"alg": "RS256", "kid": "../../etc/passwd"}), &good());
        assert_eq!(BearerToken::parse(&token).unwrap().key.as_deref(), Some("../../etc/passwd"));
        for text in ["", ".", "..", "a.b.c", "e30.e30", "e30.e30.e30.e30"] {
            assert!(BearerToken::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_inactive_token_has_no_claims() {
        for answer in ["", "[]", "{}", "{\"active\": false}", "{\"active\": \"true\"}"] {
            assert_eq!(Claims::introspected(answer.as_bytes()), None, "{answer}");
        }
        let answer = json!({"active": true, "preferred_username": "anna", "scope": "mail"}).to_string();
        let owner = Claims::introspected(answer.as_bytes()).unwrap().judge_introspected(&settings(), NOW);
        assert_eq!(owner, Ok(Owner { login: "anna".to_owned(), until: None }));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "[a-zA-Z0-9._=-]{0,40}") {
            let _ = BearerToken::parse(&text);
        }
    }
}

//! Tokens of a real authorization server, over real HTTP, with signatures made by openssl.

use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::server::fresh_source;
use crate::support::{AuthorizationServer, Imap, Options, Server};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

#[test]
fn tokens_of_the_issuer_open_the_account_that_they_name() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let Some(mut issuer) = AuthorizationServer::start(folder.path()) else { return };
    let server = server_with(&[
        ("ISSUER", ISSUER),
        ("AUDIENCES", "web,mail"),
        ("KEYS", &issuer.url("jwks")),
        ("SCOPE", "mail"),
        ("OPENID_CONFIGURATION", "https://login.example.org/.well-known/openid-configuration"),
    ]);
    server.add_user("anna", "anna@example.org", "secret");
    server.add_user("berta", "berta@example.org", "secret");

    for (algorithm, key) in [("RS256", "rsa-1"), ("PS256", "rsa-1"), ("ES256", "ec-1"), ("EdDSA", "ed-1")] {
        let token = issuer.issue(algorithm, key, &claims(), &json!({}));
        for mechanism in ["OAUTHBEARER", "XOAUTH2"] {
            curl_lists(&server, mechanism, &token);
        }
        curl_reads(&server, &token);
    }
    forgeries_open_nothing(&server, &issuer);
    what_is_wrong_is_told_in_json(&server, &issuer);
    keys_that_change_are_read_again(&server, &issuer);
    // The issuer is gone: its keys are still known.
    let token = issuer.issue("ES256", "ec-1", &claims(), &json!({}));
    issuer.stop();
    assert!(enters(&server, "anna", &token));
}

/// curl, which knows both mechanisms, lists the mailboxes.
fn curl_lists(server: &Server, mechanism: &str, token: &str) {
    let listed = curl(server, &format!("imap://{}/", server.imap_address()), mechanism, token);
    assert!(listed.contains("INBOX"), "{mechanism}: {listed}");
}

/// The same by POP3.
fn curl_reads(server: &Server, token: &str) {
    server.deliver("anna@example.org", b"Subject: hello\r\n\r\nA text.\r\n");
    let read = curl(server, &format!("pop3://{}/1", server.pop3_address()), "OAUTHBEARER", token);
    assert!(read.contains("A text."), "{read}");
}

fn curl(server: &Server, url: &str, mechanism: &str, token: &str) -> String {
    let output = Command::new("curl")
        .args(["-sS", "--noproxy", "*", "--interface", &fresh_source().to_string(), "-u", "anna:"])
        .args(["--oauth2-bearer", token, "--login-options", &format!("AUTH={mechanism}"), url])
        .stdin(Stdio::null())
        .output()
        .expect("curl can be run");
    let said = [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
    assert!(output.status.success(), "{mechanism}: {said:?}\n{}", server.log());
    said.concat()
}

fn forgeries_open_nothing(server: &Server, issuer: &AuthorizationServer) {
    let good = issuer.issue("RS256", "rsa-1", &claims(), &json!({}));
    assert!(enters(server, "anna", &good));
    assert!(!enters(server, "berta", &good), "a token opens no other account");
    let (signed, signature) = good.rsplit_once('.').expect("it has three parts");
    let payload = signed.split_once('.').expect("it has three parts").1;
    let public = issuer.public_key("rsa-1");
    let encoded = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
    let hmac = |header: Value, key: &[u8]| {
        let message = format!("{}.{payload}", encoded(header));
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    };
    let claiming = |claim: &str, value: Value| {
        let mut claims = claims();
        claims[claim] = value;
        issuer.issue("RS256", "rsa-1", &claims, &json!({}))
    };
    let headed = |header: Value| issuer.issue("RS256", "rsa-1", &claims(), &header);
    let other = URL_SAFE_NO_PAD.encode(json!({"preferred_username": "berta"}).to_string());
    for (what, token) in [
        ("alg none", format!("{}.{payload}.", encoded(json!({"alg": "none"})))),
        ("alg none with a signature", format!("{}.{payload}.{signature}", encoded(json!({"alg": "none"})))),
        ("no signature", format!("{signed}.")),
        (
            "other claims under the signature",
            format!("{}.{other}.{signature}", encoded(json!({"alg": "RS256"}))),
        ),
        ("HS256 by the public key", hmac(json!({"alg": "HS256", "kid": "rsa-1"}), public.as_bytes())),
        ("HS256 by the public key, trimmed", hmac(json!({"alg": "HS256"}), public.trim().as_bytes())),
        ("HS256 by a key of the JWK set", hmac(json!({"alg": "HS256", "kid": "oct"}), SECRET.as_bytes())),
        ("RS256 in a token that says PS256", headed(json!({"alg": "PS256"}))),
        ("RS256 in a token that says ES256", headed(json!({"alg": "ES256"}))),
        ("a kid that is a path", headed(json!({"kid": "../../../../etc/passwd"}))),
        ("a kid that is SQL", headed(json!({"kid": "x' or '1'='1"}))),
        ("the kid of another key", headed(json!({"kid": "ec-1"}))),
        ("a critical extension", headed(json!({"crit": ["exp"]}))),
        ("a token to log out", headed(json!({"typ": "logout+jwt"}))),
        ("expired", claiming("exp", json!(now() - 120))),
        ("not yet valid", claiming("nbf", json!(now() + 120))),
        ("another issuer", claiming("iss", json!("https://evil.example.org"))),
        ("for somebody else", claiming("aud", json!("calendar"))),
        ("for nobody", claiming("aud", json!([]))),
        ("of nobody", claiming("preferred_username", json!(null))),
        ("of somebody unknown", claiming("preferred_username", json!("nobody"))),
        ("garbage", "garbage".to_owned()),
        ("parts of garbage", "a.b.c".to_owned()),
        ("very long", format!("{signed}.{}", "A".repeat(9000))),
        ("the HMAC of nothing", hmac(json!({"alg": "HS256"}), b"")),
    ] {
        assert!(!enters(server, "anna", &token), "{what}");
    }
}

/// RFC 7628 §3.2.2.
fn what_is_wrong_is_told_in_json(server: &Server, issuer: &AuthorizationServer) {
    let mut narrow = claims();
    narrow["scope"] = json!("openid");
    let narrow = issuer.issue("ES256", "ec-1", &narrow, &json!({}));
    for (token, status, code) in [
        ("garbage".to_owned(), "invalid_token", "[AUTHENTICATIONFAILED]"),
        (narrow, "insufficient_scope", "[NOPERM]"),
    ] {
        let (json, result) = authenticate(server, "anna", &token);
        let json = json.expect("an error is told before the refusal");
        assert_eq!(json["status"], status, "{json}");
        assert_eq!(json["scope"], "mail");
        assert_eq!(
            json["openid-configuration"],
            "https://login.example.org/.well-known/openid-configuration"
        );
        assert!(result.starts_with(&format!("NO {code}")), "{result}");
    }
}

fn keys_that_change_are_read_again(server: &Server, issuer: &AuthorizationServer) {
    let old = issuer.issue("PS256", "rsa-1", &claims(), &json!({}));
    // Names that nobody knows have been asked for already; since then the keys are not read again for a minute.
    let before = issuer.count("jwks");
    assert!(before <= 3, "the keys were read {before} times");
    for number in 0..10 {
        let unknown = issuer.issue("RS256", "rsa-1", &claims(), &json!({"kid": format!("unknown-{number}")}));
        assert!(!enters(server, "anna", &unknown));
    }
    assert_eq!(issuer.count("jwks"), before);
    // A server that has not been asked for an unknown name yet learns of a new key at once.
    let other = server_with(&[("ISSUER", ISSUER), ("AUDIENCES", "mail"), ("KEYS", &issuer.url("jwks"))]);
    other.add_user("anna", "anna@example.org", "secret");
    assert!(enters(&other, "anna", &issuer.issue("RS256", "rsa-1", &claims(), &json!({}))));
    issuer.rotate();
    assert!(enters(&other, "anna", &issuer.issue("RS256", "rsa-2", &claims(), &json!({}))));
    assert!(!enters(&other, "anna", &old), "its key is withdrawn");
}

#[test]
fn the_authorization_server_is_asked_about_tokens() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let Some(mut issuer) = AuthorizationServer::start(folder.path()) else { return };
    let asked = [
        ("INTROSPECTION_URL", issuer.url("introspect")),
        ("CLIENT_ID", "mail server".to_owned()),
        ("CLIENT_SECRET", "s3cret:with colon".to_owned()),
        ("SCOPE", "mail".to_owned()),
    ];
    let alone: Vec<(&str, &str)> = asked.iter().map(|(word, value)| (*word, value.as_str())).collect();
    let keys = issuer.url("jwks");
    let both =
        [&alone[..], &[("ISSUER", ISSUER), ("AUDIENCES", "mail"), ("KEYS", &keys), ("CACHE_SECONDS", "0")]];
    let (alone, both) = (server_with(&alone), server_with(&both.concat()));
    for server in [&alone, &both] {
        server.add_user("anna", "anna@example.org", "secret");
    }

    curl_lists(&alone, "OAUTHBEARER", "opaque-anna");
    let before = issuer.count("introspect");
    assert!(enters(&alone, "anna", "opaque-anna"));
    assert_eq!(issuer.count("introspect"), before, "what was found good is remembered");
    assert!(!enters(&alone, "anna", "opaque-nobody"));
    assert!(!enters(&alone, "anna", "something"));

    let token = issuer.issue("RS256", "rsa-1", &claims(), &json!({}));
    assert!(enters(&both, "anna", &token));
    let before = issuer.count("introspect");
    let unsigned = format!("{}.AAAA", token.rsplit_once('.').expect("it has three parts").0);
    assert!(!enters(&both, "anna", &unsigned));
    assert_eq!(issuer.count("introspect"), before, "a forgery is not worth a question");
    issuer.revoke(&token);
    assert!(!enters(&both, "anna", &token), "it was revoked");

    issuer.stop();
    assert!(enters(&alone, "anna", "opaque-anna"));
    let (_, result) = authenticate(&alone, "anna", "opaque-berta");
    assert!(result.starts_with("NO [UNAVAILABLE]"), "{result}");
}

#[test]
fn a_shared_secret_and_keys_in_a_file_do_as_well() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let Some(issuer) = AuthorizationServer::start(folder.path()) else { return };
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).expect("the folder can be written");
    let pem = folder.path().join("keys.pem");
    let keys = ["rsa-1", "ec-1", "ed-1"].map(|name| issuer.public_key(name)).concat();
    std::fs::write(&pem, &keys).expect("the folder can be written");
    let server = server_with(&[
        ("ISSUER", ISSUER),
        ("AUDIENCES", "mail"),
        ("SECRET_FILE", &secret.display().to_string()),
        ("KEYS", &pem.display().to_string()),
        ("ALGORITHMS", "HS256,RS256,ES256,EdDSA"),
        ("LOGIN_CLAIM", "email"),
    ]);
    server.add_user("anna@example.org", "anna@example.org", "secret");
    for (algorithm, key) in [("HS256", ""), ("RS256", "rsa-1"), ("ES256", "ec-1"), ("EdDSA", "ed-1")] {
        let token = issuer.issue(algorithm, key, &claims(), &json!({}));
        assert!(enters(&server, "anna@example.org", &token), "{algorithm}\n{}", server.log());
    }
    assert!(!enters(&server, "anna@example.org", &issuer.issue("PS256", "rsa-1", &claims(), &json!({}))));
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.as_bytes()).expect("HMAC takes a key of any length");
    let parts = [json!({"alg": "HS256"}), claims()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    mac.update(parts.join(".").as_bytes());
    let forged = format!("{}.{}", parts.join("."), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    assert!(!enters(&server, "anna@example.org", &forged));
}

#[test]
fn wrong_settings_stop_the_start_and_an_absent_issuer_does_not() {
    let server =
        server_with(&[("ISSUER", ISSUER), ("AUDIENCES", "mail"), ("KEYS", "http://127.0.0.1:1/jwks")]);
    server.add_user("anna", "anna@example.org", "secret");
    assert!(server.log().contains("tokens open no account yet"), "{}", server.log());
    let (_, result) = authenticate(&server, "anna", "e30.e30.e30");
    assert!(result.starts_with("NO [AUTHENTICATIONFAILED]"), "{result}");
    for (settings, complaint) in [
        (&[("KEYS", "/nonexistent")][..], "oauth.issuer is \"\", but must be the issuer"),
        (&[("KEYS", "/a"), ("ISSUER", "i"), ("AUDIENCES", "a"), ("ALGORITHMS", "none")], "oauth.algorithms"),
        (
            &[("KEYS", "/a"), ("ISSUER", "i"), ("AUDIENCES", "a"), ("ALGORITHMS", "HS256")],
            "only when oauth.secret",
        ),
        (&[("INTROSPECTION_URL", "ftp://a")], "oauth.introspection_url is \"ftp://a\""),
        (&[("INTROSPECTION_URL", "https://a"), ("CA_FILE", "/nonexistent")], "oauth.ca_file: /nonexistent"),
    ] {
        let server = Server::new_home(options(settings));
        let output = server.aox(&["serve"]);
        let said = [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
        assert!(!output.status.success() && said.concat().contains(complaint), "{complaint}: {said:?}");
    }
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": ["mail"], "exp": now() + 600, "iat": now(), "scope": "openid mail",
        "preferred_username": "anna", "email": "anna@example.org", "sub": "4711"})
}

/// Whether the token opens the account.
fn enters(server: &Server, login: &str, token: &str) -> bool {
    let (_, result) = authenticate(server, login, token);
    assert!(result.starts_with("OK") || result.starts_with("NO [AUTH"), "{result}");
    result.starts_with("OK")
}

/// AUTHENTICATE OAUTHBEARER: what the server says about an error, and its answer.
fn authenticate(server: &Server, login: &str, token: &str) -> (Option<Value>, String) {
    let mut imap = Imap::connect_from(fresh_source(), server.imap_address()).expect("it can be connected");
    let response = STANDARD.encode(format!("n,a={login},\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let tag = imap.send(&format!("AUTHENTICATE OAUTHBEARER {response}")).expect("AUTHENTICATE");
    let first = imap.read().expect("the server answers");
    let Some(challenge) = first.text().strip_prefix("+ ").map(str::to_owned) else {
        return (None, first.tagged(&tag).unwrap_or_else(|| read_result(&mut imap, &tag)));
    };
    let json = STANDARD.decode(challenge.trim()).expect("a challenge is base64");
    imap.write(b"AQ==\r\n").expect("the client acknowledges");
    (Some(serde_json::from_slice(&json).expect("an error is JSON")), read_result(&mut imap, &tag))
}

fn read_result(imap: &mut Imap, tag: &str) -> String {
    imap.finish(tag).expect("the server answers").result
}

fn server_with(settings: &[(&str, &str)]) -> Server {
    Server::start_with(options(settings))
}

fn options(settings: &[(&str, &str)]) -> Options {
    let settings = settings.iter().map(|(word, value)| (format!("AOX__OAUTH__{word}"), (*value).to_owned()));
    Options { settings: settings.collect(), ..Options::default() }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    since.as_secs() as i64
}

const ISSUER: &str = "https://login.example.org/realms/mail";
const SECRET: &str = "a secret of thirty-two octets and more";

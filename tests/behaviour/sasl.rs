//! Every mechanism against a client that others wrote: what we say is what they expect.

use std::io::Cursor;
use std::sync::Arc;

use archiveopteryx::error::{Code, Error};
use archiveopteryx::wire::sasl::{Answer, Claim, Exchange, NAMES, Next, OAuthTerms, Proof, Question, Terms};
use archiveopteryx::wire::scram::{ITERATIONS, Keys};
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::anonymous::AnonymousToken;
use rsasl::mechanisms::scram::{SCRAM_SHA1_PLUS, SCRAM_SHA256_PLUS};
use rsasl::prelude::{
    ChannelBindingCallback, Mechanism, Mechname, Registry, SASLClient, SASLConfig, Session, SessionError,
};
use rsasl::property::{AuthId, AuthzId, OAuthBearerToken, Password};
use rsasl::validate::NoValidation;

/// What the client knows.
struct Anna {
    password: &'static str,
    authzid: Option<&'static str>,
    /// Whether the client knows how to bind to a channel.
    binds: bool,
}

impl Anna {
    fn with(password: &'static str) -> Anna {
        Anna { password, authzid: None, binds: false }
    }
}

impl SessionCallback for Anna {
    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        request
            .satisfy::<AuthId>("anna")?
            .satisfy::<Password>(self.password.as_bytes())?
            .satisfy::<OAuthBearerToken>(self.password)?
            .satisfy::<AnonymousToken>("a trace")?;
        if let Some(authzid) = self.authzid {
            request.satisfy::<AuthzId>(authzid)?;
        }
        Ok(())
    }

    fn enable_channel_binding(&self) -> bool {
        self.binds
    }
}

/// The TLS at the client's end.
struct Channel(Vec<u8>);

impl ChannelBindingCallback for Channel {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        (name == "tls-exporter").then_some(&self.0)
    }
}

fn client(name: &str, anna: Anna, channel: &[u8]) -> Session<NoValidation, Channel> {
    // Those that bind to a channel are not among its defaults.
    let config = match name.ends_with("-PLUS") {
        true => SASLConfig::builder().with_registry(Registry::with_mechanisms(BINDING)),
        false => SASLConfig::builder().with_default_mechanisms(),
    };
    let anna = Anna { binds: anna.binds || name.ends_with("-PLUS"), ..anna };
    let config = config.with_callback(anna).expect("a configuration");
    let name = Mechname::parse(name.as_bytes()).expect("a name");
    let client = SASLClient::with_cb(config, Channel(channel.to_vec()));
    client.start_suggested(&[name]).expect("the client knows it")
}

fn terms() -> Terms {
    Terms {
        mechanisms: NAMES.map(str::to_owned).to_vec(),
        plaintext_allowed: true,
        channel_binding: Some(CHANNEL),
        certificate_identity: Some("anna".into()),
        anonymous: true,
        oauth: Some(OAuthTerms { scope: "mail".into(), openid_configuration: String::new() }),
    }
}

/// Lets a client log in by that mechanism. Returns what was claimed, and how it ended.
fn log_in(name: &str, anna: Anna, channel: &[u8]) -> (Option<Arc<Claim>>, Result<&'static str, String>) {
    let mut client = client(name, anna, channel);
    let say = |client: &mut Session<NoValidation, Channel>, heard: Option<&[u8]>| {
        let mut out = Cursor::new(Vec::new());
        client.step(heard, &mut out).map(|_| out.into_inner()).map_err(|error| error.to_string())
    };
    let first = match client.are_we_first() {
        true => Some(say(&mut client, None).expect("the client begins")),
        false => None,
    };
    let mut next = Exchange::begin(name, first, &terms());
    let mut claimed = None;
    loop {
        next = match next {
            Next::Challenge(exchange, challenge) => match say(&mut client, Some(&challenge)) {
                Ok(response) => exchange.respond(&response),
                Err(error) => return (claimed, Err(error)),
            },
            Next::Ask(exchange, Question::Keys { hash, authcid }) => {
                assert_eq!(authcid, "anna");
                let keys = Keys::new(hash, "secret", b"some salt", ITERATIONS);
                exchange.answered(Answer::Keys { keys, nonce: "nobody foresees this".replace(' ', "") })
            }
            Next::Ask(exchange, Question::Claim(claim)) => {
                let right = match &claim.proof {
                    Proof::Password(password) => password.as_bytes() == b"secret",
                    Proof::Token(token) => token == "secret",
                    Proof::Scram(holds) => *holds,
                    Proof::Certificate | Proof::Anonymous => true,
                };
                claimed = Some(Arc::new(claim));
                exchange.answered(Answer::Verdict(match right {
                    true => Ok("welcome"),
                    false => Err(Error::no(Code::AuthenticationFailed, "wrong")),
                }))
            }
            Next::Done(welcome) => return (claimed, Ok(welcome)),
            Next::Failed(error) => return (claimed, Err(error.to_string())),
        };
    }
}

#[test]
fn every_mechanism_lets_in_who_has_the_proof() {
    for name in NAMES {
        let (claim, outcome) = log_in(name, Anna::with("secret"), &CHANNEL);
        assert_eq!(outcome, Ok("welcome"), "{name}");
        let claim = claim.expect("something was claimed");
        assert_eq!(claim.mechanism, name);
        match name {
            "ANONYMOUS" => assert_eq!(claim.authcid, "a trace"),
            "OAUTHBEARER" => assert_eq!((claim.authcid.as_str(), &claim.authzid), ("", &None)),
            "XOAUTH2" => assert_eq!(claim.authzid.as_deref(), Some("anna")),
            _ => assert_eq!((claim.authcid.as_str(), &claim.authzid), ("anna", &None), "{name}"),
        }
    }
}

#[test]
fn every_mechanism_keeps_out_who_has_not() {
    for name in NAMES.into_iter().filter(|name| !["EXTERNAL", "ANONYMOUS"].contains(name)) {
        let (_, outcome) = log_in(name, Anna::with("guess"), &CHANNEL);
        assert!(outcome.is_err(), "{name}");
    }
}

#[test]
fn who_wants_to_act_for_another_says_so() {
    for name in ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "EXTERNAL"] {
        let anna = Anna { authzid: Some("bo,b="), ..Anna::with("secret") };
        let (claim, outcome) = log_in(name, anna, &CHANNEL);
        assert_eq!(outcome, Ok("welcome"), "{name}");
        assert_eq!(claim.expect("a claim").authzid.as_deref(), Some("bo,b="), "{name}");
    }
}

#[test]
fn a_channel_that_somebody_else_has_opened_is_noticed() {
    for name in ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"] {
        let (claim, outcome) = log_in(name, Anna::with("secret"), &[9; 32]);
        assert!(claim.is_none(), "{name}");
        assert!(outcome.unwrap_err().contains("channel-bindings-dont-match"), "{name}");
    }
}

#[test]
fn a_client_that_was_not_told_of_channel_binding_is_warned() {
    let anna = Anna { binds: true, ..Anna::with("secret") };
    let (_, outcome) = log_in("SCRAM-SHA-256", anna, &CHANNEL);
    assert!(outcome.unwrap_err().contains("server-does-support-channel-binding"));
}

static BINDING: &[Mechanism] = &[SCRAM_SHA256_PLUS, SCRAM_SHA1_PLUS];
const CHANNEL: [u8; 32] = [7; 32];

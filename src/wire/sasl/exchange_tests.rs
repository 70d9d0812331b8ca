//! Exchanges as a door sees them: which mechanism can be had, and what comes in which order.

use proptest::prelude::*;

use super::*;
use crate::wire::scram::Keys;

fn terms() -> Terms {
    Terms {
        mechanisms: NAMES.map(str::to_owned).to_vec(),
        plaintext_allowed: true,
        channel_binding: Some([7; 32]),
        certificate_identity: Some("anna".into()),
        anonymous: true,
        oauth: Some(OAuthTerms::default()),
    }
}

fn begin(name: &str, initial: Option<&[u8]>, terms: &Terms) -> Next<u32> {
    Exchange::begin(name, initial.map(<[u8]>::to_vec), terms)
}

#[test]
fn padding_may_be_missing() {
    assert_eq!(decode(b"AHRpbQBhYmM="), Some(b"\0tim\0abc".to_vec()));
    assert_eq!(decode(b"AHRpbQBhYmM"), Some(b"\0tim\0abc".to_vec()));
    assert_eq!(decode(b"AHR*"), None);
    assert!(response(b"*").is_err());
}

#[test]
fn a_challenge_comes_where_the_client_said_nothing() {
    for (name, wanted) in [("plain", ""), ("LOGIN", "Username:"), ("External", ""), ("SCRAM-SHA-256", "")] {
        let Next::Challenge(_, challenge) = begin(name, None, &terms()) else { panic!("{name}") };
        assert_eq!(challenge, wanted.as_bytes());
    }
    let Next::Challenge(_, challenge) = begin("LOGIN", Some(b"tim"), &terms()) else { panic!() };
    assert_eq!(challenge, b"Password:");
}

#[test]
fn what_is_not_offered_cannot_be_had() {
    let bare = Terms { mechanisms: terms().mechanisms, ..Terms::default() };
    for (name, code) in [
        ("PLAIN", Code::PrivacyRequired),
        ("LOGIN", Code::PrivacyRequired),
        ("SCRAM-SHA-256-PLUS", Code::Cannot),
        ("EXTERNAL", Code::Cannot),
        ("ANONYMOUS", Code::Cannot),
        ("XYZZY", Code::Cannot),
    ] {
        let Next::Failed(Error::No { code: got, .. }) = begin(name, None, &bare) else { panic!("{name}") };
        assert_eq!(got, code, "{name}");
    }
    let password = || Password::new(b"x".to_vec());
    assert!(matches!(Exchange::<u32>::with_password("PASS", "a", password(), &bare), Next::Failed(_)));
    assert!(matches!(Exchange::<u32>::with_password("PASS", "a", password(), &terms()), Next::Ask(..)));
}

#[test]
fn a_verdict_ends_the_exchange() {
    let claim = || match begin("PLAIN", Some(b"\0a\0b"), &terms()) {
        Next::Ask(exchange, Question::Claim(_)) => exchange,
        other => panic!("{other:?}"),
    };
    assert!(matches!(claim().answered(Answer::Verdict(Ok(5))), Next::Done(5)));
    let refused = Error::no(Code::AuthenticationFailed, "no");
    assert!(matches!(claim().answered(Answer::Verdict(Err(refused))), Next::Failed(_)));
}

#[test]
fn the_server_of_scram_has_the_last_word() {
    let first = begin("SCRAM-SHA-256", Some(b"n,,n=user,r=a"), &terms());
    let Next::Ask(exchange, Question::Keys { hash, authcid }) = first else { panic!() };
    let keys = Keys::of_nobody(hash, b"x", &authcid);
    let Next::Challenge(exchange, _) = exchange.answered(Answer::Keys { keys, nonce: "b".into() }) else {
        panic!()
    };
    let Next::Ask(exchange, Question::Claim(_)) = exchange.respond(b"c=biws,r=ab,p=AAAA") else { panic!() };
    let Next::Challenge(exchange, last) = exchange.answered(Answer::Verdict(Ok(5))) else { panic!() };
    assert!(last.starts_with(b"v="));
    assert!(matches!(exchange.respond(b""), Next::Done(5)));
}

#[test]
fn a_refused_token_is_explained_before_the_end() {
    let first = begin("OAUTHBEARER", Some(b"n,,\x01auth=Bearer x\x01\x01"), &terms());
    let Next::Ask(exchange, _) = first else { panic!() };
    let refused = Error::no(Code::AuthenticationFailed, "no");
    let Next::Challenge(exchange, why) = exchange.answered(Answer::Verdict(Err(refused))) else { panic!() };
    assert!(why.starts_with(b"{"));
    assert!(matches!(exchange.respond(b"\x01"), Next::Failed(_)));
}

proptest! {
    #[test]
    fn no_response_panics(name in 0..NAMES.len(), responses: Vec<Vec<u8>>) {
        let mut next = begin(NAMES[name], None, &terms());
        for response in responses {
            next = match next {
                Next::Challenge(exchange, _) => exchange.respond(&response),
                Next::Ask(exchange, _) => exchange.answered(Answer::Verdict(Ok(1))),
                Next::Done(_) | Next::Failed(_) => break,
            };
        }
    }
}

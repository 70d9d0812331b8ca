//! SASL exchanges (RFC 4422), as the doors that authenticate users share them.
//!
//! An [`Exchange`] is a small machine: it is shown each response of the client and each answer to a question it asked,
//! and says what comes next. The door knows how its protocol wraps challenges and responses, and whom to ask; the
//! mechanism knows nothing of that.

mod anonymous;
mod claim;
mod external;
mod gs2;
mod login;
mod oauth;
mod plain;
mod scram;
mod terms;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

pub use claim::{Answer, Claim, Password, Proof, Question};
pub use terms::{NAMES, OAuthTerms, Terms};

use crate::error::{Code, Error};
use crate::wire::scram::Hash;

/// A mechanism in the middle of its exchange. `T` is what a door gets to know of a user who is let in.
#[derive(Debug)]
pub struct Exchange<T> {
    mechanism: Mechanism,
    /// The verdict, while the client is told what has to be said before it.
    verdict: Option<Result<T, Error>>,
}

/// What follows.
#[derive(Debug)]
pub enum Next<T> {
    /// Say this challenge, and show the exchange the response to it.
    Challenge(Exchange<T>, Vec<u8>),
    /// Get an answer to this, and tell it to the exchange.
    Ask(Exchange<T>, Question),
    /// The client is who it says.
    Done(T),
    /// The exchange is over, and the client is nobody.
    Failed(Error),
}

#[derive(Debug)]
enum Mechanism {
    Plain,
    Login(login::Login),
    Scram(Box<scram::Scram>),
    OAuth(oauth::OAuth),
    External {
        identity: String,
    },
    Anonymous,
    /// A command of the protocol brought name and password.
    Command,
}

/// What a mechanism wants.
#[derive(Debug)]
enum Step {
    Challenge(Vec<u8>),
    Ask(Question),
}

impl<T> Exchange<T> {
    /// Begins the mechanism of that name, in whatever case, with what the client said at once.
    pub fn begin(name: &str, initial: Option<Vec<u8>>, terms: &Terms) -> Next<T> {
        let name = name.to_ascii_uppercase();
        if let Err(error) = check_offer(&name, terms) {
            return Next::Failed(error);
        }
        let Some(mechanism) = Mechanism::named(&name, terms) else { return Next::Failed(not_offered()) };
        let first_challenge = mechanism.first_challenge();
        let exchange = Exchange { mechanism, verdict: None };
        match initial {
            Some(response) => exchange.respond(&response),
            None => Next::Challenge(exchange, first_challenge),
        }
    }

    /// Begins with name and password as a command of the protocol brought them; `command` names that in the record.
    pub fn with_password(command: &'static str, login: &str, password: Password, terms: &Terms) -> Next<T> {
        if !terms.plaintext_allowed {
            return Next::Failed(no_privacy());
        }
        let claim = Claim {
            mechanism: command,
            authcid: login.to_owned(),
            authzid: None,
            proof: Proof::Password(password),
        };
        Next::Ask(Exchange { mechanism: Mechanism::Command, verdict: None }, Question::Claim(claim))
    }

    /// Takes the client's response, decoded.
    pub fn respond(mut self, response: &[u8]) -> Next<T> {
        match self.verdict.take() {
            // What the client says to the last words of a mechanism changes nothing.
            Some(Ok(user)) => Next::Done(user),
            Some(Err(error)) => Next::Failed(error),
            None => {
                let step = self.mechanism.respond(response);
                self.go_on(step)
            }
        }
    }

    /// Takes the answer to the question that was asked last.
    pub fn answered(mut self, answer: Answer<T>) -> Next<T> {
        let (last_words, verdict) = match answer {
            Answer::Keys { keys, nonce } => {
                let step = match &mut self.mechanism {
                    Mechanism::Scram(scram) => scram.keys(keys, &nonce),
                    _ => Err(Error::bug("a mechanism without keys was answered some")),
                };
                return self.go_on(step);
            }
            Answer::Verdict(Ok(user)) => (self.mechanism.success(), Ok(user)),
            Answer::Verdict(Err(error)) => (self.mechanism.refusal(&error), Err(error)),
        };
        match (last_words, verdict) {
            (Some(words), verdict) => {
                self.verdict = Some(verdict);
                Next::Challenge(self, words)
            }
            (None, Ok(user)) => Next::Done(user),
            (None, Err(error)) => Next::Failed(error),
        }
    }

    fn go_on(self, step: Result<Step, Error>) -> Next<T> {
        match step {
            Ok(Step::Challenge(challenge)) => Next::Challenge(self, challenge),
            Ok(Step::Ask(question)) => Next::Ask(self, question),
            Err(error) => Next::Failed(error),
        }
    }
}

impl Mechanism {
    /// The mechanism of that name, in capitals.
    fn named(name: &str, terms: &Terms) -> Option<Mechanism> {
        let scram = |hash, plus| Mechanism::Scram(Box::new(scram::Scram::new(hash, plus, terms)));
        let oauth = |form| Mechanism::OAuth(oauth::OAuth::new(form, terms.oauth.clone().unwrap_or_default()));
        Some(match name {
            "PLAIN" => Mechanism::Plain,
            "LOGIN" => Mechanism::Login(login::Login::default()),
            "SCRAM-SHA-256" => scram(Hash::Sha256, false),
            "SCRAM-SHA-256-PLUS" => scram(Hash::Sha256, true),
            "SCRAM-SHA-1" => scram(Hash::Sha1, false),
            "SCRAM-SHA-1-PLUS" => scram(Hash::Sha1, true),
            "OAUTHBEARER" => oauth(oauth::Form::OAuthBearer),
            "XOAUTH2" => oauth(oauth::Form::XOAuth2),
            "EXTERNAL" => Mechanism::External { identity: terms.certificate_identity.clone()? },
            "ANONYMOUS" => Mechanism::Anonymous,
            _ => return None,
        })
    }

    /// What to say when the client gave no initial response; nothing, where the client speaks first (RFC 4422 §5).
    fn first_challenge(&self) -> Vec<u8> {
        match self {
            Mechanism::Login(_) => login::Login::first_challenge(),
            _ => Vec::new(),
        }
    }

    fn respond(&mut self, response: &[u8]) -> Result<Step, Error> {
        match self {
            Mechanism::Plain => plain::respond(response),
            Mechanism::Login(login) => login.respond(response),
            Mechanism::Scram(scram) => scram.respond(response),
            Mechanism::OAuth(oauth) => oauth.respond(response),
            Mechanism::External { identity } => external::respond(identity, response),
            Mechanism::Anonymous => anonymous::respond(response),
            Mechanism::Command => Err(Error::bug("a command has no response")),
        }
    }

    /// What is said to a client before it is let in.
    fn success(&self) -> Option<Vec<u8>> {
        match self {
            Mechanism::Scram(scram) => scram.success(),
            _ => None,
        }
    }

    /// What is said to a client before it is told that it failed.
    fn refusal(&self, error: &Error) -> Option<Vec<u8>> {
        match self {
            Mechanism::OAuth(oauth) => oauth.refusal(error),
            _ => None,
        }
    }
}

/// A client's line in an exchange: base64, or `*` when it gives up (RFC 3501 §6.2.2, RFC 5034 §4).
pub fn response(line: &[u8]) -> Result<Vec<u8>, Error> {
    match line {
        b"*" => Err(Error::bad("authentication cancelled")),
        base64 => decode(base64).ok_or_else(|| Error::bad("the response is not base64")),
    }
}

/// The octets of a base64 response; missing padding is forgiven. None when it is no base64.
pub fn decode(base64: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(base64).ok()
}

/// A challenge in base64.
pub fn encode(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

/// Says why a mechanism cannot be had, if it cannot.
fn check_offer(name: &str, terms: &Terms) -> Result<(), Error> {
    let lacks_privacy = matches!(name, "PLAIN" | "LOGIN" | "OAUTHBEARER" | "XOAUTH2");
    match terms.offer(name) {
        true => Ok(()),
        false if lacks_privacy && terms.permit(name) && !terms.plaintext_allowed => Err(no_privacy()),
        false => Err(not_offered()),
    }
}

fn not_offered() -> Error {
    Error::no(Code::Cannot, "this authentication mechanism is not offered")
}

/// RFC 3501 §6.2.3 has LOGINDISABLED for it; RFC 5530 has the code.
fn no_privacy() -> Error {
    Error::no(Code::PrivacyRequired, "a password may not be sent over this connection; begin TLS first")
}

/// Names come as UTF-8, whatever the mechanism.
fn text(octets: &[u8]) -> Result<String, Error> {
    String::from_utf8(octets.to_vec()).map_err(|_| Error::bad("the response is not UTF-8"))
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;

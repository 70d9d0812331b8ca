//! SASL exchanges (RFC 4422), as the doors that authenticate users share them.
//!
//! A [`Mechanism`] is a small machine: it is shown each response of the client and says what comes next. The door
//! knows how its protocol wraps challenges and responses, the mechanism knows nothing of that.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::error::Error;

/// What a client claims to be, and how it proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whose rights are asked for; None means those of `authcid`.
    pub authzid: Option<String>,
    /// Whose password it is.
    pub authcid: String,
    /// The password; overwritten when this is dropped.
    pub password: Password,
}

/// A password in the clear. It never shows itself in a log, and its octets are overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Vec<u8>);

/// A mechanism in the middle of its exchange.
#[derive(Debug)]
pub enum Mechanism {
    /// PLAIN (RFC 4616): one response holds everything.
    Plain,
}

/// What follows a client's response.
#[derive(Debug)]
pub enum Next {
    /// Say this challenge and wait for the response to it.
    Challenge(Mechanism, Vec<u8>),
    /// The client has said all; verify this.
    Verify(Credentials),
}

impl Mechanism {
    /// The mechanism of that name, in whatever case; None when it is not known.
    pub fn named(name: &str) -> Option<Mechanism> {
        match name.to_ascii_uppercase().as_str() {
            "PLAIN" => Some(Mechanism::Plain),
            _ => None,
        }
    }

    /// What to say when the client gave no initial response.
    pub fn first_challenge(&self) -> &'static [u8] {
        match self {
            Mechanism::Plain => b"",
        }
    }

    /// Takes the client's decoded response.
    pub fn respond(self, response: &[u8]) -> Result<Next, Error> {
        match self {
            Mechanism::Plain => plain(response).map(Next::Verify),
        }
    }
}

impl Password {
    pub fn new(octets: Vec<u8>) -> Password {
        Password(octets)
    }

    /// The octets as the client sent them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the compiler from seeing that nobody reads what was just written.
        std::hint::black_box(&self.0);
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("authzid", &self.authzid)
            .field("authcid", &self.authcid)
            .finish_non_exhaustive()
    }
}

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 §2).
fn plain(response: &[u8]) -> Result<Credentials, Error> {
    let mut fields = response.split(|octet| *octet == 0);
    let (Some(authzid), Some(authcid), Some(password), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(Error::bad("the PLAIN response is authzid NUL authcid NUL password"));
    };
    let text = |octets: &[u8]| {
        String::from_utf8(octets.to_vec()).map_err(|_| Error::bad("the PLAIN response is not UTF-8"))
    };
    if authcid.is_empty() {
        return Err(Error::bad("the PLAIN response names no user"));
    }
    Ok(Credentials {
        authzid: (!authzid.is_empty()).then(|| text(authzid)).transpose()?,
        authcid: text(authcid)?,
        password: Password::new(password.to_vec()),
    })
}

/// The octets of a base64 response; missing padding is forgiven. None when it is no base64.
pub fn decode(base64: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(base64).ok()
}

/// A challenge in base64.
pub fn encode(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_taken_apart() {
        let Ok(Next::Verify(got)) = Mechanism::Plain.respond(b"\0tim\0tanstaaftanstaaf") else { panic!() };
        assert_eq!((got.authzid, got.authcid.as_str()), (None, "tim"));
        assert_eq!(got.password.as_bytes(), b"tanstaaftanstaaf");
        let Ok(Next::Verify(got)) = Mechanism::Plain.respond(b"Ursel\0Kurt\0xipj3plmq") else { panic!() };
        assert_eq!(got.authzid.as_deref(), Some("Ursel"));
    }

    #[test]
    fn malformed_plain_is_the_clients_mistake() {
        for response in [&b""[..], b"tim", b"\0tim", b"\0tim\0a\0b", b"\0\0secret", b"\0\xff\0secret"] {
            assert!(matches!(Mechanism::Plain.respond(response), Err(Error::Bad(_))));
        }
    }

    #[test]
    fn padding_may_be_missing() {
        assert_eq!(decode(b"AHRpbQBhYmM="), Some(b"\0tim\0abc".to_vec()));
        assert_eq!(decode(b"AHRpbQBhYmM"), Some(b"\0tim\0abc".to_vec()));
        assert_eq!(decode(b"AHR*"), None);
    }

    #[test]
    fn a_password_does_not_show_itself() {
        assert!(!format!("{:?}", Password::new(b"secret".to_vec())).contains("secret"));
    }
}

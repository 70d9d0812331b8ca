//! AUTHENTICATE (RFC 3501 §6.2.2), with an initial response (RFC 4959).

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{map, map_opt, opt, value};
use nom::error::context;
use nom::sequence::preceded;

use crate::error::{Code, Error};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, sp};
use crate::wire::sasl::{self, Credentials, Mechanism};

/// Which mechanism, and what the client says at once.
#[derive(Clone, PartialEq, Eq)]
pub struct Authenticate {
    pub mechanism: String,
    /// Decoded from base64.
    pub initial_response: Option<Vec<u8>>,
}

/// `authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")]`, from the space on
pub fn parse(input: &[u8]) -> Parsed<'_, Authenticate> {
    let empty = value(Vec::new(), char('='));
    let base64 = map_opt(take_while1(|octet: u8| octet != b' '), sasl::decode);
    let initial_response = opt(preceded(sp, context("base64", alt((empty, base64)))));
    map((preceded(sp, atom), initial_response), |(mechanism, initial_response)| Authenticate {
        mechanism: mechanism.to_owned(),
        initial_response,
    })
    .parse(input)
}

impl Authenticate {
    /// The mechanism, ready for the first response.
    pub fn mechanism(&self) -> Result<Mechanism, Error> {
        let unknown = || Error::no(Code::Cannot, "this authentication mechanism is not offered");
        Mechanism::named(&self.mechanism).ok_or_else(unknown)
    }
}

/// A client's line in the exchange: base64, or `*` when it gives up.
pub fn response(line: &[u8]) -> Result<Vec<u8>, Error> {
    match line {
        b"*" => Err(Error::bad("authentication cancelled")),
        base64 => sasl::decode(base64).ok_or_else(|| Error::bad("the response is not base64")),
    }
}

/// Nobody may act for somebody else (yet), so an authorization identity has to be the user's own name.
pub fn check_authzid(credentials: &Credentials) -> Result<(), Error> {
    match &credentials.authzid {
        Some(authzid) if authzid.to_lowercase() != credentials.authcid.to_lowercase() => {
            Err(Error::no(Code::AuthorizationFailed, "you may not act for that user"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn an_initial_response_is_decoded() {
        let read = |input: &str| {
            complete(input.as_bytes(), parse).map(|read| (read.mechanism, read.initial_response))
        };
        assert_eq!(read(" PLAIN"), Ok(("PLAIN".into(), None)));
        assert_eq!(read(" plain ="), Ok(("plain".into(), Some(vec![]))));
        assert_eq!(read(" PLAIN AGEAYg=="), Ok(("PLAIN".into(), Some(b"\0a\0b".to_vec()))));
        assert!(read(" PLAIN a%b").is_err());
        assert!(read("").is_err());
    }

    #[test]
    fn nobody_acts_for_another() {
        let credentials = |authzid: &str| {
            let password = sasl::Password::new(vec![]);
            Credentials { authzid: Some(authzid.into()), authcid: "anna".into(), password }
        };
        assert!(check_authzid(&credentials("Anna")).is_ok());
        assert!(check_authzid(&credentials("bob")).is_err());
    }
}

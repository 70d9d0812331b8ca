//! AUTHENTICATE (RFC 3501 §6.2.2), with an initial response (RFC 4959).

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{map, map_opt, opt, value};
use nom::error::context;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, sp};
use crate::wire::sasl;

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
}

//! ANONYMOUS (RFC 4505): the client does not say who it is, and may leave a trace of itself.

use super::claim::{Claim, Proof, Question};
use super::{Step, text};
use crate::error::Error;

/// `message = [ email / token ]`; a token has 255 characters at most.
pub fn respond(response: &[u8]) -> Result<Step, Error> {
    let trace = text(response)?;
    if trace.chars().count() > TRACE_CHARS_MAX || trace.chars().any(char::is_control) {
        return Err(Error::bad("the ANONYMOUS response is an address or up to 255 characters"));
    }
    Ok(Step::Ask(Question::Claim(Claim {
        mechanism: "ANONYMOUS",
        authzid: None,
        authcid: trace,
        proof: Proof::Anonymous,
    })))
}

/// RFC 4505 §2.
const TRACE_CHARS_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_taken_and_an_endless_one_is_not() {
        let Ok(Step::Ask(Question::Claim(claim))) = respond(b"sirhc") else { panic!() };
        assert_eq!(claim.authcid, "sirhc");
        assert!(respond(b"").is_ok());
        assert!(respond(&[b'a'; 256]).is_err());
        assert!(respond(b"a\nb").is_err());
    }
}

//! EXTERNAL (RFC 4422 appendix A): TLS has verified a certificate of the client, so all that is left to say is for whom
//! it wants to act.

use super::claim::{Claim, Proof, Question};
use super::{Step, text};
use crate::error::Error;

/// `initial-response = *( UTF8-char-no-nul )`: whose rights are asked for; empty means the certificate's own.
pub fn respond(identity: &str, response: &[u8]) -> Result<Step, Error> {
    if response.contains(&0) {
        return Err(Error::bad("the EXTERNAL response contains NUL"));
    }
    Ok(Step::Ask(Question::Claim(Claim {
        mechanism: "EXTERNAL",
        authzid: (!response.is_empty()).then(|| text(response)).transpose()?,
        authcid: identity.to_owned(),
        proof: Proof::Certificate,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_says_who_and_the_response_for_whom() {
        for (response, wanted) in [(&b""[..], None), (b"fred@example.com", Some("fred@example.com"))] {
            let Ok(Step::Ask(Question::Claim(claim))) = respond("anna", response) else { panic!() };
            assert_eq!((claim.authcid.as_str(), claim.authzid.as_deref()), ("anna", wanted));
        }
        assert!(respond("anna", b"a\0").is_err());
    }
}

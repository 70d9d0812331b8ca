//! PLAIN (RFC 4616): one response holds everything.

use super::claim::{Claim, Password, Proof, Question};
use super::{Step, text};
use crate::error::Error;

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 §2).
pub fn respond(response: &[u8]) -> Result<Step, Error> {
    let mut fields = response.split(|octet| *octet == 0);
    let (Some(authzid), Some(authcid), Some(password), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(Error::bad("the PLAIN response is authzid NUL authcid NUL password"));
    };
    if authcid.is_empty() {
        return Err(Error::bad("the PLAIN response names no user"));
    }
    Ok(Step::Ask(Question::Claim(Claim {
        mechanism: "PLAIN",
        authzid: (!authzid.is_empty()).then(|| text(authzid)).transpose()?,
        authcid: text(authcid)?,
        proof: Proof::Password(Password::new(password.to_vec())),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_taken_apart() {
        for (response, wanted) in
            [(&b"\0tim\0tanstaaftanstaaf"[..], None), (b"Ursel\0tim\0tanstaaftanstaaf", Some("Ursel"))]
        {
            let Ok(Step::Ask(Question::Claim(claim))) = respond(response) else { panic!() };
            assert_eq!((claim.authzid.as_deref(), claim.authcid.as_str()), (wanted, "tim"));
            let Proof::Password(password) = claim.proof else { panic!() };
            assert_eq!(password.as_bytes(), b"tanstaaftanstaaf");
        }
    }

    #[test]
    fn a_malformed_response_is_the_clients_mistake() {
        for response in [&b""[..], b"tim", b"\0tim", b"\0tim\0a\0b", b"\0\0secret", b"\0\xff\0secret"] {
            assert!(matches!(respond(response), Err(Error::Bad(_))));
        }
    }
}

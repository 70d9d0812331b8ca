//! LOGIN (RFC 3501 §6.2.3): a user name and a password in the clear.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{astring, sp};
use crate::wire::sasl::Password;

/// Who, and the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: Password,
}

/// `login = "LOGIN" SP userid SP password`, `userid = astring`, `password = astring`, from the space on
pub fn parse(input: &[u8]) -> Parsed<'_, Login> {
    map((preceded(sp, astring), preceded(sp, astring)), |(userid, password)| Login {
        user: String::from_utf8_lossy(&userid).into_owned(),
        password: Password::new(password.into_owned()),
    })
    .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn names_and_passwords_come_in_any_form() {
        for input in [" anna s3cret", " \"anna\" {6}\r\ns3cret", "  anna  \"s3cret\" "] {
            let login = complete(input.as_bytes(), parse).expect(input);
            assert_eq!(login.user, "anna");
            assert_eq!(login.password.as_bytes(), b"s3cret");
        }
        assert!(complete(b" anna", parse).is_err());
    }
}

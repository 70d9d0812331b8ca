//! LOGIN, which no RFC describes and old clients prefer: the server asks for the name, then for the password.

use super::claim::{Claim, Password, Proof, Question};
use super::{Step, text};
use crate::error::Error;

/// How far the exchange has come: None, or the name.
#[derive(Debug, Default)]
pub struct Login(Option<String>);

impl Login {
    /// The words that draft-murchison-sasl-login gives, which clients compare.
    pub fn first_challenge() -> Vec<u8> {
        b"Username:".to_vec()
    }

    /// Takes the name, then the password. Some clients send the name as initial response.
    pub fn respond(&mut self, response: &[u8]) -> Result<Step, Error> {
        match self.0.take() {
            None if response.is_empty() => Err(Error::bad("the LOGIN response names no user")),
            None => {
                self.0 = Some(text(response)?);
                Ok(Step::Challenge(b"Password:".to_vec()))
            }
            Some(authcid) => Ok(Step::Ask(Question::Claim(Claim {
                mechanism: "LOGIN",
                authzid: None,
                authcid,
                proof: Proof::Password(Password::new(response.to_vec())),
            }))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_comes_before_the_password() {
        let mut login = Login::default();
        let Ok(Step::Challenge(challenge)) = login.respond(b"tim") else { panic!() };
        assert_eq!(challenge, b"Password:");
        let Ok(Step::Ask(Question::Claim(claim))) = login.respond(b"tanstaaf") else { panic!() };
        assert_eq!(claim.authcid, "tim");
        let Proof::Password(password) = claim.proof else { panic!() };
        assert_eq!(password.as_bytes(), b"tanstaaf");
        assert!(Login::default().respond(b"").is_err());
        assert!(Login::default().respond(b"\xff").is_err());
    }
}

//! Passwords as verifiers: argon2id for those who send theirs, SCRAM for those who only prove that they know it.
//!
//! All of this takes milliseconds of computation and some of it 19 MiB of memory: callers keep it off the threads that
//! serve clients, and limit how many run at once.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::scram::{self, Hash, Keys};
use crate::error::{Code, Error};

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verifiers {
    /// A PHC string.
    pub argon2id: String,
    /// `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5803).
    pub scram_sha_256: String,
    /// The same with SHA-1, for clients that know nothing better (RFC 5802).
    pub scram_sha_1: String,
}

/// What makes the verifiers of the same password differ.
#[derive(Clone, Copy, Default)]
pub struct Salts {
    pub argon2id: [u8; scram::SALT_BYTES],
    pub scram_sha_256: [u8; scram::SALT_BYTES],
    pub scram_sha_1: [u8; scram::SALT_BYTES],
}

impl std::fmt::Debug for Verifiers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifiers")
    }
}

impl Verifiers {
    /// The verifiers of `password`. Each salt must be random, and new each time.
    pub fn new(password: &str, salts: &Salts) -> Result<Verifiers, Error> {
        if password.is_empty() {
            return Err(Error::no(Code::Cannot, "an empty password is not accepted"));
        }
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(Error::no(
                Code::Limit,
                format!("a password has at most {PASSWORD_BYTES_MAX} octets"),
            ));
        }
        let prepared = prepare(password).ok_or_else(|| {
            Error::no(Code::Cannot, "the password contains control or unassigned characters")
        })?;
        let hash: PasswordHash = Argon2::default()
            .hash_password_with_salt(prepared.as_bytes(), &salts.argon2id)
            .map_err(|error| Error::bug(error.to_string()))?;
        let scram = |hash, salt| Keys::new(hash, &prepared, salt, scram::ITERATIONS).to_string();
        Ok(Verifiers {
            argon2id: hash.to_string(),
            scram_sha_256: scram(Hash::Sha256, &salts.scram_sha_256),
            scram_sha_1: scram(Hash::Sha1, &salts.scram_sha_1),
        })
    }

    /// True when all have the form that [`Verifiers::new`] gives them.
    pub fn are_well_formed(&self) -> bool {
        let scram = |text: &str, hash| text.parse::<Keys>().is_ok_and(|keys| keys.hash == hash);
        self.argon2id.starts_with("$argon2id$")
            && PasswordHash::new(&self.argon2id).is_ok()
            && scram(&self.scram_sha_256, Hash::Sha256)
            && scram(&self.scram_sha_1, Hash::Sha1)
    }
}

/// True when `password` is the one that the PHC string `argon2id` was made of.
pub fn verify(argon2id: &str, password: &str) -> bool {
    let Ok(hash) = PasswordHash::new(argon2id) else { return false };
    // What cannot be a password must not be refused faster here than for a user who does not exist.
    if password.len() > PASSWORD_BYTES_MAX {
        return verify_nobody(password);
    }
    let Some(prepared) = prepare(password) else { return verify_nobody(password) };
    Argon2::default().verify_password(prepared.as_bytes(), &hash).is_ok()
}

/// Takes as long as [`verify`], and always fails: so that nobody can tell by the time whether an account exists.
pub fn verify_nobody(password: &str) -> bool {
    let mut key = [0; 32];
    // Whatever came out would be thrown away, also an error about the length.
    let _ = Argon2::default().hash_password_into(password.as_bytes(), b"nobody has this salt", &mut key);
    std::hint::black_box(key);
    false
}

/// SASLprep (RFC 4013), which makes the many ways to type one character into one. None when it forbids the password.
fn prepare(password: &str) -> Option<std::borrow::Cow<'_, str>> {
    stringprep::saslprep(password).ok().filter(|prepared| !prepared.is_empty())
}

/// Longer ones would only make argon2 work; nobody types them.
const PASSWORD_BYTES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn made(password: &str) -> Verifiers {
        Verifiers::new(password, &Salts::default()).unwrap()
    }

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let verifiers = made("s\u{e9}same");
        assert!(verifiers.are_well_formed());
        assert!(verify(&verifiers.argon2id, "s\u{e9}same"));
        // The same word, typed as e and a combining accent.
        assert!(verify(&verifiers.argon2id, "se\u{301}same"));
        assert!(!verify(&verifiers.argon2id, "sesame"));
        assert!(!verify(&verifiers.argon2id, ""));
        assert!(!verify("nonsense", "x"));
        assert!(!verify_nobody("x"));
    }

    #[test]
    fn empty_and_unprintable_passwords_are_refused() {
        for bad in ["", "a\u{7}b"] {
            assert!(Verifiers::new(bad, &Salts::default()).is_err(), "{bad:?}");
        }
    }
}

//! Passwords as verifiers: argon2id for those who send theirs, SCRAM for those who only prove that they know it.
//!
//! All of this takes milliseconds of computation and some of it 19 MiB of memory: callers keep it off the threads that
//! serve clients, and limit how many run at once.

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

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

/// What passwords are checked in. It grows with the first check; getting it anew from the system, page by page, takes as
/// long as the check itself, so it is worth keeping from check to check.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let count = params.block_count();
        if self.0.len() < count {
            self.0.resize(count, Block::new());
        }
        &mut self.0[..count]
    }
}

/// True when `password` is the one that the PHC string `argon2id` was made of.
pub fn verify(argon2id: &str, password: &str, memory: &mut Memory) -> bool {
    let Ok(hash) = PasswordHash::new(argon2id) else { return false };
    // What cannot be a password must not be refused faster here than for a user who does not exist.
    if password.len() > PASSWORD_BYTES_MAX {
        return verify_nobody(password, memory);
    }
    let Some(prepared) = prepare(password) else { return verify_nobody(password, memory) };
    is_of(&hash, prepared.as_bytes(), memory).unwrap_or(false)
}

/// Whether `hash` is that of `password`; None when it is not a hash by argon2.
fn is_of(hash: &PasswordHash, password: &[u8], memory: &mut Memory) -> Option<bool> {
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let params = Params::try_from(hash).ok()?;
    let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    let blocks = memory.blocks(&params);
    let mut computed = vec![0; expected.len()];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password, salt, &mut computed, blocks).ok()?;
    Some(computed.ct_eq(expected.as_bytes()).into())
}

/// Takes as long as [`verify`], and always fails: so that nobody can tell by the time whether an account exists.
pub fn verify_nobody(password: &str, memory: &mut Memory) -> bool {
    let mut key = [0; 32];
    let argon2 = Argon2::default();
    let blocks = memory.blocks(argon2.params());
    // Whatever came out would be thrown away, also an error about the length.
    let _ =
        argon2.hash_password_into_with_memory(password.as_bytes(), b"nobody has this salt", &mut key, blocks);
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
    use argon2::password_hash::PasswordVerifier;

    use super::*;

    fn made(password: &str) -> Verifiers {
        Verifiers::new(password, &Salts::default()).unwrap()
    }

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let verifiers = made("s\u{e9}same");
        assert!(verifiers.are_well_formed());
        // Whatever was computed in it before.
        let mut memory = Memory::default();
        for _ in 0..2 {
            assert!(verify(&verifiers.argon2id, "s\u{e9}same", &mut memory));
            // The same word, typed as e and a combining accent.
            assert!(verify(&verifiers.argon2id, "se\u{301}same", &mut memory));
            assert!(!verify(&verifiers.argon2id, "sesame", &mut memory));
            assert!(!verify(&verifiers.argon2id, "", &mut memory));
            assert!(!verify("nonsense", "x", &mut memory));
            assert!(!verify_nobody("x", &mut memory));
        }
        assert!(Argon2::default().verify_password("s\u{e9}same".as_bytes(), &verifiers.argon2id[..]).is_ok());
    }

    #[test]
    fn empty_and_unprintable_passwords_are_refused() {
        for bad in ["", "a\u{7}b"] {
            assert!(Verifiers::new(bad, &Salts::default()).is_err(), "{bad:?}");
        }
    }
}

//! Passwords as verifiers: argon2id for those who send theirs, SCRAM-SHA-256 for those who only prove it.
//!
//! All of this takes milliseconds of computation and some of it 19 MiB of memory: callers keep it off the threads that
//! serve clients, and limit how many run at once.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Code, Error};

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verifiers {
    /// A PHC string.
    pub argon2id: String,
    /// `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5803).
    pub scram_sha_256: String,
}

impl std::fmt::Debug for Verifiers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifiers")
    }
}

impl Verifiers {
    /// The verifiers of `password`. Both salts must be random, and new each time.
    pub fn new(password: &str, argon2_salt: &[u8; 16], scram_salt: &[u8; 16]) -> Result<Verifiers, Error> {
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
            .hash_password_with_salt(prepared.as_bytes(), argon2_salt)
            .map_err(|error| Error::bug(error.to_string()))?;
        let scram_sha_256 = Scram::new(&prepared, scram_salt, SCRAM_ITERATIONS).to_string();
        Ok(Verifiers { argon2id: hash.to_string(), scram_sha_256 })
    }

    /// True when both have the form that [`Verifiers::new`] gives them.
    pub fn are_well_formed(&self) -> bool {
        self.argon2id.starts_with("$argon2id$")
            && PasswordHash::new(&self.argon2id).is_ok()
            && self.scram_sha_256.parse::<Scram>().is_ok()
    }
}

/// True when `password` is the one that the PHC string `argon2id` was made of.
pub fn verify(argon2id: &str, password: &str) -> bool {
    let Ok(hash) = PasswordHash::new(argon2id) else { return false };
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let Some(prepared) = prepare(password) else { return false };
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

/// What a server keeps for SCRAM-SHA-256 (RFC 5802 §3, RFC 7677).
#[derive(Clone, PartialEq, Eq)]
pub struct Scram {
    pub iterations: u32,
    pub salt: Vec<u8>,
    pub stored_key: [u8; 32],
    pub server_key: [u8; 32],
}

impl Scram {
    /// Of a password that SASLprep has seen.
    fn new(prepared: &str, salt: &[u8], iterations: u32) -> Scram {
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(prepared.as_bytes(), salt, iterations, &mut salted);
        let client_key = hmac_sha_256(&salted, b"Client Key");
        Scram {
            iterations,
            salt: salt.to_vec(),
            stored_key: Sha256::digest(client_key).into(),
            server_key: hmac_sha_256(&salted, b"Server Key"),
        }
    }

    /// Checks the client's proof over `auth_message` (RFC 5802 §3: ClientKey := ClientProof XOR ClientSignature), and
    /// gives the server's own signature when it holds.
    pub fn check(&self, auth_message: &[u8], proof: &[u8]) -> Option<[u8; 32]> {
        let signature = hmac_sha_256(&self.stored_key, auth_message);
        if proof.len() != signature.len() {
            return None;
        }
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(p, s)| p ^ s).collect();
        let stored: [u8; 32] = Sha256::digest(&client_key).into();
        let holds: bool = stored.ct_eq(&self.stored_key).into();
        holds.then(|| hmac_sha_256(&self.server_key, auth_message))
    }
}

impl std::fmt::Display for Scram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SCRAM-SHA-256${}:{}${}:{}",
            self.iterations,
            BASE64.encode(&self.salt),
            BASE64.encode(self.stored_key),
            BASE64.encode(self.server_key)
        )
    }
}

impl std::str::FromStr for Scram {
    type Err = ();

    fn from_str(text: &str) -> Result<Scram, ()> {
        let mut pieces = text.split('$');
        let (Some("SCRAM-SHA-256"), Some(how), Some(keys), None) =
            (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            return Err(());
        };
        let (iterations, salt) = how.split_once(':').ok_or(())?;
        let (stored_key, server_key) = keys.split_once(':').ok_or(())?;
        let key = |text: &str| BASE64.decode(text).ok().and_then(|key| key.try_into().ok()).ok_or(());
        Ok(Scram {
            iterations: iterations.parse().map_err(|_| ())?,
            salt: BASE64.decode(salt).map_err(|_| ())?,
            stored_key: key(stored_key)?,
            server_key: key(server_key)?,
        })
    }
}

/// SASLprep (RFC 4013), which makes the many ways to type one character into one. None when it forbids the password.
fn prepare(password: &str) -> Option<std::borrow::Cow<'_, str>> {
    stringprep::saslprep(password).ok().filter(|prepared| !prepared.is_empty())
}

fn hmac_sha_256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// RFC 7677 §4 asks for 4096 at least. This many cost a client and us some 2 ms each.
const SCRAM_ITERATIONS: u32 = 16_384;
/// Longer ones would only make argon2 work; nobody types them.
const PASSWORD_BYTES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn made(password: &str) -> Verifiers {
        Verifiers::new(password, &[1; 16], &[2; 16]).unwrap()
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
            assert!(Verifiers::new(bad, &[1; 16], &[2; 16]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn scram_holds_for_the_example_of_rfc_7677() {
        // RFC 7677 §3.
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let scram = Scram::new("pencil", &salt, 4096);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let auth = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
        );
        let proof = BASE64.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signature = scram.check(auth.as_bytes(), &proof).unwrap();
        assert_eq!(BASE64.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert!(scram.check(b"something else", &proof).is_none());
        assert!(scram.to_string().parse::<Scram>().unwrap() == scram);
    }
}

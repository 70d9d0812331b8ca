//! What a server keeps of a password for SCRAM (RFC 5802, RFC 7677), and how a client's proof is checked against it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
}

/// The keys of one password (RFC 5802 §3). They prove nothing to anybody but this server.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub hash: Hash,
    pub iterations: u32,
    pub salt: Vec<u8>,
    pub stored_key: Vec<u8>,
    pub server_key: Vec<u8>,
}

impl Hash {
    /// The mechanism without channel binding, which also begins the stored form.
    pub fn name(self) -> &'static str {
        match self {
            Hash::Sha1 => "SCRAM-SHA-1",
            Hash::Sha256 => "SCRAM-SHA-256",
        }
    }

    fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::digest(octets).to_vec(),
            Hash::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => hmac::<Hmac<Sha1>>(key, message),
            Hash::Sha256 => hmac::<Hmac<Sha256>>(key, message),
        }
    }

    /// `Hi()` of RFC 5802 §2.2.
    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            Hash::Sha1 => pbkdf2::pbkdf2_hmac_array::<Sha1, 20>(password, salt, iterations).to_vec(),
            Hash::Sha256 => pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).to_vec(),
        }
    }
}

impl Keys {
    /// Of a password that SASLprep has seen.
    pub fn new(hash: Hash, prepared: &str, salt: &[u8], iterations: u32) -> Keys {
        let salted = hash.salted(prepared.as_bytes(), salt, iterations);
        Keys {
            hash,
            iterations,
            salt: salt.to_vec(),
            stored_key: hash.digest(&hash.hmac(&salted, b"Client Key")),
            server_key: hash.hmac(&salted, b"Server Key"),
        }
    }

    /// Keys that nobody knows a password for, for a user who has none. RFC 5802 §9 warns of telling who exists: the
    /// same name has the same salt each time, on each host that knows `secret`.
    pub fn of_nobody(hash: Hash, secret: &[u8], name: &str) -> Keys {
        let derived = |purpose: &str| {
            let message = format!("{} {purpose} {name}", hash.name());
            hash.hmac(secret, message.as_bytes())
        };
        Keys {
            hash,
            iterations: ITERATIONS,
            salt: derived("salt")[..SALT_BYTES].to_vec(),
            stored_key: derived("stored key"),
            server_key: derived("server key"),
        }
    }

    /// Whether the client's proof over `auth_message` holds (RFC 5802 §3: ClientKey := ClientProof XOR ClientSignature).
    pub fn holds(&self, auth_message: &[u8], proof: &[u8]) -> bool {
        let signature = self.hash.hmac(&self.stored_key, auth_message);
        if proof.len() != signature.len() {
            return false;
        }
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(p, s)| p ^ s).collect();
        self.hash.digest(&client_key).ct_eq(&self.stored_key).into()
    }

    /// By this the server shows that it knows the keys, too.
    pub fn server_signature(&self, auth_message: &[u8]) -> Vec<u8> {
        self.hash.hmac(&self.server_key, auth_message)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.hash.name())
    }
}

impl std::fmt::Display for Keys {
    /// `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5803 §2).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}${}:{}${}:{}",
            self.hash.name(),
            self.iterations,
            BASE64.encode(&self.salt),
            BASE64.encode(&self.stored_key),
            BASE64.encode(&self.server_key)
        )
    }
}

impl std::str::FromStr for Keys {
    type Err = ();

    fn from_str(text: &str) -> Result<Keys, ()> {
        let mut pieces = text.split('$');
        let (Some(name), Some(how), Some(keys), None) =
            (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            return Err(());
        };
        let hash = [Hash::Sha1, Hash::Sha256].into_iter().find(|hash| hash.name() == name).ok_or(())?;
        let (iterations, salt) = how.split_once(':').ok_or(())?;
        let (stored_key, server_key) = keys.split_once(':').ok_or(())?;
        let length = hash.digest(b"").len();
        let key = |text| BASE64.decode(text).ok().filter(|key| key.len() == length).ok_or(());
        Ok(Keys {
            hash,
            iterations: iterations.parse().map_err(|_| ())?,
            salt: BASE64.decode(salt).map_err(|_| ())?,
            stored_key: key(stored_key)?,
            server_key: key(server_key)?,
        })
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 7677 §4 asks for 4096 at least. This many cost a client and us some 2 ms each.
pub const ITERATIONS: u32 = 16_384;
/// Of a salt.
pub const SALT_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_rfc_5802_holds() {
        // RFC 5802 §5.
        let salt = BASE64.decode("QSXCR+Q6sek8bf92").unwrap();
        let keys = Keys::new(Hash::Sha1, "pencil", &salt, 4096);
        let nonce = "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
        let auth =
            format!("n=user,r=fyko+d2lbbFgONRv9qkxdawL,r={nonce},s=QSXCR+Q6sek8bf92,i=4096,c=biws,r={nonce}");
        let proof = BASE64.decode("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=").unwrap();
        assert!(keys.holds(auth.as_bytes(), &proof));
        assert_eq!(BASE64.encode(keys.server_signature(auth.as_bytes())), "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    }

    #[test]
    fn the_example_of_rfc_7677_holds() {
        // RFC 7677 §3.
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = Keys::new(Hash::Sha256, "pencil", &salt, 4096);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let auth = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
        );
        let proof = BASE64.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        assert!(keys.holds(auth.as_bytes(), &proof));
        let signature = keys.server_signature(auth.as_bytes());
        assert_eq!(BASE64.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert!(!keys.holds(b"something else", &proof));
        assert!(!keys.holds(auth.as_bytes(), &proof[1..]));
    }

    #[test]
    fn nobody_looks_like_somebody() {
        let keys = Keys::of_nobody(Hash::Sha256, b"secret", "anna");
        assert_eq!(keys, Keys::of_nobody(Hash::Sha256, b"secret", "anna"));
        assert_ne!(keys.salt, Keys::of_nobody(Hash::Sha256, b"secret", "bob").salt);
        assert_ne!(keys.salt, Keys::of_nobody(Hash::Sha256, b"another", "anna").salt);
        let somebody = Keys::new(Hash::Sha256, "x", &[1; SALT_BYTES], ITERATIONS);
        assert_eq!((keys.salt.len(), keys.iterations), (somebody.salt.len(), somebody.iterations));
    }

    proptest! {
        #[test]
        fn keys_are_read_as_they_are_written(sha1: bool, salt: Vec<u8>, name in ".*") {
            let hash = if sha1 { Hash::Sha1 } else { Hash::Sha256 };
            let keys = Keys { salt, ..Keys::of_nobody(hash, b"secret", &name) };
            prop_assert_eq!(keys.to_string().parse::<Keys>(), Ok(keys));
        }

        #[test]
        fn nonsense_is_no_key(text in "SCRAM-SHA-(1|256).{0,60}") {
            prop_assert!(text.parse::<Keys>().is_err());
        }
    }
}

//! What a client claims, and what its door has to ask to find out whether that is true.

use crate::wire::scram::{Hash, Keys};

/// A password in the clear. It never shows itself in a log, and its octets are overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Vec<u8>);

/// What a mechanism needs to know from outside before it can go on.
#[derive(Debug)]
pub enum Question {
    /// Which keys has the password of this user? One who does not exist has some, too. Answered by [`Answer::Keys`].
    Keys { hash: Hash, authcid: String },
    /// Is it so? Answered by [`Answer::Verdict`].
    Claim(Claim),
}

/// Who a client says that it is, and what shall prove it.
#[derive(Debug)]
pub struct Claim {
    /// How it was said, for the record: the name of a mechanism, or that of a command of the protocol.
    pub mechanism: &'static str,
    /// Who it claims to be; empty when the proof says that.
    pub authcid: String,
    /// Whose rights are asked for; None means the client's own.
    pub authzid: Option<String>,
    pub proof: Proof,
}

/// What shall prove a claim.
#[derive(Debug)]
pub enum Proof {
    /// A password, still to be verified.
    Password(Password),
    /// Whether the client has shown that it knows the password whose keys were answered.
    Scram(bool),
    /// An OAuth 2.0 bearer token, still to be verified.
    Token(String),
    /// The certificate by which TLS knows the client, verified already.
    Certificate,
    /// None is asked for.
    Anonymous,
}

/// What came of a question; `T` is what a door gets to know of a user who was let in.
pub enum Answer<T> {
    /// The keys, and a nonce of printable characters without comma that nobody can foresee.
    Keys {
        keys: Keys,
        nonce: String,
    },
    Verdict(Result<T, crate::error::Error>),
}

impl Password {
    pub fn new(octets: Vec<u8>) -> Password {
        Password(octets)
    }

    /// The octets as the client sent them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the compiler from seeing that nobody reads what was just written.
        std::hint::black_box(&self.0);
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_show_itself() {
        assert!(!format!("{:?}", Password::new(b"secret".to_vec())).contains("secret"));
    }
}

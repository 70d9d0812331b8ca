//! Names of users and of groups: what may be one, and when two are the same.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::error::{Code, Error};
use crate::limits;

/// The name that a user logs in with, or that a group has. It appears in paths, in IMAP strings, as an identifier of
/// RFC 4314 and in logs, so it is plain text without spaces and slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login(String);

impl Login {
    /// The name as an administrator writes it, or why nobody can be called that.
    pub fn new(text: &str) -> Result<Login, Error> {
        let refused = |why: &str| Err(Error::no(Code::Cannot, format!("\"{text}\" cannot be a name: {why}")));
        if text.is_empty() || text.len() > limits::LOGIN_BYTES_MAX {
            return refused(&format!("it needs 1 to {} octets", limits::LOGIN_BYTES_MAX));
        }
        if let Some(c) = text.chars().find(|c| c.is_whitespace() || c.is_control() || EXCLUDED.contains(*c)) {
            return refused(&format!("it has {c:?} in it; spaces and {EXCLUDED} are not allowed"));
        }
        if text.starts_with(['$', '-']) {
            // RFC 4314 §2: `-` makes an identifier negative; `$` is how groups are written here.
            return refused("it begins with $ or -, which have a meaning before a name in access rights");
        }
        // What clients do with a name before they send it by SCRAM (RFC 5802 §5.1) must be possible.
        if stringprep::saslprep(text).is_err() {
            return refused("it has characters that cannot be told apart or seen (RFC 4013)");
        }
        let login = Login(text.nfc().collect());
        if RESERVED.contains(&login.key().as_str()) {
            return refused("that word means other people in access rights (RFC 4314)");
        }
        Ok(login)
    }

    /// The name as its owner writes it, in normalization form C.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared.
    pub fn key(&self) -> String {
        Login::key_of(&self.0)
    }

    /// What somebody typed, as it is compared: case, compatible forms and the order of accents make no difference.
    pub fn key_of(typed: &str) -> String {
        if typed.is_ascii() {
            return typed.to_ascii_lowercase();
        }
        let prepared = stringprep::saslprep(typed).unwrap_or(typed.into());
        // Lower case may give a letter and an accent that have one form together.
        prepared.nfkc().collect::<String>().to_lowercase().nfkc().collect()
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Separators of paths, quotes, and the wildcards of LIST.
const EXCLUDED: &str = "/\"\\%*";

/// RFC 4314 §2 has the first two, other servers the third; none may be taken for a person.
const RESERVED: [&str; 4] = ["anyone", "anonymous", "administrators", "authenticated"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn some_names_cannot_be() {
        let long = "a".repeat(limits::LOGIN_BYTES_MAX + 1);
        for bad in [
            "",
            "a b",
            "a/b",
            "a\"",
            "a\\",
            "50%",
            "*",
            "a\n",
            "$staff",
            "-anna",
            "Anyone",
            "anonymous",
            "administrators",
            "ano\u{ad}nymous",
            "a\u{200e}b",
            "a\u{a0}b",
            "a\u{2028}",
            &long,
        ] {
            assert!(Login::new(bad).is_err(), "{bad:?}");
        }
        for good in ["anna", "Anna", "anna@example.org", "jürgen", "a-b", "a$", "日本", "x+y", "o'hara"] {
            assert_eq!(Login::new(good).expect(good).as_str(), good);
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for (one, other) in [
            ("Anna", "aNNA"),
            ("JÜRGEN", "ju\u{308}rgen"),
            ("ａｎｎａ", "anna"),
            ("ﬁnn", "finn"),
            ("an\u{ad}na", "anna"),
        ] {
            assert_eq!(Login::key_of(one), Login::key_of(other));
        }
        assert_ne!(Login::key_of("anna"), Login::key_of("änna"));
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{0,20}") {
            if let Ok(login) = Login::new(&text) {
                prop_assert_eq!(Login::key_of(&login.key()), login.key());
                prop_assert_eq!(Login::new(login.as_str()), Ok(login));
            }
        }
    }
}

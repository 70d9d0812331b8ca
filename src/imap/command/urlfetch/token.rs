//! Tokens by which URLs are authorized: the mechanism INTERNAL (RFC 4467 §2.4.1).

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The only mechanism there is.
pub const INTERNAL: &str = "INTERNAL";

/// `enc-urlauth = 32*HEXDIG`: the token for a URL without its verifier. It begins with the number of the algorithm, as RFC
/// 4467 §2.4.1 wants, so that another one can be used beside it some day.
pub fn token(key: &[u8], rump: &str) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    hmac.update(rump.as_bytes());
    let mut token = HMAC_SHA_256.to_owned();
    for octet in hmac.finalize().into_bytes() {
        write!(token, "{octet:02x}").expect("a string takes what is written");
    }
    token
}

/// Whether that is the token of the URL. It takes as long whatever is wrong; `key` is None for a URL that names nothing.
pub fn is_token(key: Option<&[u8]>, rump: &str, token: &str) -> bool {
    // RFC 4467 §6: otherwise time would tell which mailboxes there are.
    let own = self::token(key.unwrap_or(&[0; 32]), rump);
    let is_same: bool =
        subtle::ConstantTimeEq::ct_eq(own.as_bytes(), token.to_ascii_lowercase().as_bytes()).into();
    is_same && key.is_some()
}

/// The first and only algorithm so far.
const HMAC_SHA_256: &str = "01";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_one_key_and_one_url() {
        let rump = "imap://anna@example.org/INBOX/;UID=1;URLAUTH=anonymous";
        let made = token(b"key", rump);
        assert!(made.len() == 66 && made.starts_with("01"));
        assert!(
            is_token(Some(b"key"), rump, &made) && is_token(Some(b"key"), rump, &made.to_ascii_uppercase())
        );
        assert!(!is_token(Some(b"other"), rump, &made));
        assert!(!is_token(Some(b"key"), &rump.replace("UID=1", "UID=2"), &made));
        assert!(!is_token(Some(b"key"), rump, &made[..64]));
        assert!(!is_token(None, rump, &token(&[0; 32], rump)));
    }
}

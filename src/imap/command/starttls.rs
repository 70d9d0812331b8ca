//! STARTTLS (RFC 3501 §6.2.1): goes on in TLS, where that is offered.

use crate::error::Error;
use crate::imap::response;

/// Whether TLS can begin: `offered` at all, and not `begun` before.
pub fn check(offered: bool, begun: bool) -> Result<(), Error> {
    match (offered, begun) {
        // RFC 3501 §6.2.1 knows BAD only.
        (_, true) => Err(Error::bad("this is TLS already")),
        (false, _) => Err(Error::bad("TLS is not offered here")),
        (true, false) => Ok(()),
    }
}

/// The last words in the clear.
pub fn respond(tag: &str) -> Vec<u8> {
    response::ok(tag, None, "begin TLS now")
}

//! LOGOUT (RFC 3501 §6.1.3): the end of the conversation.

use crate::imap::response;

/// Says BYE, then the tagged line.
pub fn respond(tag: &str) -> Vec<u8> {
    [response::bye("logging out"), response::ok(tag, None, "LOGOUT completed")].concat()
}

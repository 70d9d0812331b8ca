//! UNAUTHENTICATE (RFC 8437): the connection is as it was before login, for whoever logs in next.

use crate::imap::response;

/// Says that nobody is logged in any more. What had been enabled is so no longer, and no mailbox is open.
pub fn respond(tag: &str) -> Vec<u8> {
    response::ok(tag, None, "UNAUTHENTICATE completed")
}

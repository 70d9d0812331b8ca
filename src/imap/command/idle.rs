//! IDLE (RFC 2177) while no mailbox is open: there is nothing to tell, but a client may wait all the same.

use crate::imap::answer::Answer;
use crate::imap::response;

/// `"+" SP resp-text CRLF`: the client may now wait, and end that by DONE.
pub fn respond() -> Vec<u8> {
    response::go_ahead("idling")
}

/// The client said DONE.
pub fn respond_done(tag: &str) -> Answer {
    Answer::ok(tag, "IDLE completed")
}

//! NOOP (RFC 3501 §6.1.2) while no mailbox is open; the session of an open mailbox answers its own.

use crate::imap::answer::Answer;

/// Does nothing.
pub fn respond(tag: &str) -> Answer {
    Answer::ok(tag, "NOOP completed")
}

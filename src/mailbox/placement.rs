//! What is known of a message in its mailbox beside what a snapshot has: what it is called, and since when it is there.

use super::InternalDate;
use super::ids::{MessageId, Uid};
use super::object_id;

/// One message in one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub uid: Uid,
    /// The message, or the one of another account that it was copied from: both are called the same.
    pub known_as: MessageId,
    /// When it came into this mailbox, in seconds since 1970. None when others have expunged it.
    pub saved_at: Option<i64>,
    /// The message-id that begins its conversation, as far as the message tells.
    pub thread_root: Option<String>,
}

impl Placement {
    /// What the message is called (RFC 8474 §5.1).
    pub fn email_id(&self) -> String {
        object_id::email_id(self.known_as)
    }

    /// What its conversation is called (RFC 8474 §5.2).
    pub fn thread_id(&self) -> String {
        object_id::thread_id(self.thread_root.as_deref(), self.known_as)
    }

    /// When it came into this mailbox (RFC 8514 §3).
    pub fn save_date(&self) -> Option<InternalDate> {
        self.saved_at.map(|seconds| InternalDate { seconds, zone_minutes: 0 })
    }
}

//! UIDL (RFC 1939 §7): the messages with their unique ids.

use super::Step;
use super::list::listing;
use crate::pop3::conversation::Conversation;

/// `"UIDL" [SP message]`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    listing(conversation, arguments, |maildrop, entry| maildrop.unique_id(entry.uid))
}

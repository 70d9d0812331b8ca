//! NAMESPACE (RFC 2342): where whose mailboxes are. Everyone has one's own, and the separator is `/`.

use crate::imap::answer::Answer;

/// `Namespace_Response = "*" SP "NAMESPACE" SP Namespace SP Namespace SP Namespace`: one's own, others', shared.
pub fn respond(tag: &str) -> Answer {
    let untagged = b"* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n".to_vec();
    Answer::ok(tag, "NAMESPACE completed").with_untagged(untagged)
}

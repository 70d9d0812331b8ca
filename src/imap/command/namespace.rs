//! NAMESPACE (RFC 2342): where whose mailboxes are. The separator is `/` everywhere.

use crate::imap::answer::Answer;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::namespace::{OTHER_USERS, SHARED};

/// `Namespace_Response = "*" SP "NAMESPACE" SP Namespace SP Namespace SP Namespace`: one's own, others', shared.
pub fn respond(tag: &str) -> Answer {
    let namespace = |prefix: &str| format!("((\"{prefix}\" \"{SEPARATOR}\"))");
    let below = |level: &str| namespace(&format!("{level}{SEPARATOR}"));
    let untagged = format!("* NAMESPACE {} {} {}\r\n", namespace(""), below(OTHER_USERS), below(SHARED));
    Answer::ok(tag, "NAMESPACE completed").with_untagged(untagged.into_bytes())
}

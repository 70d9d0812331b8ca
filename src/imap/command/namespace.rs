//! NAMESPACE (RFC 2342): where whose mailboxes are. The separator is `/` everywhere.

use crate::imap::answer::Answer;
use crate::imap::conversation::User;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::namespace::{DELETED, OTHER_USERS, SHARED};

/// `Namespace_Response = "*" SP "NAMESPACE" SP Namespace SP Namespace SP Namespace`: one's own, others', shared. Beside what
/// is shared stands what was deleted, where users see that: clients make new mailboxes in the first of their own places,
/// and take a second one of these for more of the same.
pub fn respond(tag: &str, user: &User) -> Answer {
    let namespace = |prefix: &str| format!("(\"{prefix}\" \"{SEPARATOR}\")");
    let below = |level: &str| namespace(&format!("{level}{SEPARATOR}"));
    let deleted = if user.sees_deleted { below(DELETED) } else { String::new() };
    let (own, others, shared) = (namespace(""), below(OTHER_USERS), below(SHARED));
    let untagged = format!("* NAMESPACE ({own}) ({others}) ({shared}{deleted})\r\n");
    Answer::ok(tag, "NAMESPACE completed").with_untagged(untagged.into_bytes())
}

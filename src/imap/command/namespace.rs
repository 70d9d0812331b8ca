//! NAMESPACE (RFC 2342): where whose mailboxes are. The separator is `/` everywhere.

use crate::imap::answer::Answer;
use crate::imap::conversation::User;
use crate::imap::language::Language;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::namespace::{DELETED, OTHER_USERS, SHARED};
use crate::wire::utf7;

/// `Namespace_Response = "*" SP "NAMESPACE" SP Namespace SP Namespace SP Namespace`: one's own, others', shared. Beside what
/// is shared stands what was deleted, where users see that: clients make new mailboxes in the first of their own places,
/// and take a second one of these for more of the same.
pub fn respond(tag: &str, user: &User, language: Language) -> Answer {
    Answer::ok(tag, "NAMESPACE completed").with_untagged(untagged(user, language))
}

/// The untagged response, with what the places are called in this language:
/// `namespace-trans = SP DQUOTE "TRANSLATION" DQUOTE SP "(" string ")"` (RFC 5255 §3.5), in modified UTF-7 always.
pub fn untagged(user: &User, language: Language) -> Vec<u8> {
    let translation = |prefix: &str| match language.translated(prefix) {
        Some(name) => format!(" \"TRANSLATION\" (\"{}\")", utf7::encode(name)),
        None => String::new(),
    };
    let namespace = |prefix: &str| format!("(\"{prefix}\" \"{SEPARATOR}\"{})", translation(prefix));
    let below = |level: &str| namespace(&format!("{level}{SEPARATOR}"));
    let deleted = if user.sees_deleted { below(DELETED) } else { String::new() };
    let (own, others, shared) = (namespace(""), below(OTHER_USERS), below(SHARED));
    format!("* NAMESPACE ({own}) ({others}) ({shared}{deleted})\r\n").into_bytes()
}

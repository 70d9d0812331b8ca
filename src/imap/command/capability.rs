//! CAPABILITY (RFC 3501 §6.1.1): what this server can do, in the state that the client is in.

use crate::imap::answer::Answer;
use crate::imap::conversation::Conversation;

/// What depends on whether the client has logged in.
pub fn list(logged_in: bool, plaintext_login_allowed: bool) -> String {
    let stage = match (logged_in, plaintext_login_allowed) {
        (true, _) => AFTER_LOGIN,
        (false, true) => "SASL-IR AUTH=PLAIN",
        // RFC 3501 §6.2.3: a client must not send LOGIN when it sees this.
        (false, false) => "SASL-IR LOGINDISABLED",
    };
    format!("{ALWAYS} {stage}")
}

/// Says the list.
pub fn respond(tag: &str, conversation: &Conversation) -> Answer {
    let untagged = format!("* CAPABILITY {}\r\n", conversation.capabilities());
    Answer::ok(tag, "CAPABILITY completed").with_untagged(untagged.into_bytes())
}

const ALWAYS: &str = "IMAP4rev1 LITERAL+ ID ENABLE IDLE";
const AFTER_LOGIN: &str = "NAMESPACE CHILDREN SPECIAL-USE UIDPLUS UNSELECT MOVE";

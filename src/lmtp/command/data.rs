//! DATA (RFC 5321 §4.1.1.4, RFC 2033 §4.2): the message, up to a dot on a line of its own.

use super::{Step, bad_sequence, no_arguments};
use crate::lmtp::conversation::{Conversation, Outcome, Setup};
use crate::lmtp::response::Reply;

/// `data = "DATA" CRLF`
pub fn run(conversation: &Conversation, arguments: &str) -> Step {
    let Some(transaction) = &conversation.transaction else { return bad_sequence("say MAIL first") };
    if !arguments.trim().is_empty() {
        return no_arguments();
    }
    if transaction.chunked {
        return bad_sequence("after BDAT the message goes on in BDAT");
    }
    // RFC 2033 §4.2: without an accepted recipient, DATA must be refused.
    if transaction.replies.is_empty() {
        return bad_sequence("no recipient has been accepted");
    }
    if transaction.envelope.binary {
        // RFC 3030 §3.
        return bad_sequence("BINARYMIME needs BDAT");
    }
    Step::ReadData
}

/// The reply for one recipient, after DATA or the last BDAT.
pub fn respond(setup: &Setup, outcome: &Outcome) -> Reply {
    match outcome {
        Outcome::Stored(name) => Reply::new(250, "2.0.0", format!("stored as {name}")),
        Outcome::Temporary(text) => Reply::new(451, "4.3.0", text.clone()),
        Outcome::OverQuota => Reply::over_quota(setup.over_reply),
        Outcome::Refused(text) => Reply::new(554, "5.6.0", text.clone()),
    }
}

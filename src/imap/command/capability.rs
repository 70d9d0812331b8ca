//! CAPABILITY (RFC 3501 §6.1.1): what this server can do, in the state that the client is in.

use crate::imap::answer::Answer;
use crate::imap::conversation::{Conversation, Setup};

/// What a client can do that has logged in.
pub fn after_login(setup: &Setup, compressed: bool) -> String {
    let literals = literals(setup.literal_plus);
    // RFC 4978 §3: what is compressed is not compressed again.
    let compress = if setup.compress && !compressed { " COMPRESS=DEFLATE" } else { "" };
    // RFC 9738 §3: one of them.
    let limit = match (setup.limit.any, setup.limit.save) {
        (Some(limit), _) => format!(" MESSAGELIMIT={limit}"),
        (None, Some(limit)) => format!(" SAVELIMIT={limit}"),
        (None, None) => String::new(),
    };
    let append_limit = setup.literal_max;
    format!("{ALWAYS} {literals} {AFTER_LOGIN} {FINDING}{compress} APPENDLIMIT={append_limit}{limit}")
}

/// What a client can do that has not logged in yet.
pub fn before_login(setup: &Setup) -> String {
    let Setup { literal_plus, starttls, secure, terms, .. } = setup;
    let literals = literals(*literal_plus);
    // RFC 3501 §6.2.1: it makes sense before login only.
    let starttls = if *starttls && !secure { " STARTTLS" } else { "" };
    let mechanisms: String = terms.mechanisms().iter().map(|name| format!(" AUTH={name}")).collect();
    // RFC 3501 §6.2.3: a client must not send LOGIN when it sees this.
    let disabled = if terms.plaintext_allowed { "" } else { " LOGINDISABLED" };
    format!("{ALWAYS} {literals}{starttls} SASL-IR{mechanisms}{disabled}")
}

/// RFC 7888 §5: one of them, never both.
fn literals(plus: bool) -> &'static str {
    if plus { "LITERAL+" } else { "LITERAL-" }
}

/// Says the list.
pub fn respond(tag: &str, conversation: &Conversation) -> Answer {
    let untagged = format!("* CAPABILITY {}\r\n", conversation.capabilities());
    Answer::ok(tag, "CAPABILITY completed").with_untagged(untagged.into_bytes())
}

const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 ID ENABLE IDLE LANGUAGE";
const AFTER_LOGIN: &str = "NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS STATUS=SIZE NOTIFY SPECIAL-USE CREATE-SPECIAL-USE \
     UIDPLUS UNSELECT MOVE REPLACE MULTIAPPEND CATENATE URLAUTH URLAUTH=BINARY URL-PARTIAL UIDONLY UIDBATCHES CONDSTORE QRESYNC UTF8=ACCEPT BINARY PREVIEW OBJECTID SAVEDATE UNAUTHENTICATE ACL \
     RIGHTS=kxten LIST-MYRIGHTS METADATA METADATA-SERVER LIST-METADATA ANNOTATE-EXPERIMENT-1 \
     QUOTA QUOTASET QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX QUOTA=RES-ANNOTATION-STORAGE";
/// What finds messages.
const FINDING: &str = "ESEARCH SEARCHRES PARTIAL WITHIN SORT SORT=DISPLAY ESORT CONTEXT=SEARCH CONTEXT=SORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES \
     THREAD=REFS I18NLEVEL=1 I18NLEVEL=2 SEARCH=FUZZY MULTISEARCH FILTERS INPROGRESS";

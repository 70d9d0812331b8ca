//! CAPABILITY (RFC 3501 §6.1.1): what this server can do, in the state that the client is in.

use crate::imap::answer::Answer;
use crate::imap::conversation::Conversation;
use crate::wire::sasl::Terms;

/// What depends on whether the client has logged in.
pub fn list(logged_in: bool, starttls: bool, terms: &Terms, append_limit: u64) -> String {
    if logged_in {
        return format!("{ALWAYS} {AFTER_LOGIN} {FINDING} APPENDLIMIT={append_limit}");
    }
    // RFC 3501 §6.2.1: it makes sense before login only.
    let starttls = if starttls { " STARTTLS" } else { "" };
    let mechanisms: String = terms.mechanisms().iter().map(|name| format!(" AUTH={name}")).collect();
    // RFC 3501 §6.2.3: a client must not send LOGIN when it sees this.
    let disabled = if terms.plaintext_allowed { "" } else { " LOGINDISABLED" };
    format!("{ALWAYS}{starttls} SASL-IR{mechanisms}{disabled}")
}

/// Says the list.
pub fn respond(tag: &str, conversation: &Conversation) -> Answer {
    let untagged = format!("* CAPABILITY {}\r\n", conversation.capabilities());
    Answer::ok(tag, "CAPABILITY completed").with_untagged(untagged.into_bytes())
}

const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ ID ENABLE IDLE";
const AFTER_LOGIN: &str = "NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS STATUS=SIZE NOTIFY SPECIAL-USE CREATE-SPECIAL-USE \
     UIDPLUS UNSELECT MOVE REPLACE MULTIAPPEND UIDONLY CONDSTORE QRESYNC UTF8=ACCEPT BINARY PREVIEW OBJECTID SAVEDATE UNAUTHENTICATE ACL \
     RIGHTS=kxte LIST-MYRIGHTS QUOTA QUOTASET QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX QUOTA=RES-ANNOTATION-STORAGE";
/// What finds messages.
const FINDING: &str = "ESEARCH SEARCHRES PARTIAL WITHIN SORT SORT=DISPLAY ESORT CONTEXT=SEARCH CONTEXT=SORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES \
     THREAD=REFS I18NLEVEL=1 I18NLEVEL=2 SEARCH=FUZZY MULTISEARCH INPROGRESS";

//! What a command came to: what to say, what has changed, and what becomes of the open mailbox.

use crate::db;
use crate::error::Error;
use crate::imap::command::select::Resync;
use crate::imap::enabled::Enabled;
use crate::imap::response;
use crate::imap::watching::{Heeds, Own, Watching};
use crate::mailbox::{AccountId, Change, MailboxKey, MailboxName, ModSeq, UidValidity};
use crate::policy::{Rights, Standing, Viewer};

/// The answer to one command.
#[derive(Debug, Default)]
pub struct Answer {
    /// The command's own untagged lines.
    pub untagged: Vec<u8>,
    /// Whether the open mailbox, if there is one, says what is new between the untagged lines and the tagged one. True
    /// if it may say EXPUNGE there too (RFC 3501 §7.4.1). A session answers None, since it has done so by itself.
    pub sync: Option<bool>,
    /// The tagged line.
    pub tagged: Vec<u8>,
    /// What others who watch these mailboxes have to hear.
    pub changes: Vec<Change>,
    /// What the client need not hear of by NOTIFY, because it has done it itself.
    pub own: Own,
    /// What becomes of what it watches.
    pub watch: Watch,
    pub next: After,
}

/// What becomes of the open mailbox when the answer has been sent.
#[derive(Debug, Default)]
pub enum After {
    /// It stays as it is, open or not.
    #[default]
    Continue,
    /// It is closed.
    Unselect,
    /// The connection ends here: an answer broke off where no other octets may follow.
    Close,
    /// It is closed, and this one is opened; then the conversation says what that came to.
    Open(Box<Opening>),
}

/// What becomes of what a client watches by NOTIFY.
#[derive(Default)]
pub enum Watch {
    /// It stays as it is.
    #[default]
    Continue,
    /// It ends.
    End,
    /// This takes its place.
    Begin(Box<Watching>),
}

/// A mailbox that was found and is to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The tag of SELECT or EXAMINE.
    pub tag: String,
    pub key: MailboxKey,
    pub name: MailboxName,
    /// The same as the client has written it.
    pub written: String,
    pub uidvalidity: UidValidity,
    /// How far the mailbox had come when it was found: what is opened must not be older.
    pub highestmodseq: ModSeq,
    /// The first uid of which no session had been told then.
    pub first_recent_uid: u64,
    /// EXAMINE.
    pub read_only: bool,
    /// Who opens it.
    pub viewer: Viewer,
    /// What he may do there, and what he has seen.
    pub standing: Standing,
    /// Whose doing it is, when that is not the viewer's own, and the client's address: for the tombstones of what is
    /// expunged.
    pub acting: AccountId,
    pub client: Option<String>,
    /// How the client wants to be spoken to.
    pub enabled: Enabled,
    /// What it wants to hear of.
    pub heeds: Heeds,
    /// What the client knows of the mailbox already: it is to hear the rest.
    pub resync: Option<Resync>,
    /// The client wants to hear of annotations that others write (RFC 5257 §4.2).
    pub annotate: bool,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Watch::Continue => "Continue",
            Watch::End => "End",
            Watch::Begin(_) => "Begin",
        })
    }
}

impl Answer {
    /// An account's command has done what was asked.
    pub fn ok(tag: &str, text: &str) -> Answer {
        Answer::ok_code(tag, None, text)
    }

    /// The same, with a response code.
    pub fn ok_code(tag: &str, code: Option<&str>, text: &str) -> Answer {
        Answer { tagged: response::ok(tag, code, text), sync: Some(true), ..Answer::default() }
    }

    /// The command failed; the open mailbox stays as it is.
    pub fn failed(tag: &str, error: impl Into<Error>) -> Answer {
        Answer { tagged: response::failure(tag, &error.into()), sync: Some(true), ..Answer::default() }
    }

    /// Puts untagged lines before the tagged one.
    pub fn with_untagged(self, untagged: Vec<u8>) -> Answer {
        Answer { untagged, ..self }
    }

    /// Says which name the client has made, removed or subscribed to.
    pub fn of_own(mut self, names: impl IntoIterator<Item = MailboxName>) -> Answer {
        self.own.names.extend(names);
        self
    }

    /// Says what others have to hear.
    pub fn with_changes(self, changes: Vec<Change>) -> Answer {
        let own = Own { names: self.own.names, ..Own::of(&changes) };
        Answer { changes, own, ..self }
    }
}

impl Opening {
    /// Whether the client may change anything there. RFC 4314 §5.2: who may not has opened it as by EXAMINE.
    pub fn is_read_write(&self) -> bool {
        !self.read_only && self.standing.permit.rights.has_any(Rights::CHANGING)
    }

    /// Whether new messages are to be \Recent for this client, and then for no other. IMAP4rev2 knows no such flag (RFC
    /// 9051, appendix E), and what was deleted is not new.
    pub fn takes_recent(&self) -> bool {
        self.is_read_write() && !self.enabled.imap4rev2 && !self.key.is_of_deleted()
    }

    /// Opens what was found.
    pub fn new(
        tag: String,
        name: MailboxName,
        read_only: bool,
        viewer: Viewer,
        found: &db::FoundMailbox,
    ) -> Opening {
        let db::FoundMailbox { key, uidvalidity, highestmodseq, first_recent_uid, .. } = *found;
        let standing = Standing { permit: found.permit.clone(), seen: found.seen.clone() };
        let (acting, client, enabled) = (viewer.account, None, Enabled::default());
        Opening {
            tag,
            key,
            written: name.as_str().to_owned(),
            name,
            uidvalidity,
            highestmodseq,
            first_recent_uid,
            read_only,
            viewer,
            standing,
            acting,
            client,
            enabled,
            heeds: Heeds::default(),
            resync: None,
            annotate: false,
        }
    }
}

//! The commands of IMAP, one file each.

pub mod copy;
pub mod expunge;
pub mod fetch;
pub mod r#move;
pub mod search;
pub mod store;

/// A command for the mailbox that the client has selected: what the conversation hands to its session.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectedCommand {
    /// The client's tag, to be repeated in the answer.
    pub tag: String,
    /// The command came after UID: its set and its answers speak of uids (RFC 3501 §6.4.8).
    pub uid: bool,
    pub command: OnMailbox,
}

/// What a session of a mailbox can be asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum OnMailbox {
    Fetch(fetch::Fetch),
    Store(store::Store),
    Search(search::Search),
    Copy(copy::Copy),
    Move(r#move::Move),
    /// EXPUNGE and, with a set, UID EXPUNGE.
    Expunge(expunge::Expunge),
    Noop,
    Check,
    /// Expunges silently, then ends the session.
    Close,
    /// Ends the session.
    Unselect,
    /// The answer is `+ idling` untagged and what there is to tell; the tagged answer follows IdleDone.
    Idle,
    /// The client said DONE: the answer is the tagged line of the IDLE, whose tag is in this command.
    IdleDone,
}

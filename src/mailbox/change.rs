//! What happened to one mailbox between two mod-sequences, as data that can come late, twice or out of order.

use super::flags::FlagSet;
use super::ids::{AccountId, MailboxKey, ModSeq, Uid};
use super::snapshot::Loaded;
use super::uid_set::UidSet;

/// Everything that happened to a mailbox in `(after, modseq]`.
///
/// The pieces are states, not steps: each says what a message is at the end. So a change may be applied to any
/// [`Snapshot`](super::Snapshot) that knows at least `after`, in any order and more than once: per message the newer
/// mod-sequence wins, and what is expunged stays expunged, because uids are never used again (RFC 9051 §2.3.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The mailbox it happened to.
    pub key: MailboxKey,
    /// What a reader must know already.
    pub after: ModSeq,
    /// What a reader knows afterwards.
    pub modseq: ModSeq,
    /// The next uid, when it is known to have changed beyond what `appended` says.
    pub uidnext: Option<u64>,
    /// New messages.
    pub appended: Vec<Loaded>,
    /// New flags of messages.
    pub flags: Vec<FlagChange>,
    /// Messages that are no more.
    pub expunged: UidSet,
    /// The rights of those who are not its owner may be other ones: they have to be read again.
    pub rights: bool,
    /// Readers who have seen other messages than before, where everybody has a \Seen of his own.
    pub seen_by: Vec<AccountId>,
    /// New flags are left out: who does not know them has to read them.
    pub is_abridged: bool,
}

/// The flags of one message as they are since `modseq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagChange {
    /// The message.
    pub uid: Uid,
    /// When they became so.
    pub modseq: ModSeq,
    /// All its flags.
    pub flags: FlagSet,
}

/// A change cannot be applied: what happened after `since` has not been heard of yet, and must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("changes after {since} are missing")]
pub struct Gap {
    /// All that is known.
    pub since: ModSeq,
}

impl Change {
    /// A change that says nothing yet.
    pub fn new(key: MailboxKey, after: ModSeq, modseq: ModSeq) -> Change {
        let (appended, flags, expunged) = (Vec::new(), Vec::new(), UidSet::new());
        let (rights, seen_by) = (false, Vec::new());
        let (uidnext, is_abridged) = (None, false);
        Change { key, after, modseq, uidnext, appended, flags, expunged, rights, seen_by, is_abridged }
    }

    /// The same without the new flags, for those who are likely to know them: they may be a million.
    pub fn abridge(&mut self) {
        self.is_abridged |= !self.flags.is_empty();
        self.flags = Vec::new();
    }

    /// Whether nothing is said but that time has passed.
    pub fn is_empty(&self) -> bool {
        self.uidnext.is_none()
            && self.appended.is_empty()
            && self.flags.is_empty()
            && self.expunged.is_empty()
            && !self.rights
            && self.seen_by.is_empty()
            && !self.is_abridged
    }
}

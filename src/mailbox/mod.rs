//! One folder as data: names, ids, flags, uid sets, the snapshot of what is in it, and one client's view of it.

pub mod flags;
pub mod ids;

pub use flags::{Flag, FlagSet, Keyword, System};
pub use ids::{AccountId, MailboxId, MailboxKey, MessageId, ModSeq, Msn, Uid, UidValidity};

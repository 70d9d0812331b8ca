//! One folder as data: names, ids, flags, uid sets, the snapshot of what is in it, and one client's view of it.

pub mod ids;

pub mod annotation;
pub mod first_mailbox;
pub mod flags;
pub mod login;
pub mod metadata;
pub mod name;
pub mod namespace;
pub mod object_id;
pub mod uid_set;

pub mod catch_up;
pub mod change;
pub mod own_seen;
pub mod placement;
pub mod shared;
pub mod snapshot;
pub mod view;

mod edit;
mod flag_table;

#[cfg(test)]
mod history_tests;

pub use annotation::{Annotating, AnnotationEntry, Attribute, EntryMatch, Scope};
pub use catch_up::CatchUp;
pub use change::{Change, FlagChange, Gap};
pub use first_mailbox::FirstMailbox;
pub use flags::{Flag, FlagMask, FlagSet, Keyword, System};
pub use ids::{AccountId, MailboxId, MailboxKey, MessageId, ModSeq, Msn, Uid, UidValidity};
pub use login::Login;
pub use metadata::{Depth, MetadataEntry};
pub use name::{MailboxName, Pattern};
pub use namespace::Located;
pub use own_seen::OwnSeen;
pub use placement::Placement;
pub use shared::{Applied, Shared};
pub use snapshot::{Entry, FlagsId, InternalDate, Loaded, Loading, Snapshot};
pub use uid_set::{MsnSet, NumberSet, SequenceNumber, SequenceSet, UidSet};
pub use view::{Update, View};

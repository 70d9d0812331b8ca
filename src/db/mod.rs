//! The only SQL. One file per unit of work; a unit borrows a connection and never opens, begins or commits anything.

pub mod append;
pub mod body;
pub mod keywords;
pub mod new_message;
pub mod pipeline;
pub mod reserve_message_ids;
pub mod store_message;
pub mod unit;

mod load_snapshot;
mod mailbox_modseqs;
mod mark_recent;
mod read_changes;

mod mailbox_row;

pub use append::{Append, Appended, Appending};
pub use body::{Chunk, Codec, StoredBody};
pub use load_snapshot::{LoadSnapshot, LoadedMailbox};
pub use mailbox_modseqs::MailboxModseqs;
pub use mark_recent::MarkRecent;
pub use new_message::{NewAddress, NewDerived, NewMessage, NewPart};
pub use read_changes::ReadChanges;
pub use reserve_message_ids::ReserveMessageIds;
pub use unit::{Access, ErasedUnit, Error, Lent, Unit};

//! The only SQL. One file per unit of work; a unit borrows a connection and never opens, begins or commits anything.

pub mod append;
pub mod body;
pub mod deliver;
pub mod keywords;
pub mod migrate;
pub mod new_message;
pub mod pipeline;
pub mod reserve_message_ids;
pub mod resolve_recipient;
pub mod store_message;
pub mod unit;

mod copy_messages;
mod create_mailbox;
mod delete_mailbox;
mod expunge;
mod fetch_page;
mod find_login;
mod find_mailbox;
mod list_mailboxes;
mod load_snapshot;
mod mailbox_modseqs;
mod mark_recent;
mod read_changes;
mod read_content;
mod rename_mailbox;
mod search_page;
mod set_flags;
mod subscribe;

mod mailbox_row;

pub use append::{Append, Appended, Appending};
pub use body::{Chunk, Codec, StoredBody};
pub use copy_messages::{Copied, CopyMessages};
pub use create_mailbox::CreateMailbox;
pub use delete_mailbox::DeleteMailbox;
pub use deliver::{Deliver, Delivered, Delivering, Group, Mark, Receipt};
pub use expunge::{Culprit, Expunge};
pub use fetch_page::{Columns, Extent, FetchPage, FetchedMessage, FetchedPage, needed};
pub use find_login::{Account, FindLogin, FoundLogin};
pub use find_mailbox::{FindMailbox, FoundMailbox};
pub use list_mailboxes::{ListMailboxes, ListedMailbox};
pub use load_snapshot::{LoadSnapshot, LoadedMailbox};
pub use mailbox_modseqs::MailboxModseqs;
pub use mark_recent::MarkRecent;
pub use new_message::{NewAddress, NewDerived, NewMessage, NewPart};
pub use read_changes::ReadChanges;
pub use read_content::{Content, ReadContent, Wanted};
pub use rename_mailbox::RenameMailbox;
pub use reserve_message_ids::ReserveMessageIds;
pub use resolve_recipient::ResolveRecipient;
pub use search_page::SearchPage;
pub use set_flags::{Marking, SetFlags};
pub use subscribe::Subscribe;
pub use unit::{Access, ErasedUnit, Error, Lent, Unit};

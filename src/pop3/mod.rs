//! The door for clients that fetch mail and keep it at home: POP3 (RFC 1939, RFC 2449).
//!
//! The maildrop is the INBOX as it is at login. It is not locked: others may read and expunge meanwhile, and what
//! they have expunged can still be read here. [`Conversation`] is the whole protocol without a socket; the commands
//! lie in one file each.

pub mod command;
pub mod conversation;

pub mod grammar;
pub mod language;
pub mod maildrop;
pub mod response;

mod read_ahead;
mod retrieval;

pub use conversation::{After, Answer, Conversation, Event, Opening, Plan, Setup};
pub use language::{Language, Text};
pub use maildrop::Maildrop;
pub use response::Reply;

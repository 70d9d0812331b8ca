//! The door for incoming mail: LMTP (RFC 2033), spoken by an MTA that keeps the queue.
//!
//! [`Conversation`] is the whole protocol without a socket; [`command`] has one file per command; [`mod@prepare`] turns
//! what was received into rows for the database.

pub mod conversation;

pub mod command;

pub mod grammar;
pub mod prepare;
pub mod response;
pub mod trace;

pub use conversation::{Conversation, Envelope, Event, Mail, Outcome, Recipient, Resolution, Setup};

pub use prepare::prepare;
pub use response::Reply;
pub use trace::Arrival;

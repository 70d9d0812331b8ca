//! The door of IMAP: the grammar, the commands one file each, what is printed, and the conversation as a pure machine.

pub mod command;
pub mod grammar;

pub mod answer;
pub mod conversation;
pub mod enabled;
mod filters;
pub mod language;
pub mod limited;
pub mod response;
pub mod selected;
pub mod watching;

mod context;
mod print;

pub use answer::{After, Answer, Opening, Watch};
pub use command::{OnMailbox, SelectedCommand};
pub use conversation::{Conversation, Event, Setup, User};
pub use enabled::Enabled;
pub use selected::Selected;
pub use watching::{Heeds, Own, Watching};

#[cfg(test)]
mod resync_tests;

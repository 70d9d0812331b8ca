//! Which messages? The selector tree that IMAP SEARCH and the administrator's commands share, and how it is answered.
//!
//! A [`Selector`] has two kinds of leaves. Flags, sizes, dates of arrival and numbers are in the snapshot and are
//! answered from memory. What a message says is stored; each [`StoredLeaf`] is asked of the database once, and only
//! about the messages that the rest of the tree has not decided ([`Selector::candidates`]).

pub mod selector;

pub mod collation;
pub mod evaluate;
pub mod fold;
pub mod grammar;
pub mod index;
pub mod keys;
pub mod matcher;
pub mod placed;
pub mod program;
pub mod sort;
pub mod thread;

pub use evaluate::{Answers, Scope};
pub use matcher::{Matcher, Needle, StoredText, matches};
pub use placed::PlacedLeaf;
pub use program::Program;
pub use selector::{Field, Selector, Source, StoredLeaf};

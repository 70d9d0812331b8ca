//! Which messages? The selector tree that IMAP SEARCH and the administrator's commands share, and how it is answered.
//!
//! A [`Selector`] has two kinds of leaves. Flags, sizes, dates of arrival and numbers are in the snapshot and are
//! answered from memory. What a message says is stored; each [`StoredLeaf`] is asked of the database once, and only
//! about the messages that the rest of the tree has not decided ([`Selector::candidates`]).

pub mod selector;

pub mod collation;
pub mod evaluate;
pub mod filter;
pub mod fold;
pub mod fuzzy;
pub mod grammar;
pub mod index;
pub mod inquiry;
pub mod keys;
pub mod labels;
pub mod matcher;
pub mod placed;
pub mod program;
pub mod relevancy;
pub mod sort;
pub mod thread;

pub use collation::Collation;
pub use evaluate::{Answers, Scope};
pub use inquiry::{Heard, Inquiry, LeafAnswer};
pub use matcher::{Matcher, Needle, StoredText, matches};
pub use placed::{AnnotationText, PlacedLeaf};
pub use program::Program;
pub use relevancy::Scores;
pub use selector::{Field, Selector, Source, StoredLeaf};

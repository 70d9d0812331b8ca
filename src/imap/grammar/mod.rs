//! The grammar of IMAP: each function is named after its rule in RFC 3501 §9 (or the RFC it quotes) and carries it.
//!
//! Input is one whole command with its literals in place, as the framer found it; no function ever waits for more.

pub mod acl;
pub mod annotation;
pub mod fetch;
pub mod flags;
pub mod mailbox;
pub mod metadata;
pub mod modseq;
pub mod returns;
pub mod sort;
pub mod source;
pub mod url;

pub use crate::grammar::{Fault, Parsed, core, fault, set, time};

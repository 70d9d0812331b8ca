//! What the integration tests share: a real server in a home of its own, and small clients to talk to it.

// Every test file compiles this module for itself and uses the part it needs.
#![allow(dead_code, unused_imports)]

pub mod corpus;
pub mod imap;
pub mod lmtp;
pub mod postgres;
pub mod scratch;
pub mod server;
pub mod transcript;

pub use imap::Imap;
pub use lmtp::Lmtp;
pub use scratch::{Lender, Scratch};
pub use server::{Options, Server};

//! What the integration tests share: a real server in a home of its own, and small clients to talk to it.

// Every test file compiles this module for itself and uses the part it needs.
#![allow(dead_code, unused_imports)]

pub mod authority;
pub mod authorization_server;
pub mod corpus;
pub mod directory;
pub mod imap;
pub mod lmtp;
pub mod pop3;
pub mod postgres;
pub mod scratch;
pub mod server;
pub mod stream;
pub mod transcript;
pub mod units;

pub use authority::Authority;
pub use authorization_server::AuthorizationServer;
pub use directory::Directory;
pub use imap::Imap;
pub use lmtp::Lmtp;
pub use pop3::Pop3;
pub use scratch::{Lender, Scratch};
pub use server::{Options, Server, eventually};

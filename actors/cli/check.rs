//! `aox check …`.

use archiveopteryx::aox::command::CheckMessages;
use clap::Subcommand;

use super::Request;

/// What can be checked.
#[derive(Debug, Subcommand)]
pub enum Check {
    /// Put every stored message together again, and compare it with its digest on arrival
    Messages,
}

impl Check {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            Check::Messages => CheckMessages {}.into(),
        }
    }
}

//! `aox check …`.

use archiveopteryx::aox::command::{CheckMessages, CheckQuota};
use clap::Subcommand;

use super::Request;

/// What can be checked.
#[derive(Debug, Subcommand)]
pub enum Check {
    /// Put every stored message together again, and compare it with its digest on arrival
    Messages,
    /// Compare what quotas count with what is there; exits with 1 when they differ
    Quota {
        /// Count anew what is not counted right
        #[arg(long)]
        repair: bool,
    },
}

impl Check {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            Check::Quota { repair } => CheckQuota { repair }.into(),
            Check::Messages => CheckMessages {}.into(),
        }
    }
}

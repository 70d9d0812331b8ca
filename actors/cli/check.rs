//! `aox check …`.

use std::path::PathBuf;

use archiveopteryx::aox::command::{CheckDatabase, CheckMessages, CheckQuota};
use clap::{Args, Subcommand};

use super::Request;

/// What can be checked.
#[derive(Debug, Subcommand)]
pub enum Check {
    /// Check everything that `aox serve` would refuse: settings, certificates, ports, the database; needs no server
    #[command(visible_alias = "config")]
    Configuration(CheckConfiguration),
    /// Compare counters with what they count, look for rows that belong to nothing, and at roles and indexes
    Database,
    /// Put every stored message together again, and compare it with its digest on arrival
    Messages,
    /// Compare what quotas count with what is there; exits with 1 when they differ
    Quota {
        /// Count anew what is not counted right
        #[arg(long)]
        repair: bool,
    },
}

/// `aox check configuration`.
#[derive(Debug, Args)]
pub struct CheckConfiguration {
    /// The file with settings [default: aox.toml in the home, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Check {
    /// The request to the server; None for what needs none.
    pub fn request(self) -> Option<Request> {
        Some(match self {
            Check::Configuration(_) => return None,
            Check::Database => CheckDatabase {}.into(),
            Check::Quota { repair } => CheckQuota { repair }.into(),
            Check::Messages => CheckMessages {}.into(),
        })
    }
}

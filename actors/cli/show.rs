//! `aox show …`.

use archiveopteryx::aox::command::{ShowGroup, ShowUser};
use clap::Subcommand;

use super::Request;

/// What can be shown.
#[derive(Debug, Subcommand)]
pub enum Show {
    /// Show who is in a group
    Group {
        /// The group
        name: String,
    },
    /// Show a user with all that belongs to the account
    User {
        /// The name that the user logs in with
        login: String,
    },
}

impl Show {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            Show::Group { name } => ShowGroup { name }.into(),
            Show::User { login } => ShowUser { login }.into(),
        }
    }
}

//! `aox delete …`.

use archiveopteryx::aox::command::{DeleteAlias, DeleteUser};
use clap::Subcommand;

use super::Request;

/// What can be deleted.
#[derive(Debug, Subcommand)]
pub enum Delete {
    /// Delete a user with all mail; it can be taken back until the undelete time has passed
    User {
        /// The name that the user logs in with
        login: String,
    },
    /// Refuse mail for an address from now on
    Alias {
        /// The address, such as info@example.org
        address: String,
    },
}

impl Delete {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            Delete::Alias { address } => DeleteAlias { address }.into(),
            Delete::User { login } => DeleteUser { login }.into(),
        }
    }
}

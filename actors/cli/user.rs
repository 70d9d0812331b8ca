//! `aox rename user …`, `aox disable user …` and `aox enable user …`: verbs that only users have.

use archiveopteryx::aox::command::{DisableUser, EnableUser, RenameUser};
use clap::Subcommand;

use super::Request;

/// What can be renamed.
#[derive(Debug, Subcommand)]
pub enum Rename {
    /// Give a user another name to log in with; all else stays
    User {
        /// The name that the user logs in with
        login: String,
        /// The new one
        new_login: String,
    },
}

impl Rename {
    /// The request to the server.
    pub fn request(self) -> Request {
        let Rename::User { login, new_login } = self;
        RenameUser { login, new_login }.into()
    }
}

/// What can be switched off and on.
#[derive(Debug, Subcommand)]
pub enum Switch {
    /// Whether the user may log in; mail is delivered either way
    User {
        /// The name that the user logs in with
        login: String,
    },
}

impl Switch {
    /// The request to the server that switches it off.
    pub fn disable(self) -> Request {
        let Switch::User { login } = self;
        DisableUser { login }.into()
    }

    /// The request to the server that switches it on again.
    pub fn enable(self) -> Request {
        let Switch::User { login } = self;
        EnableUser { login }.into()
    }
}

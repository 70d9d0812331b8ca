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

/// Who can be kept out.
#[derive(Debug, Subcommand)]
pub enum Disable {
    /// Keep a user from logging in, and end the connections; mail still comes
    User {
        /// The name that the user logs in with
        login: String,
    },
}

impl Disable {
    /// The request to the server.
    pub fn request(self) -> Request {
        let Disable::User { login } = self;
        DisableUser { login }.into()
    }
}

/// Who can be let in again.
#[derive(Debug, Subcommand)]
pub enum Enable {
    /// Let a user log in again who was disabled
    User {
        /// The name that the user logs in with
        login: String,
    },
}

impl Enable {
    /// The request to the server.
    pub fn request(self) -> Request {
        let Enable::User { login } = self;
        EnableUser { login }.into()
    }
}

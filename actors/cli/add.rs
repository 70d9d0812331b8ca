//! `aox add …`.

use archiveopteryx::aox::command::{AddAlias, AddUser};
use clap::Subcommand;

use super::Request;
use super::password::PasswordSource;

/// What can be added.
#[derive(Debug, Subcommand)]
pub enum Add {
    /// Add a user, the first mailboxes, and the address that leads to them
    User {
        /// The name to log in with
        login: String,
        /// The address whose mail comes to the user's INBOX, such as anna@example.org
        address: String,
        #[command(flatten)]
        password: PasswordSource,
        /// Give the user no password here: a directory, an authorization server or a certificate opens the account
        #[arg(long, conflicts_with = "password_stdin")]
        without_password: bool,
    },
    /// Make mail for an address go to a mailbox: /users/LOGIN/NAME, or LOGIN for its INBOX
    Alias {
        /// The address, such as info@example.org
        address: String,
        /// Where its mail goes: /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
    },
}

impl Add {
    /// The request to the server. May ask for a password.
    pub fn request(self) -> Result<Request, String> {
        Ok(match self {
            Add::Alias { address, mailbox } => AddAlias { address, mailbox }.into(),
            Add::User { login, address, password, without_password } => {
                let verifiers = if without_password { None } else { Some(password.verifiers()?) };
                AddUser { login, address, verifiers }.into()
            }
        })
    }
}

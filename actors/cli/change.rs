//! `aox change …`.

use archiveopteryx::aox::command::{ChangeMailbox, ChangePassword, ChangeUser, RenameUser};
use clap::Subcommand;

use super::Request;
use super::password::PasswordSource;

/// What can be changed.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Change how a mailbox works for those who share it
    Mailbox {
        /// The mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
        /// Whether everybody but the owner has marks of his own for what he has seen
        #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set, required = true)]
        seen_per_user: bool,
    },
    /// Give a user a new password
    Password {
        /// Whose password
        login: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Give a user another name to log in with: another name of `rename user`
    #[command(hide = true)]
    Username { login: String, name: String },
    /// Change what people call a user
    User {
        /// The name that the user logs in with
        login: String,
        /// The new name, such as "Anna Example"; an empty one takes the name away
        #[arg(long)]
        name: String,
    },
}

impl Change {
    /// The request to the server. May ask for a password.
    pub fn request(self) -> Result<Request, String> {
        Ok(match self {
            Change::Mailbox { mailbox, seen_per_user } => ChangeMailbox { mailbox, seen_per_user }.into(),
            Change::Password { login, password } => {
                ChangePassword { login, verifiers: password.verifiers()? }.into()
            }
            Change::Username { login, name } => RenameUser { login, new_login: name }.into(),
            Change::User { login, name } => ChangeUser { login, name }.into(),
        })
    }
}

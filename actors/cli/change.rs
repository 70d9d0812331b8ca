//! `aox change …`.

use archiveopteryx::aox::command::{ChangePassword, ChangeUser};
use clap::Subcommand;

use super::Request;
use super::password::PasswordSource;

/// What can be changed.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Give a user a new password
    Password {
        /// Whose password
        login: String,
        #[command(flatten)]
        password: PasswordSource,
    },
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
            Change::Password { login, password } => {
                ChangePassword { login, verifiers: password.verifiers()? }.into()
            }
            Change::User { login, name } => ChangeUser { login, name }.into(),
        })
    }
}

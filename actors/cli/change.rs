//! `aox change …`.

use archiveopteryx::aox::command::ChangePassword;
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
}

impl Change {
    /// The request to the server. May ask for a password.
    pub fn request(self) -> Result<Request, String> {
        Ok(match self {
            Change::Password { login, password } => {
                ChangePassword { login, verifiers: password.verifiers()? }.into()
            }
        })
    }
}

//! `aox show …`.

use archiveopteryx::aox::command::{ShowGroup, ShowLogins, ShowQuota, ShowUser};
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
    /// Show the latest attempts to log in, the last one first
    Logins {
        /// Only those with this login, or by this administrator
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
        /// Only those that did not get in
        #[arg(long)]
        failed: bool,
        /// Only those of the time since then: 2026-11-23, 2026-11-23T12:00:00Z, or a span up to now such as 2h or 7d
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: u32,
    },
    /// Show the quotas that a user is under, and how much is used of each
    Quota {
        /// The user's login
        login: String,
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
            Show::Logins { user, failed, since, limit } => ShowLogins { user, failed, since, limit }.into(),
            Show::Quota { login } => ShowQuota { login }.into(),
            Show::User { login } => ShowUser { login }.into(),
        }
    }
}

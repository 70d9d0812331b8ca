//! `aox show …`.

use archiveopteryx::aox::command::{
    ListPolicies, ShowConfiguration, ShowConnections, ShowCounts, ShowGroup, ShowLogins, ShowPolicy,
    ShowQueue, ShowQuota, ShowSchema, ShowSearch, ShowUser, ShowVacuum, Status,
};
use clap::Subcommand;

use super::Request;

/// What can be shown.
#[derive(Debug, Subcommand)]
pub enum Show {
    /// Show the settings in use, and where each comes from; secrets are hidden
    #[command(visible_aliases = ["conf", "cf"])]
    Configuration {
        /// Only this setting, such as imap.listen, or this section, such as imap
        name: Option<String>,
        /// Only those that are not as they are without being set
        #[arg(long, short = 'p')]
        changed: bool,
    },
    /// Show who is connected to the servers of the database: since when, from where, and with which mailbox open
    Connections {
        /// Only those of this user, or of this administrator
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
    },
    /// Show how many there are of everything, and how much room it takes
    Counts {
        /// Count each row, which takes long in a large store, rather than show estimates
        #[arg(long, short = 'f')]
        exact: bool,
    },
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
    /// Show what waits: deliveries, passwords to be checked, and messages to be indexed
    Queue,
    /// Show a policy, and how many messages it covers now
    Policy {
        /// Its number or its name
        policy: String,
    },
    /// Show the quotas that a user is under, and how much is used of each
    Quota {
        /// The user's login
        login: String,
    },
    /// Show what must stay, what must go, and what is on hold, as `aox list policies` does
    Retention {
        /// Only what says something of mail in this mailbox
        mailbox: Option<String>,
    },
    /// Show how the words of a search are understood, and what has to be read to answer it
    Search {
        /// The search, as in IMAP: from bob since 2026-01-31
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Show which changes the schema of the database has had, and when
    Schema,
    /// Show whether the server is ready, and what it holds, as `aox status` does
    Status,
    /// Show when deleted mail was ended last, what can end now, and what keeps the rest
    Vacuum,
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
            Show::Configuration { name, changed } => ShowConfiguration { name, changed }.into(),
            Show::Connections { user } => ShowConnections { user }.into(),
            Show::Counts { exact } => ShowCounts { exact }.into(),
            Show::Group { name } => ShowGroup { name }.into(),
            Show::Logins { user, failed, since, limit } => ShowLogins { user, failed, since, limit }.into(),
            Show::Queue => ShowQueue {}.into(),
            Show::Policy { policy } => ShowPolicy { policy }.into(),
            Show::Vacuum => ShowVacuum {}.into(),
            Show::Quota { login } => ShowQuota { login }.into(),
            Show::Retention { mailbox } => ListPolicies { mailbox }.into(),
            Show::Search { words } => ShowSearch { words }.into(),
            Show::Schema => ShowSchema {}.into(),
            Show::Status => Status {}.into(),
            Show::User { login } => ShowUser { login }.into(),
        }
    }
}

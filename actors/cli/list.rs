//! `aox list …`.

use archiveopteryx::aox::command::{
    ListAliases, ListAppPasswords, ListDeletePolicies, ListDomains, ListGroups, ListMailboxes, ListPolicies,
    ListQuotas, ListRights, ListUndeleteTimes, ListUsers,
};
use clap::Subcommand;

use super::Request;

/// What can be listed.
#[derive(Debug, Subcommand)]
pub enum List {
    /// List the users, with their addresses and what they hold
    Users,
    /// List the addresses, and where their mail goes
    Aliases,
    /// List the passwords that a user's applications have, and when each was used last
    AppPasswords {
        /// Whose they are
        login: String,
    },
    /// List what is said about who may delete, the most specific first
    DeletePolicies,
    /// List the domains of the site, and how many addresses are in them
    Domains,
    /// List the groups, with their members
    Groups,
    /// List the mailboxes of one user, or of all
    Mailboxes {
        /// Only those of this user
        login: Option<String>,
    },
    /// List what must stay, what must go, and what is on hold
    Policies,
    /// List for how long what was deleted can be taken back, and where
    UndeleteTimes,
    /// List the limits that were set, and how much is used of each
    Quotas,
    /// List who may do what in a mailbox, beside its owner
    Rights {
        /// The mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
    },
}

impl List {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            List::Aliases => ListAliases {}.into(),
            List::AppPasswords { login } => ListAppPasswords { login }.into(),
            List::DeletePolicies => ListDeletePolicies {}.into(),
            List::Domains => ListDomains {}.into(),
            List::Groups => ListGroups {}.into(),
            List::Mailboxes { login } => ListMailboxes { login }.into(),
            List::Policies => ListPolicies {}.into(),
            List::UndeleteTimes => ListUndeleteTimes {}.into(),
            List::Quotas => ListQuotas {}.into(),
            List::Rights { mailbox } => ListRights { mailbox }.into(),
            List::Users => ListUsers {}.into(),
        }
    }
}

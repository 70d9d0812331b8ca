//! `aox list …`.

use archiveopteryx::aox::Glob;
use archiveopteryx::aox::command::{
    ListAliases, ListAppPasswords, ListDeletePolicies, ListDomains, ListGroups, ListMailboxes, ListMetadata,
    ListPolicies, ListQuotas, ListRights, ListUndeleteTimes, ListUsers,
};
use archiveopteryx::mailbox::namespace::SHARED_LOGIN;
use clap::Subcommand;

use super::Request;

/// What can be listed.
#[derive(Debug, Subcommand)]
pub enum List {
    /// List the users, with their addresses and what they hold
    Users {
        /// Only those whose login or address is like this: * stands for any letters, ? for one
        glob: Option<String>,
        /// Those who were deleted and can be taken back
        #[arg(long, short = 'd')]
        deleted: bool,
    },
    /// List the addresses, and where their mail goes
    Aliases {
        /// Only those whose address or target is like this: * stands for any letters, ? for one
        glob: Option<String>,
    },
    /// List the passwords that a user's applications have, and when each was used last
    AppPasswords {
        /// Whose they are
        login: String,
    },
    /// List what is said about who may delete, the most specific first
    DeletePolicies,
    /// List the domains of the site, and how many addresses are in them
    Domains {
        /// Only those like this: * stands for any letters, ? for one
        glob: Option<String>,
    },
    /// List the groups, with their members
    Groups {
        /// Only those like this: * stands for any letters, ? for one
        glob: Option<String>,
    },
    /// List the mailboxes of one user, or of all
    Mailboxes {
        /// Only those of this user, or those whose path is like this, as /users/*/Archive*
        #[arg(value_name = "LOGIN|GLOB")]
        which: Option<String>,
        /// Only those of this user
        #[arg(long, short = 'o', value_name = "LOGIN")]
        owner: Option<String>,
        /// Those that were deleted, and what can be taken back of their mail
        #[arg(long, short = 'd')]
        deleted: bool,
    },
    /// List what all users can read about the server, or about a mailbox (IMAP's METADATA)
    Metadata {
        /// The mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX; without it, the server
        mailbox: Option<String>,
    },
    /// List what must stay, what must go, and what is on hold
    Policies {
        /// Only those that say something of mail in this mailbox
        mailbox: Option<String>,
    },
    /// List for how long what was deleted can be taken back, and where
    UndeleteTimes,
    /// List the limits that were set, and how much is used of each
    Quotas,
    /// List who may do what in a mailbox, beside its owner
    Rights {
        /// The mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
        /// Only what those have who are like this: * stands for any letters, ? for one
        glob: Option<String>,
    },
}

impl List {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            List::Aliases { glob } => ListAliases { glob: glob.map(Glob) }.into(),
            List::AppPasswords { login } => ListAppPasswords { login }.into(),
            List::DeletePolicies => ListDeletePolicies {}.into(),
            List::Domains { glob } => ListDomains { glob: glob.map(Glob) }.into(),
            List::Groups { glob } => ListGroups { glob: glob.map(Glob) }.into(),
            List::Mailboxes { which, owner, deleted } => {
                // A login has neither a slash nor a star, but for the account to which shared mailboxes belong.
                let is_glob =
                    |word: &String| Glob::is_one(word) || (word.contains('/') && word != SHARED_LOGIN);
                let glob = which.clone().filter(is_glob).map(Glob);
                let login = owner.or_else(|| which.filter(|word| !is_glob(word)));
                ListMailboxes { login, glob, deleted }.into()
            }
            List::Policies { mailbox } => ListPolicies { mailbox }.into(),
            List::Metadata { mailbox } => ListMetadata { mailbox }.into(),
            List::UndeleteTimes => ListUndeleteTimes {}.into(),
            List::Quotas => ListQuotas {}.into(),
            List::Rights { mailbox, glob } => ListRights { mailbox, glob: glob.map(Glob) }.into(),
            List::Users { glob, deleted } => ListUsers { glob: glob.map(Glob), deleted }.into(),
        }
    }
}

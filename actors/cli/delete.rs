//! `aox delete …`. Each can be tried without effect first; a person at a terminal sees what will go, and is asked.

use archiveopteryx::aox::command::{
    Command, DeleteAddress, DeleteAlias, DeleteAppPassword, DeleteDomain, DeleteGroup, DeleteMail,
    DeleteMailbox, DeleteMember, DeleteMetadata, DeleteQuota, DeleteRights, DeleteUser, RemovePolicy,
};
use clap::{Args, Subcommand};

use super::Request;
use super::delete_policy::Which;
use super::policy::Period;
use super::quota::QuotaRoot;

/// What can be deleted.
#[derive(Debug, Subcommand)]
pub enum Delete {
    /// Take an address away from a user, who must have another
    Address {
        /// The address
        address: String,
        #[command(flatten)]
        care: Care,
    },
    /// Let mail for an address go there no longer
    Alias {
        /// The address, such as info@example.org, or @example.org for what takes all the rest of that domain
        address: String,
        /// Only this target of it
        target: Option<String>,
        #[command(flatten)]
        care: Care,
    },
    /// Take back what was said about who may delete
    #[command(name = "delete-policy")]
    Permission {
        #[command(flatten)]
        which: Which,
    },
    /// Take a domain out of the site, with all addresses in it; users and their mail stay
    Domain {
        /// The domain
        name: String,
        #[command(flatten)]
        care: Care,
    },
    /// Delete a group; its members stay
    Group {
        /// The group
        name: String,
        #[command(flatten)]
        care: Care,
    },
    /// Have mail deleted when it is some days old, from now on; it can be taken back until the undelete time has passed
    #[command(alias = "messages")]
    Mail {
        #[command(flatten)]
        care: Care,
        #[command(flatten)]
        period: Period,
    },
    /// Delete a mailbox with its mail; it can be taken back until the undelete time has passed
    Mailbox {
        /// The mailbox: /shared/NAME or /users/LOGIN/NAME
        mailbox: String,
        #[command(flatten)]
        care: Care,
    },
    /// Remove what all users could read about the server, or about a mailbox
    Metadata {
        /// Such as /shared/comment
        entry: String,
        /// About this mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        #[arg(long)]
        mailbox: Option<String>,
    },
    /// Take back a policy that retains mail or has it deleted
    Policy {
        /// Its number or its name
        policy: String,
    },
    /// Take somebody out of the list of who may use a mailbox
    Rights {
        /// The mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
        /// Who: a login, $GROUP, anyone or anonymous; with a dash before it, what was taken from him
        #[arg(allow_hyphen_values = true)]
        identifier: String,
    },
    /// Take a user out of a group
    Member {
        /// The group
        group: String,
        /// The name that the user logs in with
        login: String,
    },
    /// Delete a user with all mail; it can be taken back until the undelete time has passed
    User {
        /// The name that the user logs in with
        login: String,
        #[command(flatten)]
        care: Care,
    },
    /// Revoke the password of one application of a user
    AppPassword {
        /// Whose it is
        login: String,
        /// What it was for
        name: String,
    },
    /// Take back the limits of a user, who is under the default then, of a group, of a domain, or of the default
    Quota {
        #[command(flatten)]
        root: QuotaRoot,
    },
}

/// How carefully something is deleted.
#[derive(Debug, Clone, Copy, Args)]
pub struct Care {
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    /// Do not ask, even at a terminal
    #[arg(long, short)]
    yes: bool,
}

impl Care {
    /// The request, rehearsed first where that is wanted. `make` makes the command, for true one without effect.
    pub fn request<C: Into<Command>>(self, make: impl Fn(bool) -> C) -> Request {
        let rehearsal = (!self.dry_run && !self.yes).then(|| make(true).into());
        Request { command: make(self.dry_run).into(), rehearsal }
    }
}

impl Delete {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            Delete::Address { address, care } => {
                care.request(|dry_run| DeleteAddress { address: address.clone(), dry_run })
            }
            Delete::Alias { address, target, care } => care.request(|dry_run| DeleteAlias {
                address: address.clone(),
                target: target.clone(),
                dry_run,
            }),
            Delete::AppPassword { login, name } => DeleteAppPassword { login, name }.into(),
            Delete::Permission { which } => which.delete().into(),
            Delete::Domain { name, care } => {
                care.request(|dry_run| DeleteDomain { name: name.clone(), dry_run })
            }
            Delete::Group { name, care } => {
                care.request(|dry_run| DeleteGroup { name: name.clone(), dry_run })
            }
            Delete::Mail { period: Period { days, words, whose, name }, care } => {
                care.request(|dry_run| DeleteMail {
                    days: days.clone(),
                    name: name.clone(),
                    whose: whose.clone().into(),
                    words: words.clone(),
                    dry_run,
                })
            }
            Delete::Mailbox { mailbox, care } => {
                care.request(|dry_run| DeleteMailbox { mailbox: mailbox.clone(), dry_run })
            }
            Delete::Metadata { entry, mailbox } => DeleteMetadata { mailbox, entry }.into(),
            Delete::Policy { policy } => RemovePolicy { policy }.into(),
            Delete::Rights { mailbox, identifier } => DeleteRights { mailbox, identifier }.into(),
            Delete::Member { group, login } => DeleteMember { group, login }.into(),
            Delete::Quota { root } => DeleteQuota { root: root.name() }.into(),
            Delete::User { login, care } => {
                care.request(|dry_run| DeleteUser { login: login.clone(), dry_run })
            }
        }
    }
}

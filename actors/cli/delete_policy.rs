//! What a policy about deleting is about, and what it says, on the command line.

use archiveopteryx::aox::command::{DeleteDeletePolicy, SetDeletePolicy};
use archiveopteryx::policy::deletion::{Role, Verdict};
use clap::{Args, Subcommand, ValueEnum};

/// `site never`, `group staff own-mailboxes --role guests`.
#[derive(Debug, Subcommand)]
pub enum DeletePolicy {
    /// For everything, unless something more specific is said
    Site {
        #[command(flatten)]
        says: Says,
    },
    /// For who has an address in a domain
    Domain {
        /// The domain
        name: String,
        #[command(flatten)]
        says: Says,
    },
    /// For the members of a group
    Group {
        /// The group
        name: String,
        #[command(flatten)]
        says: Says,
    },
    /// For one user
    User {
        /// The login
        login: String,
        #[command(flatten)]
        says: Says,
    },
    /// For a mailbox and all below it, whoever uses it
    Mailbox {
        /// The mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
        #[command(flatten)]
        says: Says,
    },
}

/// What is said, to whom.
#[derive(Debug, Args)]
pub struct Says {
    /// Who has the rights may delete; only the owner of a mailbox; or nobody
    #[arg(value_enum)]
    verdict: Allowance,
    /// Only say it to these
    #[arg(long, value_enum, default_value_t = Who::Everybody)]
    role: Who,
}

/// Which policy is meant.
#[derive(Debug, Args)]
pub struct Which {
    /// What it is about
    #[arg(value_enum)]
    kind: Kind,
    /// The domain, group, login or mailbox
    #[arg(required_if_eq_any([("kind", "domain"), ("kind", "group"), ("kind", "user"), ("kind", "mailbox")]))]
    name: Option<String>,
    /// To whom it was said
    #[arg(long, value_enum, default_value_t = Who::Everybody)]
    role: Who,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Site,
    Domain,
    Group,
    User,
    Mailbox,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Allowance {
    /// As the rights in the mailbox say
    Allowed,
    /// Only in mailboxes of one's own
    OwnMailboxes,
    /// Nowhere
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Who {
    /// Everybody who reads mail
    Everybody,
    /// Members of login.administrators_group, and `aox` itself
    Administrators,
    /// Everybody else
    Users,
    /// Whoever owns the mailbox
    Owners,
    /// Everybody else in that mailbox
    Guests,
}

impl DeletePolicy {
    /// The command that says so.
    pub fn set(self) -> SetDeletePolicy {
        let (scope, Says { verdict, role }) = match self {
            DeletePolicy::Site { says } => ("site".to_owned(), says),
            DeletePolicy::Domain { name, says } => (format!("domain/{name}"), says),
            DeletePolicy::Group { name, says } => (format!("group/{name}"), says),
            DeletePolicy::User { login, says } => (format!("user/{login}"), says),
            DeletePolicy::Mailbox { mailbox, says } => (format!("mailbox/{mailbox}"), says),
        };
        let verdict = match verdict {
            Allowance::Allowed => Verdict::Allowed,
            Allowance::OwnMailboxes => Verdict::OwnMailboxes,
            Allowance::Never => Verdict::Never,
        };
        SetDeletePolicy { scope, role: role.into(), verdict }
    }
}

impl Which {
    /// The command that takes it back.
    pub fn delete(self) -> DeleteDeletePolicy {
        let kind = match self.kind {
            Kind::Site => "site",
            Kind::Domain => "domain",
            Kind::Group => "group",
            Kind::User => "user",
            Kind::Mailbox => "mailbox",
        };
        let scope = self.name.map_or_else(|| kind.to_owned(), |name| format!("{kind}/{name}"));
        DeleteDeletePolicy { scope, role: self.role.into() }
    }
}

impl From<Who> for Role {
    fn from(who: Who) -> Role {
        match who {
            Who::Everybody => Role::Everybody,
            Who::Administrators => Role::Administrators,
            Who::Users => Role::Users,
            Who::Owners => Role::Owners,
            Who::Guests => Role::Guests,
        }
    }
}

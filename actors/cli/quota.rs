//! What a quota belongs to, as it is said on the command line.

use clap::{Args, ValueEnum};

/// `user anna`, `group staff`, `domain example.org`, `default`.
#[derive(Debug, Args)]
pub struct QuotaRoot {
    /// Whose: one user's, all members' of a group together, all users' of a domain together, or that of each user who
    /// has no quota alone
    #[arg(value_enum)]
    kind: Kind,
    /// The login, the group or the domain
    #[arg(required_if_eq_any([("kind", "user"), ("kind", "group"), ("kind", "domain")]))]
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    User,
    Group,
    Domain,
    Default,
}

impl QuotaRoot {
    /// The name of the root, as IMAP has it: `user/anna`.
    pub fn name(&self) -> String {
        let kind = match self.kind {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Domain => "domain",
            Kind::Default => "default",
        };
        self.name.as_ref().map_or_else(|| kind.to_owned(), |name| format!("{kind}/{name}"))
    }
}

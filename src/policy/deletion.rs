//! Who may delete at all: what a site says about that, for whom, and how it is written.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::mailbox::MailboxName;

/// What keeps somebody from deleting: a sentence for him, which names what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban(Arc<str>);

impl Ban {
    pub fn new(text: &str) -> Ban {
        Ban(text.into())
    }
}

impl From<&Ban> for Error {
    fn from(ban: &Ban) -> Error {
        Error::no(Code::NoPerm, &*ban.0)
    }
}

/// What a site says about deleting. The later, the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As the rights in the mailbox say.
    Allowed,
    /// Only in mailboxes of one's own.
    OwnMailboxes,
    /// Nowhere.
    Never,
}

impl Verdict {
    /// All of them, in the order in which the database numbers them.
    pub const ALL: [Verdict; 3] = [Verdict::Allowed, Verdict::OwnMailboxes, Verdict::Never];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::OwnMailboxes => "own-mailboxes",
            Verdict::Never => "never",
        }
    }
}

/// Whom of those that it is about a policy concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everybody who reads mail; commands of administrators are not concerned.
    #[default]
    Everybody,
    /// Members of the administrators' group, and their commands.
    Administrators,
    /// Everybody else.
    Users,
    /// Whoever owns the mailbox.
    Owners,
    /// Everybody else in that mailbox.
    Guests,
}

impl Role {
    /// All of them, in the order in which the database numbers them.
    pub const ALL: [Role; 5] =
        [Role::Everybody, Role::Administrators, Role::Users, Role::Owners, Role::Guests];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Everybody => "everybody",
            Role::Administrators => "administrators",
            Role::Users => "users",
            Role::Owners => "owners",
            Role::Guests => "guests",
        }
    }
}

/// What a policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything: what the settings say.
    Settings,
    /// Everything.
    Site,
    /// Who has an address in a domain.
    Domain(String),
    /// The members of a group.
    Group(String),
    /// One user.
    User(String),
    /// A mailbox with all below it, by the login of its owner and its name there.
    Mailbox(String, MailboxName),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_everywhere() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
        }
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert!(Verdict::Allowed < Verdict::OwnMailboxes && Verdict::OwnMailboxes < Verdict::Never);
    }
}

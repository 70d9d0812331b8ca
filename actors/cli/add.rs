//! `aox add …`.

use archiveopteryx::aox::command::{
    AddAddress, AddAlias, AddAppPassword, AddDomain, AddGroup, AddHold, AddMailbox, AddMember, AddUser,
};
use clap::Subcommand;

use super::Request;
use super::password::{self, PasswordSource};
use super::policy::Whose;

/// What can be added.
#[derive(Debug, Subcommand)]
pub enum Add {
    /// Give a user one more address
    Address {
        /// The name that the user logs in with
        login: String,
        /// The address whose mail comes to the user's INBOX, too
        address: String,
    },
    /// Make mail for an address go to mailboxes, or to what other addresses of this site stand for
    Alias {
        /// The address, such as info@example.org; @example.org is all of that domain that nothing else takes
        address: String,
        /// Where its mail goes: /users/LOGIN/NAME, /shared/NAME, LOGIN for that user's INBOX, or an address
        #[arg(required = true, value_name = "TARGET")]
        targets: Vec<String>,
    },
    /// Make a domain one of the site; once there is one, addresses must be in them
    Domain {
        /// Such as example.org; A-labels (xn--...) and U-labels of one name are the same
        name: String,
    },
    /// Add a group of users; access rights call it $NAME
    Group {
        /// The name of the group
        name: String,
        /// What the group is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Its first members
        #[arg(value_name = "LOGIN")]
        members: Vec<String>,
    },
    /// Keep mail from ending, whoever deletes it, until the hold is released; without options, all mail
    Hold {
        /// What the hold is called, such as the number of a case
        name: String,
        #[command(flatten)]
        whose: Whose,
        /// Only mail of this mailbox with all below it: /users/LOGIN/NAME or /shared/NAME
        #[arg(long, value_name = "MAILBOX", conflicts_with_all = ["user", "domain"])]
        mailbox: Option<String>,
        /// Only messages that match a search as in IMAP, such as "from bob since 2026-02-01"
        #[arg(long, value_name = "SEARCH", num_args = 1..)]
        search: Vec<String>,
    },
    /// Add a mailbox; it begins with the rights of the nearest one above it
    Mailbox {
        /// /shared/NAME for one that belongs to everybody, or /users/LOGIN/NAME
        mailbox: String,
    },
    /// Make users members of a group
    Member {
        /// The group
        group: String,
        /// The users
        #[arg(required = true, value_name = "LOGIN")]
        logins: Vec<String>,
    },
    /// Add a user, the first mailboxes, and the address that leads to them
    User {
        /// The name to log in with
        login: String,
        /// The address whose mail comes to the user's INBOX, such as anna@example.org
        address: String,
        /// What people call the user, such as "Anna Example"
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: PasswordSource,
        /// Give the user no password here: a directory, an authorization server or a certificate opens the account
        #[arg(long, conflicts_with = "password_stdin")]
        without_password: bool,
    },
    /// Make a password for one application of a user, and print it this once; it is revoked by `aox delete app-password`
    AppPassword {
        /// Whose it is
        login: String,
        /// What it is for, such as "phone"
        name: String,
    },
}

impl Add {
    /// The request to the server. May ask for a password.
    pub fn request(self) -> Result<Request, String> {
        Ok(match self {
            Add::Address { login, address } => AddAddress { login, address }.into(),
            Add::Alias { address, targets } => AddAlias { address, targets }.into(),
            Add::AppPassword { login, name } => {
                AddAppPassword { login, name, password: password::token()? }.into()
            }
            Add::Domain { name } => AddDomain { name }.into(),
            Add::Group { name, description, members } => AddGroup { name, description, members }.into(),
            Add::Hold { name, whose, mailbox, search } => {
                AddHold { name, whose: whose.into(), mailbox, search }.into()
            }
            Add::Mailbox { mailbox } => AddMailbox { mailbox }.into(),
            Add::Member { group, logins } => AddMember { group, logins }.into(),
            Add::User { login, address, name, password, without_password } => {
                let verifiers = if without_password { None } else { Some(password.verifiers()?) };
                AddUser { login, address, name, verifiers }.into()
            }
        })
    }
}

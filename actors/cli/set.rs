//! `aox set …`.

use archiveopteryx::aox::command::SetRights;
use clap::Subcommand;

use super::Request;

/// What can be set.
#[derive(Debug, Subcommand)]
pub enum Set {
    /// Let somebody use a mailbox that is not his own, as IMAP's SETACL does
    ///
    /// The rights: l look up, r read, s keep what is seen, w set other flags, i insert, p post, k make mailboxes below,
    /// x delete the mailbox, t mark messages as deleted, e expunge, a administer these rights.
    Rights {
        /// The mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
        /// Who: a login, $GROUP, anyone or anonymous; with a dash before it, the rights are taken from him
        #[arg(allow_hyphen_values = true)]
        identifier: String,
        /// Which rights he has then, such as lrs; +w adds one, -w takes one back
        #[arg(allow_hyphen_values = true)]
        rights: String,
    },
}

impl Set {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            Set::Rights { mailbox, identifier, rights } => SetRights { mailbox, identifier, rights }.into(),
        }
    }
}

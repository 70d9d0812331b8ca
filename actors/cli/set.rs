//! `aox set …`.

use archiveopteryx::aox::command::{SetQuota, SetRights};
use archiveopteryx::settings::Size;
use clap::Subcommand;

use super::Request;
use super::delete_policy::DeletePolicy;
use super::quota::QuotaRoot;

/// What can be set.
#[derive(Debug, Subcommand)]
pub enum Set {
    /// Say who may delete at all; of several that concern somebody the most specific one counts
    ///
    /// A mailbox is more specific than a user, then come groups, domains and the site; of two groups or domains the
    /// stricter one counts, and what is said to a role before what is said to everybody.
    #[command(subcommand)]
    DeletePolicy(DeletePolicy),
    /// Limit what a user, a group or a domain may keep; what is not named here is not limited any more
    Quota {
        #[command(flatten)]
        root: QuotaRoot,
        /// How much mail, such as "5 GB"
        #[arg(long, value_name = "SIZE")]
        storage: Option<Size>,
        /// How many messages
        #[arg(long, value_name = "NUMBER")]
        messages: Option<u64>,
        /// How many mailboxes
        #[arg(long, value_name = "NUMBER")]
        mailboxes: Option<u64>,
        /// How much in annotations, such as "10 MB"
        #[arg(long, value_name = "SIZE")]
        annotations: Option<Size>,
    },
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
            Set::DeletePolicy(policy) => policy.set().into(),
            Set::Quota { root, storage, messages, mailboxes, annotations } => {
                let (storage, annotations) = (storage.map(Size::octets), annotations.map(Size::octets));
                SetQuota { root: root.name(), storage, messages, mailboxes, annotations }.into()
            }
            Set::Rights { mailbox, identifier, rights } => SetRights { mailbox, identifier, rights }.into(),
        }
    }
}

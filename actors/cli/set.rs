//! `aox set …`.

use archiveopteryx::aox::command::{SetMetadata, SetQuota, SetRights, SetUndeleteTime};
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
    /// Write down what all users can read about the server, or about a mailbox (IMAP's METADATA)
    Metadata {
        /// Such as /shared/comment, or /shared/admin: a URI by which the server's administrator is reached
        entry: String,
        /// What is to be read there
        value: String,
        /// About this mailbox: /shared/NAME, /users/LOGIN/NAME, or LOGIN for that user's INBOX
        #[arg(long)]
        mailbox: Option<String>,
    },
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
    /// Say for how many days what is deleted can be taken back; the setting vacuum.undelete_days says it for all others
    ///
    /// Of several, that of the mailbox counts, then the user's, then the longest of the user's domains.
    UndeleteTime {
        /// In the mailboxes of this user
        #[arg(long, value_name = "LOGIN", group = "scope")]
        user: Option<String>,
        /// In this mailbox, /users/LOGIN/NAME or /shared/NAME
        #[arg(long, value_name = "MAILBOX", group = "scope")]
        mailbox: Option<String>,
        /// In the mailboxes of all users with an address in this domain
        #[arg(long, value_name = "DOMAIN", group = "scope", required_unless_present_any = ["user", "mailbox"])]
        domain: Option<String>,
        /// How many days; "default" takes back what was said before
        #[arg(value_parser = undelete_days)]
        days: UndeleteDays,
    },
    /// Let somebody use a mailbox that is not his own, as IMAP's SETACL does
    ///
    /// The rights: l look up, r read, s keep what is seen, w set other flags, i insert, p post, k make mailboxes below,
    /// x delete the mailbox, t mark messages as deleted, e expunge, n annotate messages for all,
    /// a administer these rights.
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

/// A number of days, or none of one's own.
#[derive(Debug, Clone, Copy)]
pub struct UndeleteDays(Option<u32>);

fn undelete_days(text: &str) -> Result<UndeleteDays, String> {
    match text {
        "default" => Ok(UndeleteDays(None)),
        number => {
            let days = number.parse().map_err(|_| "it must be a number of days, or default".to_owned())?;
            Ok(UndeleteDays(Some(days)))
        }
    }
}

impl Set {
    /// The request to the server.
    pub fn request(self) -> Request {
        match self {
            Set::DeletePolicy(policy) => policy.set().into(),
            Set::Metadata { entry, value, mailbox } => SetMetadata { mailbox, entry, value }.into(),
            Set::Quota { root, storage, messages, mailboxes, annotations } => {
                let (storage, annotations) = (storage.map(Size::octets), annotations.map(Size::octets));
                SetQuota { root: root.name(), storage, messages, mailboxes, annotations }.into()
            }
            Set::UndeleteTime { user, mailbox, domain, days: UndeleteDays(days) } => {
                SetUndeleteTime { user, mailbox, domain, days }.into()
            }
            Set::Rights { mailbox, identifier, rights } => SetRights { mailbox, identifier, rights }.into(),
        }
    }
}

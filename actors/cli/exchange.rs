//! `aox import …` and `aox export …`: what goes between files and mailboxes, on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::{export, import};

/// How mail is kept in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A file for each message, with flags in its name, and folders as Maildir++ or one in the other
    Maildir,
    /// One file for each mailbox, with lines that begin with "From " quoted so that they come back (mboxrd)
    Mbox,
    /// One file for each mailbox, with "From " quoted as ">From "
    Mboxo,
    /// As mboxo, where Content-Length says how long a message is
    Mboxcl,
    /// The same without quotes
    Mboxcl2,
    /// A folder of .eml files, one for each message, and folders in it
    Eml,
}

impl Format {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Maildir => "maildir",
            Format::Mbox => "mbox",
            Format::Mboxo => "mboxo",
            Format::Mboxcl => "mboxcl",
            Format::Mboxcl2 => "mboxcl2",
            Format::Eml => "eml",
        }
    }
}

/// `aox export`.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Into a Maildir, with the folders of Maildir++ in it
    Maildir(What),
    /// Into one file for each mailbox (mboxrd)
    Mbox(What),
    /// Into a file for each message, in a folder for each mailbox
    Eml(What),
    /// All that a hold covers: a file for each message, an mbox, and a manifest with digests, in a new folder
    Hold {
        /// The name of the hold
        name: String,
        /// The new folder, or one in which the same export was broken off: then it goes on
        path: PathBuf,
    },
}

/// Which mail is exported, and where to.
#[derive(Debug, Args)]
pub struct What {
    /// Where it comes from: a login for all mailboxes of a user, or /users/LOGIN/NAME or /shared/NAME for one
    source: String,
    /// The new file or folder, or one in which the same export was broken off: then it goes on
    path: PathBuf,
    /// Only what satisfies this search, as in: since 2026-01-31 from bert
    words: Vec<String>,
    /// What was deleted, as long as it can be taken back
    #[arg(long)]
    deleted: bool,
}

impl Export {
    /// What is to be done; None for a hold.
    pub fn order(self) -> Option<export::Order> {
        let (format, what) = match self {
            Export::Maildir(what) => (Format::Maildir, what),
            Export::Mbox(what) => (Format::Mbox, what),
            Export::Eml(what) => (Format::Eml, what),
            Export::Hold { .. } => return None,
        };
        let What { source: place, path, words, deleted } = what;
        Some(export::Order { format, place, path, words, deleted })
    }
}

/// `aox import`.
#[derive(Debug, Args)]
pub struct Import {
    /// How the mail is kept there
    #[arg(value_enum)]
    format: Format,
    /// The file or folder
    path: PathBuf,
    /// Where it goes: /users/LOGIN/NAME, /shared/NAME, or LOGIN for that user's INBOX with the folders beside it
    mailbox: String,
    /// Give the messages the uids, and the mailboxes the uidvalidity, that they have there (dovecot-uidlist, X-UID), so
    /// that clients need not fetch everything anew; the mailboxes must never have held a message
    #[arg(long)]
    keep_uids: bool,
    /// Import more than quotas allow
    #[arg(long)]
    over_quota: bool,
    /// Import what was imported before once more
    #[arg(long)]
    again: bool,
}

impl Import {
    /// What is to be done.
    pub fn order(self) -> import::Order {
        let Import { format, path, mailbox, keep_uids, over_quota, again } = self;
        import::Order { format, path, mailbox, keep_uids, over_quota, again }
    }
}

//! `aox retain`, `aox release` and `aox vacuum`: how long mail stays.

use archiveopteryx::aox::WhoseMail;
use archiveopteryx::aox::command::{ReleaseHold, RetainMail, Vacuum};
use clap::{Args, Subcommand};

use super::Request;

/// What can be retained.
#[derive(Debug, Subcommand)]
pub enum Retain {
    /// Keep mail from ending until it is some days old, whoever deletes it
    ///
    /// Users may still delete it from their mailboxes; it can be taken back until then, and longer if the undelete time
    /// says so.
    #[command(alias = "messages")]
    Mail(Period),
}

/// How long, and which mail.
#[derive(Debug, Args)]
pub struct Period {
    /// A number of days since it came, or "forever"
    #[arg(value_name = "DAYS")]
    pub days: String,
    /// A mailbox with all below it, /users/LOGIN/NAME or /shared/NAME; and a search, such as: from bob since 2026-02-01
    /// (see `aox search --help`). Without a mailbox all mail, without a search all of its messages
    #[arg(value_name = "MAILBOX SEARCH")]
    pub words: Vec<String>,
    #[command(flatten)]
    pub whose: Whose,
    /// A name by which the policy can be shown and removed
    #[arg(long)]
    pub name: Option<String>,
}

/// Of which users.
#[derive(Debug, Clone, Args)]
pub struct Whose {
    /// Only mail of this user, in all mailboxes that he has or had
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// Only mail of users with an address in this domain; what must stay covers those who had one, too
    #[arg(long, value_name = "DOMAIN", conflicts_with = "user")]
    domain: Option<String>,
}

impl From<Whose> for WhoseMail {
    fn from(Whose { user, domain }: Whose) -> WhoseMail {
        WhoseMail { user, domain }
    }
}

/// What can be released.
#[derive(Debug, Subcommand)]
pub enum Release {
    /// Take back a hold; what only it kept can end after the undelete time
    Hold {
        /// Its name or its number
        name: String,
    },
}

/// `aox vacuum`.
#[derive(Debug, Args)]
pub struct VacuumNow {
    /// Do not rest between batches
    #[arg(long)]
    now: bool,
    /// Only say what would end
    #[arg(long)]
    dry_run: bool,
}

impl Retain {
    /// The request to the server.
    pub fn request(self) -> Request {
        let Retain::Mail(Period { days, words, whose, name }) = self;
        RetainMail { days, name, whose: whose.into(), words }.into()
    }
}

impl Release {
    /// The request to the server.
    pub fn request(self) -> Request {
        let Release::Hold { name } = self;
        ReleaseHold { name }.into()
    }
}

impl VacuumNow {
    /// The request to the server.
    pub fn request(self) -> Request {
        Vacuum { now: self.now, dry_run: self.dry_run }.into()
    }
}

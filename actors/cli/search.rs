//! `aox search …` and `aox undelete …`: messages by a search, which is written as in IMAP.

use archiveopteryx::aox::command::{Search, Undelete, UndeleteMailbox, UndeleteUser};
use clap::{Args, Subcommand};

use super::Request;

/// What to look for.
#[derive(Debug, Args)]
#[command(after_help = SEARCH_HELP)]
pub struct Find {
    /// Where to look (a login for all mailboxes of that user, or /users/LOGIN/NAME, or /shared/NAME; not with --all),
    /// then what for, as in IMAP: from bob since 2026-01-31
    #[arg(required = true, value_name = "USER|MAILBOX SEARCH")]
    words: Vec<String>,
    /// In all mailboxes of everybody
    #[arg(long)]
    all: bool,
    /// Among what was deleted and can be taken back
    #[arg(long)]
    deleted: bool,
    /// How many to list at most
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    limit: u32,
}

/// What comes back.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = SEARCH_HELP)]
pub struct Restore {
    #[command(subcommand)]
    whole: Option<Whole>,
    /// Where it was deleted: a login for all that this user has deleted, or /users/LOGIN/NAME, or /shared/NAME
    #[arg(required = true, value_name = "USER|MAILBOX")]
    place: Option<String>,
    /// Which messages, as in IMAP: from bob since 2026-01-31; "all" for every one
    #[arg(required = true, value_name = "SEARCH")]
    words: Vec<String>,
    /// Put them there instead of where they were
    #[arg(long, value_name = "MAILBOX")]
    into: Option<String>,
    #[command(flatten)]
    manner: Manner,
}

/// What comes back as a whole.
#[derive(Debug, Subcommand)]
pub enum Whole {
    /// Bring a deleted mailbox back, and those that were below it, with their mail, rights and aliases
    Mailbox {
        /// The mailbox: /users/LOGIN/NAME or /shared/NAME
        mailbox: String,
        /// Call it that
        #[arg(long, value_name = "MAILBOX")]
        into: Option<String>,
        #[command(flatten)]
        manner: Manner,
    },
    /// Bring a deleted user back, with mailboxes, mail, addresses, passwords, groups and rights
    User {
        /// The name that the user logged in with
        login: String,
        #[command(flatten)]
        manner: Manner,
    },
}

/// How.
#[derive(Debug, Args)]
pub struct Manner {
    /// Only say what would come back
    #[arg(long)]
    dry_run: bool,
    /// Even if the quota leaves no room for it
    #[arg(long)]
    beyond_quota: bool,
}

impl Find {
    /// The request to the server.
    pub fn request(self) -> Request {
        let Find { mut words, all, deleted, limit } = self;
        let place = (!all).then(|| words.remove(0));
        Search { place, words, deleted, limit }.into()
    }
}

impl Restore {
    /// The request to the server.
    pub fn request(self) -> Request {
        let Restore { whole, place, words, into, manner } = self;
        match whole {
            None => {
                let Manner { dry_run, beyond_quota } = manner;
                Undelete { place: place.unwrap_or_default(), words, into, dry_run, beyond_quota }.into()
            }
            Some(Whole::Mailbox { mailbox, into, manner: Manner { dry_run, beyond_quota } }) => {
                UndeleteMailbox { mailbox, into, dry_run, beyond_quota }.into()
            }
            Some(Whole::User { login, manner: Manner { dry_run, beyond_quota } }) => {
                UndeleteUser { login, dry_run, beyond_quota }.into()
            }
        }
    }
}

const SEARCH_HELP: &str = "\
A search is written as in IMAP, in any case; all of its keys must be true of a message:
  from TEXT, to TEXT, cc TEXT, subject TEXT, body TEXT, text TEXT, header FIELD TEXT,
  since DAY, before DAY, on DAY (when it came), sentsince DAY and so on (as its Date says), larger SIZE, smaller SIZE,
  seen, unseen, flagged, answered, deleted, draft, keyword NAME, uid NUMBERS, all, not KEY, or KEY KEY.
DAY is 2026-01-31 or 31-Jan-2026; SIZE is 5MB or a number of octets; TEXT with spaces in it is quoted for the shell.";

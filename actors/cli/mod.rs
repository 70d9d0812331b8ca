//! The command line: verb first, then noun; one file for each verb. Most commands are carried out by the running server.

mod add;
mod anonymise;
mod audit;
mod change;
mod check;
mod delete;
mod delete_policy;
pub mod exchange;
mod list;
mod manual;
mod password;
mod policy;
mod quota;
mod search;
mod set;
mod show;
mod user;

use std::path::PathBuf;

use archiveopteryx::aox::command::{Command, DeleteRights, Disconnect, SetRights, Status, Why};
use clap::{Args, Parser, Subcommand};

use self::add::Add;
use self::anonymise::Anonymise;
pub use self::audit::Audit;
use self::change::Change;
pub use self::check::{Check, CheckConfiguration};
use self::delete::Delete;
use self::exchange::{Export, Import};
use self::list::List;
use self::manual::{Completions, Help, Manual};
use self::policy::{Release, Retain, VacuumNow};
use self::search::{Find, Restore};
use self::set::Set;
use self::show::Show;
use self::user::{Disable, Enable, Rename};

/// A mail store: LMTP in, IMAP and POP3 out, every byte kept.
#[derive(Debug, Parser)]
#[command(name = "aox", version, propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    /// The folder where the server keeps its state [default: $AOX_HOME, or else /var/lib/aox]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the server in the foreground, until SIGTERM or ^C
    Serve(Serve),
    /// Say whether the server is ready, and what it holds; exits with 0 when it is ready
    Status,
    /// Add a user, an address, an alias, a mailbox, a group or a domain
    #[command(subcommand, visible_aliases = ["create", "new"])]
    Add(Add),
    /// List users, aliases, groups, domains, mailboxes, the rights in one, or quotas
    #[command(subcommand, visible_alias = "ls")]
    List(List),
    /// Change a password, what a user is called, or how a mailbox is shared
    #[command(subcommand)]
    Change(Change),
    /// Delete a user, an address, an alias, a mailbox, rights in one, a group, a domain or a quota
    #[command(subcommand, visible_aliases = ["del", "remove"])]
    Delete(Delete),
    /// Set who may do what in a mailbox, or how much may be kept
    #[command(subcommand)]
    Set(Set),
    /// Show what the server is and holds, who is connected or has logged in, or one user, group or quota
    #[command(subcommand)]
    Show(Show),
    /// Give a user another name to log in with
    #[command(subcommand)]
    Rename(Rename),
    /// Let nobody log in as a user
    #[command(subcommand)]
    Disable(Disable),
    /// Let a user log in again
    #[command(subcommand)]
    Enable(Enable),
    /// Search mail, or what was deleted of it
    Search(Find),
    /// Take back messages, mailboxes or users that were deleted
    Undelete(Restore),
    /// Say how a message came, where it is or went, by whose doing, and what keeps it
    Why {
        /// The id of a message as `aox search` shows it, a Message-ID, or a mailbox with a uid behind it
        #[arg(value_name = "MESSAGE|MAILBOX")]
        what: String,
        /// The uid of the message in that mailbox
        uid: Option<u32>,
    },
    /// Show what happened, and verify that the record of it is as it was written
    #[command(subcommand)]
    Audit(Audit),
    /// Send clients away, from all servers of the database; they may come back at once
    Disconnect {
        /// Logins of users, and numbers of connections as `aox show connections` has them
        #[arg(required = true, value_name = "USER|NUMBER")]
        whom: Vec<String>,
        /// What they are told
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Keep mail from ending before some time, or for ever
    #[command(subcommand)]
    Retain(Retain),
    /// Release a hold
    #[command(subcommand)]
    Release(Release),
    /// End what was deleted long enough ago and nothing keeps, now rather than at the next time
    Vacuum(VacuumNow),
    /// Check that what is stored is whole, or that the configuration is
    #[command(subcommand)]
    Check(Check),
    /// Write mail into files
    #[command(subcommand)]
    Export(Export),
    /// Take mail in from files; what was imported before is left out, so what was broken off goes on
    Import(Import),
    /// Bring the schema of a database that the site runs itself up to date
    Upgrade(Upgrade),
    /// Set or take away who may do what in a mailbox: another name of `set rights` and `delete rights`
    #[command(hide = true)]
    Setacl {
        mailbox: String,
        #[arg(allow_hyphen_values = true)]
        identifier: String,
        #[arg(allow_hyphen_values = true)]
        rights: Option<String>,
    },
    /// Make a message unreadable, and leave its form: for a report of a bug
    Anonymise(Anonymise),
    /// Print what a shell needs to complete the commands
    Completions(Completions),
    /// Write manual pages, one for each command
    Manual(Manual),
    /// List all commands, or tell of one
    Help(Help),
}

/// `aox serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The file with settings [default: aox.toml in the home, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `aox upgrade`.
#[derive(Debug, Args)]
pub struct Upgrade {
    /// The file with settings [default: aox.toml in the home, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// May be named: it is what is upgraded
    #[arg(hide = true, value_parser = ["schema"])]
    pub what: Option<String>,
    /// Print the SQL that creates the roles and the database, for a superuser of PostgreSQL, and do nothing else
    #[arg(long)]
    pub roles: bool,
}

impl Cli {
    /// The home that was asked for.
    pub fn home_folder(&self) -> PathBuf {
        let named = || std::env::var_os("AOX_HOME").filter(|name| !name.is_empty()).map(PathBuf::from);
        let asked = self.home.clone().or_else(named);
        asked.unwrap_or_else(|| PathBuf::from("/var/lib/aox"))
    }
}

/// What the running server is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The command itself.
    pub command: Command,
    /// What a person at a terminal is shown, and must agree to, before the command is sent: the same without effect.
    pub rehearsal: Option<Command>,
}

impl<C: Into<Command>> From<C> for Request {
    fn from(command: C) -> Request {
        Request { command: command.into(), rehearsal: None }
    }
}

impl Verb {
    /// The request to the running server; None for what needs none. May ask for a password.
    pub fn request(self) -> Result<Option<Request>, String> {
        Ok(Some(match self {
            Verb::Anonymise(_) | Verb::Completions(_) | Verb::Manual(_) | Verb::Help(_) => return Ok(None),
            Verb::Serve(_) | Verb::Export(_) | Verb::Import(_) | Verb::Upgrade(_) => return Ok(None),
            Verb::Status => Status {}.into(),
            Verb::Add(add) => add.request()?,
            Verb::List(list) => list.request(),
            Verb::Change(change) => change.request()?,
            Verb::Delete(delete) => delete.request(),
            Verb::Set(set) => set.request(),
            Verb::Show(show) => show.request(),
            Verb::Rename(rename) => rename.request(),
            Verb::Disable(disable) => disable.request(),
            Verb::Enable(enable) => enable.request(),
            Verb::Search(find) => find.request(),
            Verb::Undelete(restore) => restore.request(),
            Verb::Why { what, uid } => Why { what, uid }.into(),
            Verb::Audit(audit) => audit.request()?,
            Verb::Disconnect { whom, reason } => Disconnect { whom, reason }.into(),
            Verb::Setacl { mailbox, identifier, rights: Some(rights) } => {
                SetRights { mailbox, identifier, rights }.into()
            }
            Verb::Setacl { mailbox, identifier, rights: None } => DeleteRights { mailbox, identifier }.into(),
            Verb::Retain(retain) => retain.request(),
            Verb::Release(release) => release.request(),
            Verb::Vacuum(vacuum) => vacuum.request(),
            Verb::Check(check) => return Ok(check.request()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn verb_comes_first() {
        let cli = Cli::try_parse_from(["aox", "list", "mailboxes", "anna", "--json"]).unwrap();
        assert!(cli.json);
        let Command::ListMailboxes(list) = cli.verb.request().unwrap().unwrap().command else {
            panic!("another command")
        };
        assert_eq!((list.login.as_deref(), list.glob), (Some("anna"), None));
        assert!(Cli::try_parse_from(["aox", "users", "list"]).is_err());
    }

    #[test]
    fn verbs_have_synonyms() {
        for words in [
            ["ls", "users"],
            ["show", "cf"],
            ["check", "config"],
            ["upgrade", "schema"],
            ["show", "retention"],
        ] {
            assert!(Cli::try_parse_from([&["aox"][..], &words].concat()).is_ok(), "{words:?}");
        }
        for verb in ["create", "add", "new", "delete", "del", "remove"] {
            assert!(Cli::try_parse_from(["aox", verb, "group", "staff"]).is_ok(), "{verb}");
        }
    }
}

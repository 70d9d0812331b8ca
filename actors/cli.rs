//! The command line: verb first, then noun. Most commands are carried out by the running server.

use std::path::PathBuf;

use archiveopteryx::aox::command::{
    AddAlias, AddUser, ChangePassword, CheckMessages, Command, DeleteAlias, DeleteUser, ListAliases,
    ListMailboxes, ListUsers, Status,
};
use archiveopteryx::wire::password::Verifiers;
use clap::{Args, Parser, Subcommand};

/// A mail store: LMTP in, IMAP out, every byte kept.
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
    /// Add a user or an alias
    #[command(subcommand)]
    Add(Add),
    /// List users, aliases or mailboxes
    #[command(subcommand)]
    List(List),
    /// Change a password
    #[command(subcommand)]
    Change(Change),
    /// Delete a user or an alias
    #[command(subcommand)]
    Delete(Delete),
    /// Check that what is stored is whole
    #[command(subcommand)]
    Check(Check),
    /// Bring the schema of a database that the site runs itself up to date
    Upgrade(Upgrade),
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
    /// Print the SQL that creates the roles and the database, for a superuser of PostgreSQL, and do nothing else
    #[arg(long)]
    pub roles: bool,
}

/// `aox add …`.
#[derive(Debug, Subcommand)]
pub enum Add {
    /// Add a user, the first mailboxes, and the address that leads to them
    User {
        /// The name to log in with
        login: String,
        /// The address whose mail comes to the user's INBOX, such as anna@example.org
        address: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Make mail for an address go to a mailbox: /users/LOGIN/NAME, or LOGIN for its INBOX
    Alias {
        /// The address, such as info@example.org
        address: String,
        /// Where its mail goes: /users/LOGIN/NAME, or LOGIN for that user's INBOX
        mailbox: String,
    },
}

/// `aox list …`.
#[derive(Debug, Subcommand)]
pub enum List {
    /// List the users, with their addresses and what they hold
    Users,
    /// List the addresses, and where their mail goes
    Aliases,
    /// List the mailboxes of one user, or of all
    Mailboxes {
        /// Only those of this user
        login: Option<String>,
    },
}

/// `aox change …`.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Give a user a new password
    Password {
        /// Whose password
        login: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// `aox delete …`.
#[derive(Debug, Subcommand)]
pub enum Delete {
    /// Delete a user with all mail; it can be taken back until the undelete time has passed
    User {
        /// The name that the user logs in with
        login: String,
    },
    /// Refuse mail for an address from now on
    Alias {
        /// The address, such as info@example.org
        address: String,
    },
}

/// `aox check …`.
#[derive(Debug, Subcommand)]
pub enum Check {
    /// Put every stored message together again, and compare it with its digest on arrival
    Messages,
}

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of the standard input instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
}

impl Cli {
    /// The home that was asked for.
    pub fn home_folder(&self) -> PathBuf {
        let named = || std::env::var_os("AOX_HOME").filter(|name| !name.is_empty()).map(PathBuf::from);
        let asked = self.home.clone().or_else(named);
        asked.unwrap_or_else(|| PathBuf::from("/var/lib/aox"))
    }
}

impl Verb {
    /// The request to the running server; None for what needs none. May ask for a password.
    pub fn request(self) -> Result<Option<Command>, String> {
        Ok(Some(match self {
            Verb::Serve(_) | Verb::Upgrade(_) => return Ok(None),
            Verb::Status => Command::Status(Status {}),
            Verb::Add(Add::User { login, address, password }) => {
                Command::AddUser(AddUser { login, address, verifiers: password.verifiers()? })
            }
            Verb::Add(Add::Alias { address, mailbox }) => Command::AddAlias(AddAlias { address, mailbox }),
            Verb::List(List::Users) => Command::ListUsers(ListUsers {}),
            Verb::List(List::Aliases) => Command::ListAliases(ListAliases {}),
            Verb::List(List::Mailboxes { login }) => Command::ListMailboxes(ListMailboxes { login }),
            Verb::Change(Change::Password { login, password }) => {
                Command::ChangePassword(ChangePassword { login, verifiers: password.verifiers()? })
            }
            Verb::Check(Check::Messages) => Command::CheckMessages(CheckMessages {}),
            Verb::Delete(Delete::User { login }) => Command::DeleteUser(DeleteUser { login }),
            Verb::Delete(Delete::Alias { address }) => Command::DeleteAlias(DeleteAlias { address }),
        }))
    }
}

impl PasswordSource {
    /// Gets the password, and makes the verifiers of it, so that it goes no further.
    fn verifiers(&self) -> Result<Verifiers, String> {
        let password = if self.password_stdin { first_line()? } else { asked_twice()? };
        verifiers(&password)
    }
}

/// The verifiers of `password`, with new salts.
pub fn verifiers(password: &str) -> Result<Verifiers, String> {
    let mut salts = [[0; 16]; 2];
    for salt in &mut salts {
        getrandom::fill(salt).map_err(|error| format!("this system gives no random numbers: {error}"))?;
    }
    Verifiers::new(password, &salts[0], &salts[1]).map_err(|error| error.to_string())
}

fn first_line() -> Result<String, String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| format!("the password cannot be read: {error}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn asked_twice() -> Result<String, String> {
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map_err(|error| format!("no password can be asked for here ({error}); use --password-stdin"))
    };
    let first = ask("Password: ")?;
    if first != ask("The same again: ")? {
        return Err("the two are not the same".to_owned());
    }
    Ok(first)
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
        let Some(Command::ListMailboxes(list)) = cli.verb.request().unwrap() else {
            panic!("another command")
        };
        assert_eq!(list.login.as_deref(), Some("anna"));
        assert!(Cli::try_parse_from(["aox", "users", "list"]).is_err());
    }
}

//! The commands, one file each, told as parse, plan, run and respond.

mod add_alias;
mod add_user;
mod change_password;
mod check_messages;
mod delete_alias;
mod delete_user;
mod list_aliases;
mod list_mailboxes;
mod list_users;
mod status;

use serde::{Deserialize, Serialize};

pub use add_alias::AddAlias;
pub use add_user::AddUser;
pub use change_password::ChangePassword;
pub use check_messages::CheckMessages;
pub use delete_alias::DeleteAlias;
pub use delete_user::DeleteUser;
pub use list_aliases::ListAliases;
pub use list_mailboxes::ListMailboxes;
pub use list_users::ListUsers;
pub use status::Status;

use super::conversation::{Context, Outcome};
use crate::db::{self, Unit};
use crate::plan::Plan;

/// Every command that the control socket takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    Status(Status),
    AddUser(AddUser),
    ListUsers(ListUsers),
    ChangePassword(ChangePassword),
    DeleteUser(DeleteUser),
    AddAlias(AddAlias),
    ListAliases(ListAliases),
    DeleteAlias(DeleteAlias),
    ListMailboxes(ListMailboxes),
    CheckMessages(CheckMessages),
}

impl Command {
    /// What carries the command out.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        match self {
            Command::Status(command) => command.plan(),
            Command::AddUser(command) => command.plan(context),
            Command::ListUsers(command) => command.plan(),
            Command::ChangePassword(command) => command.plan(context),
            Command::DeleteUser(command) => command.plan(context),
            Command::AddAlias(command) => command.plan(),
            Command::ListAliases(command) => command.plan(),
            Command::DeleteAlias(command) => command.plan(),
            Command::ListMailboxes(command) => command.plan(),
            Command::CheckMessages(command) => command.plan(),
        }
    }

    /// Its name in a log.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Status(_) => "status",
            Command::AddUser(_) => "add user",
            Command::ListUsers(_) => "list users",
            Command::ChangePassword(_) => "change password",
            Command::DeleteUser(_) => "delete user",
            Command::AddAlias(_) => "add alias",
            Command::ListAliases(_) => "list aliases",
            Command::DeleteAlias(_) => "delete alias",
            Command::ListMailboxes(_) => "list mailboxes",
            Command::CheckMessages(_) => "check messages",
        }
    }
}

/// One unit, whose outcome is the answer.
fn one_unit<U: Unit>(
    unit: U,
    respond: impl FnOnce(U::Output, &Context) -> Outcome + Send + 'static,
) -> Plan<Context, Outcome> {
    Plan::run(unit, move |outcome: Result<U::Output, db::Error>, context: &mut Context| {
        Plan::Done(outcome.map_err(Into::into).and_then(|value| respond(value, context)))
    })
}

/// A plan that ends before it begins.
fn at_once(checked: Result<Plan<Context, Outcome>, crate::error::Error>) -> Plan<Context, Outcome> {
    checked.unwrap_or_else(|error| Plan::Done(Err(error)))
}

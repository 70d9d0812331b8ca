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

use super::conversation::{Context, Outcome};
use crate::db::{self, Unit};
use crate::plan::Plan;

/// The enum of all commands, out of one line for each: its module, its type, and its name in a log.
macro_rules! commands {
    ($($module:ident::$command:ident $name:literal,)*) => {
        $(pub use $module::$command;)*

        /// Every command that the control socket takes.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "command", rename_all = "kebab-case")]
        pub enum Command {
            $($command($command),)*
        }

        impl Command {
            /// What carries the command out.
            pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
                match self {
                    $(Command::$command(command) => command.plan(context),)*
                }
            }

            /// Its name in a log.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Command::$command(_) => $name,)*
                }
            }
        }

        $(impl From<$command> for Command {
            fn from(command: $command) -> Command {
                Command::$command(command)
            }
        })*
    };
}

commands! {
    add_alias::AddAlias "add alias",
    add_user::AddUser "add user",
    change_password::ChangePassword "change password",
    check_messages::CheckMessages "check messages",
    delete_alias::DeleteAlias "delete alias",
    delete_user::DeleteUser "delete user",
    list_aliases::ListAliases "list aliases",
    list_mailboxes::ListMailboxes "list mailboxes",
    list_users::ListUsers "list users",
    status::Status "status",
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

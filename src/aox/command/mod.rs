//! The commands, one file each, told as parse, plan, run and respond.

mod add_address;
mod add_alias;
mod add_app_password;
mod add_domain;
mod add_group;
mod add_hold;
mod add_mailbox;
mod add_member;
mod add_user;
mod audit_show;
mod audit_verify;
mod begin_import;
mod change_mailbox;
mod change_password;
mod change_user;
mod check_database;
mod check_messages;
mod check_quota;
mod delete_address;
mod delete_alias;
mod delete_app_password;
mod delete_delete_policy;
mod delete_domain;
mod delete_group;
mod delete_mail;
mod delete_mailbox;
mod delete_member;
mod delete_metadata;
mod delete_quota;
mod delete_rights;
mod delete_user;
mod disable_user;
mod disconnect;
mod enable_user;
mod export_hold;
mod export_messages;
mod find_imported;
mod import_messages;
mod list_aliases;
mod list_app_passwords;
mod list_delete_policies;
mod list_domains;
mod list_groups;
mod list_mailboxes;
mod list_metadata;
mod list_policies;
mod list_quotas;
mod list_rights;
mod list_undelete_times;
mod list_users;
mod release_hold;
mod remove_policy;
mod rename_user;
mod retain_mail;
mod search;
mod set_delete_policy;
mod set_metadata;
mod set_quota;
mod set_rights;
mod set_undelete_time;
mod show_configuration;
mod show_connections;
mod show_counts;
mod show_group;
mod show_logins;
mod show_policy;
mod show_queue;
mod show_quota;
mod show_schema;
mod show_search;
mod show_user;
mod show_vacuum;
mod status;
mod undelete;
mod undelete_mailbox;
mod undelete_user;
mod vacuum;
mod why;

pub use export_messages::{Exported, Position};
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
    add_address::AddAddress "add address",
    add_alias::AddAlias "add alias",
    add_app_password::AddAppPassword "add app-password",
    add_domain::AddDomain "add domain",
    add_group::AddGroup "add group",
    add_hold::AddHold "add hold",
    add_mailbox::AddMailbox "add mailbox",
    add_member::AddMember "add member",
    add_user::AddUser "add user",
    audit_show::AuditShow "audit show",
    audit_verify::AuditVerify "audit verify",
    begin_import::BeginImport "begin import",
    change_mailbox::ChangeMailbox "change mailbox",
    change_password::ChangePassword "change password",
    change_user::ChangeUser "change user",
    check_database::CheckDatabase "check database",
    check_messages::CheckMessages "check messages",
    check_quota::CheckQuota "check quota",
    delete_address::DeleteAddress "delete address",
    delete_alias::DeleteAlias "delete alias",
    delete_app_password::DeleteAppPassword "delete app-password",
    delete_delete_policy::DeleteDeletePolicy "delete delete-policy",
    delete_domain::DeleteDomain "delete domain",
    delete_group::DeleteGroup "delete group",
    delete_mail::DeleteMail "delete mail",
    delete_mailbox::DeleteMailbox "delete mailbox",
    delete_metadata::DeleteMetadata "delete metadata",
    delete_member::DeleteMember "delete member",
    delete_quota::DeleteQuota "delete quota",
    delete_rights::DeleteRights "delete rights",
    delete_user::DeleteUser "delete user",
    disable_user::DisableUser "disable user",
    disconnect::Disconnect "disconnect",
    enable_user::EnableUser "enable user",
    export_hold::ExportHold "export hold",
    export_messages::ExportMessages "export messages",
    find_imported::FindImported "find imported",
    import_messages::ImportMessages "import messages",
    list_aliases::ListAliases "list aliases",
    list_app_passwords::ListAppPasswords "list app-passwords",
    list_delete_policies::ListDeletePolicies "list delete-policies",
    list_domains::ListDomains "list domains",
    list_groups::ListGroups "list groups",
    list_mailboxes::ListMailboxes "list mailboxes",
    list_metadata::ListMetadata "list metadata",
    list_policies::ListPolicies "list policies",
    list_quotas::ListQuotas "list quotas",
    list_rights::ListRights "list rights",
    list_undelete_times::ListUndeleteTimes "list undelete-times",
    list_users::ListUsers "list users",
    release_hold::ReleaseHold "release hold",
    remove_policy::RemovePolicy "remove policy",
    rename_user::RenameUser "rename user",
    retain_mail::RetainMail "retain mail",
    search::Search "search",
    set_delete_policy::SetDeletePolicy "set delete-policy",
    set_metadata::SetMetadata "set metadata",
    set_quota::SetQuota "set quota",
    set_rights::SetRights "set rights",
    set_undelete_time::SetUndeleteTime "set undelete-time",
    show_configuration::ShowConfiguration "show configuration",
    show_connections::ShowConnections "show connections",
    show_counts::ShowCounts "show counts",
    show_group::ShowGroup "show group",
    show_logins::ShowLogins "show logins",
    show_policy::ShowPolicy "show policy",
    show_queue::ShowQueue "show queue",
    show_quota::ShowQuota "show quota",
    show_schema::ShowSchema "show schema",
    show_search::ShowSearch "show search",
    show_user::ShowUser "show user",
    show_vacuum::ShowVacuum "show vacuum",
    status::Status "status",
    undelete::Undelete "undelete",
    undelete_mailbox::UndeleteMailbox "undelete mailbox",
    undelete_user::UndeleteUser "undelete user",
    vacuum::Vacuum "vacuum",
    why::Why "why",
}

impl Command {
    /// How many octets come behind the request. Who sent too many is not understood any more.
    pub fn octets_wanted(&self) -> Result<usize, crate::error::Error> {
        match self {
            Command::ImportMessages(import) => import.octets_wanted(),
            _ => Ok(0),
        }
    }

    /// Takes the octets that came behind the request.
    pub fn take_octets(&mut self, octets: Vec<u8>) {
        if let Command::ImportMessages(import) = self {
            import.octets = octets;
        }
    }
}

/// One unit, whose outcome is the answer.
fn one_unit<U: Unit>(
    unit: U,
    respond: impl FnOnce(U::Output, &mut Context) -> Outcome + Send + 'static,
) -> Plan<Context, Outcome> {
    Plan::run(unit, move |outcome: Result<U::Output, db::Error>, context: &mut Context| {
        Plan::Done(outcome.map_err(Into::into).and_then(|value| respond(value, context)))
    })
}

/// A plan that ends before it begins.
fn at_once(checked: Result<Plan<Context, Outcome>, crate::error::Error>) -> Plan<Context, Outcome> {
    checked.unwrap_or_else(|error| Plan::Done(Err(error)))
}

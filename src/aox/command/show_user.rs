//! `aox show user LOGIN`: one user with all that belongs to the account.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::list_aliases::kind;
use super::one_unit;
use crate::aox::answer::{Answer, Table, counted, counted_as, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{alias_name, target_name};
use crate::db::{self, UserDetails};
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Which user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowUser {
    pub login: String,
}

impl ShowUser {
    /// Two statements.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let login = self.login.clone();
        one_unit(db::ShowUser { login: self.login }, move |found, _| match found {
            Some(user) => Ok(respond(&user)),
            None => Err(Error::no(Code::NonExistent, format!("there is no user {login}"))),
        })
    }
}

fn respond(user: &UserDetails) -> Answer {
    let name = user.display_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let state = if user.disabled { "disabled: mail comes, nobody logs in" } else { "active" };
    let mut sentences =
        vec![format!("{}{name} is {state}, and has {}.", user.login, holdings(user).join(", "))];
    if !user.groups.is_empty() {
        sentences.push(format!("Groups: {}.", user.groups.join(", ")));
    }
    sentences.push(format!("Added on {}.", user.created_at.strftime("%Y-%m-%d %H:%M UTC")));
    Answer { sentences, table: Some(alias_table(user)), json: facts(user), good: true }
}

/// What the account holds, in words.
pub(super) fn holdings(user: &UserDetails) -> Vec<String> {
    let mut held = vec![
        counted_as(user.mailboxes, "mailbox", "mailboxes"),
        format!("{} ({})", counted(user.messages, "message"), octets(user.octets)),
    ];
    if user.app_passwords > 0 {
        held.push(counted(user.app_passwords, "application password"));
    }
    held
}

/// The addresses of the account and the aliases that lead to it.
pub(super) fn alias_table(user: &UserDetails) -> Table {
    let mut table = Table::new(&["Address", "Target", "Kind"]);
    let row = |alias: &db::Alias| {
        vec![alias_name(&alias.address), target_name(&alias.target), kind(alias).to_owned()]
    };
    table.rows = user.aliases.iter().map(row).collect();
    table
}

/// The same for programs.
pub(super) fn facts(user: &UserDetails) -> Value {
    let of = |own: bool| {
        let chosen = user.aliases.iter().filter(|alias| alias.own == own);
        chosen.map(|alias| (alias_name(&alias.address), target_name(&alias.target))).collect::<Vec<_>>()
    };
    let aliases =
        of(false).into_iter().map(|(address, target)| json!({"address": address, "target": target}));
    json!({"login": user.login, "name": user.display_name, "disabled": user.disabled,
        "created_at": user.created_at.to_string(), "mailboxes": user.mailboxes, "messages": user.messages,
        "octets": user.octets, "app_passwords": user.app_passwords, "groups": user.groups,
        "addresses": of(true).into_iter().map(|(address, _)| address).collect::<Vec<_>>(),
        "aliases": aliases.collect::<Vec<_>>()})
}

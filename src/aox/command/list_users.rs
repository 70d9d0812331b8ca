//! `aox list users`: the accounts, with their addresses and what they hold, or those that were deleted and can be taken
//! back.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, moment, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::glob::{Glob, is_meant, listed};
use crate::db;
use crate::plan::Plan;

/// Which; all without a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ListUsers {
    /// Of logins or addresses.
    #[serde(default)]
    pub glob: Option<Glob>,
    /// Those that were deleted.
    #[serde(default)]
    pub deleted: bool,
}

impl ListUsers {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let ListUsers { glob, deleted } = self;
        one_unit(db::ListUsers { deleted }, move |mut users, _| {
            let addresses = |user: &db::ListedUser| user.addresses.iter().map(ToString::to_string).collect();
            users.retain(|user| {
                let addresses: Vec<String> = addresses(user);
                let names = addresses.iter().chain([&user.login]).map(String::as_str);
                is_meant(glob.as_ref(), names)
            });
            Ok(listed(respond(&users, deleted), glob.as_ref()))
        })
    }
}

fn respond(users: &[db::ListedUser], deleted: bool) -> Answer {
    let mut table = Table::new(&["Login", "Name", "Addresses", "Messages", "Size", "State"]);
    let mut json = Vec::new();
    for user in users {
        let addresses: Vec<String> = user.addresses.iter().map(ToString::to_string).collect();
        table.rows.push(vec![
            user.login.clone(),
            user.display_name.clone().unwrap_or_default(),
            addresses.join(" "),
            user.messages.to_string(),
            octets(user.octets),
            match user.deleted_at {
                Some(at) => format!("deleted {}", moment(at)),
                None if user.disabled => "disabled".to_owned(),
                None => "active".to_owned(),
            },
        ]);
        json.push(json!({"login": user.login, "name": user.display_name, "addresses": addresses,
            "messages": user.messages, "octets": user.octets, "disabled": user.disabled,
            "created_at": user.created_at.to_string(),
            "deleted_at": user.deleted_at.map(|at| at.to_string())}));
    }
    let none = match deleted {
        true => "No user who was deleted can be taken back.",
        false => "There are no users yet; `aox add user` adds one.",
    };
    Answer::list(table, none, json)
}

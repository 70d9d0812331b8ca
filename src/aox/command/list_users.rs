//! `aox list users`: every account, with its addresses and what it holds.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUsers {}

impl ListUsers {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ListUsers, |users, _| Ok(respond(&users)))
    }
}

fn respond(users: &[db::ListedUser]) -> Answer {
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
            if user.disabled { "disabled".to_owned() } else { "active".to_owned() },
        ]);
        json.push(json!({"login": user.login, "name": user.display_name, "addresses": addresses,
            "messages": user.messages, "octets": user.octets, "disabled": user.disabled,
            "created_at": user.created_at.to_string()}));
    }
    Answer::list(table, "There are no users yet; `aox add user` adds one.", json)
}

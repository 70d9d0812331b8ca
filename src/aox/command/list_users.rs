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
    let mut table = Table::new(&["Login", "Addresses", "Messages", "Size", "State"]);
    table.rows = users
        .iter()
        .map(|user| {
            vec![
                user.login.clone(),
                user.addresses.join(" "),
                user.messages.to_string(),
                octets(user.octets),
                if user.disabled { "disabled".to_owned() } else { "active".to_owned() },
            ]
        })
        .collect();
    let json = users.iter().map(|user| {
        json!({"login": user.login, "addresses": user.addresses, "messages": user.messages,
               "octets": user.octets, "disabled": user.disabled, "created_at": user.created_at.to_string()})
    });
    Answer::list(table, "There are no users yet; `aox add user` adds one.", json.collect())
}

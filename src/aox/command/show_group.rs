//! `aox show group NAME`: who is in a group.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// Which group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowGroup {
    pub name: String,
}

impl ShowGroup {
    /// Two statements.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ShowGroup { name: self.name }, |(name, members), _| Ok(respond(&name, &members)))
    }
}

fn respond(name: &str, members: &[db::GroupMember]) -> Answer {
    let mut table = Table::new(&["Login", "Name", "State"]);
    let mut json = Vec::new();
    for member in members {
        let state = if member.disabled { "disabled" } else { "active" };
        let called = member.display_name.clone().unwrap_or_default();
        json.push(json!({"login": member.login, "name": member.display_name, "disabled": member.disabled}));
        table.rows.push(vec![member.login.clone(), called, state.to_owned()]);
    }
    let sentence = format!("Group {name} has {}.", counted(members.len() as i64, "member"));
    let answer = Answer::sentence(sentence, json!({"group": name, "members": json}));
    Answer { table: (!table.rows.is_empty()).then_some(table), ..answer }
}

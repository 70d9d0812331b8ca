//! `aox list groups`: every group, with its members.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListGroups {}

impl ListGroups {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ListGroups, |groups, _| Ok(respond(&groups)))
    }
}

fn respond(groups: &[db::ListedGroup]) -> Answer {
    let mut table = Table::new(&["Group", "Description", "Members"]);
    let mut json = Vec::new();
    for group in groups {
        let description = group.description.clone().unwrap_or_default();
        json.push(json!({"group": group.name, "description": group.description, "members": group.members}));
        table.rows.push(vec![group.name.clone(), description, group.members.join(" ")]);
    }
    Answer::list(table, "There are no groups.", json)
}

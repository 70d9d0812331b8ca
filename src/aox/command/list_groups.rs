//! `aox list groups`: every group, with its members.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::glob::{Glob, is_meant, listed};
use crate::db;
use crate::plan::Plan;

/// Which; all without a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListGroups {
    #[serde(default)]
    pub glob: Option<Glob>,
}

impl ListGroups {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let glob = self.glob;
        one_unit(db::ListGroups, move |mut groups, _| {
            groups.retain(|one| is_meant(glob.as_ref(), [one.name.as_str()]));
            Ok(listed(respond(&groups), glob.as_ref()))
        })
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

//! `aox list delete-policies`: all that is said about who may delete.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::delete_scope_name;
use crate::db::{self, DeletePolicy};
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDeletePolicies {}

impl ListDeletePolicies {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ListDeletePolicies, |policies, _| Ok(list(&policies)))
    }
}

fn list(policies: &[DeletePolicy]) -> Answer {
    let mut table = Table::new(&["About", "Role", "Deleting"]);
    table.rows = policies
        .iter()
        .map(|DeletePolicy { scope, role, verdict }| {
            let scope = delete_scope_name(scope).replacen('/', " ", 1);
            vec![scope, role.name().to_owned(), verdict.name().to_owned()]
        })
        .collect();
    let json = policies.iter().map(|DeletePolicy { scope, role, verdict }| {
        json!({"scope": delete_scope_name(scope), "role": role, "verdict": verdict})
    });
    Answer::list(table, "Who has the rights in a mailbox may delete there.", json.collect())
}

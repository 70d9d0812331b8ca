//! `aox delete group NAME`: ends a group. Its members stay.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// Which group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteGroup {
    pub name: String,
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteGroup {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let DeleteGroup { name, dry_run } = self;
        one_unit(db::DeleteGroup { name, rehearse: dry_run }, move |(name, members, changes), context| {
            context.changes.extend(changes);
            let was = if dry_run { "would be" } else { "was" };
            let members: Vec<&str> = members.iter().map(|member| member.login.as_str()).collect();
            let had = counted(members.len() as i64, "member");
            let who = if members.is_empty() { String::new() } else { format!(": {}", members.join(", ")) };
            let sentence = format!("Group {name} {was} deleted; it had {had}{who}.");
            Ok(Answer::sentence(sentence, json!({"group": name, "members": members, "dry_run": dry_run})))
        })
    }
}

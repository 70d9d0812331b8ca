//! `aox show schema`: which changes the schema has had, and when.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowSchema {}

impl ShowSchema {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ListRevisions, |revisions, _| Ok(respond(&revisions)))
    }
}

fn respond(revisions: &[db::ListedRevision]) -> Answer {
    let mut table = Table::new(&["Revision", "Name", "Applied"]);
    let mut json = Vec::new();
    for db::ListedRevision { revision, name, applied_at } in revisions {
        table.rows.push(vec![revision.to_string(), name.clone(), moment(*applied_at)]);
        json.push(json!({"revision": revision, "name": name, "applied_at": applied_at.to_string()}));
    }
    let (oldest, newest) = (db::migrate::REVISION_OLDEST, db::migrate::REVISION_NEWEST);
    let has = revisions.last().map_or(0, |last| last.revision);
    Answer {
        sentences: vec![format!(
            "The schema has revision {has}; this server works with {}.",
            if oldest == newest { newest.to_string() } else { format!("{oldest} to {newest}") }
        )],
        table: Some(table),
        json: json!({"revision": has, "oldest": oldest, "newest": newest, "applied": json}),
        good: true,
    }
}

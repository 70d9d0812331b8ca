//! `aox list undelete-times`: for how long what was deleted can be taken back, and where.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use super::set_undelete_time::in_words;
use crate::aox::answer::{Answer, Table, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUndeleteTimes {}

impl ListUndeleteTimes {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ListUndeleteTimes, |times, _| {
            let mut table = Table::new(&["Where", "Days", "Since", "By"]);
            let mut json = Vec::new();
            for time in times {
                let place = in_words(&time.scope);
                let since = time.set_at.map(moment).unwrap_or_default();
                json.push(json!({"where": place, "days": time.days, "by": time.set_by,
                                 "since": time.set_at.map(|at| at.to_string())}));
                table.rows.push(vec![place, time.days.to_string(), since, time.set_by]);
            }
            Ok(Answer::list(table, "What was deleted can be taken back for 7 days.", json))
        })
    }
}

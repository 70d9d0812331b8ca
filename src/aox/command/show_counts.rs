//! `aox show counts`: how many there are of everything.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// How exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowCounts {
    /// Count each row, which takes long in a large store; otherwise PostgreSQL's estimates serve.
    pub exact: bool,
}

impl ShowCounts {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::CountRows { exact: self.exact }, move |counts, _| Ok(respond(&counts, self.exact)))
    }
}

fn respond(counts: &[db::CountedRows], exact: bool) -> Answer {
    let mut table = Table::new(&["What", "Count", "On disk"]);
    let mut json = serde_json::Map::new();
    for db::CountedRows { name, rows, disk_octets } in counts {
        let about = if exact || *rows == 0 { "" } else { "about " };
        table.rows.push(vec![name.replace('_', " "), format!("{about}{rows}"), octets(*disk_octets)]);
        json.insert(name.clone(), json!({"count": rows, "disk_octets": disk_octets}));
    }
    Answer {
        sentences: Vec::new(),
        table: Some(table),
        json: json!({"exact": exact, "counts": json}),
        good: true,
    }
}

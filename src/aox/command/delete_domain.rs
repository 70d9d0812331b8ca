//! `aox delete domain NAME`: its addresses and aliases go; users and their mail stay.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, Table, counted_as};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{self, alias_name, target_name};
use crate::db;
use crate::plan::Plan;

/// Refused when a user would be left without an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteDomain {
    pub name: String,
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteDomain {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let name = match grammar::domain(&self.name) {
            Ok(name) => name,
            Err(error) => return at_once(Err(error)),
        };
        let unit = db::DeleteDomain { name: name.clone(), rehearse: self.dry_run };
        one_unit(unit, move |gone, _| Ok(respond(&name, &gone, self.dry_run)))
    }
}

fn respond(name: &str, gone: &[db::Alias], dry_run: bool) -> Answer {
    let mut table = Table::new(&["Address", "Target"]);
    let mut json = Vec::new();
    for alias in gone {
        let (address, target) = (alias_name(&alias.address), target_name(&alias.target));
        json.push(json!({"address": address, "target": target}));
        table.rows.push(vec![address, target]);
    }
    let had = counted_as(gone.len() as i64, "address or alias", "addresses and aliases");
    let was = if dry_run { "would be" } else { "was" };
    let sentence = format!("Domain {name} {was} deleted, with {had}; users and their mail stay.");
    let answer = Answer::sentence(sentence, json!({"domain": name, "gone": json, "dry_run": dry_run}));
    Answer { table: (!table.rows.is_empty()).then_some(table), ..answer }
}

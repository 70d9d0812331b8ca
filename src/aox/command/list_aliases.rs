//! `aox list aliases`: every address, and where its mail goes.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::glob::{Glob, is_meant, listed};
use crate::aox::grammar::{alias_name, target_name};
use crate::db;
use crate::plan::Plan;

/// Which; all without a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAliases {
    #[serde(default)]
    pub glob: Option<Glob>,
}

impl ListAliases {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let glob = self.glob;
        one_unit(db::ListAliases, move |mut aliases, _| {
            aliases.retain(|one| {
                is_meant(glob.as_ref(), [&*alias_name(&one.address), &*target_name(&one.target)])
            });
            Ok(listed(respond(&aliases), glob.as_ref()))
        })
    }
}

fn respond(aliases: &[db::Alias]) -> Answer {
    let mut table = Table::new(&["Address", "Target", "Kind"]);
    let mut json = Vec::new();
    for alias in aliases {
        let (address, target) = (alias_name(&alias.address), target_name(&alias.target));
        let to = match &alias.target {
            db::AliasTarget::Mailbox(_) => "mailbox",
            db::AliasTarget::Address(_) => "address",
        };
        let kind = kind(alias);
        json.push(json!({"address": address, to: target, "target": target, "kind": kind}));
        table.rows.push(vec![address, target, kind.to_owned()]);
    }
    Answer::list(table, "There are no aliases.", json)
}

/// One word for what an address is.
pub(super) fn kind(alias: &db::Alias) -> &'static str {
    match alias {
        db::Alias { own: true, .. } => "address",
        db::Alias { address, .. } if address.localpart.is_empty() => "catch-all",
        _ => "alias",
    }
}

//! `aox list aliases`: every address, and where its mail goes.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::Address;
use crate::db;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAliases {}

impl ListAliases {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ListAliases, |aliases, _| Ok(respond(&aliases)))
    }
}

fn respond(aliases: &[db::ListedAlias]) -> Answer {
    let mut table = Table::new(&["Address", "Mailbox"]);
    let mut json = Vec::new();
    for alias in aliases {
        let address =
            Address { localpart: alias.localpart.clone(), domain: alias.domain.clone() }.to_string();
        let mailbox = format!("/users/{}/{}", alias.login, alias.mailbox);
        json.push(json!({"address": address, "mailbox": mailbox}));
        table.rows.push(vec![address, mailbox]);
    }
    Answer::list(table, "There are no aliases.", json)
}

//! `aox list domains`: the domains of the site, and what is in them.

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
pub struct ListDomains {
    #[serde(default)]
    pub glob: Option<Glob>,
}

impl ListDomains {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let glob = self.glob;
        one_unit(db::ListDomains, move |mut domains, _| {
            domains.retain(|one| is_meant(glob.as_ref(), [one.name.as_str()]));
            Ok(listed(respond(&domains), glob.as_ref()))
        })
    }
}

fn respond(domains: &[db::ListedDomain]) -> Answer {
    let mut table = Table::new(&["Domain", "Addresses", "Aliases", "Catch-all", "State"]);
    let mut json = Vec::new();
    for domain in domains {
        json.push(json!({"domain": domain.name, "listed": domain.listed, "addresses": domain.addresses,
            "aliases": domain.aliases, "catch_all": domain.takes_all}));
        let takes_all = if domain.takes_all { "yes" } else { "no" };
        let state = if domain.listed { "of this site" } else { "not added, has addresses" };
        let counts = [domain.addresses.to_string(), domain.aliases.to_string()];
        table.rows.push(
            [vec![domain.name.clone()], counts.to_vec(), vec![takes_all.to_owned(), state.to_owned()]]
                .concat(),
        );
    }
    Answer::list(table, "There are no domains: addresses may be in any.", json)
}

//! `aox delete alias ADDRESS`: mail for an address is refused from now on.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::Address;
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Which address; all its targets go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAlias {
    pub address: String,
}

impl DeleteAlias {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let address = match Address::parse(&self.address) {
            Ok(address) => address,
            Err(error) => return at_once(Err(error)),
        };
        let unit = db::DeleteAlias { localpart: address.localpart.clone(), domain: address.domain.clone() };
        one_unit(unit, move |deleted, _| {
            if deleted == 0 {
                return Err(Error::no(Code::NonExistent, format!("there is no alias {address}")));
            }
            Ok(Answer::sentence(
                format!("{address} was deleted; mail for it is refused from now on."),
                json!({"address": address.to_string(), "targets": deleted}),
            ))
        })
    }
}

//! `aox add address LOGIN ADDRESS`: a user has one more address.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{self, target_name};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::wire::address::Address;

/// The address must not lead anywhere yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAddress {
    pub login: String,
    pub address: String,
}

impl AddAddress {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let AddAddress { login, .. } = self;
        let address = grammar::address(&self.address)?;
        let unit = db::AddAddress { login: login.clone(), address: address.clone() };
        Ok(one_unit(unit, move |added, _| match added {
            db::AddedAddress::Added => Ok(Answer::sentence(
                format!("Mail for {address} comes to {login} now."),
                json!({"login": login, "address": address.to_string()}),
            )),
            db::AddedAddress::NoUser => {
                Err(Error::no(Code::NonExistent, format!("there is no user {login}")))
            }
            db::AddedAddress::Taken(alias) => Err(taken(&address, &alias)),
        }))
    }
}

/// Why nobody can get this address.
pub(super) fn taken(address: &Address, alias: &db::Alias) -> Error {
    let what = if alias.own { "address" } else { "alias" };
    let text = format!(
        "mail for {address} goes to {} already; delete that {what} first, or use another address",
        target_name(&alias.target)
    );
    Error::no(Code::AlreadyExists, text)
}

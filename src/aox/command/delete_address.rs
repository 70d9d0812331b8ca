//! `aox delete address ADDRESS`: a user has that address no longer.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{self, target_names};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// The user must have another address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAddress {
    pub address: String,
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteAddress {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let address = grammar::address(&self.address)?;
        let dry_run = self.dry_run;
        let unit = db::DeleteAddress { address: address.clone(), rehearse: dry_run };
        Ok(one_unit(unit, move |deleted, _| match deleted {
            db::DeletedAddress::Deleted { login, left } => {
                Ok(respond(&address.to_string(), &login, &left, dry_run))
            }
            db::DeletedAddress::NobodyHasIt => {
                Err(Error::no(Code::NonExistent, format!("no user has the address {address}")))
            }
            db::DeletedAddress::TheOnlyOne(login) => Err(Error::no(
                Code::Cannot,
                format!("{address} is the only address of {login}; add another one first"),
            )),
        }))
    }
}

fn respond(address: &str, login: &str, left: &[db::Alias], dry_run: bool) -> Answer {
    let (has, goes, refused) = match dry_run {
        true => ("would no longer have", "would still go", "would be refused"),
        false => ("no longer has", "still goes", "is refused from now on"),
    };
    let rest = match left.is_empty() {
        true => format!("Unless something else takes it, mail for it {refused}."),
        false => format!("Mail for it {goes} to {}.", target_names(left)),
    };
    let mut answer = Answer::sentence(
        format!("{login} {has} the address {address}."),
        json!({"login": login, "address": address, "dry_run": dry_run}),
    );
    answer.sentences.push(rest);
    answer
}

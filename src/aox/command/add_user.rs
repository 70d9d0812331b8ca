//! `aox add user LOGIN ADDRESS`: an account, its first mailboxes, and the address that leads to its INBOX.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{Address, login};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::wire::password::Verifiers;

/// The password never travels: the program that asked for it made the verifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddUser {
    pub login: String,
    pub address: String,
    /// None for a user whom a directory or an authorization server lets in.
    pub verifiers: Option<Verifiers>,
}

impl AddUser {
    /// One transaction does all of it.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let login = login(&self.login)?.to_owned();
        let address = Address::parse(&self.address)?;
        if self.verifiers.as_ref().is_some_and(|verifiers| !verifiers.are_well_formed()) {
            return Err(Error::bad("the verifiers of the password are not well formed"));
        }
        let unit = db::AddUser {
            login: login.clone(),
            alias: db::AliasAddress {
                localpart: address.localpart.clone(),
                localpart_key: address.localpart_key(),
                domain: address.domain.clone(),
            },
            verifiers: self.verifiers,
            now: context.now,
        };
        Ok(one_unit(unit, move |added, _| match added {
            db::AddedUser::Added => Ok(Answer::sentence(
                format!("User {login} was added; mail for {address} goes to /users/{login}/INBOX."),
                json!({"login": login, "address": address.to_string()}),
            )),
            db::AddedUser::LoginTaken => {
                Err(Error::no(Code::AlreadyExists, format!("there is a user {login} already")))
            }
            db::AddedUser::AddressTaken(path) => Err(Error::no(
                Code::AlreadyExists,
                format!(
                    "mail for {address} goes to {path} already; delete that alias first, or use another address"
                ),
            )),
        }))
    }
}

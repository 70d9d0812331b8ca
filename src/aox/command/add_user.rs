//! `aox add user LOGIN ADDRESS`: an account, its first mailboxes, and the address that leads to its INBOX.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::add_address::taken;
use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar;
use crate::db;
use crate::error::{Code, Error};
use crate::mailbox::Login;
use crate::plan::Plan;
use crate::wire::password::Verifiers;

/// The password never travels: the program that asked for it made the verifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddUser {
    pub login: String,
    pub address: String,
    /// What people call the user.
    #[serde(default)]
    pub name: Option<String>,
    /// None for a user whom a directory or an authorization server lets in.
    pub verifiers: Option<Verifiers>,
}

impl AddUser {
    /// One transaction does all of it.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let login = Login::new(&self.login)?;
        let address = grammar::address(&self.address)?;
        let display_name = grammar::display_name(&self.name.unwrap_or_default())?;
        if self.verifiers.as_ref().is_some_and(|verifiers| !verifiers.are_well_formed()) {
            return Err(Error::bad("the verifiers of the password are not well formed"));
        }
        let unit = db::AddUser {
            login: login.clone(),
            display_name: display_name.clone(),
            address: address.clone(),
            verifiers: self.verifiers,
            first_mailboxes: context.settings.accounts.first_mailboxes.clone(),
            now: context.now,
        };
        Ok(one_unit(unit, move |added, _| match added {
            db::AddedUser::Added => Ok(Answer::sentence(
                format!("User {login} was added; mail for {address} goes to /users/{login}/INBOX."),
                json!({"login": login.as_str(), "address": address.to_string(), "name": display_name}),
            )),
            db::AddedUser::LoginTaken => {
                Err(Error::no(Code::AlreadyExists, format!("there is a user {login} already")))
            }
            db::AddedUser::AddressTaken(alias) => Err(taken(&address, &alias)),
        }))
    }
}

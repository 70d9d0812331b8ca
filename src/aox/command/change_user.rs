//! `aox change user LOGIN --name NAME`: what people call a user.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::display_name;
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// An empty name takes the name away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeUser {
    pub login: String,
    pub name: String,
}

impl ChangeUser {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let ChangeUser { login, name } = self;
        let display_name = display_name(&name)?;
        let unit = db::ChangeUser { login: login.clone(), display_name: display_name.clone() };
        Ok(one_unit(unit, move |changed, _| {
            if !changed {
                return Err(Error::no(Code::NonExistent, format!("there is no user {login}")));
            }
            let sentence = match &display_name {
                Some(name) => format!("{login} is called {name} now."),
                None => format!("{login} has no other name now."),
            };
            Ok(Answer::sentence(sentence, json!({"login": login, "name": display_name})))
        }))
    }
}

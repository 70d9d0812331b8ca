//! `aox disable user LOGIN`: nobody logs in as that user; mail is delivered as before.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Which user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisableUser {
    pub login: String,
}

impl DisableUser {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        switch(self.login, true)
    }
}

/// Lets a user log in, or not. That it is so already is fine.
pub(super) fn switch(login: String, disabled: bool) -> Plan<Context, Outcome> {
    one_unit(db::SetUserDisabled { login: login.clone(), disabled }, move |switched, context| {
        let nobody = || Error::no(Code::NonExistent, format!("there is no user {login}"));
        let db::SwitchedUser { account, login, already } = switched.ok_or_else(nobody)?;
        if disabled {
            context.dismissed.push(account);
        }
        let sentence = match (disabled, already) {
            (true, false) => {
                format!(
                    "{login} is disabled: nobody logs in as {login} or stays logged in, mail is still delivered."
                )
            }
            (false, false) => format!("{login} is enabled, and can log in again."),
            (true, true) => format!("{login} was disabled already."),
            (false, true) => format!("{login} was not disabled."),
        };
        Ok(Answer::sentence(sentence, json!({"login": login, "disabled": disabled, "already": already})))
    })
}

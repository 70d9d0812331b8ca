//! `aox change password LOGIN`: new verifiers for an account.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::wire::password::Verifiers;

/// As for `add user`, the password itself never travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword {
    pub login: String,
    pub verifiers: Verifiers,
}

impl ChangePassword {
    /// One transaction.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        if !self.verifiers.are_well_formed() {
            return at_once(Err(Error::bad("the verifiers of the password are not well formed")));
        }
        let login = self.login.clone();
        let unit = db::ChangePassword { login: self.login, verifiers: self.verifiers, now: context.now };
        one_unit(unit, move |changed, context| {
            let nobody = || Error::no(Code::NonExistent, format!("there is no user {login}"));
            context.dismissed.push(changed.ok_or_else(nobody)?);
            Ok(Answer::sentence(
                format!("The password of {login} was changed; open connections of {login} are closed."),
                json!({"login": login}),
            ))
        })
    }
}

//! `aox delete app-password LOGIN NAME`: takes the password of one application back.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAppPassword {
    pub login: String,
    pub name: String,
}

impl DeleteAppPassword {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let DeleteAppPassword { login, name } = self;
        let unit = db::DeleteAppPassword { login: login.clone(), name: name.clone() };
        one_unit(unit, move |deleted, context| {
            let none = || format!("there is no app password \"{name}\" of {login}");
            let account = deleted.ok_or_else(|| Error::no(Code::NonExistent, none()))?;
            // Which of the connections used it is not known; the others come back by themselves.
            context.dismissed.push(account);
            Ok(Answer::sentence(
                format!("The app password \"{name}\" of {login} works no more; open connections are closed."),
                json!({"login": login, "name": name}),
            ))
        })
    }
}

//! `aox delete user LOGIN`: ends an account. Its mail becomes tombstones, like any other that is deleted.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Which account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteUser {
    pub login: String,
}

impl DeleteUser {
    /// One transaction.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        let login = self.login.clone();
        one_unit(db::DeleteUser { login: self.login, now: context.now }, move |deleted, _| {
            let Some(messages) = deleted else {
                return Err(Error::no(Code::NonExistent, format!("there is no user {login}")));
            };
            Ok(Answer::sentence(
                format!(
                    "User {login} was deleted, with {}; mail for that user is refused from now on.",
                    counted(messages, "message")
                ),
                json!({"login": login, "messages": messages}),
            ))
        })
    }
}

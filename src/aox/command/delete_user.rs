//! `aox delete user LOGIN`: ends an account. Its mail becomes tombstones, like any other that is deleted.

use serde::{Deserialize, Serialize};
use serde_json::json;

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
        let unit = db::DeleteUser { login: self.login, now: context.now };
        Plan::run(unit, move |outcome, context: &mut Context| {
            Plan::Done(match outcome {
                Ok(Some(changes)) => {
                    let messages: i64 = changes.iter().map(|change| change.expunged.len() as i64).sum();
                    context.changes.extend(changes);
                    Ok(respond(&login, messages))
                }
                Ok(None) => Err(Error::no(Code::NonExistent, format!("there is no user {login}"))),
                Err(error) => Err(error.into()),
            })
        })
    }
}

fn respond(login: &str, messages: i64) -> Answer {
    let had = counted(messages, "message");
    Answer::sentence(
        format!("User {login} was deleted, with {had}; mail for that user is refused from now on."),
        json!({"login": login, "messages": messages}),
    )
}

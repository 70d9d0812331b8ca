//! `aox rename user OLD NEW`: another login for the same account.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::mailbox::Login;
use crate::plan::Plan;

/// All but the login stays: mail, addresses, aliases, groups, rights, passwords, open connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameUser {
    pub login: String,
    pub new_login: String,
}

impl RenameUser {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let to = Login::new(&self.new_login)?;
        let from = self.login;
        Ok(one_unit(db::RenameUser { from: from.clone(), to: to.clone() }, move |was, _| match was {
            Some(was) => Ok(Answer::sentence(
                format!("{was} logs in as {to} from now on; all else stays as it was, addresses too."),
                json!({"login": to.as_str(), "was": was}),
            )),
            None => Err(Error::no(Code::NonExistent, format!("there is no user {from}"))),
        }))
    }
}

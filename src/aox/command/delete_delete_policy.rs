//! `aox delete delete-policy SCOPE`: takes back what was said about who may delete.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::set_delete_policy::{in_words, to};
use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{delete_scope, delete_scope_name};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::policy::deletion::Role;

/// The scope as in `set delete-policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteDeletePolicy {
    pub scope: String,
    #[serde(default)]
    pub role: Role,
}

impl DeleteDeletePolicy {
    /// One statement; the row stays as evidence.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let scope = delete_scope(&self.scope)?;
        let role = self.role;
        let unit = db::SetDeletePolicy { scope: scope.clone(), role, verdict: None };
        Ok(one_unit(unit, move |changed, _| {
            let policy = format!("the delete policy of {}{}", in_words(&scope), to(role));
            match changed {
                true => Ok(Answer::sentence(
                    format!("From now on {policy} says nothing."),
                    json!({"scope": delete_scope_name(&scope), "role": role}),
                )),
                false => Err(Error::no(Code::NonExistent, format!("{policy} says nothing already"))),
            }
        }))
    }
}

//! `aox delete quota ROOT`: takes limits back.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::quota_root;
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::policy::quota::Root;

/// Whose quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteQuota {
    /// `user/anna` and its like.
    pub root: String,
}

impl DeleteQuota {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let root = quota_root(&self.root)?;
        Ok(one_unit(db::DeleteQuota { root: root.clone() }, move |found, _| match found {
            true => Ok(respond(&root)),
            false => Err(Error::no(Code::NonExistent, format!("no quota {root} was set"))),
        }))
    }
}

fn respond(root: &Root) -> Answer {
    let then = match root {
        Root::User(login) => format!("; user {login} is under the default quota, if there is one"),
        _ => String::new(),
    };
    Answer::sentence(format!("The quota {root} was deleted{then}."), json!({"quota": root.to_string()}))
}

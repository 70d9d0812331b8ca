//! `aox delete member GROUP LOGIN`: a user leaves a group.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::plan::Plan;

/// Who leaves which group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMember {
    pub group: String,
    pub login: String,
}

impl DeleteMember {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let DeleteMember { group, login } = self;
        one_unit(db::DeleteMember { group, login: login.clone() }, move |(group, changes), context| {
            context.changes.extend(changes);
            let sentence = format!("{login} is no longer in group {group}.");
            Ok(Answer::sentence(sentence, json!({"group": group, "login": login})))
        })
    }
}

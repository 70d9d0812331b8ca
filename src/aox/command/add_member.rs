//! `aox add member GROUP LOGIN…`: users join a group.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// All of them, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddMember {
    pub group: String,
    pub logins: Vec<String>,
}

impl AddMember {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let AddMember { group, logins } = self;
        one_unit(db::AddMembers { group, logins: logins.clone() }, move |(group, added, changes), context| {
            context.changes.extend(changes);
            let new = logins.iter().zip(&added).filter(|(_, added)| **added);
            let new: Vec<&str> = new.map(|(login, _)| login.as_str()).collect();
            if new.is_empty() {
                let text = format!("{} in group {group} already", are(&logins));
                return Err(Error::no(Code::AlreadyExists, text));
            }
            let sentence = format!("{} in group {group} now.", are(&new));
            Ok(Answer::sentence(sentence, json!({"group": group, "added": new})))
        })
    }
}

/// The names, and the verb that fits their number.
fn are<T: AsRef<str>>(logins: &[T]) -> String {
    let names: Vec<&str> = logins.iter().map(AsRef::as_ref).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

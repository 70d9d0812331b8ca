//! `aox add domain NAME`: addresses may be in that domain.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar;
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// With the first one, addresses can no longer be added in others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddDomain {
    pub name: String,
}

impl AddDomain {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let name = match grammar::domain(&self.name) {
            Ok(name) => name,
            Err(error) => return at_once(Err(error)),
        };
        one_unit(db::AddDomain { name: name.clone() }, move |added, _| {
            if !added.added {
                return Err(Error::no(Code::AlreadyExists, format!("there is a domain {name} already")));
            }
            let json = json!({"domain": name, "unlisted": added.unlisted});
            let mut answer = Answer::sentence(format!("{name} is a domain of this site now."), json);
            if !added.unlisted.is_empty() {
                answer.sentences.push(format!(
                    "There are addresses in other domains, too: {}. Their mail is still taken, but none can be added \
                     there until these are domains of this site.",
                    added.unlisted.join(", ")
                ));
            }
            Ok(answer)
        })
    }
}

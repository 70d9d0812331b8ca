//! `aox add alias ADDRESS TARGET…`: mail for an address goes to mailboxes and to other addresses, beside others.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{alias_address, alias_name, alias_target, target_name};
use crate::db::{self, AddedTarget};
use crate::error::{Code, Error};
use crate::plan::Plan;

/// A target is `/users/LOGIN/NAME`, a login for its INBOX, or an address of this site. The address `@DOMAIN` takes all
/// mail of a domain that nothing else takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAlias {
    pub address: String,
    pub targets: Vec<String>,
}

impl AddAlias {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        if self.targets.is_empty() {
            return Err(Error::bad("an alias needs a target"));
        }
        let address = alias_address(&self.address)?;
        let targets: Vec<db::AliasTarget> =
            self.targets.iter().map(|text| alias_target(text)).collect::<Result<_, _>>()?;
        let names: Vec<String> = targets.iter().map(target_name).collect();
        let alias = alias_name(&address);
        Ok(one_unit(db::AddAlias { address, targets }, move |added, _| respond(&alias, &names, &added)))
    }
}

fn respond(alias: &str, names: &[String], added: &[AddedTarget]) -> Outcome {
    let of = |wanted: AddedTarget| {
        let chosen = names.iter().zip(added).filter(|(_, added)| **added == wanted);
        chosen.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    let (new, old) = (of(AddedTarget::Added), of(AddedTarget::ThereAlready));
    if new.is_empty() {
        let text = format!("mail for {alias} goes to {} already", old.join(", "));
        return Err(Error::no(Code::AlreadyExists, text));
    }
    let mut answer = Answer::sentence(
        format!("Mail for {alias} goes to {} now.", new.join(", ")),
        json!({"address": alias, "added": new, "there_already": old}),
    );
    if !old.is_empty() {
        answer.sentences.push(format!("It went to {} already.", old.join(", ")));
    }
    Ok(answer)
}

//! `aox delete alias ADDRESS [TARGET]`: mail for an address goes there no longer.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{alias_address, alias_name, alias_target, target_name, target_names};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Without a target all of them go, except that a user keeps the address that is the user's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAlias {
    pub address: String,
    pub target: Option<String>,
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteAlias {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let address = alias_address(&self.address)?;
        let target = self.target.as_deref().map(alias_target).transpose()?;
        let alias = alias_name(&address);
        let unit = db::DeleteAlias { address, target, rehearse: self.dry_run };
        Ok(one_unit(unit, move |deleted, _| respond(&alias, &deleted, self.dry_run)))
    }
}

fn respond(alias: &str, deleted: &db::DeletedAlias, dry_run: bool) -> Outcome {
    if deleted.gone.is_empty() {
        return Err(Error::no(
            Code::NonExistent,
            match deleted.left.first() {
                None => format!("there is no alias {alias}"),
                Some(own) if own.own => {
                    format!(
                        "{alias} is an address of {}; see `aox delete address`",
                        target_names(&deleted.left)
                    )
                }
                Some(_) => {
                    format!("mail for {alias} does not go there, but to {}", target_names(&deleted.left))
                }
            },
        ));
    }
    let (goes, refused, still) = match dry_run {
        true => ("would no longer go", "would be refused", "would still go"),
        false => ("goes no longer", "is refused from now on", "still goes"),
    };
    let mut answer = Answer::sentence(
        format!("Mail for {alias} {goes} to {}.", target_names(&deleted.gone)),
        json!({"address": alias, "dry_run": dry_run, "gone": names(&deleted.gone), "left": names(&deleted.left)}),
    );
    answer.sentences.push(match deleted.left.is_empty() {
        true => format!("Unless something else takes it, it {refused}."),
        false => format!("It {still} to {}.", target_names(&deleted.left)),
    });
    Ok(answer)
}

/// For programs: where aliases lead.
fn names(aliases: &[db::Alias]) -> Vec<String> {
    aliases.iter().map(|alias| target_name(&alias.target)).collect()
}

//! `aox delete user LOGIN`: ends an account. Its mail becomes tombstones, like any other that is deleted.

use serde::{Deserialize, Serialize};

use super::one_unit;
use super::show_user::{alias_table, facts, holdings};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, UserDetails};
use crate::error::{Code, Error};
use crate::mailbox::AccountId;
use crate::plan::Plan;

/// Which account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteUser {
    pub login: String,
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteUser {
    /// One transaction.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        let DeleteUser { login, dry_run } = self;
        let unit = db::DeleteUser { login: login.clone(), rehearse: dry_run, now: context.now };
        one_unit(unit, move |deleted, context| {
            let nobody = || Error::no(Code::NonExistent, format!("there is no user {login}"));
            let db::DeletedUser { had, changes } = deleted.ok_or_else(nobody)?;
            context.changes.extend(changes);
            if !dry_run {
                context.dismissed.push(AccountId(had.account));
            }
            Ok(respond(&had, dry_run))
        })
    }
}

fn respond(had: &UserDetails, dry_run: bool) -> Answer {
    let (was, refused) = match dry_run {
        true => ("would be deleted", "would be refused"),
        false => ("was deleted", "is refused from now on"),
    };
    let sentence = format!(
        "User {} {was}, with {}; mail for these addresses {refused}, unless they lead elsewhere too:",
        had.login,
        holdings(had).join(", ")
    );
    let mut json = facts(had);
    json["dry_run"] = dry_run.into();
    Answer { table: Some(alias_table(had)), ..Answer::sentence(sentence, json) }
}

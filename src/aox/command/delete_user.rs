//! `aox delete user LOGIN`: ends an account. Its mail becomes tombstones, like any other that is deleted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::delete_mailbox::thinned_out;
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
    /// One transaction, or of very much mail some thousand messages in each.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        self.go_on(None, db::ThinnedOut::default(), context.now)
    }

    /// Goes on; `had` is what it had at first.
    fn go_on(
        self,
        had: Option<UserDetails>,
        so_far: db::ThinnedOut,
        now: Timestamp,
    ) -> Plan<Context, Outcome> {
        let unit = db::DeleteUser { login: self.login.clone(), rehearse: self.dry_run, now, so_far };
        Plan::run(unit, move |outcome: Result<Option<db::DeletedUser>, db::Error>, context: &mut Context| {
            let deleted = match outcome {
                Ok(Some(deleted)) => deleted,
                Ok(None) => {
                    let text = format!("there is no user {}", self.login);
                    return Plan::Done(Err(Error::no(Code::NonExistent, text)));
                }
                Err(error) => return Plan::Done(Err(error.into())),
            };
            context.changes.extend(deleted.changes);
            let had = had.unwrap_or(deleted.had);
            if let Some(rest) = deleted.rest {
                return Plan::emit(thinned_out(rest), move |_| self.go_on(Some(had), rest, now));
            }
            if !self.dry_run {
                context.dismissed.push(AccountId(had.account));
            }
            Plan::Done(Ok(respond(&had, self.dry_run)))
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

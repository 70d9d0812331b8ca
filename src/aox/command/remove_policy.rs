//! `aox remove policy ID|NAME`: takes a policy back that retains mail, or has it deleted.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::retention::{BY, find, policy_json, sentence, still_kept};
use crate::db::{self, ListedPolicy};
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::policy::PolicyKind;

/// Which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovePolicy {
    /// Its number or its name.
    pub policy: String,
}

impl RemovePolicy {
    /// Two transactions: it is found, then taken back.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        find(&self.policy, |policy, _| match policy.kind {
            PolicyKind::Hold => {
                let name = policy.name.unwrap_or_default();
                let text = format!(
                    "this is a hold: say aox release hold \"{name}\", so that it is not done by mistake"
                );
                Plan::Done(Err(Error::no(Code::Cannot, text)))
            }
            _ => take_back(policy),
        })
    }
}

/// Takes one back, and says from when on that counts.
pub(super) fn take_back(policy: ListedPolicy) -> Plan<Context, Outcome> {
    let id = policy.id;
    if policy.removed_at.is_some() {
        let kept = still_kept(&policy).map(|kept| format!("; {kept}")).unwrap_or_default();
        let text = format!("policy {id} has been taken back before{kept}");
        return Plan::Done(Err(Error::no(Code::NonExistent, text)));
    }
    Plan::run(
        db::RemovePolicy { id, by: BY.to_owned() },
        move |removed: Result<bool, db::Error>, _: &mut Context| match removed {
            Err(error) => Plan::Done(Err(error.into())),
            Ok(false) => {
                let text = format!("policy {id} has just been taken back by somebody else");
                Plan::Done(Err(Error::no(Code::NonExistent, text)))
            }
            Ok(true) => {
                one_unit(db::ListPolicies { id: Some(id), ..db::ListPolicies::default() }, move |found, _| {
                    let policy = found.into_iter().next().unwrap_or(policy);
                    let kept = still_kept(&policy).map(|kept| format!("; {kept}")).unwrap_or_default();
                    let told = format!("Policy {id} was taken back, by which {}{kept}.", sentence(&policy));
                    Ok(Answer::sentence(told, json!({"removed": policy_json(&policy)})))
                })
            }
        },
    )
}

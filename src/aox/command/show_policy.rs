//! `aox show policy ID|NAME`: one policy, and how many messages it covers now.

use serde::{Deserialize, Serialize};

use crate::aox::answer::{Answer, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::retention::{count, count_json, covers, find, policy_json, sentence, still_kept};
use crate::plan::Plan;

/// Which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowPolicy {
    /// Its number or its name.
    pub policy: String,
}

impl ShowPolicy {
    /// One statement, and then pages that are counted.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        find(&self.policy, |policy, _| {
            count(policy.id, move |counted, _| {
                let mut says = sentence(&policy);
                says[..1].make_ascii_uppercase();
                let name = policy.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
                let mut sentences = vec![
                    format!("Policy {}{name}: {says}.", policy.id),
                    format!("It was made at {} by {}.", moment(policy.created_at), policy.created_by),
                ];
                if let (Some(at), Some(by)) = (policy.removed_at, &policy.removed_by) {
                    let kept = still_kept(&policy).map(|kept| format!("; {kept}")).unwrap_or_default();
                    sentences.push(format!("It was taken back at {} by {by}{kept}.", moment(at)));
                }
                let mut covered = covers(&counted);
                covered[..1].make_ascii_uppercase();
                sentences.push(format!("{covered}."));
                let mut json = policy_json(&policy);
                json["covers"] = count_json(&counted);
                Ok(Answer { sentences, table: None, json, good: true })
            })
        })
    }
}

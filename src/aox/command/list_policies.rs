//! `aox list policies` and `aox show retention`: what must stay, what must go, and what is on hold.

use serde::{Deserialize, Serialize};

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, Table, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::aox::retention::{policy_json, sentence};
use crate::db;
use crate::error::Error;
use crate::plan::Plan;

/// Which; all without a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPolicies {
    /// Only those that say something of mail in this mailbox.
    #[serde(default)]
    pub mailbox: Option<String>,
}

impl ListPolicies {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let place = self.mailbox.as_deref().map(MailboxPath::parse).transpose()?;
        let place = place.map(|path| db::Administered::Of(path.login, path.mailbox));
        Ok(one_unit(db::ListPolicies { place, ..db::ListPolicies::default() }, |policies, _| {
            let mut table = Table::new(&["Policy", "Kind", "Name", "Says", "Since", "By"]);
            for policy in &policies {
                let mut says = sentence(policy);
                if let Some(until) = policy.kept_until {
                    says = format!("{says}; taken back, and counts until {}", moment(until));
                }
                table.rows.push(vec![
                    policy.id.to_string(),
                    policy.kind.word().to_owned(),
                    policy.name.clone().unwrap_or_default(),
                    says,
                    moment(policy.created_at),
                    policy.created_by.clone(),
                ]);
            }
            let none = "There are no policies: mail ends when its undelete time has passed.";
            Ok(Answer::list(table, none, policies.iter().map(policy_json).collect()))
        }))
    }
}

//! `aox release hold NAME`: takes a hold back.

use serde::{Deserialize, Serialize};

use super::remove_policy::take_back;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::retention::find;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::policy::PolicyKind;

/// Which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseHold {
    /// Its name, or its number.
    pub name: String,
}

impl ReleaseHold {
    /// Two transactions: it is found, then taken back.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        find(&self.name, |policy, _| match policy.kind {
            PolicyKind::Hold => take_back(policy),
            _ => {
                let text = format!("policy {0} is no hold: say aox remove policy {0}", policy.id);
                Plan::Done(Err(Error::no(Code::Cannot, text)))
            }
        })
    }
}

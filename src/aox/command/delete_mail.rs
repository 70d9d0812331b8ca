//! `aox delete mail DAYS [MAILBOX] [SEARCH…]`: has the vacuum delete mail of some age.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, counted, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::retention::{BY, WhoseMail, about, mailbox_and_search, make, says, scope};
use crate::db::{AddPolicy, RehearsePolicy};
use crate::error::Error;
use crate::plan::Plan;
use crate::policy::{PolicyKind, retention};

/// How old, and which mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMail {
    pub days: String,
    pub name: Option<String>,
    #[serde(flatten)]
    pub whose: WhoseMail,
    /// A mailbox, if it begins with a slash, and a search.
    pub words: Vec<String>,
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteMail {
    /// One transaction, and then pages that are counted.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let days = retention::days(&self.days)?;
        let days = days.ok_or_else(|| Error::bad("say how many days old mail is when it is deleted"))?;
        let (mailbox, selector) = mailbox_and_search(&self.words)?;
        let scope = scope(&self.whose, mailbox)?;
        let what = about(&scope, selector.as_ref());
        let says = says(PolicyKind::Delete, Some(days.into()), &what);
        let (kind, name, by) = (PolicyKind::Delete, self.name, BY.to_owned());
        let unit = AddPolicy { kind, name, scope, days: Some(days), selector, by };
        if self.dry_run {
            return Ok(one_unit(RehearsePolicy(unit), move |covered, _| {
                let sentence = format!(
                    "If {says}, then that is {} ({}) now, as far as nothing keeps them.",
                    counted(covered.messages, "message"),
                    octets(covered.octets)
                );
                let json = json!({"messages": covered.messages, "octets": covered.octets, "dry_run": true});
                Ok(Answer::sentence(sentence, json))
            }));
        }
        let told =
            format!("From now on {says}, at the next run of the vacuum, and can be taken back for a while.");
        Ok(make(unit, told))
    }
}

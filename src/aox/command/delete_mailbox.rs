//! `aox delete mailbox MAILBOX`: a mailbox ends; what was in it can be taken back for a while.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::error::Error;
use crate::plan::Plan;

/// The mailbox is `/shared/NAME` or `/users/LOGIN/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMailbox {
    pub mailbox: String,
    /// Only say what would go.
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteMailbox {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let path = MailboxPath::parse(&self.mailbox)?;
        let dry_run = self.dry_run;
        let unit = db::RemoveMailbox { login: path.login.clone(), name: path.mailbox.clone(), dry_run };
        Ok(Plan::run(unit, move |outcome, context: &mut Context| {
            Plan::Done(outcome.map_err(Error::from).map(|removed| {
                context.changes.extend(removed.changes);
                let (path, messages) = (path.to_string(), removed.messages);
                let had = counted(messages, "message");
                let was = if dry_run { "would be" } else { "was" };
                let sentence = format!("Mailbox {path} {was} deleted, with {had}.");
                Answer::sentence(sentence, json!({"mailbox": path, "messages": messages, "dry_run": dry_run}))
            }))
        }))
    }
}

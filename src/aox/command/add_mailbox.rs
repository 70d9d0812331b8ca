//! `aox add mailbox MAILBOX`: a mailbox of a user, or one that belongs to everybody.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::error::Error;
use crate::plan::Plan;

/// The mailbox is `/shared/NAME` or `/users/LOGIN/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddMailbox {
    pub mailbox: String,
}

impl AddMailbox {
    /// One transaction.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let path = MailboxPath::parse(&self.mailbox)?;
        let (login, name) = (path.login.clone(), path.mailbox.clone());
        let uses = context.settings.accounts.first_mailboxes.clone();
        let unit = db::AddMailbox { login, name, uses, now: context.now };
        Ok(one_unit(unit, move |(), _| {
            let path = path.to_string();
            Ok(Answer::sentence(format!("Mailbox {path} was added."), json!({"mailbox": path})))
        }))
    }
}

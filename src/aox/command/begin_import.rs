//! The first thing that `aox import` asks of the server: is there a mailbox to import into?

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::error::Error;
use crate::plan::Plan;

/// The mailbox is a path; it is made if it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginImport {
    pub mailbox: String,
    /// Uids shall be kept, which mean something together with this only.
    pub uidvalidity: Option<u32>,
}

impl BeginImport {
    /// One transaction.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let MailboxPath { login, mailbox: name } = MailboxPath::parse(&self.mailbox)?;
        let unit = db::BeginImport { login, name, uidvalidity: self.uidvalidity, now: context.now };
        Ok(one_unit(unit, move |(), _| {
            let sentence = format!("{} is ready.", self.mailbox);
            Ok(Answer::sentence(sentence, json!({"mailbox": self.mailbox})))
        }))
    }
}

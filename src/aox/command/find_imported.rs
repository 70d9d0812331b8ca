//! What `aox import` asks before it reads files: which of these messages has the mailbox already?

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::error::Error;
use crate::plan::Plan;

/// The mailbox, and how the client names the source and the messages there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindImported {
    pub mailbox: String,
    pub source: String,
    pub items: Vec<String>,
}

impl FindImported {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let MailboxPath { login, mailbox: name } = MailboxPath::parse(&self.mailbox)?;
        let FindImported { source, items, .. } = self;
        Ok(one_unit(db::FindImported { login, name, source, items }, |known, _| {
            let sentence = format!("{} imported already.", counted(known.len() as i64, "message"));
            Ok(Answer::sentence(sentence, json!({"imported": known})))
        }))
    }
}

//! `aox change mailbox MAILBOX --seen-per-user true|false`: how a mailbox works for those who share it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::error::Error;
use crate::plan::Plan;

/// The mailbox is `/shared/NAME` or `/users/LOGIN/NAME`, or a login for its INBOX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeMailbox {
    pub mailbox: String,
    pub seen_per_user: bool,
}

impl ChangeMailbox {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let path = MailboxPath::parse(&self.mailbox)?;
        let seen_per_user = self.seen_per_user;
        let unit = db::ChangeMailbox { login: path.login.clone(), name: path.mailbox.clone(), seen_per_user };
        Ok(one_unit(unit, move |change, context| {
            context.changes.extend(change);
            let path = path.to_string();
            let sentence = match seen_per_user {
                true => {
                    format!("In {path} everybody who is not its owner has marks of his own for what is seen.")
                }
                false => format!("In {path} all share the marks for what is seen."),
            };
            Ok(Answer::sentence(sentence, json!({"mailbox": path, "seen_per_user": seen_per_user})))
        }))
    }
}

//! `aox set undelete-time`: for how long what was deleted can be taken back.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{MailboxPath, domain};
use crate::aox::retention::BY;
use crate::db::{self, UndeleteScope};
use crate::error::Error;
use crate::mailbox::Login;
use crate::plan::Plan;
use crate::policy::retention::DAYS_MAX;

/// For whom, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUndeleteTime {
    pub user: Option<String>,
    pub mailbox: Option<String>,
    pub domain: Option<String>,
    /// None takes the rule back.
    pub days: Option<u32>,
}

impl SetUndeleteTime {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let days = self.days;
        if days.is_some_and(|days| days > DAYS_MAX) {
            return Err(Error::bad(format!("an undelete time is {DAYS_MAX} days at most")));
        }
        let scope = match (self.user, self.mailbox, self.domain) {
            (Some(user), None, None) => UndeleteScope::User(Login::new(&user)?.as_str().to_owned()),
            (None, Some(path), None) => {
                let MailboxPath { login, mailbox } = MailboxPath::parse(&path)?;
                UndeleteScope::Mailbox(login, mailbox)
            }
            (None, None, Some(name)) => UndeleteScope::Domain(domain(&name)?),
            _ => return Err(Error::bad("name a user, a mailbox or a domain")),
        };
        let what = in_words(&scope);
        let unit = db::SetUndeleteTime { scope, days, by: BY.to_owned() };
        Ok(one_unit(unit, move |is_new, _| {
            let sentence = match (days, is_new) {
                (_, false) => format!("That was so before for {what}."),
                (None, true) => format!("For {what} there is no undelete time of its own any more."),
                (Some(days), true) => format!(
                    "What is deleted from now on can be taken back for {} in {what}; where that is shorter than \
                     before, it counts for what is deleted in a week or later.",
                    counted(days.into(), "day")
                ),
            };
            Ok(Answer::sentence(sentence, json!({"days": days, "changed": is_new})))
        }))
    }
}

/// Where an undelete time counts.
pub(super) fn in_words(scope: &UndeleteScope) -> String {
    match scope {
        UndeleteScope::Site => "all mailboxes without another".to_owned(),
        UndeleteScope::Domain(domain) => format!("the mailboxes of users of {domain}"),
        UndeleteScope::User(login) => format!("the mailboxes of {login}"),
        UndeleteScope::Mailbox(login, name) => crate::aox::grammar::mailbox_path(login, name.as_str()),
    }
}

//! `aox retain mail DAYS|forever [MAILBOX] [SEARCH…]`: keeps mail from ending.

use serde::{Deserialize, Serialize};

use super::at_once;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::retention::{BY, WhoseMail, about, mailbox_and_search, make, says, scope};
use crate::db::AddPolicy;
use crate::error::Error;
use crate::plan::Plan;
use crate::policy::{PolicyKind, retention};

/// How long, and which mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainMail {
    /// A number of days, counted from when a message came, or `forever`.
    pub days: String,
    pub name: Option<String>,
    #[serde(flatten)]
    pub whose: WhoseMail,
    /// A mailbox, if it begins with a slash, and a search.
    pub words: Vec<String>,
}

impl RetainMail {
    /// One transaction, and then pages that are counted.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let days = retention::days(&self.days)?;
        let (mailbox, selector) = mailbox_and_search(&self.words)?;
        let scope = scope(&self.whose, mailbox)?;
        let what = about(&scope, selector.as_ref());
        let told = format!("From now on {}.", says(PolicyKind::Retain, days.map(i64::from), &what));
        let (kind, name, by) = (PolicyKind::Retain, self.name, BY.to_owned());
        Ok(make(AddPolicy { kind, name, scope, days, selector, by }, told))
    }
}

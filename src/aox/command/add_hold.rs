//! `aox add hold NAME`: nothing that it covers ends, whoever deletes it, until the hold is released.

use serde::{Deserialize, Serialize};

use super::at_once;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::display_name;
use crate::aox::retention::{BY, WhoseMail, about, make, scope, search};
use crate::db::AddPolicy;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::policy::PolicyKind;
use crate::search::Selector;

/// What is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddHold {
    /// What it is called, such as the number of a case.
    pub name: String,
    #[serde(flatten)]
    pub whose: WhoseMail,
    pub mailbox: Option<String>,
    pub search: Vec<String>,
}

impl AddHold {
    /// One transaction, and then pages that are counted.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let named = display_name(&self.name)?.filter(|name| name.parse::<i64>().is_err());
        let name = named.ok_or_else(|| Error::bad("a hold needs a name that is not a number"))?;
        let scope = scope(&self.whose, self.mailbox.as_deref())?;
        let selector = search(&self.search)?;
        if selector.as_ref().is_some_and(Selector::asks_for_flags) {
            let why =
                "a hold cannot ask for flags and keywords: whoever may change them could take mail out of it";
            return Err(Error::no(Code::Cannot, why));
        }
        let what = about(&scope, selector.as_ref());
        let told = format!("From now on {what} is on hold for {name}: it does not end, whoever deletes it.");
        let (kind, by) = (PolicyKind::Hold, BY.to_owned());
        Ok(make(AddPolicy { kind, name: Some(name), scope, days: None, selector, by }, told))
    }
}

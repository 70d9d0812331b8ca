//! `aox add group NAME [LOGIN…]`: users who have rights and limits together.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::display_name;
use crate::db;
use crate::error::Error;
use crate::mailbox::Login;
use crate::plan::Plan;

/// Names of groups are like logins, and may be the same as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddGroup {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub members: Vec<String>,
}

impl AddGroup {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let AddGroup { name, description, members } = self;
        let name = Login::new(name.strip_prefix('$').unwrap_or(&name))?;
        let description = display_name(&description.unwrap_or_default())?;
        let unit = db::AddGroup { name: name.clone(), description, members: members.clone() };
        Ok(one_unit(unit, move |(), _| {
            let has = counted(members.len() as i64, "member");
            Ok(Answer::sentence(
                format!("Group {name} was added, with {has}; access rights call it ${name}."),
                json!({"group": name.as_str(), "members": members}),
            ))
        }))
    }
}

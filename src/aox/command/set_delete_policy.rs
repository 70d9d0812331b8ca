//! `aox set delete-policy SCOPE VERDICT`: says who may delete.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{delete_scope, delete_scope_name, mailbox_path};
use crate::db;
use crate::error::Error;
use crate::plan::Plan;
use crate::policy::deletion::{Role, Scope, Verdict};

/// The scope is `site`, `domain/example.org`, `group/staff`, `user/anna`, or `mailbox/` and a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetDeletePolicy {
    pub scope: String,
    #[serde(default)]
    pub role: Role,
    pub verdict: Verdict,
}

impl SetDeletePolicy {
    /// One transaction. Who has a mailbox open hears of it at once.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let scope = delete_scope(&self.scope)?;
        let SetDeletePolicy { role, verdict, .. } = self;
        let unit = db::SetDeletePolicy { scope: scope.clone(), role, verdict: Some(verdict) };
        Ok(one_unit(unit, move |changed, _| {
            let said = if changed { "From now on" } else { "It was so already:" };
            let sentence = format!(
                "{said} the delete policy of {} says \"{}\"{}.",
                in_words(&scope),
                verdict.name(),
                to(role)
            );
            Ok(Answer::sentence(
                sentence,
                json!({
                    "scope": delete_scope_name(&scope), "role": role, "verdict": verdict, "changed": changed
                }),
            ))
        }))
    }
}

/// The scope in a sentence.
pub(super) fn in_words(scope: &Scope) -> String {
    match scope {
        Scope::Settings => "the settings".to_owned(),
        Scope::Site => "the site".to_owned(),
        Scope::Domain(name) => format!("the domain {name}"),
        Scope::Group(name) => format!("the group {name}"),
        Scope::User(login) => format!("the user {login}"),
        Scope::Mailbox(login, name) => format!("the mailbox {}", mailbox_path(login, name.as_str())),
    }
}

/// To whom it says so, in a sentence.
pub(super) fn to(role: Role) -> String {
    match role {
        Role::Everybody => String::new(),
        role => format!(" to {}", role.name()),
    }
}

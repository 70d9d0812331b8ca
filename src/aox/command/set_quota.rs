//! `aox set quota ROOT`: limits what a user, a group or a domain may keep.

use serde::{Deserialize, Serialize};

use super::list_quotas::{json, limits};
use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::quota_root;
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;
use crate::policy::quota::{Limits, Root};

/// Whose quota, and all its limits: sizes in octets, None for no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetQuota {
    /// `user/anna` and its like.
    pub root: String,
    pub storage: Option<u64>,
    pub messages: Option<u64>,
    pub mailboxes: Option<u64>,
    pub annotations: Option<u64>,
}

impl SetQuota {
    /// One transaction; it counts what the members of a group or a domain hold already.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let root = quota_root(&self.root)?;
        let SetQuota { storage, messages, mailboxes, annotations, .. } = self;
        let limits = Limits { storage, messages, mailboxes, annotations };
        let unit = db::SetQuota { root: root.clone(), limits };
        Ok(one_unit(unit, move |found, _| match found {
            true => Ok(respond(&root, &limits)),
            false => Err(nobody(&root)),
        }))
    }
}

fn respond(root: &Root, set: &Limits) -> Answer {
    let who = in_words(root);
    let told = limits(set);
    let sentence = match told.is_empty() {
        true => format!("There is no limit to what {who} may keep."),
        false => format!("From now on {who} may keep {} at most.", told.join(", ")),
    };
    Answer::sentence(sentence, json(root, set, None))
}

/// There is no such user, group or domain.
pub(super) fn nobody(root: &Root) -> Error {
    let who = match root {
        Root::Default => "default".to_owned(),
        Root::User(login) => format!("user {login}"),
        Root::Group(name) => format!("group {name}"),
        Root::Domain(name) => format!("domain {name}"),
    };
    Error::no(Code::NonExistent, format!("there is no {who}"))
}

/// Whom a quota concerns.
pub(super) fn in_words(root: &Root) -> String {
    match root {
        Root::Default => "each user without a quota alone".to_owned(),
        Root::User(login) => format!("user {login}"),
        Root::Group(name) => format!("the group {name} together"),
        Root::Domain(name) => format!("the users of {name} together"),
    }
}

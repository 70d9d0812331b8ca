//! `aox list mailboxes [LOGIN|GLOB]`: the mailboxes of one user, or of all, or those that were deleted.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, moment, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::glob::{Glob, is_meant, listed};
use crate::aox::grammar::mailbox_path;
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Without a login, everybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMailboxes {
    pub login: Option<String>,
    /// Of paths.
    #[serde(default)]
    pub glob: Option<Glob>,
    /// Those that were deleted, and what can be taken back of them.
    #[serde(default)]
    pub deleted: bool,
}

impl ListMailboxes {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let ListMailboxes { login, glob, deleted } = self;
        let unit = db::ListAllMailboxes { login: login.clone(), deleted };
        one_unit(unit, move |mut mailboxes, _| match login {
            // Every account has an INBOX, so none at all means that there is no such account.
            Some(login) if mailboxes.is_empty() && !deleted => {
                Err(Error::no(Code::NonExistent, format!("there is no user {login}")))
            }
            _ => {
                mailboxes.retain(|one| is_meant(glob.as_ref(), [&*mailbox_path(&one.login, &one.name)]));
                Ok(listed(respond(&mailboxes, deleted), glob.as_ref()))
            }
        })
    }
}

fn respond(mailboxes: &[db::MailboxOfUser], deleted: bool) -> Answer {
    let last = if deleted { "Deleted" } else { "Use" };
    let mut table = Table::new(&["Mailbox", "Messages", "Unseen", "Size", last]);
    let mut json = Vec::new();
    for found in mailboxes {
        let path = mailbox_path(&found.login, &found.name);
        let remark = found.deleted_at.map(moment).or_else(|| found.special_use.clone()).unwrap_or_default();
        json.push(json!({"mailbox": path, "login": found.login, "name": found.name,
            "messages": found.messages, "unseen": found.unseen, "octets": found.octets,
            "special_use": found.special_use, "deleted_at": found.deleted_at.map(|at| at.to_string())}));
        let counts = [found.messages.to_string(), found.unseen.to_string(), octets(found.octets)];
        table.rows.push([vec![path], counts.to_vec(), vec![remark]].concat());
    }
    let none =
        if deleted { "No mailbox was deleted that can be taken back." } else { "There are no mailboxes." };
    Answer::list(table, none, json)
}

//! `aox list mailboxes [LOGIN]`: the mailboxes of one user, or of all.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::mailbox_path;
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Without a login, everybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMailboxes {
    pub login: Option<String>,
}

impl ListMailboxes {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let login = self.login.clone();
        one_unit(db::ListAllMailboxes { login: self.login }, move |mailboxes, _| match login {
            // Every account has an INBOX, so none at all means that there is no such account.
            Some(login) if mailboxes.is_empty() => {
                Err(Error::no(Code::NonExistent, format!("there is no user {login}")))
            }
            _ => Ok(respond(&mailboxes)),
        })
    }
}

fn respond(mailboxes: &[db::MailboxOfUser]) -> Answer {
    let mut table = Table::new(&["Mailbox", "Messages", "Unseen", "Size", "Use"]);
    let mut json = Vec::new();
    for found in mailboxes {
        let path = mailbox_path(&found.login, &found.name);
        let special_use = found.special_use.clone().unwrap_or_default();
        json.push(json!({"mailbox": path, "login": found.login, "name": found.name,
            "messages": found.messages, "unseen": found.unseen, "octets": found.octets,
            "special_use": found.special_use}));
        let counts = [found.messages.to_string(), found.unseen.to_string(), octets(found.octets)];
        table.rows.push([vec![path], counts.to_vec(), vec![special_use]].concat());
    }
    Answer::list(table, "There are no mailboxes.", json)
}

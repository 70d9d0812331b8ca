//! `aox audit show`: what happened, the latest first.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::show_logins::since;
use super::{at_once, one_unit};
use crate::aox::answer::{Answer, Table, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, ListedEvent};
use crate::error::Error;
use crate::limits;
use crate::mailbox::Login;
use crate::plan::Plan;

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditShow {
    /// Only those about this user, or done by this user.
    pub user: Option<String>,
    pub kind: Option<String>,
    /// A date, a time, or a span up to now.
    pub since: Option<String>,
    pub until: Option<String>,
    pub limit: u32,
}

impl AuditShow {
    /// One statement.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        if let Some(kind) = self.kind.as_ref().filter(|kind| !KINDS.contains(&kind.as_str())) {
            let kinds = KINDS.join(", ");
            return Err(Error::bad(format!("\"{kind}\" is no kind of event; there are {kinds}")));
        }
        let unit = db::ListEvents {
            since: self.since.map(|text| since(&text, context.now)).transpose()?,
            until: self.until.map(|text| since(&text, context.now)).transpose()?,
            login_key: self.user.map(|login| Login::key_of(&login)),
            kind: self.kind,
            limit: self.limit.min(limits::LISTED_EVENTS_MAX),
        };
        Ok(one_unit(unit, |events, _| Ok(respond(&events))))
    }
}

fn respond(events: &[ListedEvent]) -> Answer {
    let mut table = Table::new(&["Time", "What", "Whose", "By", "From", "Details"]);
    let mut json = Vec::new();
    for event in events {
        let ListedEvent { at, kind, account, mailbox, by, door, client, uids, detail, seal, id } = event;
        json.push(json!({"id": id, "at": at.to_string(), "kind": kind, "account": account, "mailbox": mailbox,
                         "by": by, "door": door, "client": client, "uids": uids, "detail": detail, "seal": seal}));
        let whose = match (account, mailbox) {
            (Some(login), Some(mailbox)) => crate::aox::grammar::mailbox_path(login, mailbox),
            (Some(login), None) => login.clone(),
            _ => String::new(),
        };
        let from = client.as_ref().map_or_else(|| door.clone(), |client| format!("{door} {client}"));
        let by = by.clone().unwrap_or_default();
        table.rows.push(vec![moment(*at), kind.clone(), whose, by, from, told(event)]);
    }
    Answer::list(table, "Nothing of that kind has happened.", json)
}

/// The details as people read them.
fn told(event: &ListedEvent) -> String {
    let word = |name: &str| event.detail[name].as_str().unwrap_or_default().to_owned();
    match event.kind.as_str() {
        "login" => format!("{}: {} by {}", word("login"), word("outcome"), word("mechanism")),
        "deletion" => format!("{}: uids {}", word("reason"), event.uids.as_deref().unwrap_or("none")),
        "delivery" => {
            let messages = event.detail["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            let one = |message: &Value| {
                let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
                format!("message {} from <{}> to <{}>", message["message"], text("sender"), text("recipient"))
            };
            messages.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        _ => event.detail.to_string(),
    }
}

/// What kinds there are.
const KINDS: [&str; 9] =
    ["append", "command", "deletion", "delivery", "forgetting", "login", "policy", "rights", "undelete"];

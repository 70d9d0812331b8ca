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
    /// Asked by a program that looks on: it is recorded when that begins, and not again and again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_repeated: bool,
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
        "ending" => format!("uids {}, for good", event.uids.as_deref().unwrap_or("none")),
        "undelete" if event.uids.is_some() => format!("uids {}", event.uids.as_deref().unwrap_or_default()),
        "deletion" => format!("{}: uids {}", word("reason"), event.uids.as_deref().unwrap_or("none")),
        "delivery" => {
            let messages = event.detail["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            let one = |message: &Value| {
                let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
                format!("message {} from <{}> to <{}>", message["message"], text("sender"), text("recipient"))
            };
            messages.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        "command" | "undelete" => command(&event.detail),
        _ => event.detail.to_string(),
    }
}

/// A command in one line: its name, what was asked, and what became of it when it changed nothing.
fn command(detail: &Value) -> String {
    let Some(fields) = detail.as_object().filter(|fields| fields.contains_key("command")) else {
        return detail.to_string();
    };
    let name = fields["command"].as_str().unwrap_or_default().replace('-', " ");
    let asked = fields.iter().filter(|(key, value)| {
        let is_said = !value.is_null() && **value != Value::Bool(false);
        is_said && !["command", "outcome"].contains(&key.as_str())
    });
    let asked = asked.map(|(key, value)| match value.as_str() {
        Some(text) => format!(" {key}={text}"),
        None => format!(" {key}={value}"),
    });
    let outcome = fields.get("outcome").and_then(Value::as_str).map(|outcome| format!(": {outcome}"));
    format!("{name}{}{}", asked.collect::<String>(), outcome.unwrap_or_default())
}

/// What kinds there are.
const KINDS: [&str; 11] = [
    "append",
    "command",
    "deletion",
    "delivery",
    "ending",
    "forgetting",
    "login",
    "metadata",
    "policy",
    "rights",
    "undelete",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_in_one_line() {
        let detail =
            json!({"command": "add-user", "login": "anna", "name": null, "dry_run": false, "limit": 5});
        assert_eq!(command(&detail), "add user limit=5 login=anna");
        let refused = json!({"command": "delete-group", "name": "staff", "outcome": "not done: no"});
        assert_eq!(command(&refused), "delete group name=staff: not done: no");
        assert_eq!(command(&json!({"by": "imap"})), "{\"by\":\"imap\"}");
    }
}

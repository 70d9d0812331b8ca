//! `aox undelete mailbox NAME`: a deleted mailbox is there again, with what was below it, their mail and their rights.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use super::undelete::{quota_hint, take_back};
use crate::aox::answer::{Answer, Reply, Table, counted, counted_as};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{MailboxPath, mailbox_path};
use crate::db::{self, Revived, RevivedMailbox};
use crate::error::Error;
use crate::limits;
use crate::mailbox::{MailboxKey, Uid};
use crate::plan::Plan;

/// Which mailbox: `/users/LOGIN/NAME` or `/shared/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndeleteMailbox {
    pub mailbox: String,
    /// What it is to be called.
    #[serde(default)]
    pub into: Option<String>,
    #[serde(default)]
    pub dry_run: bool,
    #[serde(default)]
    pub beyond_quota: bool,
}

/// Mailboxes that are there again, and whose mail comes back one after the other.
pub(super) struct Refilling<T> {
    pub rest: Vec<RevivedMailbox>,
    pub reasons: &'static [&'static str],
    pub beyond_quota: bool,
    /// Messages that are back.
    pub messages: i64,
    pub told: T,
    pub end: fn(T, i64) -> Answer,
}

impl UndeleteMailbox {
    /// The mailboxes first, in one transaction; then their mail, in portions. Broken off, it is begun again in its middle.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let UndeleteMailbox { mailbox, into, dry_run, beyond_quota } = self;
        let path = MailboxPath::parse(&mailbox)?;
        let into = into.as_deref().map(MailboxPath::parse).transpose()?;
        if let Some(into) = into.as_ref().filter(|into| into.login != path.login) {
            let text = format!(
                "{into} belongs to somebody else than {path}; messages alone can go there, by a search"
            );
            return Err(Error::bad(text));
        }
        let login = path.login.clone();
        let into = into.map(|into| into.mailbox);
        let unit = db::ReviveMailbox { login, name: path.mailbox, into, rehearse: dry_run, beyond_quota };
        Ok(Plan::run(unit, move |revived: Result<Revived, db::Error>, context: &mut Context| {
            let mut revived = match revived {
                Ok(revived) => revived,
                Err(error) => return Plan::Done(Err(quota_hint(Error::from(error)))),
            };
            if dry_run {
                return Plan::Done(Ok(respond(&path.login, &revived, None)));
            }
            context.changes.append(&mut revived.changes);
            Refilling {
                rest: revived.mailboxes.clone(),
                reasons: db::MAILBOX_REASONS,
                beyond_quota,
                messages: 0,
                told: (path.login, revived),
                end: |(login, revived), messages| respond(&login, &revived, Some(messages)),
            }
            .next()
        }))
    }
}

impl<T: Send + 'static> Refilling<T> {
    /// The next mailbox.
    pub fn next(mut self) -> Plan<Context, Outcome> {
        let Some(mailbox) = self.rest.pop() else {
            return Plan::Done(Ok((self.end)(self.told, self.messages)));
        };
        let unit = db::FindDeleted { key: mailbox.key, reasons: self.reasons };
        Plan::run(unit, move |found, _: &mut Context| match found {
            Ok(found) => self.refill(mailbox.key, found.iter().collect()),
            Err(error) => Plan::Done(Err(Error::from(error))),
        })
    }

    fn refill(self, key: MailboxKey, mut uids: Vec<Uid>) -> Plan<Context, Outcome> {
        let rest = uids.split_off(uids.len().min(limits::UNDELETE_UNIT_MESSAGES));
        if uids.is_empty() {
            return self.next();
        }
        let uids = uids.into_iter().collect();
        take_back(key.of_deleted(), key, uids, self.beyond_quota, move |taken, _| match taken {
            Ok(taken) => {
                let messages = self.messages + taken.len() as i64;
                let progress = format!("{} taken back", counted(messages, "message"));
                let refilling = Refilling { messages, ..self };
                Plan::emit(Reply::Progress(progress).to_line(), move |_| refilling.refill(key, rest))
            }
            Err(error) => Plan::Done(Err(broken_off(quota_hint(Error::from(error)), self.messages))),
        })
    }
}

/// The mailbox is there, but not all of its mail.
fn broken_off(error: Error, messages: i64) -> Error {
    match error {
        Error::No { code, text } => {
            let done = counted(messages, "message");
            Error::no(code, format!("{text}; {done} came back, and the same command goes on with the others"))
        }
        error => error,
    }
}

/// What came back, or would.
fn respond(login: &str, revived: &Revived, messages: Option<i64>) -> Answer {
    let expected: i64 = revived.mailboxes.iter().map(|mailbox| mailbox.messages).sum();
    let with = counted(messages.unwrap_or(expected), "message");
    let which = counted_as(revived.mailboxes.len() as i64, "mailbox", "mailboxes");
    let verb = if messages.is_some() { "came back" } else { "would come back" };
    let mut sentences = vec![format!("{which} {verb}, with {with}.")];
    sentences.extend(revived.in_use.iter().map(|name| {
        format!("There is a mailbox {} again, so the deleted one stays away.", mailbox_path(login, name))
    }));
    let mut table = Table::new(&["Mailbox", "Messages"]);
    let mut json = Vec::new();
    for RevivedMailbox { name, messages, .. } in &revived.mailboxes {
        let path = mailbox_path(login, name);
        table.rows.push(vec![path.clone(), messages.to_string()]);
        json.push(json!({"mailbox": path, "messages": messages}));
    }
    let in_use: Vec<String> = revived.in_use.iter().map(|name| mailbox_path(login, name)).collect();
    let json = json!({"mailboxes": json, "messages": messages.unwrap_or(expected), "in_use": in_use,
                      "dry_run": messages.is_none()});
    Answer { sentences, table: Some(table), json, good: true }
}

//! `aox export hold`: all messages that a hold covers, those that were deleted included.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::export_messages::{Exported, Position};
use crate::aox::answer::{Answer, Reply, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::retention::count_behind;
use crate::archive::Facts;
use crate::db::{self, HeldMessage, HeldPage, ListPolicies, ListedPolicy, Place, WholeMessage};
use crate::error::Error;
use crate::limits;
use crate::plan::Plan;
use crate::policy::PolicyKind;

/// The name of the hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportHold {
    pub name: String,
    /// The message behind which it goes on.
    #[serde(default)]
    pub after: Option<Position>,
}

/// How far the export is.
struct Exporting {
    name: String,
    deleted: bool,
    /// Where the next page of messages begins; None when there is none of this kind.
    next: Option<(i64, i64, i64)>,
    /// Messages that were found and have not been read.
    found: VecDeque<HeldMessage>,
    exported: i64,
    /// How many there are to be exported, as far as that was counted.
    total: i64,
}

impl ExportHold {
    /// Counts what there is; then page by page, first what is in mailboxes, then what was deleted.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let deleted = self.after.is_some_and(|after| after.deleted);
        let after = self.after.map(|after| (after.account, after.mailbox, i64::from(after.uid)));
        let (account, mailbox, uid) = after.unwrap_or((0, 0, 0));
        let begin = (deleted, Place { account, mailbox, uid });
        let named = ListPolicies { name: Some(self.name.clone()), ..ListPolicies::default() };
        let (next, found) = (Some((account, mailbox, uid)), VecDeque::new());
        let exporting = Exporting { name: self.name, deleted, next, found, exported: 0, total: 0 };
        Plan::run(
            named,
            move |policies: Result<Vec<ListedPolicy>, db::Error>, _: &mut Context| match policies {
                Ok(policies) => match policies.first().filter(|policy| policy.kind == PolicyKind::Hold) {
                    Some(hold) => count_behind(hold.id, begin, move |count, _| {
                        let total = count.live.messages + count.deleted.messages;
                        Exporting { total, ..exporting }.go_on()
                    }),
                    // The first page says what is wrong with the name.
                    None => exporting.go_on(),
                },
                Err(error) => Plan::Done(Err(error.into())),
            },
        )
    }
}

impl Exporting {
    fn go_on(mut self) -> Plan<Context, Outcome> {
        if !self.found.is_empty() {
            return self.read();
        }
        let after = match self.next.take() {
            Some(after) => after,
            None if !self.deleted => {
                self.deleted = true;
                (0, 0, 0)
            }
            None => return Plan::Done(Ok(self.answer())),
        };
        let unit = HeldPage { hold: self.name.clone(), deleted: self.deleted, after };
        Plan::run(unit, move |page, _: &mut Context| match page {
            Ok((found, next)) => {
                (self.found, self.next) = (found.into(), next);
                Plan::emit(self.told(), move |_| self.go_on())
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        })
    }

    /// Reads the next messages, which are of one account: many small ones, or a large one.
    fn read(mut self) -> Plan<Context, Outcome> {
        let mut page: Vec<HeldMessage> = Vec::new();
        let mut octets = 0;
        while let Some(held) = self.found.pop_front() {
            if page.first().is_some_and(|first| first.account != held.account) {
                self.found.push_front(held);
                break;
            }
            octets += held.octets;
            page.push(held);
            if octets >= limits::EXPORT_PAGE_BYTES || page.len() >= limits::EXPORT_PAGE_MESSAGES {
                break;
            }
        }
        let Some(first) = page.first() else { return self.go_on() };
        let messages = page.iter().map(|held| held.message).collect();
        let unit = db::ReadWhole { account: first.account, messages };
        Plan::run(unit, move |read: Result<Vec<WholeMessage>, db::Error>, _: &mut Context| match read {
            Ok(read) => {
                let out = self.write(page, &read);
                Plan::emit(out, move |_| self.go_on())
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        })
    }

    /// The line that says how far it has come.
    fn told(&self) -> Vec<u8> {
        let text = format!("{} exported", counted(self.exported, "message"));
        Reply::Share { done: self.exported, total: self.total, text }.to_line()
    }

    fn write(&mut self, page: Vec<HeldMessage>, read: &[WholeMessage]) -> Vec<u8> {
        let mut out = self.told();
        for held in page {
            let Some(message) = read.iter().find(|message| message.id == held.message) else { continue };
            let octets = message.octets.as_deref().unwrap_or_default();
            self.exported += 1;
            let facts = Facts {
                octets: octets.len() as u64,
                flags: Facts::names(&held.flags),
                seconds: Some(held.internal_date.seconds),
                zone_minutes: held.internal_date.zone_minutes,
                uid: Some(held.uid),
                item: String::new(),
            };
            let exported = Exported {
                login: held.login,
                mailbox: held.mailbox,
                uidvalidity: held.uidvalidity.get(),
                uidnext: 0,
                facts,
                digest: db::hex(&message.digest),
                damaged: message.octets.as_ref().err().cloned(),
                deletion: held.deletion,
                position: Position {
                    deleted: self.deleted,
                    account: held.account.0,
                    mailbox: held.mailbox_id.0,
                    uid: held.uid,
                },
            };
            out.extend(Reply::Message(Box::new(exported)).to_line());
            out.extend_from_slice(octets);
        }
        out
    }

    fn answer(&self) -> Answer {
        let sentence = format!("The hold {} covers {}.", self.name, counted(self.exported, "message"));
        Answer::sentence(sentence, json!({"hold": self.name, "messages": self.exported}))
    }
}

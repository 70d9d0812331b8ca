//! `aox export`: messages, each with what is known of it, and then its octets, for who writes them into files.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::{Answer, Reply, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::archive::Facts;
use crate::db::{self, WholeMessage};
use crate::error::Error;
use crate::limits;
use crate::mailbox::{Entry, MailboxKey, MessageId, Snapshot};
use crate::plan::Plan;

/// Where from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportMessages {
    /// A login for all mailboxes of a user, or the path of one mailbox.
    pub place: String,
}

/// The line before a message; its octets follow, as many as the facts say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    pub login: String,
    pub mailbox: String,
    pub uidvalidity: u32,
    pub uidnext: u64,
    pub facts: Facts,
    /// SHA-256 of the octets that it had on arrival, in hexadecimal.
    pub digest: String,
    /// Why it cannot be exported as it arrived: then no octets follow.
    pub damaged: Option<String>,
}

/// A digest as people write it.
fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// How far the export is.
struct Exporting {
    login: String,
    /// The mailboxes that are still to come.
    mailboxes: VecDeque<(MailboxKey, String)>,
    /// What has been exported.
    messages: i64,
    octets: i64,
    damaged: i64,
}

/// One mailbox whose messages are being exported.
struct Opened {
    key: MailboxKey,
    name: String,
    snapshot: Snapshot,
    /// Those that are still to come, the next one last.
    rest: Vec<Entry>,
}

impl ExportMessages {
    /// One mailbox after the other, a page of messages at a time.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let MailboxPath { login, mailbox } = MailboxPath::parse(&self.place)?;
        let name = self.place.starts_with('/').then_some(mailbox);
        let unit = db::ListExported { login: login.clone(), name };
        Ok(Plan::run(unit, move |mailboxes, _: &mut Context| match mailboxes {
            Ok(mailboxes) => {
                let mailboxes = mailboxes.into();
                Exporting { login, mailboxes, messages: 0, octets: 0, damaged: 0 }.next_mailbox()
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        }))
    }
}

impl Exporting {
    fn next_mailbox(mut self) -> Plan<Context, Outcome> {
        let Some((key, name)) = self.mailboxes.pop_front() else { return Plan::Done(Ok(self.answer())) };
        Plan::run(db::LoadSnapshot { key }, move |loaded, _: &mut Context| match loaded {
            // It has been deleted meanwhile.
            Ok(None) => self.next_mailbox(),
            Ok(Some(db::LoadedMailbox { snapshot, .. })) => {
                let mut rest: Vec<Entry> = snapshot.iter().map(|(_, entry)| *entry).collect();
                rest.reverse();
                self.next_page(Opened { key, name, snapshot, rest })
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        })
    }

    fn answer(&self) -> Answer {
        let sentence = format!("{} exported.", counted(self.messages, "message"));
        let json = json!({"exported": self.messages, "octets": self.octets, "damaged": self.damaged});
        Answer::sentence(sentence, json)
    }

    /// Reads the next messages: many small ones, or a large one.
    fn next_page(mut self, mut opened: Opened) -> Plan<Context, Outcome> {
        let mut page: Vec<Entry> = Vec::new();
        let mut octets = 0;
        while let Some(entry) = opened.rest.pop() {
            page.push(entry);
            octets += u64::from(entry.size);
            if octets >= limits::EXPORT_PAGE_BYTES || page.len() >= limits::EXPORT_PAGE_MESSAGES {
                break;
            }
        }
        if page.is_empty() {
            return self.next_mailbox();
        }
        let messages: Vec<MessageId> = page.iter().map(|entry| entry.message).collect();
        let unit = db::ReadWhole { account: opened.key.account, messages };
        Plan::run(unit, move |read: Result<Vec<WholeMessage>, db::Error>, _: &mut Context| match read {
            Ok(read) => {
                let mut out = self.write(&opened, &page, &read);
                let progress = format!("{} exported", counted(self.messages, "message"));
                out.extend(Reply::Progress(progress).to_line());
                Plan::emit(out, move |_| self.next_page(opened))
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        })
    }

    fn write(&mut self, opened: &Opened, page: &[Entry], read: &[WholeMessage]) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in page {
            // What was expunged meanwhile, and has ended, is not there any more.
            let Some(message) = read.iter().find(|message| message.id == entry.message) else { continue };
            let octets = message.octets.as_deref().unwrap_or_default();
            let date = entry.internal_date();
            let facts = Facts {
                octets: octets.len() as u64,
                flags: Facts::names(opened.snapshot.flags(entry.flags)),
                seconds: Some(date.seconds),
                zone_minutes: date.zone_minutes,
                uid: Some(entry.uid.get()),
                item: String::new(),
            };
            let exported = Exported {
                login: self.login.clone(),
                mailbox: opened.name.clone(),
                uidvalidity: opened.snapshot.uidvalidity.get(),
                uidnext: opened.snapshot.uidnext,
                facts,
                digest: hexadecimal(&message.digest),
                damaged: message.octets.as_ref().err().cloned(),
            };
            self.damaged += i64::from(exported.damaged.is_some());
            self.messages += i64::from(exported.damaged.is_none());
            self.octets += octets.len() as i64;
            out.extend(Reply::Message(Box::new(exported)).to_line());
            out.extend_from_slice(octets);
        }
        out
    }
}

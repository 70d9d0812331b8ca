//! `aox export`: messages, each with what is known of it, and then its octets, for who writes them into files.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::{Answer, Reply, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::search_words::selector;
use crate::aox::seek::{Hit, Seek, Way, place};
use crate::archive::Facts;
use crate::db::{self, HowDeleted, WholeMessage};
use crate::error::Error;
use crate::limits;
use crate::mailbox::{Entry, MailboxKey, MessageId, Snapshot, Uid};
use crate::plan::Plan;

/// Where from, and which messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportMessages {
    /// A login for all mailboxes of a user, or the path of one mailbox.
    pub place: String,
    /// The search, word by word; none for all.
    pub words: Vec<String>,
    /// What was deleted, as long as it is there.
    #[serde(default)]
    pub deleted: bool,
    /// The message behind which it goes on.
    #[serde(default)]
    pub after: Option<Position>,
}

/// Where in an export a message is: what is in mailboxes comes before what was deleted, then the order is that of accounts,
/// mailboxes and uids, so that it is the same whenever somebody goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub deleted: bool,
    pub account: i64,
    pub mailbox: i64,
    pub uid: u32,
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
    /// How it was deleted, where that is asked for.
    pub deletion: Option<HowDeleted>,
    /// Where an export that ends behind it goes on.
    pub position: Position,
}

/// What has been exported so far.
struct Sum {
    messages: i64,
    octets: i64,
    damaged: i64,
    after: Option<Position>,
}

/// One mailbox whose messages are being exported.
struct Exporting {
    seek: Seek<Sum>,
    login: String,
    mailbox: String,
    key: MailboxKey,
    snapshot: Snapshot,
    /// Those that are still to come, the next one last.
    rest: Vec<Entry>,
    /// How many there were.
    found: usize,
}

impl ExportMessages {
    /// One mailbox after the other, a page of messages at a time.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let all = ["ALL".to_owned()];
        let selector = selector(if self.words.is_empty() { &all } else { &self.words })?;
        let (now, after) = (context.now, self.after);
        let unit = db::ListSearched { place: place(&self.place)?, deleted: self.deleted };
        Ok(Plan::run(unit, move |mailboxes, _: &mut Context| match mailboxes {
            Ok(mut mailboxes) => {
                mailboxes.sort_by_key(|mailbox| first(mailbox.key));
                mailboxes.retain(|mailbox| after.is_none_or(|after| last(mailbox.key) > after));
                let state = Sum { messages: 0, octets: 0, damaged: 0, after };
                let way = Way::through(&mailboxes);
                let rest = mailboxes.into();
                Seek { selector, now, rest, way, state, visit, end, progress: Sum::progress }.next()
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        }))
    }
}

fn visit(hit: Hit, seek: Seek<Sum>) -> Plan<Context, Outcome> {
    let Hit { mailbox, snapshot, uids } = hit;
    let begin = first(mailbox.key);
    let is_new =
        |uid: &&Uid| seek.state.after.is_none_or(|after| Position { uid: uid.get(), ..begin } > after);
    let entries = uids.iter().rev().filter(is_new).filter_map(|uid| snapshot.by_uid(*uid));
    let rest: Vec<Entry> = entries.map(|(_, entry)| *entry).collect();
    let found = rest.len();
    let (login, name, key) = (mailbox.login, mailbox.name, mailbox.key);
    Exporting { seek, login, mailbox: name, key, snapshot, rest, found }.next_page()
}

/// Before all messages of a mailbox.
fn first(key: MailboxKey) -> Position {
    let mailbox = key.of_kept().mailbox.0;
    Position { deleted: key.is_of_deleted(), account: key.account.0, mailbox, uid: 0 }
}

/// Behind all messages of a mailbox.
fn last(key: MailboxKey) -> Position {
    Position { uid: u32::MAX, ..first(key) }
}

fn end(sum: Sum, _: &Context) -> Plan<Context, Outcome> {
    let sentence = format!("{} exported.", counted(sum.messages, "message"));
    let json = json!({"exported": sum.messages, "octets": sum.octets, "damaged": sum.damaged});
    Plan::Done(Ok(Answer::sentence(sentence, json)))
}

impl Sum {
    fn progress(&self) -> String {
        format!("{} exported", counted(self.messages, "message"))
    }
}

impl Exporting {
    /// Reads the next messages: many small ones, or a large one.
    fn next_page(mut self) -> Plan<Context, Outcome> {
        let mut page: Vec<Entry> = Vec::new();
        let mut octets = 0;
        while let Some(entry) = self.rest.pop() {
            page.push(entry);
            octets += u64::from(entry.size);
            if octets >= limits::EXPORT_PAGE_BYTES || page.len() >= limits::EXPORT_PAGE_MESSAGES {
                break;
            }
        }
        if page.is_empty() {
            return self.seek.next();
        }
        let messages: Vec<MessageId> = page.iter().map(|entry| entry.message).collect();
        let unit = db::ReadWhole { account: self.key.account, messages };
        Plan::run(unit, move |read: Result<Vec<WholeMessage>, db::Error>, _: &mut Context| match read {
            Ok(read) => {
                let out = self.write(&page, &read);
                Plan::emit(out, move |_| self.next_page())
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        })
    }

    fn write(&mut self, page: &[Entry], read: &[WholeMessage]) -> Vec<u8> {
        let told = self.seek.way.told(self.rest.len(), self.found, self.seek.state.progress());
        let mut out = told.to_line();
        for entry in page {
            // What was expunged meanwhile, and has ended, is not there any more.
            let Some(message) = read.iter().find(|message| message.id == entry.message) else { continue };
            let octets = message.octets.as_deref().unwrap_or_default();
            let date = entry.internal_date();
            let facts = Facts {
                octets: octets.len() as u64,
                flags: Facts::names(self.snapshot.flags(entry.flags)),
                seconds: Some(date.seconds),
                zone_minutes: date.zone_minutes,
                uid: Some(entry.uid.get()),
                item: String::new(),
            };
            let exported = Exported {
                login: self.login.clone(),
                mailbox: self.mailbox.clone(),
                uidvalidity: self.snapshot.uidvalidity.get(),
                uidnext: self.snapshot.uidnext,
                facts,
                digest: db::hex(&message.digest),
                damaged: message.octets.as_ref().err().cloned(),
                deletion: None,
                position: Position { uid: entry.uid.get(), ..first(self.key) },
            };
            let sum = &mut self.seek.state;
            sum.damaged += i64::from(exported.damaged.is_some());
            sum.messages += i64::from(exported.damaged.is_none());
            sum.octets += octets.len() as i64;
            out.extend(Reply::Message(Box::new(exported)).to_line());
            out.extend_from_slice(octets);
        }
        out
    }
}

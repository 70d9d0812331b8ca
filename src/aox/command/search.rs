//! `aox search USER|MAILBOX SEARCH…`: which messages there are, or were deleted, in the language of IMAP's SEARCH.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::at_once;
use crate::aox::answer::{Answer, Table, counted, moment, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::mailbox_path;
use crate::aox::search_words::selector;
use crate::aox::seek::{Hit, Seek, Way, place};
use crate::db::{self, Description, SearchedPlace};
use crate::error::Error;
use crate::limits;
use crate::mailbox::{Entry, MessageId, Uid};
use crate::plan::Plan;
use crate::search::Selector;

/// Where to look, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// A login for all mailboxes of a user, the path of one mailbox, or none for everybody's.
    pub place: Option<String>,
    /// The search, word by word.
    pub words: Vec<String>,
    /// Among what was deleted.
    #[serde(default)]
    pub deleted: bool,
    /// How many are listed at most.
    pub limit: u32,
}

/// What has been found so far.
pub(super) struct Listing {
    pub deleted: bool,
    pub limit: usize,
    pub found: i64,
    pub octets: i64,
    pub lines: Vec<Line>,
}

/// One message that was found.
pub(super) struct Line {
    mailbox: String,
    uid: Uid,
    message: MessageId,
    came: i64,
    octets: u32,
    flags: String,
    description: Description,
}

impl Search {
    /// One mailbox after the other, each read, asked, and its messages described.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context.now))
    }

    fn checked(self, now: Timestamp) -> Result<Plan<Context, Outcome>, Error> {
        let selector = selector(&self.words)?;
        let place = self.place.as_deref().map_or(Ok(SearchedPlace::Everywhere), place)?;
        let limit = self.limit.min(limits::LISTED_MESSAGES_MAX) as usize;
        let listing = Listing::new(self.deleted, limit);
        Ok(list(selector, now, place, listing, |listing, _| Plan::Done(Ok(listing.respond()))))
    }
}

/// Lists what `selector` selects in `place`, then goes on with `end`.
pub(super) fn list(
    selector: Selector,
    now: Timestamp,
    place: SearchedPlace,
    listing: Listing,
    end: fn(Listing, &Context) -> Plan<Context, Outcome>,
) -> Plan<Context, Outcome> {
    let unit = db::ListSearched { place, deleted: listing.deleted };
    Plan::run(unit, move |mailboxes, _: &mut Context| match mailboxes {
        Ok(mailboxes) => {
            let way = Way::through(&mailboxes);
            let rest = mailboxes.into();
            let progress = Listing::progress;
            Seek { selector, now, rest, way, state: listing, visit: describe, end, progress }.next()
        }
        Err(error) => Plan::Done(Err(Error::from(error))),
    })
}

/// Reads what the list tells of the messages that it still has room for.
fn describe(hit: Hit, mut seek: Seek<Listing>) -> Plan<Context, Outcome> {
    let Hit { mailbox, snapshot, uids } = hit;
    let entries = uids.iter().filter_map(|uid| snapshot.by_uid(*uid)).map(|(_, entry)| *entry);
    let entries: Vec<Entry> = entries.collect();
    let listing = &mut seek.state;
    listing.found += entries.len() as i64;
    listing.octets += entries.iter().map(|entry| i64::from(entry.size)).sum::<i64>();
    let room = listing.limit.saturating_sub(listing.lines.len());
    let listed: Vec<Entry> = entries.into_iter().take(room).collect();
    if listed.is_empty() {
        return seek.next();
    }
    let messages: Vec<(Uid, MessageId)> = listed.iter().map(|entry| (entry.uid, entry.message)).collect();
    let unit = db::DescribeMessages { key: mailbox.key, messages };
    let path = mailbox_path(&mailbox.login, &mailbox.name);
    Plan::run(unit, move |described: Result<Vec<Description>, db::Error>, _: &mut Context| {
        let described = match described {
            Ok(described) => described,
            Err(error) => return Plan::Done(Err(Error::from(error))),
        };
        let lines = listed.iter().zip(described).map(|(entry, description)| Line {
            mailbox: path.clone(),
            uid: entry.uid,
            message: entry.message,
            came: entry.internal_date().seconds,
            octets: entry.size,
            flags: snapshot.flags(entry.flags).to_string(),
            description,
        });
        seek.state.lines.extend(lines);
        seek.next()
    })
}

impl Listing {
    pub fn new(deleted: bool, limit: usize) -> Listing {
        Listing { deleted, limit, found: 0, octets: 0, lines: Vec::new() }
    }

    fn progress(&self) -> String {
        format!("{} found", counted(self.found, "message"))
    }

    fn respond(&self) -> Answer {
        let mut sentences = Vec::new();
        if self.found == 0 {
            sentences.push("No message was found.".to_owned());
        } else if self.lines.len() < self.found as usize {
            sentences.push(format!(
                "{} found, {} in all; these are the first {}:",
                counted(self.found, "message"),
                octets(self.octets),
                self.lines.len()
            ));
        }
        let json = json!({"found": self.found, "octets": self.octets, "messages": self.json()});
        Answer { sentences, table: self.table(), json, good: true }
    }

    /// The messages for people.
    pub fn table(&self) -> Option<Table> {
        let mut headings = vec!["Id", "Mailbox", "Uid", "Date", "From", "Subject", "Size"];
        if self.deleted {
            headings.extend(["Deleted", "By"]);
        }
        let mut table = Table::new(&headings);
        table.rows = self.lines.iter().map(Line::row).collect();
        (!table.rows.is_empty()).then_some(table)
    }

    /// The messages for programs.
    pub fn json(&self) -> Vec<Value> {
        self.lines.iter().map(Line::json).collect()
    }
}

impl Line {
    fn row(&self) -> Vec<String> {
        let Description { subject, from, deletion, .. } = &self.description;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut row = vec![
            self.message.to_string(),
            self.mailbox.clone(),
            self.uid.to_string(),
            self.came().map(moment).unwrap_or_default(),
            text(from),
            text(subject),
            octets(self.octets.into()),
        ];
        row.extend(deletion.iter().flat_map(|deletion| {
            let who = deletion.by.as_deref().unwrap_or("administrator");
            [moment(deletion.at), format!("{who} ({} {})", deletion.door, deletion.reason)]
        }));
        row
    }

    fn json(&self) -> Value {
        let Description { subject, from, sent_at, deletion } = &self.description;
        let mut json = json!({"message": self.message.0, "mailbox": self.mailbox, "uid": self.uid.get(),
            "internal_date": self.came().map(|at| at.to_string()), "sent": sent_at.map(|at| at.to_string()),
            "from": from, "subject": subject, "octets": self.octets, "flags": self.flags});
        if let Some(deletion) = deletion {
            json["deleted_at"] = deletion.at.to_string().into();
            json["deleted_by"] = deletion.by.clone().into();
            json["door"] = deletion.door.clone().into();
            json["client"] = deletion.client.clone().into();
            json["reason"] = deletion.reason.clone().into();
        }
        json
    }

    fn came(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.came).ok()
    }
}

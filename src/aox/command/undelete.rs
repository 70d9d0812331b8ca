//! `aox undelete USER|MAILBOX SEARCH…`: takes deleted messages back to where they were, or into another mailbox.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use super::search::{Listing, list};
use crate::aox::answer::{Answer, Reply, Table, counted, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{MailboxPath, mailbox_path};
use crate::aox::search_words::selector;
use crate::aox::seek::{Hit, Seek, Way, place};
use crate::db::{self, Destination, PlaceToReturn};
use crate::error::{Code, Error};
use crate::limits;
use crate::mailbox::{Change, MailboxKey, MailboxName, Uid, UidSet};
use crate::plan::Plan;

/// Which messages, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelete {
    /// A login for all that a user has deleted, or the path of one mailbox.
    pub place: String,
    /// The search, word by word.
    pub words: Vec<String>,
    /// The mailbox to put them into, instead of where they were.
    #[serde(default)]
    pub into: Option<String>,
    /// Only say what would come back.
    #[serde(default)]
    pub dry_run: bool,
    /// Quotas do not count.
    #[serde(default)]
    pub beyond_quota: bool,
}

/// What has been taken back so far.
#[derive(Default)]
struct Returned {
    into: Option<(String, MailboxName)>,
    beyond_quota: bool,
    now: Timestamp,
    messages: i64,
    octets: i64,
    /// By where they were and where they are: messages and octets, and whether the mailbox was made.
    places: BTreeMap<(String, String), (i64, i64, bool)>,
}

impl Undelete {
    /// One mailbox after the other, each in portions.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context.now))
    }

    fn checked(self, now: Timestamp) -> Result<Plan<Context, Outcome>, Error> {
        let selector = selector(&self.words)?;
        let place = place(&self.place)?;
        let into = self.into.as_deref().map(MailboxPath::parse).transpose()?;
        let into = into.map(|path| (path.login, path.mailbox));
        if self.dry_run {
            let listing = Listing::new(true, DRY_RUN_LISTED);
            return Ok(list(selector, now, place, listing, |listing, _| Plan::Done(Ok(rehearsed(&listing)))));
        }
        let state = Returned { into, beyond_quota: self.beyond_quota, now, ..Returned::default() };
        let unit = db::ListSearched { place, deleted: true };
        Ok(Plan::run(unit, move |mailboxes, _: &mut Context| match mailboxes {
            Ok(mailboxes) => {
                let way = Way::through(&mailboxes);
                let rest = VecDeque::from(mailboxes);
                let (end, progress) = (Returned::end, Returned::progress);
                Seek { selector, now, rest, way, state, visit: find_place, end, progress }.next()
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        }))
    }
}

/// Finds or makes the mailbox into which the messages of a mailbox go.
fn find_place(hit: Hit, seek: Seek<Returned>) -> Plan<Context, Outcome> {
    let Hit { mailbox, snapshot, uids } = hit;
    let from = mailbox_path(&mailbox.login, &mailbox.name);
    let into = seek.state.into.clone();
    let unit = db::FindPlaceToReturn { source: mailbox.key, into, now: seek.state.now };
    Plan::run(unit, move |place: Result<PlaceToReturn, db::Error>, context: &mut Context| {
        let place = match place {
            Ok(place) => place,
            Err(error) => return Plan::Done(Err(seek.state.broken_off(error))),
        };
        context.changes.extend(place.changes);
        let names = (from, mailbox_path(&place.login, &place.name));
        let octets = uids.iter().filter_map(|uid| snapshot.by_uid(*uid)).map(|(_, entry)| entry.size);
        let octets = octets.collect();
        let (source, target, made) = (mailbox.key, place.key, place.made);
        Returning { source, target, names, made, uids, octets }.next(seek)
    })
}

/// The messages of one mailbox on their way back.
struct Returning {
    source: MailboxKey,
    target: MailboxKey,
    names: (String, String),
    made: bool,
    uids: Vec<Uid>,
    octets: Vec<u32>,
}

impl Returning {
    /// The next portion.
    fn next(mut self, seek: Seek<Returned>) -> Plan<Context, Outcome> {
        let rest = self.uids.split_off(self.uids.len().min(limits::UNDELETE_UNIT_MESSAGES));
        let portion = std::mem::replace(&mut self.uids, rest);
        let octets_rest = self.octets.split_off(portion.len());
        let octets = std::mem::replace(&mut self.octets, octets_rest);
        if portion.is_empty() {
            return seek.next();
        }
        let beyond_quota = seek.state.beyond_quota;
        let uids = portion.iter().copied().collect();
        take_back(self.source, self.target, uids, beyond_quota, move |taken, _| {
            let mut seek = seek;
            let taken = match taken {
                Ok(taken) => taken,
                Err(error) => return Plan::Done(Err(seek.state.broken_off(error))),
            };
            let size = portion.iter().zip(&octets).filter(|(uid, _)| taken.contains(**uid));
            let size: i64 = size.map(|(_, octets)| i64::from(*octets)).sum();
            seek.state.add(self.names.clone(), taken.len() as i64, size, self.made);
            let progress = Reply::Progress(seek.state.progress()).to_line();
            Plan::emit(progress, move |_| self.next(seek))
        })
    }
}

/// Takes a portion of messages back in one transaction, then goes on with those that were still there.
pub(super) fn take_back(
    source: MailboxKey,
    target: MailboxKey,
    uids: UidSet,
    beyond_quota: bool,
    then: impl FnOnce(Result<UidSet, db::Error>, &mut Context) -> Plan<Context, Outcome> + Send + 'static,
) -> Plan<Context, Outcome> {
    let into = Destination::Mailbox(target);
    let unit = db::Undelete { source, uids, into, keep: false, beyond_quota, by: None };
    Plan::run(unit, move |copied: Result<Option<db::Copied>, db::Error>, context: &mut Context| {
        let taken = copied.map(|copied| {
            let Some(copied) = copied else { return UidSet::new() };
            mention(&mut context.changes, copied.changes);
            copied.uids.iter().map(|(uid, _)| *uid).collect()
        });
        then(taken, context)
    })
}

/// Notes what has changed: of the first messages all, so that whoever has a mailbox open knows at once; of more, which may
/// not fit into memory, only how far mailboxes have come, so that it is read there.
fn mention(changes: &mut Vec<Change>, new: Vec<Change>) {
    let count = |changes: &[Change]| changes.iter().map(|change| change.appended.len()).sum::<usize>();
    if count(changes) + count(&new) <= limits::UNDELETE_UNIT_MESSAGES {
        return changes.extend(new);
    }
    for change in new {
        let known = changes.iter_mut().find(|known| known.key == change.key && known.is_empty());
        let mentioned = Change::new(change.key, change.modseq, change.modseq);
        match known {
            Some(known) => *known = mentioned,
            None => changes.push(mentioned),
        }
    }
}

impl Returned {
    fn add(&mut self, names: (String, String), messages: i64, octets: i64, made: bool) {
        self.messages += messages;
        self.octets += octets;
        let place = self.places.entry(names).or_default();
        place.0 += messages;
        place.1 += octets;
        place.2 |= made;
    }

    fn progress(&self) -> String {
        format!("{} taken back", counted(self.messages, "message"))
    }

    /// Why it ended before its end, with what was done before.
    fn broken_off(&self, error: db::Error) -> Error {
        match (self.messages, quota_hint(Error::from(error))) {
            (0, error) => error,
            (messages, Error::No { code, text }) => {
                Error::no(code, format!("{} were taken back, then: {text}", counted(messages, "message")))
            }
            (_, error) => error,
        }
    }

    fn end(self, _: &Context) -> Plan<Context, Outcome> {
        let mut table = Table::new(&["From", "Into", "Messages", "Size"]);
        let mut places = Vec::new();
        for ((from, into), (messages, size, made)) in &self.places {
            let note = if *made { format!("{into} (made again)") } else { into.clone() };
            table.rows.push(vec![from.clone(), note, messages.to_string(), octets(*size)]);
            places.push(
                json!({"from": from, "into": into, "messages": messages, "octets": size, "made": made}),
            );
        }
        let sentence = match self.messages {
            0 => "No deleted message was found.".to_owned(),
            messages => format!("{}, {}, taken back.", counted(messages, "message"), octets(self.octets)),
        };
        let json =
            json!({"messages": self.messages, "octets": self.octets, "places": places, "dry_run": false});
        let table = (!table.rows.is_empty()).then_some(table);
        Plan::Done(Ok(Answer { table, ..Answer::sentence(sentence, json) }))
    }
}

/// The answer to `--dry-run`.
fn rehearsed(listing: &Listing) -> Answer {
    let sentence = match listing.found {
        0 => "No deleted message was found.".to_owned(),
        found => format!("{}, {}, would be taken back:", counted(found, "message"), octets(listing.octets)),
    };
    let json = json!({"messages": listing.found, "octets": listing.octets, "listed": listing.json(), "dry_run": true});
    Answer { table: listing.table(), ..Answer::sentence(sentence, json) }
}

/// An administrator may go beyond a quota; say how.
pub(super) fn quota_hint(error: Error) -> Error {
    match error {
        Error::No { code: Code::OverQuota, text } => {
            let text = format!("{text}; `aox set quota` allows more, and --beyond-quota does not ask");
            Error::no(Code::OverQuota, text)
        }
        error => error,
    }
}

/// Messages that `--dry-run` lists.
const DRY_RUN_LISTED: usize = 1000;

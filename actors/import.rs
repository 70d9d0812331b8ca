//! `aox import`: reads mail out of files here, where whoever runs it may read them, and gives it to the running server
//! in pieces. What the server has taken it has written down, so that an import that was broken off may be run again.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use archiveopteryx::aox::answer::{Answer, counted, octets};
use archiveopteryx::aox::command::{BeginImport, FindImported, ImportMessages};
use archiveopteryx::aox::grammar::MailboxPath;
use archiveopteryx::archive::Facts;
use serde_json::json;

use crate::cli::exchange::Format;
use crate::control_session::{Failure, Session};
use crate::export;
use crate::home::Home;
use crate::import_source::{Folder, Pending, folders};
use crate::progress_bar::ProgressBar;

/// What is to be imported, where to, and how.
#[derive(Debug)]
pub struct Order {
    pub format: Format,
    pub path: PathBuf,
    pub mailbox: String,
    pub keep_uids: bool,
    pub over_quota: bool,
    pub again: bool,
}

/// An import at work.
struct Import<'a> {
    order: &'a Order,
    session: Session,
    bar: ProgressBar,
    imported: i64,
    octets: i64,
    known: i64,
    /// What could not be imported, and why.
    skipped: Vec<String>,
    /// Goes behind the source's name, so that all is imported once more.
    again: String,
}

/// Imports, and prints what came of it.
pub fn run(home: &Home, order: &Order, json: bool) -> ExitCode {
    export::print(import(home, order, json), json)
}

fn import(home: &Home, order: &Order, json: bool) -> Result<Answer, Failure> {
    let folders = folders(order.format, &order.path).map_err(Failure::Refused)?;
    let size = folders.iter().map(|folder| folder.size).sum();
    let again = if order.again { format!(" again {}", jiff::Timestamp::now()) } else { String::new() };
    let mut import = Import {
        order,
        session: Session::open(home)?,
        bar: ProgressBar::new(size, json),
        imported: 0,
        octets: 0,
        known: 0,
        skipped: Vec::new(),
        again,
    };
    let target = MailboxPath::parse(&order.mailbox).map_err(|error| Failure::Wrong(error.to_string()))?;
    for folder in &folders {
        import.folder(folder, &mailbox(&target, &folder.levels))?;
    }
    Ok(import.answer())
}

/// The mailbox of a folder: below the one that was asked for; beside an INBOX, as folders are beside it in files.
fn mailbox(target: &MailboxPath, levels: &[String]) -> String {
    let target = match target.mailbox.is_inbox() && !levels.is_empty() {
        true => format!("/users/{}", target.login),
        false => target.to_string(),
    };
    levels.iter().fold(target, |path, level| format!("{path}/{}", level.replace('/', "-")))
}

impl Import<'_> {
    fn folder(&mut self, folder: &Folder, mailbox: &str) -> Result<(), Failure> {
        let uidvalidity = folder.uidvalidity.filter(|_| self.order.keep_uids);
        self.session.ask(BeginImport { mailbox: mailbox.to_owned(), uidvalidity }, &[])?;
        let source = format!("{}{}", folder.source, self.again);
        let mut messages = folder.messages().map_err(Failure::Refused)?;
        let keeps_uids = uidvalidity.is_some();
        loop {
            // Asking about many at once is what makes it fast to go on where an import was broken off.
            let mut asked = Vec::new();
            let mut held = 0;
            while asked.len() < ASKED_MESSAGES_MAX && held < BATCH_BYTES {
                match messages.next() {
                    Some(Ok(message)) => {
                        held += message.held();
                        asked.push(message);
                    }
                    Some(Err(text)) => self.skipped.push(text),
                    None => break,
                }
            }
            if asked.is_empty() {
                return Ok(());
            }
            self.batches(mailbox, &source, asked, keeps_uids)?;
        }
    }

    /// Imports those of some messages that are not imported yet.
    fn batches(
        &mut self,
        mailbox: &str,
        source: &str,
        asked: Vec<Pending>,
        keeps_uids: bool,
    ) -> Result<(), Failure> {
        let items = asked.iter().map(|message| message.item.clone()).collect();
        let (mailbox, source) = (mailbox.to_owned(), source.to_owned());
        let find = FindImported { mailbox: mailbox.clone(), source: source.clone(), items };
        let answer = self.session.ask(find, &[])?;
        let listed = answer.json["imported"].as_array().cloned().unwrap_or_default();
        let known: HashSet<&str> = listed.iter().filter_map(|item| item.as_str()).collect();
        let mut batch = Batch::default();
        for message in asked {
            if known.contains(message.item.as_str()) {
                self.known += 1;
                self.advance(message.weight);
                continue;
            }
            let weight = message.weight;
            let item = message.item.clone();
            match message.load() {
                Ok((_, octets)) if octets.is_empty() => self.skipped.push(format!("{item} is empty")),
                Ok((facts, octets)) => batch.add(facts, octets, keeps_uids),
                Err(text) => self.skipped.push(text),
            }
            batch.weight += weight;
            if batch.is_full() {
                self.send(&mailbox, &source, std::mem::take(&mut batch))?;
            }
        }
        self.send(&mailbox, &source, batch)
    }

    fn send(&mut self, mailbox: &str, source: &str, batch: Batch) -> Result<(), Failure> {
        let Batch { facts, octets, bytes, weight } = batch;
        if !facts.is_empty() {
            let count = facts.len() as i64;
            let command = ImportMessages {
                mailbox: mailbox.to_owned(),
                source: source.to_owned(),
                messages: facts,
                over_quota: self.order.over_quota,
                octets: Vec::new(),
            };
            let answer = self.session.ask(command, &octets).map_err(|failure| self.stopped(failure))?;
            let imported = answer.json["imported"].as_i64().unwrap_or(0);
            self.imported += imported;
            // Another import of the same was faster.
            self.known += count - imported;
            self.octets += bytes as i64;
        }
        self.advance(weight);
        Ok(())
    }

    /// A failure with how far the import has come.
    fn stopped(&self, failure: Failure) -> Failure {
        let so_far = format!("{} imported so far; run it again to go on", counted(self.imported, "message"));
        match failure {
            Failure::Refused(text) => Failure::Refused(format!("{text} ({so_far})")),
            wrong => wrong,
        }
    }

    fn advance(&mut self, by: u64) {
        let (imported, bytes) = (self.imported, self.octets);
        self.bar.advance(by, || format!("{}, {}", counted(imported, "message"), octets(bytes)));
    }

    fn answer(self) -> Answer {
        drop(self.bar);
        let mut sentences = vec![format!(
            "{} imported, {}; {} there already.",
            counted(self.imported, "message"),
            octets(self.octets),
            if self.known == 1 { "1 was".to_owned() } else { format!("{} were", self.known) },
        )];
        sentences.extend(self.skipped.iter().map(|text| format!("Not imported: {text}.")));
        let json = json!({"imported": self.imported, "octets": self.octets, "known": self.known,
                          "not_imported": self.skipped});
        Answer { sentences, table: None, json, good: self.skipped.is_empty() }
    }
}

/// Messages on their way to the server, which takes all of them or none.
#[derive(Default)]
struct Batch {
    facts: Vec<Facts>,
    octets: Vec<Vec<u8>>,
    bytes: usize,
    weight: u64,
}

impl Batch {
    fn add(&mut self, facts: Facts, octets: Vec<u8>, keeps_uids: bool) {
        let uid = facts.uid.filter(|_| keeps_uids);
        self.bytes += octets.len();
        self.facts.push(Facts { uid, ..facts });
        self.octets.push(octets);
    }

    fn is_full(&self) -> bool {
        self.facts.len() >= BATCH_MESSAGES || self.bytes >= BATCH_BYTES
    }
}

/// Messages that share a commit, and their octets: more are hardly faster.
const BATCH_MESSAGES: usize = 200;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Messages that the server is asked about at once.
const ASKED_MESSAGES_MAX: usize = 1000;

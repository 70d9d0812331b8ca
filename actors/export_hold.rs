//! `aox export hold`: writes the messages that a hold covers as files, as one mbox, and a manifest of them with digests.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archiveopteryx::aox::answer::Answer;
use archiveopteryx::aox::command::{ExportHold, Exported, Position};
use archiveopteryx::archive::mbox;
use archiveopteryx::db::hex;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::control_session::{Failure, Session};
use crate::export;
use crate::export_journal::{JOURNAL, Journal, go_on, is_free};
use crate::home::Home;

/// Exports a hold into a new folder, and prints what came of it.
pub fn run(home: &Home, name: String, path: &Path, json: bool) -> ExitCode {
    export::print(export_hold(home, name, path, json), json)
}

fn export_hold(home: &Home, name: String, path: &Path, json: bool) -> Result<Answer, Failure> {
    let unwritable = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let mut command = ExportHold { name, after: None };
    let mut session = Session::open(home)?;
    let mut files = Files::resume(path, &command).map_err(Failure::Refused)?;
    let begun = command.clone();
    command.after = files.as_ref().and_then(Files::position);
    let received = export::receive(&mut session, command, json, |exported, message| {
        let files = match &mut files {
            Some(files) => files,
            none => none.insert(Files::create(path, &begun)?),
        };
        files.add(&exported, &message).map_err(unwritable)
    });
    let Some(mut files) = files else { return received.map(|_| Journal::nothing(path)) };
    match received {
        Ok(_) => {
            files.finish().map_err(|error| Failure::Refused(unwritable(error)))?;
            files.journal.finish().map_err(Failure::Refused)
        }
        Err(failure) => Err(export::broken_off(failure, files.save().map_err(unwritable))),
    }
}

/// The files of an export.
struct Files {
    root: PathBuf,
    journal: Journal,
    mbox: File,
    manifest: File,
    sums: File,
    lengths: Lengths,
}

/// How far they are written.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Lengths {
    mbox: u64,
    manifest: u64,
    sums: u64,
}

impl Files {
    /// A folder that is not there yet: what is there belongs to something else, or to an export that is complete.
    fn create(root: &Path, command: &ExportHold) -> Result<Files, String> {
        if !is_free(root) {
            return Err(format!("{} is there already; export to a new place", root.display()));
        }
        fs::create_dir_all(root).map_err(|error| format!("{} cannot be made: {error}", root.display()))?;
        let journal = Journal::create(root.join(JOURNAL), root, command.clone())?;
        Files::open(root, journal, Lengths::default())
    }

    /// The folder of an export that was broken off; None where it has not begun.
    fn resume(root: &Path, command: &ExportHold) -> Result<Option<Files>, String> {
        let mut lengths = Lengths::default();
        let journal = Journal::resume(root.join(JOURNAL), root, command.clone(), |saved| lengths = saved)?;
        journal.map(|journal| Files::open(root, journal, lengths)).transpose()
    }

    fn open(root: &Path, mut journal: Journal, lengths: Lengths) -> Result<Files, String> {
        let mut open = |name: &str, octets| {
            let file = go_on(&root.join(name), octets, &mut journal);
            file.map_err(|error| format!("{name} cannot be written in {}: {error}", root.display()))
        };
        let (mbox, manifest) = (open(MBOX, lengths.mbox)?, open(MANIFEST, lengths.manifest)?);
        let sums = open(SUMS, lengths.sums)?;
        let mut files = Files { root: root.to_owned(), journal, mbox, manifest, sums, lengths };
        if lengths.manifest == 0 {
            let line = files.line(&HEADINGS.map(str::to_owned));
            line.map_err(|error| format!("{MANIFEST} cannot be written in {}: {error}", root.display()))?;
        }
        Ok(files)
    }

    /// The last message that was exported.
    fn position(&self) -> Option<Position> {
        self.journal.position()
    }

    fn add(&mut self, exported: &Exported, message: &[u8]) -> std::io::Result<()> {
        let name = match exported.damaged {
            Some(_) => String::new(),
            None => self.write_message(exported, message)?,
        };
        self.line(&columns(exported, &name))?;
        self.journal.add(exported);
        if self.journal.is_due() { self.save() } else { Ok(()) }
    }

    /// A line of the manifest.
    fn line(&mut self, columns: &[String; 16]) -> std::io::Result<()> {
        let line: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let line = format!("{}\r\n", line.join(","));
        self.lengths.manifest += line.len() as u64;
        self.manifest.write_all(line.as_bytes())
    }

    /// Writes the message itself; returns the name of its file.
    fn write_message(&mut self, exported: &Exported, message: &[u8]) -> std::io::Result<String> {
        let levels = [exported.login.as_str()].into_iter().chain(exported.mailbox.split('/'));
        let below: Vec<String> = levels.map(plain).collect();
        // A message that is deleted while the hold is exported may come once more, with the same uid.
        let kind = if exported.position.deleted { "deleted" } else { "messages" };
        let folder = format!("{kind}/{}", below.join("/"));
        fs::create_dir_all(self.root.join(&folder))?;
        // A mailbox that was made anew under an old name has another uidvalidity.
        let name = format!("{folder}/{}-{}.eml", exported.uidvalidity, exported.facts.uid.unwrap_or(0));
        let path = self.root.join(&name);
        self.journal.writes(&path)?;
        let mut file = File::create_new(path)?;
        file.write_all(message)?;
        file.sync_data()?;
        let line = format!("{}  {name}\n", hex(&Sha256::digest(message)));
        self.lengths.sums += line.len() as u64;
        self.sums.write_all(line.as_bytes())?;
        let mut out = Vec::new();
        mbox::write(&mut out, message, &exported.facts, None);
        self.lengths.mbox += out.len() as u64;
        self.mbox.write_all(&out)?;
        Ok(name)
    }

    /// Sees to it that all is on the disk, and says so in the journal.
    fn save(&mut self) -> std::io::Result<()> {
        [&self.mbox, &self.manifest, &self.sums].into_iter().try_for_each(File::sync_data)?;
        self.journal.save(self.lengths)
    }

    /// Writes the digests of the files that are complete now.
    fn finish(&mut self) -> std::io::Result<()> {
        self.save()?;
        for name in [MBOX, MANIFEST] {
            writeln!(self.sums, "{}  {name}", digest_of(&self.root.join(name))?)?;
        }
        self.sums.sync_all()
    }
}

/// The digest of a file, whatever its size.
fn digest_of(path: &Path) -> std::io::Result<String> {
    let (mut file, mut digest) = (File::open(path)?, Sha256::new());
    let mut page = vec![0; 1 << 16];
    loop {
        match file.read(&mut page)? {
            0 => return Ok(hex(&digest.finalize())),
            length => digest.update(&page[..length]),
        }
    }
}

/// What the manifest says of a message.
fn columns(exported: &Exported, file: &str) -> [String; 16] {
    let facts = &exported.facts;
    let moment = |seconds: i64| Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default();
    let deletion = exported.deletion.as_ref();
    let deleted =
        |what: fn(&archiveopteryx::db::HowDeleted) -> String| deletion.map(what).unwrap_or_default();
    [
        file.to_owned(),
        exported.digest.clone(),
        facts.octets.to_string(),
        exported.login.clone(),
        exported.mailbox.clone(),
        exported.uidvalidity.to_string(),
        facts.uid.unwrap_or(0).to_string(),
        facts.seconds.map(moment).unwrap_or_default(),
        facts.flags.join(" "),
        deleted(|deletion| deletion.at.clone()),
        deleted(|deletion| deletion.by.clone().unwrap_or_else(|| "administrator".to_owned())),
        deleted(|deletion| deletion.door.clone()),
        deleted(|deletion| deletion.client.clone().unwrap_or_default()),
        deleted(|deletion| deletion.reason.clone()),
        exported.damaged.clone().unwrap_or_default(),
        if deletion.is_some() { "deleted".to_owned() } else { "present".to_owned() },
    ]
}

/// A value in CSV (RFC 4180 §2).
fn quoted(value: &str) -> String {
    match value.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value.to_owned(),
    }
}

/// A name that can be one of a file, whatever it was.
fn plain(name: &str) -> String {
    let name: String = name.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
    if name.starts_with('.') || name.is_empty() { format!("_{name}") } else { name }
}

const MBOX: &str = "messages.mbox";
const MANIFEST: &str = "manifest.csv";
const SUMS: &str = "SHA256SUMS";
const HEADINGS: [&str; 16] = [
    "file",
    "sha256",
    "octets",
    "login",
    "mailbox",
    "uidvalidity",
    "uid",
    "internal_date",
    "flags",
    "deleted_at",
    "deleted_by",
    "door",
    "client",
    "reason",
    "damaged",
    "state",
];

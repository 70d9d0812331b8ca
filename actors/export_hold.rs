//! `aox export hold`: writes the messages that a hold covers as files, as one mbox, and a manifest of them with digests.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archiveopteryx::aox::answer::Answer;
use archiveopteryx::aox::command::{ExportHold, Exported};
use archiveopteryx::archive::mbox;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::control_session::{Failure, Session};
use crate::export::{self, Sum};
use crate::home::Home;

/// Exports a hold into a new folder, and prints what came of it.
pub fn run(home: &Home, name: String, path: &Path, json: bool) -> ExitCode {
    export::print(export_hold(home, name, path, json), json)
}

fn export_hold(home: &Home, name: String, path: &Path, json: bool) -> Result<Answer, Failure> {
    let mut session = Session::open(home)?;
    let (mut files, mut sum) = (None, Sum::default());
    export::receive(&mut session, ExportHold { name }, json, |exported, message| {
        let files = match &mut files {
            Some(files) => files,
            none => none.insert(Files::create(path).map_err(|error| unwritable(path, &error))?),
        };
        sum.add(&exported);
        files.add(&exported, &message).map_err(|error| unwritable(path, &error))
    })?;
    if let Some(files) = files {
        files.finish().map_err(|error| Failure::Refused(unwritable(path, &error)))?;
    }
    Ok(sum.answer(path))
}

/// The files of an export.
struct Files {
    root: PathBuf,
    mbox: Summed,
    manifest: Summed,
    sums: BufWriter<File>,
}

/// A file whose digest is known when it is written.
struct Summed {
    file: BufWriter<File>,
    digest: Sha256,
}

impl Files {
    fn create(root: &Path) -> std::io::Result<Files> {
        // What is there already belongs to something else, or to another export.
        fs::create_dir(root)?;
        let mut manifest = Summed::create(&root.join(MANIFEST))?;
        manifest.write(HEADINGS.join(",").as_bytes())?;
        manifest.write(b"\r\n")?;
        let sums = BufWriter::new(File::create_new(root.join("SHA256SUMS"))?);
        Ok(Files { root: root.to_owned(), mbox: Summed::create(&root.join(MBOX))?, manifest, sums })
    }

    fn add(&mut self, exported: &Exported, message: &[u8]) -> std::io::Result<()> {
        let name = match exported.damaged {
            Some(_) => String::new(),
            None => self.write_message(exported, message)?,
        };
        let line: Vec<String> = columns(exported, &name).iter().map(|column| quoted(column)).collect();
        self.manifest.write(line.join(",").as_bytes())?;
        self.manifest.write(b"\r\n")
    }

    /// Writes the message itself; returns the name of its file.
    fn write_message(&mut self, exported: &Exported, message: &[u8]) -> std::io::Result<String> {
        let levels = [exported.login.as_str()].into_iter().chain(exported.mailbox.split('/'));
        let below: Vec<String> = levels.map(plain).collect();
        let folder = format!("messages/{}", below.join("/"));
        fs::create_dir_all(self.root.join(&folder))?;
        // A mailbox that was made anew under an old name has another uidvalidity.
        let name = format!("{folder}/{}-{}.eml", exported.uidvalidity, exported.facts.uid.unwrap_or(0));
        let mut file = File::create_new(self.root.join(&name))?;
        file.write_all(message)?;
        file.sync_data()?;
        writeln!(self.sums, "{}  {name}", hexadecimal(&Sha256::digest(message)))?;
        let mut out = Vec::new();
        mbox::write(&mut out, message, &exported.facts, None);
        self.mbox.write(&out)?;
        Ok(name)
    }

    fn finish(mut self) -> std::io::Result<()> {
        for (name, summed) in [(MBOX, self.mbox), (MANIFEST, self.manifest)] {
            writeln!(self.sums, "{}  {name}", summed.finish()?)?;
        }
        self.sums.into_inner().map_err(|error| error.into_error())?.sync_all()
    }
}

impl Summed {
    fn create(path: &Path) -> std::io::Result<Summed> {
        Ok(Summed { file: BufWriter::new(File::create_new(path)?), digest: Sha256::new() })
    }

    fn write(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.digest.update(octets);
        self.file.write_all(octets)
    }

    fn finish(self) -> std::io::Result<String> {
        self.file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        Ok(hexadecimal(&self.digest.finalize()))
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

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

const MBOX: &str = "messages.mbox";
const MANIFEST: &str = "manifest.csv";
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

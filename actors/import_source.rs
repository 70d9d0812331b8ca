//! The files that mail is imported from: which folders there are, and one message of a folder after the other.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use archiveopteryx::archive::maildir::{self, Keywords, Name, UidList};
use archiveopteryx::archive::mbox::{self, Splitter, Variant};
use archiveopteryx::archive::{Facts, line_ends};
use archiveopteryx::message::date::{parse_date, received_date};
use archiveopteryx::message::header;
use sha2::{Digest, Sha256};

use crate::cli::exchange::Format;

/// A folder of the source, which becomes a mailbox.
pub struct Folder {
    /// What its name begins with below the mailbox that was asked for; empty for that mailbox itself.
    pub levels: Vec<String>,
    pub path: PathBuf,
    /// Names it in what the server writes down.
    pub source: String,
    /// What the uids of its messages mean something together with.
    pub uidvalidity: Option<u32>,
    /// How large it is, in what [`Pending::weight`] counts.
    pub size: u64,
    format: Format,
}

/// A message that may be imported.
pub struct Pending {
    pub item: String,
    /// Part of the folder's size.
    pub weight: u64,
    facts: Facts,
    content: Content,
}

enum Content {
    File(PathBuf),
    Octets(Vec<u8>),
}

/// Messages one after the other; an error is about one message, and the next may be fine.
pub type Messages = Box<dyn Iterator<Item = Result<Pending, String>>>;

/// All folders of a source, in the order of their names.
pub fn folders(format: Format, path: &Path) -> Result<Vec<Folder>, String> {
    let path = path.canonicalize().map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let mut folders = Vec::new();
    match format {
        Format::Maildir => maildirs(&path, &path, &mut folders)?,
        _ if path.is_file() => folders.push(folder(format, Vec::new(), path.clone())?),
        Format::Eml => eml_folders(&path, Vec::new(), &mut folders)?,
        _ => mboxes(format, &path, Vec::new(), &mut folders)?,
    }
    folders.sort_by(|one, other| one.levels.cmp(&other.levels));
    match folders.is_empty() {
        true => Err(format!("there is no mail in {}", path.display())),
        false => Ok(folders),
    }
}

impl Folder {
    /// Its messages.
    pub fn messages(&self) -> Result<Messages, String> {
        match self.format {
            Format::Maildir => maildir_messages(&self.path),
            Format::Eml => Ok(Box::new(eml_files(&self.path)?.into_iter().map(eml_message))),
            Format::Mbox => mbox_messages(&self.path, Variant::Rd),
            Format::Mboxo => mbox_messages(&self.path, Variant::O),
            Format::Mboxcl => mbox_messages(&self.path, Variant::Cl),
            Format::Mboxcl2 => mbox_messages(&self.path, Variant::Cl2),
        }
    }
}

impl Pending {
    /// How many of its octets are in memory.
    pub fn held(&self) -> usize {
        match &self.content {
            Content::File(_) => 0,
            Content::Octets(octets) => octets.len(),
        }
    }

    /// The message, and what is known of it.
    pub fn load(self) -> Result<(Facts, Vec<u8>), String> {
        let mut facts = self.facts;
        let (octets, changed) = match self.content {
            Content::Octets(octets) => (octets, None),
            Content::File(path) => {
                (fs::read(&path).map_err(|error| unreadable(&path, &error))?, modified(&path))
            }
        };
        let octets = line_ends::to_mail(octets);
        facts.octets = octets.len() as u64;
        facts.item = self.item;
        if facts.seconds.is_none() {
            (facts.seconds, facts.zone_minutes) = date_of(&octets);
            facts.seconds = facts.seconds.or(changed);
        }
        Ok((facts, octets))
    }
}

/// When a message came, as its newest trace field has it, or was sent.
fn date_of(message: &[u8]) -> (Option<i64>, i16) {
    let end = header::header_end(message, 0, |_| false);
    let head = &message[..end];
    let received = header::first(head, "Received").and_then(received_date);
    let written = received.or_else(|| header::first(head, "Date").and_then(parse_date));
    let zone = |offset: i32| i16::try_from(offset / 60).unwrap_or(0);
    written.map_or((None, 0), |written| (Some(written.at.as_second()), zone(written.offset)))
}

fn folder(format: Format, levels: Vec<String>, path: PathBuf) -> Result<Folder, String> {
    let (mut uidvalidity, size) = match format {
        Format::Maildir => {
            let list = UidList::parse(&fs::read_to_string(path.join("dovecot-uidlist")).unwrap_or_default());
            (list.uidvalidity, maildir_files(&path)?.len() as u64)
        }
        Format::Eml => (None, eml_files(&path)?.len() as u64),
        _ => (None, fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len()),
    };
    if !matches!(format, Format::Maildir | Format::Eml) {
        let head = fs::File::open(&path).map_err(|error| unreadable(&path, &error))?;
        uidvalidity = BufReader::new(head)
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix("X-IMAP").map(str::to_owned))
            .find_map(|rest| rest.split_once(": ")?.1.split(' ').next()?.parse().ok());
    }
    // What names a file of a Maildir is like no other in the world, wherever the Maildir has been put since.
    let source = match format {
        Format::Maildir => "maildir".to_owned(),
        _ => format!("{}:{}", format.name(), path.display()),
    };
    Ok(Folder { levels, path, source, uidvalidity, size, format })
}

/// The Maildir in `path`, and the folders in it: those of Maildir++, and such as are Maildirs themselves.
fn maildirs(root: &Path, path: &Path, folders: &mut Vec<Folder>) -> Result<(), String> {
    if path.join("cur").is_dir() {
        let below = path.strip_prefix(root).unwrap_or(path);
        let names = below.iter().filter_map(|name| name.to_str());
        let levels = names.flat_map(|name| maildir::levels(name).unwrap_or_else(|| vec![name.to_owned()]));
        folders.push(folder(Format::Maildir, levels.collect(), path.to_owned())?);
    }
    for entry in entries(path)? {
        let is_inner =
            entry.file_name().is_some_and(|name| ["cur", "new", "tmp"].iter().any(|own| name == *own));
        if entry.is_dir() && !is_inner {
            maildirs(root, &entry, folders)?;
        }
    }
    Ok(())
}

/// The files in `cur` and `new`, in the order of their names, which begin with the time.
fn maildir_files(path: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for part in ["new", "cur"] {
        let part = path.join(part);
        if part.is_dir() {
            files.extend(entries(&part)?.into_iter().filter(|file| !is_hidden(file)));
        }
    }
    files.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    Ok(files)
}

fn maildir_messages(path: &Path) -> Result<Messages, String> {
    let text = |name: &str| fs::read_to_string(path.join(name)).unwrap_or_default();
    let keywords = Keywords::parse(&text("dovecot-keywords"));
    let uids = UidList::parse(&text("dovecot-uidlist")).uids;
    let mut files = maildir_files(path)?;
    let uid_of = move |file: &Path| {
        let name = file.file_name()?.to_str()?;
        uids.get(Name::parse(name).unique).copied()
    };
    files.sort_by_cached_key(|file| uid_of(file).unwrap_or(u32::MAX));
    Ok(Box::new(files.into_iter().map(move |file| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let name = Name::parse(&name);
        let flags = Facts::names(&name.flags(&keywords));
        let facts = Facts { flags, seconds: modified(&file), uid: uid_of(&file), ..Facts::default() };
        Ok(Pending { item: name.unique.to_owned(), weight: 1, facts, content: Content::File(file) })
    })))
}

/// A folder with files of messages, and those in it.
fn eml_folders(path: &Path, levels: Vec<String>, folders: &mut Vec<Folder>) -> Result<(), String> {
    if !eml_files(path)?.is_empty() {
        folders.push(folder(Format::Eml, levels.clone(), path.to_owned())?);
    }
    below(path, &levels, |entry, levels| match entry.is_dir() {
        true => eml_folders(entry, levels, folders),
        false => Ok(()),
    })
}

fn eml_files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let is_eml = |file: &PathBuf| {
        file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml")) && file.is_file()
    };
    let mut files: Vec<PathBuf> = entries(path)?.into_iter().filter(is_eml).collect();
    files.sort();
    Ok(files)
}

fn eml_message(file: PathBuf) -> Result<Pending, String> {
    let item = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Pending { item, weight: 1, facts: Facts::default(), content: Content::File(file) })
}

/// Each file in a folder is an mbox, and those in folders below it.
fn mboxes(format: Format, path: &Path, levels: Vec<String>, folders: &mut Vec<Folder>) -> Result<(), String> {
    below(path, &levels, |entry, levels| match entry.is_dir() {
        true => mboxes(format, entry, levels, folders),
        false => {
            folders.push(folder(format, levels, entry.to_owned())?);
            Ok(())
        }
    })
}

/// Visits what is in a folder, with the levels of its name; an ending such as .mbox is no part of that.
fn below(
    path: &Path,
    levels: &[String],
    mut visit: impl FnMut(&Path, Vec<String>) -> Result<(), String>,
) -> Result<(), String> {
    if !path.is_dir() {
        return Ok(());
    }
    for entry in entries(path)?.iter().filter(|entry| !is_hidden(entry)) {
        let name = if entry.is_dir() { entry.file_name() } else { entry.file_stem() };
        let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        visit(entry, levels.iter().cloned().chain([name]).collect())?;
    }
    Ok(())
}

fn mbox_messages(path: &Path, variant: Variant) -> Result<Messages, String> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut lines = BufReader::with_capacity(1 << 18, file);
    let (mut splitter, path) = (Splitter::new(variant), path.to_owned());
    let (mut is_over, mut before) = (false, 0);
    Ok(Box::new(std::iter::from_fn(move || {
        let mut line = Vec::new();
        while !is_over {
            line.clear();
            let found = match lines.read_until(b'\n', &mut line) {
                Ok(0) => {
                    is_over = true;
                    splitter.end()
                }
                Ok(_) => match splitter.line(&line) {
                    Ok(found) => found,
                    Err(error) => {
                        is_over = true;
                        return Some(Err(format!("{}: {error}", path.display())));
                    }
                },
                Err(error) => {
                    is_over = true;
                    return Some(Err(unreadable(&path, &error)));
                }
            };
            if let Some(found) = found {
                let weight = found.offset.saturating_sub(std::mem::replace(&mut before, found.offset));
                return Some(Ok(mbox_message(found, weight)));
            }
        }
        None
    })))
}

/// What names a message is its place, and what it is: a file that grows has the same messages as before.
fn mbox_message(mut found: mbox::Found, weight: u64) -> Pending {
    let digest = Sha256::digest(&found.octets);
    let digest: String = digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    let marks = mbox::take_marks(&mut found.octets);
    let flags = Facts::names(&marks.flags);
    let facts =
        Facts { flags, seconds: found.seconds, uid: marks.uid.filter(|uid| *uid > 0), ..Facts::default() };
    let item = format!("{}-{digest}", found.offset);
    Pending { item, weight, facts, content: Content::Octets(found.octets) }
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, String> {
    let read = fs::read_dir(path).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    read.map_err(|error| unreadable(path, &error))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn modified(path: &Path) -> Option<i64> {
    let at = fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}

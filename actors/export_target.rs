//! The files that mail is exported into: a Maildir, an mbox, or a file for each message, and folders of them.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use archiveopteryx::aox::answer::Answer;
use archiveopteryx::aox::command::{ExportMessages, Exported, Position};
use archiveopteryx::archive::maildir::{self, Keywords, UidList};
use archiveopteryx::archive::{Facts, line_ends, mbox};
use serde::{Deserialize, Serialize};

use crate::cli::exchange::Format;
use crate::export_journal::{JOURNAL, Journal, go_on, is_free};

/// Where an export goes. One mailbox comes after the other.
pub struct Target {
    format: Format,
    root: PathBuf,
    /// One mailbox, whose files are the root itself.
    is_single: bool,
    journal: Journal,
    /// The mailboxes before, by their names and uidvalidities: of what was deleted there may be several of one name.
    written: HashMap<(String, u32), Written>,
    names: HashSet<String>,
    open: Option<Open>,
}

/// How far a mailbox is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Written {
    mailbox: String,
    uidvalidity: u32,
    /// What it is called among the files.
    name: String,
    /// How long the mbox is, or the list of uids.
    octets: u64,
    /// The file of keywords of a Maildir.
    keywords: String,
}

/// A mailbox that is being written.
struct Open {
    written: Written,
    path: PathBuf,
    /// The mbox, or the list of uids in a Maildir.
    file: Option<File>,
    keywords: Keywords,
}

impl Target {
    /// A place where nothing is yet.
    pub fn create(format: Format, root: &Path, command: &ExportMessages) -> Result<Target, String> {
        let is_single = is_single(command);
        // A file that is there is never written over.
        let is_file = format == Format::Mbox && is_single;
        if if is_file { root.exists() } else { !is_free(root) } {
            return Err(format!("{} is there already; export to a new place", root.display()));
        }
        let path = journal_path(format, root, is_single);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        folder.map_err(|error| format!("{} cannot be made: {error}", root.display()))?;
        let journal = Journal::create(path, root, command.clone())?;
        Ok(Target::with(format, root, is_single, journal, Vec::new()))
    }

    /// The place where this export was broken off; None where it has not begun.
    pub fn resume(format: Format, root: &Path, command: &ExportMessages) -> Result<Option<Target>, String> {
        let is_single = is_single(command);
        let path = journal_path(format, root, is_single);
        let mut written: Vec<Written> = Vec::new();
        let journal = Journal::resume(path, root, command.clone(), |place: Option<Written>| {
            // Of each mailbox, what was said last counts.
            let Some(place) = place else { return };
            match written.last_mut() {
                Some(last) if last.name == place.name => *last = place,
                _ => written.push(place),
            }
        })?;
        Ok(journal.map(|journal| Target::with(format, root, is_single, journal, written)))
    }

    fn with(format: Format, root: &Path, is_single: bool, journal: Journal, written: Vec<Written>) -> Target {
        let names = written.iter().map(|written| written.name.clone()).collect();
        let written = written.into_iter().map(|written| (written.key(), written)).collect();
        Target { format, root: root.to_owned(), is_single, journal, written, names, open: None }
    }

    /// The last message that was exported.
    pub fn position(&self) -> Option<Position> {
        self.journal.position()
    }

    /// Writes a message, if it can be exported.
    pub fn add(&mut self, exported: &Exported, octets: &[u8]) -> Result<(), String> {
        if exported.damaged.is_none() {
            let key = (exported.mailbox.clone(), exported.uidvalidity);
            if self.open.as_ref().is_none_or(|open| open.written.key() != key) {
                self.save()?;
                self.open(key, exported.uidnext)?;
            }
            let open = self.open.as_mut().ok_or("a mailbox is open that is written")?;
            let written = match self.format {
                Format::Maildir => open.maildir(&mut self.journal, exported, octets),
                Format::Eml => open.eml(&mut self.journal, exported, octets),
                _ => open.mbox(exported, octets),
            };
            written.map_err(|error| unwritable(&open.path, &error))?;
        }
        self.journal.add(exported);
        if self.journal.is_due() { self.save() } else { Ok(()) }
    }

    /// Sees to it that all is on the disk, and says so in the journal.
    pub fn save(&mut self) -> Result<(), String> {
        if let Some(open) = &mut self.open {
            open.save(self.format).map_err(|error| unwritable(&open.path, &error))?;
        }
        let written = self.open.as_ref().map(|open| open.written.clone());
        self.journal.save(written).map_err(|error| unwritable(&self.root, &error))
    }

    /// All is exported. Returns what is said of it.
    pub fn finish(mut self) -> Result<Answer, String> {
        self.save()?;
        self.journal.finish()
    }

    /// Goes on with the next mailbox.
    fn open(&mut self, key: (String, u32), uidnext: u64) -> Result<(), String> {
        let last = self.open.take().map(|open| open.written);
        self.written.extend(last.map(|written| (written.key(), written)));
        let written = self.written.remove(&key).unwrap_or_else(|| {
            let (mailbox, uidvalidity) = key;
            let name = match self.names.contains(&mailbox) {
                true => format!("{mailbox}-{uidvalidity}"),
                false => mailbox.clone(),
            };
            Written { mailbox, uidvalidity, name, octets: 0, keywords: String::new() }
        });
        self.names.insert(written.name.clone());
        let path = self.path(&written.name);
        let open = Open::new(self.format, path.clone(), written, uidnext, &mut self.journal);
        self.open = Some(open.map_err(|error| format!("{} cannot be made: {error}", path.display()))?);
        Ok(())
    }

    /// Where a mailbox goes.
    fn path(&self, mailbox: &str) -> PathBuf {
        if self.is_single {
            return self.root.clone();
        }
        let levels = mailbox.split('/');
        match self.format {
            Format::Maildir if mailbox == "INBOX" => self.root.clone(),
            Format::Maildir => self.root.join(maildir::folder(levels)),
            Format::Eml => self.root.join(below(levels)),
            _ => {
                let path = self.root.join(below(levels)).into_os_string();
                PathBuf::from([path, ".mbox".into()].into_iter().collect::<std::ffi::OsString>())
            }
        }
    }
}

impl Written {
    fn key(&self) -> (String, u32) {
        (self.mailbox.clone(), self.uidvalidity)
    }
}

impl Open {
    fn new(
        format: Format,
        path: PathBuf,
        written: Written,
        uidnext: u64,
        journal: &mut Journal,
    ) -> std::io::Result<Open> {
        match format {
            Format::Maildir => {
                ["tmp", "new", "cur"].iter().try_for_each(|part| fs::create_dir_all(path.join(part)))?;
            }
            Format::Eml => fs::create_dir_all(&path)?,
            _ => path.parent().map_or(Ok(()), fs::create_dir_all)?,
        }
        let file = match format {
            Format::Maildir => Some(go_on(&path.join("dovecot-uidlist"), written.octets, journal)?),
            Format::Eml => None,
            _ => Some(go_on(&path, written.octets, journal)?),
        };
        let keywords = Keywords::parse(&written.keywords);
        let mut open = Open { written, path, file, keywords };
        if format == Format::Maildir && open.written.octets == 0 {
            open.append(UidList::head(open.written.uidvalidity, uidnext).as_bytes())?;
        }
        Ok(open)
    }

    /// Appends to the mbox, or the list of uids.
    fn append(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.written.octets += octets.len() as u64;
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(octets))
    }

    fn maildir(&mut self, journal: &mut Journal, exported: &Exported, octets: &[u8]) -> std::io::Result<()> {
        let Facts { uid, seconds, .. } = exported.facts;
        let (uid, seconds) = (uid.unwrap_or(0), seconds.unwrap_or(0));
        let unique = format!("{seconds}.V{}U{uid}.aox", self.written.uidvalidity);
        let name = maildir::file_name(&unique, &exported.facts.flag_set(), &mut self.keywords);
        let (new, path) = (self.path.join("tmp").join(&unique), self.path.join("cur").join(name));
        journal.writes(&new)?;
        journal.writes(&path)?;
        write_file(&new, &line_ends::to_file(octets), seconds)?;
        fs::rename(&new, &path)?;
        self.append(UidList::line(uid, &unique).as_bytes())
    }

    fn eml(&mut self, journal: &mut Journal, exported: &Exported, octets: &[u8]) -> std::io::Result<()> {
        let Facts { uid, seconds, .. } = exported.facts;
        let path = self.path.join(format!("{:010}.eml", uid.unwrap_or(0)));
        journal.writes(&path)?;
        write_file(&path, octets, seconds.unwrap_or(0))
    }

    fn mbox(&mut self, exported: &Exported, octets: &[u8]) -> std::io::Result<()> {
        let Written { uidvalidity, octets: before, .. } = self.written;
        let head = (before == 0).then_some((uidvalidity, exported.uidnext));
        let mut out = Vec::new();
        mbox::write(&mut out, octets, &exported.facts, head);
        self.append(&out)
    }

    /// Sees to it that all of the mailbox is on the disk.
    fn save(&mut self, format: Format) -> std::io::Result<()> {
        if let Some(file) = &self.file {
            file.sync_data()?;
        }
        if format == Format::Maildir && !self.keywords.is_empty() {
            self.written.keywords = self.keywords.print();
            fs::write(self.path.join("dovecot-keywords"), &self.written.keywords)?;
        }
        Ok(())
    }
}

/// Writes a file that was changed last when the message came.
fn write_file(path: &Path, octets: &[u8], seconds: i64) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(octets)?;
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    file.set_modified(UNIX_EPOCH + since)?;
    file.sync_data()
}

fn is_single(command: &ExportMessages) -> bool {
    command.place.starts_with('/')
}

/// In a folder that is written, or beside a file.
fn journal_path(format: Format, root: &Path, is_single: bool) -> PathBuf {
    match format == Format::Mbox && is_single {
        true => {
            let name = root.file_name().unwrap_or_default().to_string_lossy();
            root.with_file_name(format!("{name}{JOURNAL}"))
        }
        false => root.join(JOURNAL),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

/// A path below another one, whatever the levels of a mailbox are called.
fn below<'a>(levels: impl Iterator<Item = &'a str>) -> PathBuf {
    levels.map(|level| if level.starts_with('.') { format!("_{level}") } else { level.to_owned() }).collect()
}

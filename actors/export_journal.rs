//! What an export has written so far, in a file beside it, so that an export that was broken off goes on where it was.
//!
//! A file is named in the journal before it is made. From time to time, when all is on the disk, the journal says how far
//! the export is. Whoever goes on takes away what was named later, and begins there.

use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use archiveopteryx::aox::answer::{Answer, counted, octets};
use archiveopteryx::aox::command::{Command, Exported, Position};
use archiveopteryx::aox::conversation;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The journal of an export at work. No other program writes it meanwhile.
pub struct Journal {
    path: PathBuf,
    root: PathBuf,
    file: File,
    sum: Sum,
    /// The last message that was added.
    position: Option<Position>,
    /// What was added since the journal said how far the export is.
    unsaved: Unsaved,
}

/// What has been exported.
#[derive(Default)]
struct Sum {
    messages: i64,
    octets: i64,
    /// Messages that had been exported when the export was broken off.
    before: i64,
    damaged: Vec<String>,
}

#[derive(Default)]
struct Unsaved {
    messages: usize,
    octets: u64,
    damaged: Vec<String>,
}

/// A line of the journal; `P` is what the writer has to know to go on.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line<P> {
    /// This file, as seen from the root, is about to be made.
    Writes(PathBuf),
    /// So far all is on the disk.
    Saved(Saved<P>),
}

#[derive(Serialize, Deserialize)]
struct Saved<P> {
    position: Option<Position>,
    messages: i64,
    octets: i64,
    /// Messages since the line before that could not be exported.
    damaged: Vec<String>,
    place: P,
}

impl Journal {
    /// Begins the journal of an export into `root` that this command asks for.
    pub fn create(path: PathBuf, root: &Path, command: impl Into<Command>) -> Result<Journal, String> {
        let new = || -> Result<File, String> {
            let mut file =
                File::options().create(true).append(true).open(&path).map_err(|e| e.to_string())?;
            lock(&file)?;
            file.set_len(0).map_err(|error| error.to_string())?;
            file.write_all(&conversation::request(&command.into())).map_err(|error| error.to_string())?;
            Ok(file)
        };
        let file = new().map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        let (sum, unsaved) = (Sum::default(), Unsaved::default());
        Ok(Journal { path, root: root.to_owned(), file, sum, position: None, unsaved })
    }

    /// Opens the journal of an export that was broken off; None when there is none. `take` is told what the writer
    /// has saved, piece by piece.
    pub fn resume<P: DeserializeOwned>(
        path: PathBuf,
        root: &Path,
        command: impl Into<Command>,
        take: impl FnMut(P),
    ) -> Result<Option<Journal>, String> {
        let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
        let file = match File::options().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        lock(&file).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut lines = BufReader::new(&file);
        let mut first = Vec::new();
        lines.read_until(b'\n', &mut first).map_err(unreadable)?;
        // Before its first line is whole, nothing is written.
        if !first.ends_with(b"\n") {
            return Ok(None);
        }
        if first != conversation::request(&command.into()) {
            let (root, path) = (root.display(), path.display());
            return Err(format!(
                "{root} holds a part of another export; finish that, or export to a new place ({path} says which)"
            ));
        }
        let mut journal = Journal {
            root: root.to_owned(),
            sum: Sum::default(),
            position: None,
            unsaved: Unsaved::default(),
            file: file.try_clone().map_err(unreadable)?,
            path: path.clone(),
        };
        journal.read(lines, first.len() as u64, take).map_err(unreadable)?;
        journal.sum.before = journal.sum.messages;
        Ok(Some(journal))
    }

    /// Reads what is behind the first line, up to a last line that is not whole, and takes away what is not saved.
    fn read<P: DeserializeOwned>(
        &mut self,
        mut lines: impl BufRead,
        begin: u64,
        mut take: impl FnMut(P),
    ) -> std::io::Result<()> {
        let (mut end, mut unsaved) = (begin, Vec::new());
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            let Ok(read) = serde_json::from_slice::<Line<P>>(&line) else { break };
            end += line.len() as u64;
            match read {
                Line::Writes(file) => unsaved.push(file),
                Line::Saved(saved) => {
                    unsaved.clear();
                    self.position = saved.position;
                    (self.sum.messages, self.sum.octets) = (saved.messages, saved.octets);
                    self.sum.damaged.extend(saved.damaged);
                    take(saved.place);
                }
            }
            line.clear();
        }
        for file in unsaved {
            // The root itself may be the file.
            let is_root = file.as_os_str().is_empty();
            match fs::remove_file(if is_root { self.root.clone() } else { self.root.join(file) }) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::End(0)).map(|_| ())
    }

    /// The last message that was exported.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// This file is about to be made below the root.
    pub fn writes(&mut self, file: &Path) -> std::io::Result<()> {
        self.line(&Line::<()>::Writes(file.strip_prefix(&self.root).unwrap_or(file).to_owned()))
    }

    /// One more message; where it can be exported, it has been written.
    pub fn add(&mut self, exported: &Exported) {
        self.position = Some(exported.position);
        self.unsaved.messages += 1;
        self.unsaved.octets += exported.facts.octets;
        match &exported.damaged {
            Some(why) => {
                let uid = exported.facts.uid.unwrap_or(0);
                let text = format!("{} {uid} of {}: {why}", exported.mailbox, exported.login);
                self.unsaved.damaged.push(text.clone());
                self.sum.damaged.push(text);
            }
            None => {
                self.sum.messages += 1;
                self.sum.octets += exported.facts.octets as i64;
            }
        }
    }

    /// Whether enough was added that it should be saved.
    pub fn is_due(&self) -> bool {
        self.unsaved.messages >= SAVED_MESSAGES || self.unsaved.octets >= SAVED_BYTES
    }

    /// All that was added is on the disk.
    pub fn save<P: Serialize>(&mut self, place: P) -> std::io::Result<()> {
        let damaged = std::mem::take(&mut self.unsaved.damaged);
        let Sum { messages, octets, .. } = self.sum;
        self.line(&Line::Saved(Saved { position: self.position, messages, octets, damaged, place }))?;
        self.unsaved = Unsaved::default();
        self.file.sync_data()
    }

    /// All is exported. Returns what is said of it.
    pub fn finish(self) -> Result<Answer, String> {
        let gone = fs::remove_file(&self.path);
        gone.map_err(|error| format!("{} cannot be removed: {error}", self.path.display()))?;
        let Sum { messages, octets: size, before, damaged } = self.sum;
        let (path, written) = (self.root.display(), counted(messages, "message"));
        let mut sentences = vec![format!("{written}, {}, written to {path}.", octets(size))];
        if before > 0 {
            sentences.push(format!("{} were there already.", counted(before, "message")));
        }
        sentences.extend(damaged.iter().map(|text| format!("Not exported: {text}.")));
        let json = json!({"exported": messages, "octets": size, "path": self.root, "resumed_after": before,
                          "not_exported": damaged});
        Ok(Answer { sentences, table: None, json, good: damaged.is_empty() })
    }

    /// What is said when there was nothing.
    pub fn nothing(root: &Path) -> Answer {
        let json = json!({"exported": 0, "octets": 0, "path": root, "resumed_after": 0, "not_exported": []});
        Answer::sentence("There was nothing to export.", json)
    }

    fn line<P: Serialize>(&mut self, line: &Line<P>) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }
}

/// Whether nothing is in a folder yet, except a journal that was begun.
pub fn is_free(root: &Path) -> bool {
    match fs::read_dir(root) {
        Ok(mut entries) => entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == JOURNAL)),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Opens a file that has been written up to here.
pub fn go_on(path: &Path, octets: u64, journal: &mut Journal) -> std::io::Result<File> {
    if octets == 0 {
        journal.writes(path)?;
    }
    let file = File::options().create(true).append(true).open(path)?;
    if file.metadata()?.len() < octets {
        let text = format!("{} is shorter than what was exported; export to a new place", path.display());
        return Err(std::io::Error::other(text));
    }
    file.set_len(octets)?;
    Ok(file)
}

/// Sees to it that two programs do not write the same export.
fn lock(file: &File) -> Result<(), String> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => "another program is exporting there".to_owned(),
        TryLockError::Error(error) => error.to_string(),
    })
}

/// Messages, and their octets, that are exported once more at most when an export goes on.
const SAVED_MESSAGES: usize = 1000;
const SAVED_BYTES: u64 = 32 * 1024 * 1024;
/// The name of the journal, until all is exported.
pub const JOURNAL: &str = ".aox-export";

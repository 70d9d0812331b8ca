//! The files that mail is exported into: a Maildir, an mbox, or a file for each message, and folders of them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use archiveopteryx::aox::command::Exported;
use archiveopteryx::archive::maildir::{self, Keywords};
use archiveopteryx::archive::{Facts, line_ends, mbox};

use crate::cli::exchange::Format;

/// Where an export goes.
pub struct Target {
    format: Format,
    root: PathBuf,
    /// One mailbox, whose files are the root itself.
    is_single: bool,
    /// By their names and uidvalidities: of what was deleted there may be several of one name.
    open: HashMap<(String, u32), Open>,
}

/// A mailbox that is being written.
struct Open {
    path: PathBuf,
    mbox: Option<BufWriter<File>>,
    keywords: Keywords,
    /// The uids and names of the files of a Maildir.
    uids: Vec<(u32, String)>,
    uidvalidity: u32,
    uidnext: u64,
    is_first: bool,
}

impl Target {
    /// A place where nothing is yet.
    pub fn new(format: Format, root: &Path, is_single: bool) -> Result<Target, String> {
        let is_empty = match fs::read_dir(root) {
            Ok(mut entries) => entries.next().is_none() && (format != Format::Mbox || !is_single),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        match is_empty {
            true => Ok(Target { format, root: root.to_owned(), is_single, open: HashMap::new() }),
            false => Err(format!("{} is there already; export to a new place", root.display())),
        }
    }

    /// Writes a message; returns its file, as seen from the root.
    pub fn write(&mut self, exported: &Exported, octets: &[u8]) -> Result<PathBuf, String> {
        let format = self.format;
        let key = (exported.mailbox.clone(), exported.uidvalidity);
        if !self.open.contains_key(&key) {
            let is_taken = self.open.keys().any(|(mailbox, _)| *mailbox == exported.mailbox);
            let name = match is_taken {
                true => format!("{}-{}", exported.mailbox, exported.uidvalidity),
                false => exported.mailbox.clone(),
            };
            let open = Open::new(format, self.path(&name), exported)?;
            self.open.insert(key.clone(), open);
        }
        let open = self.open.get_mut(&key).ok_or("a mailbox is open that is written")?;
        let written = match format {
            Format::Maildir => open.maildir(exported, octets),
            Format::Eml => open.eml(exported, octets),
            _ => open.mbox(exported, octets),
        };
        let file = written.map_err(|error| format!("{} cannot be written: {error}", open.path.display()))?;
        Ok(file.strip_prefix(&self.root).map(Path::to_owned).unwrap_or(file))
    }

    /// Writes what can be written only when all messages are there, and sees to it that all is on the disk.
    pub fn finish(self) -> Result<(), String> {
        self.open.into_values().try_for_each(|open| {
            let path = open.path.clone();
            open.finish(self.format).map_err(|error| format!("{} cannot be written: {error}", path.display()))
        })
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

impl Open {
    fn new(format: Format, path: PathBuf, exported: &Exported) -> Result<Open, String> {
        let made = match format {
            Format::Maildir => {
                ["tmp", "new", "cur"].iter().try_for_each(|part| fs::create_dir_all(path.join(part)))
            }
            Format::Eml => fs::create_dir_all(&path),
            _ => path.parent().map_or(Ok(()), fs::create_dir_all),
        };
        let is_file = !matches!(format, Format::Maildir | Format::Eml);
        let mbox = made.and_then(|()| is_file.then(|| File::create_new(&path)).transpose());
        let mbox = mbox.map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
        Ok(Open {
            path,
            mbox: mbox.map(BufWriter::new),
            keywords: Keywords::default(),
            uids: Vec::new(),
            uidvalidity: exported.uidvalidity,
            uidnext: exported.uidnext,
            is_first: true,
        })
    }

    fn maildir(&mut self, exported: &Exported, octets: &[u8]) -> std::io::Result<PathBuf> {
        let Facts { uid, seconds, .. } = exported.facts;
        let (uid, seconds) = (uid.unwrap_or(0), seconds.unwrap_or(0));
        let unique = format!("{seconds}.V{}U{uid}.aox", self.uidvalidity);
        let name = maildir::file_name(&unique, &exported.facts.flag_set(), &mut self.keywords);
        let (new, path) = (self.path.join("tmp").join(&unique), self.path.join("cur").join(name));
        write_file(&new, &line_ends::to_file(octets), seconds)?;
        fs::rename(&new, &path)?;
        self.uids.push((uid, unique));
        Ok(path)
    }

    fn eml(&mut self, exported: &Exported, octets: &[u8]) -> std::io::Result<PathBuf> {
        let Facts { uid, seconds, .. } = exported.facts;
        let path = self.path.join(format!("{:010}.eml", uid.unwrap_or(0)));
        write_file(&path, octets, seconds.unwrap_or(0))?;
        Ok(path)
    }

    fn mbox(&mut self, exported: &Exported, octets: &[u8]) -> std::io::Result<PathBuf> {
        let head = std::mem::take(&mut self.is_first).then_some((self.uidvalidity, self.uidnext));
        let mut out = Vec::new();
        mbox::write(&mut out, octets, &exported.facts, head);
        if let Some(file) = &mut self.mbox {
            file.write_all(&out)?;
        }
        Ok(self.path.clone())
    }

    fn finish(self, format: Format) -> std::io::Result<()> {
        if let Some(file) = self.mbox {
            file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        }
        if format == Format::Maildir {
            let files = self.uids.iter().map(|(uid, file)| (*uid, file.as_str()));
            let list = maildir::UidList::print(self.uidvalidity, self.uidnext, files);
            fs::write(self.path.join("dovecot-uidlist"), list)?;
            if !self.keywords.is_empty() {
                fs::write(self.path.join("dovecot-keywords"), self.keywords.print())?;
            }
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

/// A path below another one, whatever the levels of a mailbox are called.
fn below<'a>(levels: impl Iterator<Item = &'a str>) -> PathBuf {
    levels.map(|level| if level.starts_with('.') { format!("_{level}") } else { level.to_owned() }).collect()
}

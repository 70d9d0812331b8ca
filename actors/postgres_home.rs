//! Where the private PostgreSQL lives, which programs run it, and as whom. Waits for programs: call it off the arbiters.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use archiveopteryx::settings::Settings;
use nix::unistd::{Gid, Uid, User};

use crate::postgres_memory;

/// The files of the private PostgreSQL below `HOME/postgres`, and how to run its programs.
#[derive(Debug, Clone)]
pub struct PostgresHome {
    folder: PathBuf,
    programs: PathBuf,
    identity: Identity,
    socket: PathBuf,
}

/// As whom PostgreSQL runs: it refuses to be root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    /// As we do.
    Ourselves,
    /// As another user, because we are root.
    Other { uid: u32, gid: u32 },
    /// As root in disguise: a user namespace shows it another user id, while its files stay root's. So it can live
    /// below a directory that only root may enter.
    Namespace,
}

impl PostgresHome {
    /// Finds the programs, chooses the user, and initializes the cluster when it is not there yet.
    pub fn prepare(home: &Path, settings: &Settings) -> Result<PostgresHome, String> {
        let folder = home.join("postgres");
        let programs = find_programs(&settings.postgres.programs, &folder.join("data"))?;
        let identity = choose_identity(home, &folder.join("data"), &programs)?;
        make_folder(&folder, identity)?;
        make_folder(&folder.join("log"), identity)?;
        let socket = socket_folder(&folder, identity)?;
        let prepared = PostgresHome { folder, programs, identity, socket };
        if !prepared.data().join("PG_VERSION").exists() {
            prepared.initialize()?;
        }
        prepared.configure(settings)?;
        Ok(prepared)
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The directory of the unix socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// What the postmaster said before its own log was open.
    pub fn start_log(&self) -> PathBuf {
        self.folder.join("log/start.log")
    }

    /// The command that runs the server, in a process group of its own, so that ^C in our terminal misses it.
    pub fn postmaster(&self) -> io::Result<Command> {
        let said = fs::File::create(self.start_log())?;
        let mut command = self.identity.command(&self.programs.join("postgres"));
        command.arg("-D").arg(self.data()).process_group(0).current_dir(&self.folder);
        command.stdin(std::process::Stdio::null()).stdout(said.try_clone()?).stderr(said);
        Ok(command)
    }

    /// Makes the cluster beside its final place, so that a start that is interrupted leaves nothing half made there.
    fn initialize(&self) -> Result<(), String> {
        let new = self.folder.join("data.new");
        remove_folder(&new)?;
        let mut command = self.identity.command(&self.programs.join("initdb"));
        command.arg("-D").arg(&new).current_dir(&self.folder);
        command.args([
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            "--data-checksums",
        ]);
        let done = command.output().map_err(|error| format!("initdb cannot be run: {error}"))?;
        if !done.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&done.stderr).trim()));
        }
        let main = new.join("postgresql.conf");
        let text = fs::read_to_string(&main).map_err(|error| cannot("read", &main, &error))?;
        write(&main, &format!("{text}\n{INCLUDE}"))?;
        fs::rename(&new, self.data()).map_err(|error| cannot("create", &self.data(), &error))
    }

    /// Writes what we set. The site's own values go into `postgresql.conf`, below the line that includes ours.
    fn configure(&self, settings: &Settings) -> Result<(), String> {
        let text = postgres_memory::configuration(settings, &self.socket, &self.folder.join("log"));
        let path = self.data().join("aox.conf");
        write(&path, &text)?;
        self.identity.own(&path)
    }
}

impl Identity {
    /// `program`, to be run as this identity, knowing nothing of our environment.
    fn command(self, program: &Path) -> Command {
        let mut command = match self {
            Identity::Ourselves => Command::new(program),
            Identity::Other { uid, gid } => {
                let mut command = Command::new(program);
                command.uid(uid).gid(gid);
                command
            }
            Identity::Namespace => {
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-user=1000", "--map-group=1000"]).arg(program);
                command
            }
        };
        command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("LC_ALL", "C");
        command
    }

    /// Gives `path` to this identity.
    fn own(self, path: &Path) -> Result<(), String> {
        let Identity::Other { uid, gid } = self else { return Ok(()) };
        nix::unistd::chown(path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
            .map_err(|error| cannot("give to PostgreSQL's user", path, &error.into()))
    }

    fn uid(self) -> u32 {
        match self {
            Identity::Other { uid, .. } => uid,
            Identity::Ourselves | Identity::Namespace => nix::unistd::geteuid().as_raw(),
        }
    }

    /// Whether `program` can be run as this identity within `folder`.
    fn can_run(self, program: &Path, folder: &Path) -> bool {
        let mut command = self.command(program);
        command.arg("--version").current_dir(folder);
        command.output().is_ok_and(|done| done.status.success())
    }
}

/// Never root. Files that are there already decide; otherwise the system's own user for PostgreSQL, when it can enter
/// the home, and root in disguise when it cannot.
fn choose_identity(home: &Path, data: &Path, programs: &Path) -> Result<Identity, String> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(Identity::Ourselves);
    }
    let other = match fs::metadata(data) {
        Ok(found) if found.uid() != 0 => Some(Identity::Other { uid: found.uid(), gid: found.gid() }),
        Ok(_) => None,
        Err(_) => User::from_name("postgres")
            .ok()
            .flatten()
            .map(|user| Identity::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw() }),
    };
    let program = programs.join("initdb");
    let candidates = other.into_iter().chain([Identity::Namespace]);
    for identity in candidates {
        if identity.can_run(&program, home) {
            return Ok(identity);
        }
    }
    Err(format!(
        "PostgreSQL cannot run as root, no other user can enter {}, and this system permits no user namespaces; \
         use a home that the user postgres can enter",
        home.display()
    ))
}

/// The directory that holds initdb and postgres: the setting, else the newest that the cluster can be run with.
pub fn find_programs(setting: &str, data: &Path) -> Result<PathBuf, String> {
    let version = fs::read_to_string(data.join("PG_VERSION")).ok().map(|text| text.trim().to_owned());
    if !setting.is_empty() {
        let folder = PathBuf::from(setting);
        if folder.join("initdb").is_file() && folder.join("postgres").is_file() {
            return Ok(folder);
        }
        return Err(format!("postgres.programs is {setting}, but initdb and postgres are not there"));
    }
    let mut found: Vec<(u32, PathBuf)> = candidates()
        .into_iter()
        .filter(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .filter_map(|folder| Some((major_version(&folder)?, folder)))
        .filter(|(major, _)| *major >= OLDEST_MAJOR)
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    let fitting = match &version {
        None => found.first(),
        Some(version) => found.iter().find(|(major, _)| major.to_string() == *version),
    };
    match (fitting, version) {
        (Some((_, folder)), _) => Ok(folder.clone()),
        (None, Some(version)) => Err(format!(
            "{} was made by PostgreSQL {version}, which is not installed any more; install it again, or move the data \
             to a newer one by pg_upgrade",
            data.display()
        )),
        (None, None) => Err(format!(
            "PostgreSQL's server programs (version {OLDEST_MAJOR} or newer) are not found; install them (Debian, \
             Ubuntu: apt-get install postgresql), or name their directory by postgres.programs, or name a database \
             by database.url"
        )),
    }
}

/// Where initdb may be: Debian's directories, what pg_config says, other systems' usual places, PATH.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for base in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
        let Ok(entries) = fs::read_dir(base) else { continue };
        folders.extend(entries.flatten().map(|entry| entry.path().join("bin")));
    }
    if let Ok(done) = Command::new("pg_config").arg("--bindir").output()
        && done.status.success()
    {
        folders.push(PathBuf::from(String::from_utf8_lossy(&done.stdout).trim()));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` is 15.
fn major_version(folder: &Path) -> Option<u32> {
    let done = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn make_folder(path: &Path, identity: Identity) -> Result<(), String> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => identity.own(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(cannot("create", path, &error)),
    }
}

/// Where the unix socket goes: beside the data, or, when that name would be too long for a socket, into a short
/// directory that nobody else may enter, whose name is kept for the next start.
fn socket_folder(folder: &Path, identity: Identity) -> Result<PathBuf, String> {
    let near = folder.join("socket");
    if near.as_os_str().len() + SOCKET_NAME.len() <= SOCKET_PATH_BYTES_MAX {
        make_folder(&near, identity)?;
        return Ok(near);
    }
    let note = folder.join("socket-directory");
    if let Ok(kept) = fs::read_to_string(&note) {
        let kept = PathBuf::from(kept.trim());
        let ours = fs::symlink_metadata(&kept).is_ok_and(|found| {
            found.is_dir() && found.uid() == identity.uid() && found.permissions().mode() & 0o077 == 0
        });
        if ours {
            return Ok(kept);
        }
    }
    let base = if nix::unistd::geteuid().is_root() && Path::new("/run").is_dir() { "/run" } else { "/tmp" };
    let mut name = CString::new(format!("{base}/aox-XXXXXX")).expect("no NUL in it").into_bytes_with_nul();
    name.pop();
    let made = nix::unistd::mkdtemp(Path::new(std::str::from_utf8(&name).expect("it is ASCII")))
        .map_err(|error| format!("no directory for PostgreSQL's socket can be made below {base}: {error}"))?;
    identity.own(&made)?;
    write(&note, &made.to_string_lossy())?;
    Ok(made)
}

fn remove_folder(path: &Path) -> Result<(), String> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Writes a small file that only its owner may read.
fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o600)))
        .map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}

/// The oldest PostgreSQL whose SQL we use.
const OLDEST_MAJOR: u32 = 15;
/// Appended to `postgresql.conf` once.
const INCLUDE: &str = "# What aox sets, written anew at each start. Lines of your own below this one win.\ninclude 'aox.conf'\n";
/// What PostgreSQL adds to the directory of its socket; the lock file beside it is longer.
const SOCKET_NAME: &str = "/.s.PGSQL.5432.lock";
/// `sun_path` has 108 octets with its final NUL on Linux, 104 elsewhere.
const SOCKET_PATH_BYTES_MAX: usize = 102;

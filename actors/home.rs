//! The folder where one server keeps its state: locked by the server, and where its control socket is.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The home of a server, by its absolute path.
#[derive(Debug, Clone)]
pub struct Home {
    path: PathBuf,
}

/// Held as long as a server runs. The lock goes with the process, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Home {
    /// The home at `path`, which need not exist yet.
    pub fn new(path: &Path) -> io::Result<Home> {
        Ok(Home { path: std::path::absolute(path)? })
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the control socket is.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join("aox.sock")
    }

    /// Makes the folder when it is not there. Others may pass through it, so that PostgreSQL can be another user, but
    /// see nothing.
    pub fn create(&self) -> Result<(), String> {
        let made = DirBuilder::new().recursive(true).mode(0o711).create(&self.path);
        made.map_err(|error| format!("the home {} cannot be made: {error}", self.path.display()))
    }

    /// Takes the home for this process; refused while another server has it.
    pub fn lock(&self) -> Result<Lock, String> {
        let path = self.path.join("aox.lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let process = io::read_to_string(&file).unwrap_or_default();
                return Err(format!(
                    "a server runs in {} already (process {}); stop it first, or choose another home by --home",
                    self.path.display(),
                    process.trim()
                ));
            }
            Err(TryLockError::Error(error)) => {
                return Err(format!("{} cannot be locked: {error}", path.display()));
            }
        }
        // For the sentence above only.
        let noted = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        noted.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        Ok(Lock { _file: file })
    }
}

/// A name for `path` that fits a socket address, for as long as the returned file is open: paths may be longer than
/// the 107 octets that an address holds.
pub fn short_socket_path(path: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok((path.to_owned(), None));
    };
    if path.as_os_str().len() < SOCKET_PATH_BYTES_MAX {
        return Ok((path.to_owned(), None));
    }
    let folder = File::open(folder)?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&folder);
    Ok((PathBuf::from(format!("/proc/self/fd/{number}")).join(name), Some(folder)))
}

/// `sun_path` has 108 octets with its final NUL on Linux, 104 elsewhere.
const SOCKET_PATH_BYTES_MAX: usize = 102;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_locked_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(&folder.path().join("a/b")).unwrap();
        home.create().unwrap();
        let lock = home.lock().unwrap();
        let refused = home.lock().unwrap_err();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(lock);
        home.lock().unwrap();
    }

    #[test]
    fn a_long_path_gets_a_short_name() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("x".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let (short, _open) = short_socket_path(&deep.join("aox.sock")).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&short).unwrap();
        assert!(deep.join("aox.sock").exists());
    }
}

//! One PostgreSQL server process: started, awaited, ended; always by its pid, and only after that pid is known as ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::postgres_home::PostgresHome;

/// Starts the server and waits until it takes connections. A recovery after a crash may take long: it is waited for as
/// long as it goes on.
pub async fn start(home: &PostgresHome) -> Result<Child, String> {
    let command = home.postmaster().map_err(|error| format!("cannot prepare PostgreSQL's start: {error}"))?;
    let mut child =
        Command::from(command).spawn().map_err(|error| format!("PostgreSQL cannot be run: {error}"))?;
    let pid = child.id().ok_or("PostgreSQL ended at once")? as i32;
    let started = Instant::now();
    let mut told = Duration::ZERO;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("PostgreSQL ended at its start ({status}): {}", last_words(home)));
        }
        if read_pid_file(&home.data()).is_some_and(|file| file.ready && file.pid == pid) {
            tracing::info!(pid, spent = ?started.elapsed(), "PostgreSQL is ready");
            return Ok(child);
        }
        if started.elapsed() - told > TELL_EVERY {
            told = started.elapsed();
            tracing::info!(pid, spent = ?told, "PostgreSQL is recovering");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Ends the server: sessions are cut, everything is written (SIGINT); if that takes too long, without writing
/// (SIGQUIT), which the next start repairs from the log.
pub async fn stop(child: &mut Child) {
    let Some(pid) = child.id() else { return };
    for (signal, patience) in [(Signal::SIGINT, STOP_PATIENCE), (Signal::SIGQUIT, QUIT_PATIENCE)] {
        // It may have ended in this moment; then the wait below says so.
        let _ = kill(Pid::from_raw(pid as i32), signal);
        if tokio::time::timeout(patience, child.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(pid, %signal, "PostgreSQL takes long to stop");
    }
}

/// Ends the server that an earlier one of ours left behind when it was killed. A pid file whose process is another
/// program is only stale, and removed.
pub async fn end_orphan(data: &Path) -> Result<(), String> {
    let Some(file) = read_pid_file(data) else { return Ok(()) };
    match relation(file.pid, data) {
        Relation::Ours => {}
        Relation::NotOurs => {
            return fs::remove_file(data.join("postmaster.pid"))
                .map_err(|error| format!("cannot remove the stale postmaster.pid: {error}"));
        }
        Relation::Unknown => {
            return Err(format!(
                "process {} may be a PostgreSQL that runs in {}, but this user cannot see that; end it first",
                file.pid,
                data.display()
            ));
        }
    }
    tracing::info!(pid = file.pid, "ending the PostgreSQL that was left behind");
    for (signal, patience) in [(Signal::SIGINT, STOP_PATIENCE), (Signal::SIGQUIT, QUIT_PATIENCE)] {
        let _ = kill(Pid::from_raw(file.pid), signal);
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if relation(file.pid, data) != Relation::Ours {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Err(format!("the PostgreSQL with process id {} does not end", file.pid))
}

/// What PostgreSQL said before its log was open, or in its log.
fn last_words(home: &PostgresHome) -> String {
    let text = fs::read_to_string(home.start_log()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" / ")
}

/// What `postmaster.pid` says.
struct PidFile {
    pid: i32,
    ready: bool,
}

/// Line 1 is the process, line 8 its state.
fn read_pid_file(data: &Path) -> Option<PidFile> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let ready = lines.nth(6).is_some_and(|state| state.trim() == "ready");
    Some(PidFile { pid, ready })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Ours,
    NotOurs,
    Unknown,
}

/// Whether process `pid` is a PostgreSQL that lives in `data`: its program and its working directory tell.
fn relation(pid: i32, data: &Path) -> Relation {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let Ok(stat) = fs::read_to_string(folder.join("stat")) else { return Relation::NotOurs };
    // The state follows the name, which is in parentheses and may hold anything.
    if stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')) {
        return Relation::NotOurs;
    }
    let (Ok(program), Ok(place)) = (fs::read_link(folder.join("exe")), fs::read_link(folder.join("cwd")))
    else {
        // A kernel thread or another user's process; it may also just have ended.
        return if folder.exists() { Relation::Unknown } else { Relation::NotOurs };
    };
    let is_postgres = program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgres"));
    let is_here = fs::canonicalize(data).is_ok_and(|data| data == place);
    if is_postgres && is_here { Relation::Ours } else { Relation::NotOurs }
}

const POLL: Duration = Duration::from_millis(10);
const TELL_EVERY: Duration = Duration::from_secs(5);
/// A server with much to write takes seconds; the whole stop of ours must take less than ten.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
const QUIT_PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_process_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(relation(std::process::id() as i32, folder.path()), Relation::NotOurs);
        assert_eq!(relation(i32::MAX, folder.path()), Relation::NotOurs);
    }

    #[actix_rt::test]
    async fn a_stale_pid_file_is_removed_and_its_process_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("postmaster.pid");
        fs::write(&file, format!("{}\n{}\n", std::process::id(), folder.path().display())).unwrap();
        end_orphan(folder.path()).await.unwrap();
        assert!(!file.exists());
    }
}

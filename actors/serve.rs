//! `aox serve`: reads the settings, runs the server, and waits for the signal to stop.

use std::process::ExitCode;
use std::time::Duration;

use archiveopteryx::settings::Settings;
use futures_util::future::{Either, select};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::backends::Backends;
use crate::cli::Serve;
use crate::home::Home;
use crate::log;
use crate::server::{self, Server};
use crate::settings_load::{self, Loaded};

/// Serves until SIGTERM or SIGINT. The exit code is 0 after an orderly stop, 1 when the start failed, 2 when the
/// settings are wrong.
pub fn run(home: Home, serve: Serve) -> ExitCode {
    let loaded = match settings(&home, serve.config.clone()) {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            for mistake in mistakes {
                eprintln!("aox: {mistake}");
            }
            return ExitCode::from(2);
        }
    };
    let log = match log::start(&loaded.settings.log) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("aox: {error}");
            return ExitCode::from(2);
        }
    };
    let backends = match Backends::open(&loaded.settings) {
        Ok(backends) => backends,
        Err(mistake) => {
            eprintln!("aox: {mistake}");
            return ExitCode::from(2);
        }
    };
    let reread = Reread { home: home.clone(), config: serve.config, log };
    actix::System::new().block_on(async move {
        match serve_until_told(home, loaded, backends, reread).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!("{error}");
                ExitCode::FAILURE
            }
        }
    })
}

/// The settings of the file that was named, or of the home's own, if there is one; and of the environment.
pub fn settings(home: &Home, config: Option<std::path::PathBuf>) -> Result<Loaded, Vec<String>> {
    let own = home.path().join("aox.toml");
    let file = config.or_else(|| own.exists().then_some(own));
    let mut loaded = settings_load::load(file.as_deref(), std::env::vars())?;
    if loaded.settings.hostname.is_empty() {
        loaded.settings.hostname = hostname();
        loaded.say("hostname", &loaded.settings.hostname.clone(), "the system");
    }
    Ok(loaded)
}

async fn serve_until_told(
    home: Home,
    mut loaded: Loaded,
    backends: Backends,
    reread: Reread,
) -> Result<(), String> {
    let signals = |kind| signal(kind).map_err(|error| format!("signals cannot be heard: {error}"));
    let (terminate, interrupt) = (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
    let mut hangup = signals(SignalKind::hangup())?;
    raise_file_limit();
    let mut told = Box::pin(either(terminate, interrupt));
    loop {
        let start = Server::start_in(home.clone(), loaded.clone(), backends.clone());
        let server = match select(Box::pin(start), &mut told).await {
            Either::Left((started, _)) => started?,
            // Told to stop before it was ready: the start goes on to its end, so that all it started can be stopped. A
            // database that does not answer is not waited for; a PostgreSQL left behind is taken over by the next start.
            Either::Right(((), start)) => {
                let started = tokio::time::timeout(START_PATIENCE, start).await;
                let server = started.map_err(|_| "stopped before the server was ready".to_owned())??;
                return stop(&server).await;
            }
        };
        let serving = async {
            let rereading = Box::pin(reread.on_each(&mut hangup, &server, &mut loaded));
            select(Box::pin(broken(&server)), rereading).await;
        };
        match select(&mut told, Box::pin(serving)).await {
            Either::Left(_) => return stop(&server).await,
            Either::Right(_) => {
                tracing::error!("a part that all clients need has ended by a bug; starting anew");
                stop(&server).await?;
            }
        }
    }
}

/// Waits until the server lacks something that only a new start brings back.
async fn broken(server: &actix::Addr<Server>) {
    while let Ok(true) = server.send(server::IsWhole).await {
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

async fn stop(server: &actix::Addr<Server>) -> Result<(), String> {
    tracing::info!("stopping");
    server.send(server::Stop).await.map_err(|error| format!("the stop failed: {error}"))
}

async fn either(mut one: Signal, mut other: Signal) {
    select(Box::pin(one.recv()), Box::pin(other.recv())).await;
}

/// What it takes to read the settings again.
struct Reread {
    home: Home,
    config: Option<std::path::PathBuf>,
    log: log::Running,
}

impl Reread {
    /// Reads them at each hangup. A terminal that goes away takes no server with it.
    async fn on_each(&self, hangup: &mut Signal, server: &actix::Addr<Server>, loaded: &mut Loaded) {
        while hangup.recv().await.is_some() {
            match self::settings(&self.home, self.config.clone()) {
                Ok(new) => self.put_into_use(server, loaded, new).await,
                Err(mistakes) => {
                    for mistake in mistakes {
                        tracing::error!("the settings stay as they were: {mistake}");
                    }
                }
            }
        }
    }

    /// Changes what can change while clients are served. `loaded` is what is in use, also for a new start.
    async fn put_into_use(&self, server: &actix::Addr<Server>, loaded: &mut Loaded, fresh: Loaded) {
        let new = &fresh.settings;
        match self.log.change(&new.log) {
            Ok(()) => {
                loaded.settings.log = new.log.clone();
                loaded.take_facts(&fresh, "log.");
            }
            Err(error) => tracing::error!("log.level stays as it was: {error}"),
        }
        let reloaded = server.send(server::Reload(new.tls.clone())).await;
        match reloaded.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => {
                loaded.settings.tls = new.tls.clone();
                loaded.take_facts(&fresh, "tls.");
                tracing::info!("the settings and the files of TLS were read again");
            }
            Err(error) => tracing::error!("TLS stays as it was: {error}"),
        }
        // It tells others only.
        let _ = server.send(server::Configured(loaded.facts.clone())).await;
        if (Settings { log: new.log.clone(), tls: new.tls.clone(), ..loaded.settings.clone() }) != *new {
            tracing::warn!("settings have changed that take effect at the next start only");
        }
    }
}

/// Each connection is a file; systems often start with 1024 and permit more.
fn raise_file_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if soft < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard.min(FILES_MAX), hard)
    {
        tracing::debug!(%error, "the number of open files stays at {soft}");
    }
}

/// What the system calls this host.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// How long a start may go on after the signal to stop: the stop as a whole is to take ten seconds at most.
const START_PATIENCE: Duration = Duration::from_secs(5);
/// How often the server is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// More than any number of connections that the settings' defaults permit.
const FILES_MAX: u64 = 65_536;

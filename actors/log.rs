//! The log, on the standard error: readable for people, or JSON for programs.

use archiveopteryx::settings::{Log, LogFormat};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

/// The log of this process, whose level can change.
#[derive(Clone)]
pub struct Running {
    filter: reload::Handle<EnvFilter, Registry>,
}

/// Begins to log as the settings say. Fails when the level is not understood.
pub fn start(log: &Log) -> Result<Running, String> {
    let (filter, handle) = reload::Layer::new(filter(log)?);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| error.to_string())?;
    Ok(Running { filter: handle })
}

impl Running {
    /// Goes on with the level that `log` says.
    pub fn change(&self, log: &Log) -> Result<(), String> {
        self.filter.reload(filter(log)?).map_err(|error| error.to_string())
    }
}

/// Whether the level is understood.
pub fn check(log: &Log) -> Result<(), String> {
    filter(log).map(drop)
}

fn filter(log: &Log) -> Result<EnvFilter, String> {
    EnvFilter::builder()
        // PostgreSQL's notices are for developers.
        .parse(format!("tokio_postgres=warn,{}", log.level))
        .map_err(|error| format!("log.level is \"{}\", which is not understood: {error}", log.level))
}

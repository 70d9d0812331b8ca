//! The log, on the standard error: readable for people, or JSON for programs.

use archiveopteryx::settings::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Begins to log as the settings say. Fails when the level is not understood.
pub fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::builder()
        // PostgreSQL's notices are for developers.
        .parse(format!("tokio_postgres=warn,{}", log.level))
        .map_err(|error| format!("log.level is \"{}\", which is not understood: {error}", log.level))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            builder.with_ansi(std::io::stderr().is_terminal()).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| error.to_string())
}

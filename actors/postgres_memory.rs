//! The configuration of the private PostgreSQL: a mail store's, by the memory that is found.

use std::fs;
use std::path::Path;

use archiveopteryx::settings::Settings;

/// The text of `aox.conf`.
pub fn configuration(settings: &Settings, socket: &Path, log: &Path) -> String {
    let memory = memory_bytes();
    let shared_buffers = match settings.postgres.shared_buffers.octets() {
        0 => (memory / 8).clamp(64 * MIB, 2048 * MIB),
        asked => asked.max(16 * MIB),
    };
    let cache = (memory / 2).max(shared_buffers);
    let maintenance = (memory / 32).clamp(64 * MIB, 512 * MIB);
    let connections = settings.database.connections_max + CONNECTIONS_BESIDES;
    format!(
        "# Written by aox at each start; changes here do not last.\n\
         listen_addresses = ''\n\
         unix_socket_directories = {socket}\n\
         unix_socket_permissions = 0700\n\
         max_connections = {connections}\n\
         shared_buffers = {shared_buffers}MB\n\
         effective_cache_size = {cache}MB\n\
         maintenance_work_mem = {maintenance}MB\n\
         work_mem = 16MB\n\
         {FIXED}\
         log_directory = {log}\n",
        socket = quoted(socket),
        log = quoted(log),
        shared_buffers = shared_buffers / MIB,
        cache = cache / MIB,
        maintenance = maintenance / MIB,
    )
}

/// What is the same on every machine. Nothing here trades a commit for speed.
const FIXED: &str = "\
dynamic_shared_memory_type = posix
fsync = on
synchronous_commit = on
full_page_writes = on
# Mail is written once: large checkpoints far apart write each page seldom.
wal_compression = lz4
wal_buffers = 16MB
max_wal_size = 4GB
min_wal_size = 256MB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
default_toast_compression = lz4
# Our statements find rows by key; compiling them or running them in parallel only costs.
jit = off
random_page_cost = 1.1
# Flags change all the time, so tables are cleaned early and little by little.
autovacuum_naptime = 20s
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.2
autovacuum_analyze_scale_factor = 0.05
autovacuum_vacuum_cost_limit = 1000
# The log must not hold what mail says: no parameters, and no DETAIL, which quotes rows.
logging_collector = on
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_file_mode = 0600
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_duration_statement = 5s
log_lock_waits = on
log_line_prefix = '%m [%p] %q%u@%d '
";

/// The memory that this process may use: the machine's, or its control group's when that is less.
fn memory_bytes() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    });
    let group =
        fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    match (machine, group) {
        (Some(machine), Some(group)) => machine.min(group),
        (Some(found), None) | (None, Some(found)) => found,
        (None, None) => 2048 * MIB,
    }
}

/// A string of postgresql.conf.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

const MIB: u64 = 1 << 20;
/// For administrators, other tools, and the connections that listen.
const CONNECTIONS_BESIDES: u32 = 24;

#[cfg(test)]
mod tests {
    use archiveopteryx::settings::Size;

    use super::*;

    #[test]
    fn durability_is_on_and_the_asked_cache_is_set() {
        let mut settings = Settings::default();
        settings.postgres.shared_buffers = Size(32 * MIB);
        let text = configuration(&settings, Path::new("/a'b"), Path::new("/log"));
        for line in
            ["fsync = on", "synchronous_commit = on", "shared_buffers = 32MB", "listen_addresses = ''"]
        {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        assert!(text.contains("'/a''b'"));
    }

    #[test]
    fn the_cache_follows_the_memory_within_bounds() {
        let text = configuration(&Settings::default(), Path::new("/s"), Path::new("/log"));
        let line = text.lines().find(|line| line.starts_with("shared_buffers")).unwrap();
        let size: u64 = line.trim_start_matches("shared_buffers = ").trim_end_matches("MB").parse().unwrap();
        assert!((64..=2048).contains(&size), "{size}");
    }
}

//! What the server and its PostgreSQL cost: processor time, memory and disk, as the kernel counts them.

use std::path::Path;

use crate::support::Server;

/// Processor seconds that the server and all of its PostgreSQL have used so far.
pub fn cpu_seconds(server: &Server) -> f64 {
    let own = server.pid().map_or(0.0, |pid| ticks(pid, false));
    let Some(postmaster) = server.postgres_pid() else { return own / TICKS_PER_SECOND };
    let backends: f64 = children(postmaster).iter().map(|&pid| ticks(pid, false)).sum();
    // What has ended is counted in its parent, once it was waited for.
    (own + ticks(postmaster, true) + backends) / TICKS_PER_SECOND
}

/// The memory of the server's process, in KiB: shared pages are counted in proportion.
pub fn memory_kib(server: &Server) -> f64 {
    let Some(pid) = server.pid() else { return f64::NAN };
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// Octets of all tables and indices on disk.
pub fn disk_bytes(server: &Server) -> f64 {
    folder_bytes(&server.home().join("postgres")) as f64
}

/// The load of the machine over the last minute.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The WAL and the logs are not what is kept.
fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() && entry.file_name() != "pg_wal" && entry.file_name() != "log" => {
                folder_bytes(&entry.path())
            }
            Ok(data) if data.is_file() => {
                use std::os::unix::fs::MetadataExt;
                data.blocks() * 512
            }
            _ => 0,
        })
        .sum()
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    pids.filter(|&pid| fields(pid).and_then(|fields| fields.get(1)?.parse().ok()) == Some(parent)).collect()
}

fn ticks(pid: u32, with_ended_children: bool) -> f64 {
    let Some(fields) = fields(pid) else { return 0.0 };
    // proc(5): utime is field 14, stime 15, cutime 16, cstime 17; ours begin with field 3.
    let last = if with_ended_children { 15 } else { 13 };
    fields.iter().take(last).skip(11).filter_map(|field| field.parse::<f64>().ok()).sum()
}

/// The fields behind the name, which may hold spaces itself.
fn fields(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_string).collect())
}

/// Linux says so on every architecture that we serve.
const TICKS_PER_SECOND: f64 = 100.0;

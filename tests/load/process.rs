//! What the server and its PostgreSQL cost: processor time, memory and disk, as the kernel counts them.

use std::process::Command;

use crate::Bench;
use crate::report::Goal;
use crate::support::Server;

/// Processor seconds used so far: by the server, and by all of its PostgreSQL.
pub fn cpu_seconds(server: &Server) -> (f64, f64) {
    let own = server.pid().map_or(0.0, |pid| ticks(pid, false));
    let Some(postmaster) = server.postgres_pid() else { return (own / TICKS_PER_SECOND, 0.0) };
    let backends: f64 = children(postmaster).iter().map(|&pid| ticks(pid, false)).sum();
    // What has ended is counted in its parent, once it was waited for.
    (own / TICKS_PER_SECOND, (ticks(postmaster, true) + backends) / TICKS_PER_SECOND)
}

/// What operations cost from now on.
pub struct Cost {
    before: (f64, f64),
}

impl Cost {
    /// Begins to count.
    pub fn begin(bench: &Bench) -> Cost {
        Cost { before: cpu_seconds(&bench.server) }
    }

    /// Reports what each of `operations` has cost since then: machines differ in how many things they do at a time, and
    /// are busy with other things, but a second of a processor stays about the same.
    pub fn report(self, bench: &mut Bench, operation: &str, operations: f64, wanted: Option<Goal>) {
        let after = cpu_seconds(&bench.server);
        let each = |seconds: f64| seconds * 1000.0 / operations;
        let (own, database) = (each(after.0 - self.before.0), each(after.1 - self.before.1));
        let what = format!("  CPU per {operation}, server + PostgreSQL");
        bench.report.add(what, own + database, "ms", wanted);
        bench.report.add("    of which the server", own, "ms", None);
    }
}

/// The memory of the server's process, in KiB: shared pages are counted in proportion.
pub fn memory_kib(server: &Server) -> f64 {
    server.pid().map_or(f64::NAN, memory_of)
}

/// The same of any process.
pub fn memory_of(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// Octets on disk of each table, with its TOAST, and of its indices.
pub fn disk_bytes(server: &Server) -> Vec<(String, f64, f64)> {
    let Some(socket) = server.postgres_socket() else { return Vec::new() };
    let mut psql = Command::new("psql");
    psql.arg("-h").arg(socket).args(["-U", "postgres", "-d", "aox", "-Atq", "-F", " ", "-c", SIZES]);
    let Ok(output) = psql.output() else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_string(), words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

/// The load of the machine over the last minute.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
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

/// Partitions are tables of their own.
const SIZES: &str = "select c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid) from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace where n.nspname like 'aox%' and c.relkind = 'r'";

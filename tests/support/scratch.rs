//! A PostgreSQL cluster for one test file: the schema of this package in it, units run on it, no server around it.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use archiveopteryx::db::{self, Access, ErasedUnit, Lent, Unit};
use tokio_postgres::{Client, NoTls};

/// A running cluster; it ends, and its files go, when this is dropped.
pub struct Scratch {
    home: PathBuf,
    programs: PathBuf,
}

/// One connection with the rights of the server, which runs units as the server's actors do.
pub struct Lender {
    client: Client,
    kept: db::Kept,
}

impl Scratch {
    /// Makes a cluster under /tmp with every migration applied.
    pub fn start() -> Scratch {
        Scratch::with_rows_of("9999", "")
    }

    /// Makes one in which `sql` was run when all migrations before this one were applied, and then the others are.
    pub fn with_rows_of(migration: &str, sql: &str) -> Scratch {
        let scratch = Scratch::empty();
        let (before, after) =
            migrations().into_iter().partition::<Vec<_>, _>(|(name, _)| name.as_str() < migration);
        let apply = |(_, file): &(String, PathBuf)| {
            scratch.psql("aox_owner", "aox", &["-1", "-f", &file.display().to_string()]);
        };
        before.iter().for_each(apply);
        scratch.sql(sql);
        after.iter().for_each(apply);
        scratch
    }

    fn empty() -> Scratch {
        static CLUSTERS: AtomicU32 = AtomicU32::new(0);
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        let home = PathBuf::from(format!("/tmp/aoxs-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder can be made in /tmp");
        let scratch = Scratch { home, programs: programs() };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&scratch.home));
        }
        let data = scratch.home.join("data");
        run(scratch.postgres("initdb").arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "super",
            "--no-sync",
        ]));
        let options = format!("-c listen_addresses='' -c fsync=off -k {}", scratch.home.display());
        let log = scratch.home.join("log");
        run(scratch
            .postgres("pg_ctl")
            .arg("-D")
            .arg(&data)
            .args(["-o", &options, "-l"])
            .arg(log)
            .args(["-w", "start"]));
        for statement in ROLES {
            scratch.psql("super", "postgres", &["-c", statement]);
        }
        scratch
    }

    /// Runs SQL as the owner of the schema.
    pub fn sql(&self, statement: &str) {
        self.psql("aox_owner", "aox", &["-c", statement]);
    }

    /// Connects as the server does.
    pub async fn lender(&self) -> Lender {
        Lender { client: self.client("aox_server").await, kept: db::Kept::new(Default::default(), 90) }
    }

    /// Connects twice: as two threads of one server, which keep in memory together what was read.
    pub async fn lenders(&self) -> [Lender; 2] {
        let caches = Arc::default();
        let kept = || db::Kept::new(Arc::clone(&caches), 90);
        [
            Lender { client: self.client("aox_server").await, kept: kept() },
            Lender { client: self.client("aox_server").await, kept: kept() },
        ]
    }

    /// Connects as a role; `super` may do everything.
    pub async fn client(&self, role: &str) -> Client {
        let address = format!("host={} user={role} dbname=aox", self.home.display());
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await.expect("the cluster runs");
        tokio::spawn(connection);
        client
    }

    /// One of PostgreSQL's programs, never as root: it refuses that.
    fn postgres(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/tmp");
        command
    }

    fn psql(&self, user: &str, database: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join("psql"));
        command.arg("-h").arg(&self.home).args(["-U", user, "-d", database, "-q", "-v", "ON_ERROR_STOP=1"]);
        run(command.args(arguments));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let data = self.home.join("data");
        let _ = self
            .postgres("pg_ctl")
            .arg("-D")
            .arg(data)
            .args(["-m", "immediate", "stop"])
            .stdout(Stdio::null())
            .status();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

impl Lender {
    /// Runs a unit in a transaction if it wants one.
    pub async fn run<U: Unit>(&self, unit: U) -> Result<U::Output, db::Error> {
        let outcome = self.run_erased(Box::new(unit)).await?;
        Ok(*outcome.downcast::<U::Output>().expect("it is the unit's own outcome"))
    }

    /// The same with a unit whose type is forgotten, as plans have them.
    pub async fn run_erased(&self, unit: Box<dyn ErasedUnit>) -> Result<Box<dyn Any + Send>, db::Error> {
        let lent = Lent::new(&self.client, &self.kept);
        if unit.access() == Access::Read {
            return unit.run_erased(&lent).await;
        }
        self.client.batch_execute("begin").await?;
        let outcome = unit.run_erased(&lent).await;
        self.client.batch_execute(if outcome.is_ok() { "commit" } else { "rollback" }).await?;
        outcome
    }

    /// The connection itself.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// The migrations of this package, in order: names and files.
fn migrations() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = std::fs::read_dir(folder).expect("the package has migrations");
    let named = files.map(|file| {
        let file = file.expect("it can be listed");
        (file.file_name().to_string_lossy().into_owned(), file.path())
    });
    let mut named: Vec<_> = named.filter(|(name, _)| name.ends_with(".sql")).collect();
    named.sort();
    named
}

/// Where PostgreSQL's programs are: the newest that Debian has installed, or whatever the PATH says.
pub fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(number);
    newest.map(|path| path.join("bin")).filter(|bin| bin.join("initdb").exists()).unwrap_or_default()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(output.as_ref().is_ok_and(|status| status.success()), "{command:?}: {output:?}");
}

const ROLES: [&str; 6] = [
    "create role aox_owner login",
    "create role aox_server login",
    "create role aox_reaper login",
    "create role aox_reader login",
    "grant aox_reaper to aox_owner",
    "create database aox owner aox_owner",
];

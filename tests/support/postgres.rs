//! A PostgreSQL as a site would run it: TLS and SCRAM over TCP, started for a test and ended with it.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::server::{Options, Server, free_port, send_signal};

/// One running cluster.
pub struct SitePostgres {
    folder: PathBuf,
    programs: PathBuf,
    address: SocketAddr,
    user: Option<(u32, u32)>,
    process: Child,
}

impl SitePostgres {
    /// Makes and starts a cluster that lets nobody in without TLS and a password.
    pub fn start() -> SitePostgres {
        static SITES: AtomicU32 = AtomicU32::new(0);
        let number = SITES.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("/tmp/aoxt-site-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder can be made in /tmp");
        let (programs, user) = (programs(), other_user());
        own(&folder, user);
        let data = folder.join("data");
        let mut initdb = command(&programs, "initdb", user);
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
            "-D",
        ]);
        let made = initdb.arg(&data).current_dir(&folder).output().expect("initdb can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let address = free_port();
        write_certificate(&folder, user);
        configure(&folder, address);
        let log = std::fs::File::create(folder.join("log")).expect("the folder can be written");
        let mut postgres = command(&programs, "postgres", user);
        postgres.arg("-D").arg(&data).current_dir(&folder).stdin(Stdio::null());
        let process = postgres.stdout(Stdio::null()).stderr(log).spawn().expect("postgres can be run");
        let site = SitePostgres { folder, programs, address, user, process };
        site.wait_until_ready();
        site
    }

    /// The address of the database `aox` for a role, as a setting; the server's certificate is checked.
    pub fn url(&self, role: &str) -> String {
        let certificate = self.folder.join("server.crt");
        format!(
            "postgres://{role}:{PASSWORD}@localhost:{}/aox?sslmode=verify-full&sslrootcert={}",
            self.address.port(),
            certificate.display()
        )
    }

    /// A home for a server that uses this cluster, with more settings; nothing runs in it yet.
    pub fn host(&self, more: &[(&str, &str)]) -> Server {
        let urls = [("AOX__DATABASE__URL", "aox_server"), ("AOX__DATABASE__OWNER_URL", "aox_owner")];
        let urls = urls.iter().map(|(key, role)| (key.to_string(), self.url(role)));
        let more = more.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Server::new_home(Options { settings: urls.chain(more).collect(), ..Options::default() })
    }

    /// Two servers that use this cluster, which is prepared by the first.
    pub fn two_hosts(&self) -> (Server, Server) {
        let (one, other) = (self.host(&[]), self.host(&[]));
        self.prepare(&one.aox_ok(&["upgrade", "--roles"]));
        one.aox_ok(&["upgrade"]);
        one.serve();
        other.serve();
        (one, other)
    }

    /// Runs SQL as the superuser of the site.
    pub fn sql(&self, sql: &str) -> String {
        let mut psql = command(&self.programs, "psql", self.user);
        psql.args(["-U", "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-Atq", "-p"]);
        psql.arg(self.address.port().to_string()).arg("-h").arg(&self.folder).current_dir(&self.folder);
        let mut psql =
            psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("psql");
        psql.stdin.take().expect("it is piped").write_all(sql.as_bytes()).expect("psql reads");
        let output = psql.wait_with_output().expect("psql ends");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    /// Prepares roles and database as `roles` (the SQL that `aox` prints for administrators) says, with passwords.
    pub fn prepare(&self, roles: &str) {
        self.sql(roles);
        for role in ["aox_owner", "aox_server"] {
            self.sql(&format!("alter role {role} password '{PASSWORD}'"));
        }
    }

    /// Breaks every connection that servers have.
    pub fn break_connections(&self) {
        self.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'aox%'");
    }

    fn wait_until_ready(&self) {
        let begin = Instant::now();
        loop {
            let mut ready = command(&self.programs, "pg_isready", self.user);
            ready.args(["-q", "-p", &self.address.port().to_string(), "-h"]).arg(&self.folder);
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begin.elapsed() < Duration::from_secs(30), "PostgreSQL does not start: {log}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for SitePostgres {
    fn drop(&mut self) {
        send_signal(self.process.id(), "INT");
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn configure(folder: &Path, address: SocketAddr) {
    let settings = format!(
        "\nlisten_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{1}'\nssl = on\n\
         ssl_cert_file = '{1}/server.crt'\nssl_key_file = '{1}/server.key'\npassword_encryption = 'scram-sha-256'\n",
        address.port(),
        folder.display()
    );
    let file = folder.join("data/postgresql.conf");
    let text = std::fs::read_to_string(&file).expect("initdb has written it");
    std::fs::write(&file, text + &settings).expect("it can be written");
    let rules = "local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(folder.join("data/pg_hba.conf"), rules).expect("it can be written");
}

fn write_certificate(folder: &Path, user: Option<(u32, u32)>) {
    let names = vec!["localhost".to_string(), "127.0.0.1".to_string()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
    let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
    std::fs::write(&certificate, made.cert.pem()).expect("it can be written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("it can be written");
    let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, only_owner).expect("it is ours");
    own(&key, user);
}

fn own(path: &Path, user: Option<(u32, u32)>) {
    if let Some((uid, gid)) = user {
        chown(path, Some(uid), Some(gid)).expect("root may give files away");
    }
}

/// PostgreSQL refuses to be root; its package makes a user for it.
fn other_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().expect("id can be run");
        String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().expect("a number")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

fn command(programs: &Path, program: &str, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(programs.join(program));
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// The newest of Debian's folders, or what pg_config says.
fn programs() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = folders
        .filter_map(|entry| {
            Some((entry.file_name().to_string_lossy().parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, path)| path.join("initdb").exists())
        .max();
    if let Some((_, path)) = newest {
        return path;
    }
    let output = Command::new("pg_config").arg("--bindir").output().expect("PostgreSQL is installed");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

const PASSWORD: &str = "site-secret";

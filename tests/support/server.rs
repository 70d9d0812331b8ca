//! The real `aox`, served from a home of its own under /tmp, and ended whatever the test does.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::time::{Duration, Instant};

use super::stream::TlsClient;
use super::{Imap, Lmtp, Pop3};

/// One server, its home and its ports.
pub struct Server {
    home: PathBuf,
    options: Options,
    imap: SocketAddr,
    imaps: SocketAddr,
    lmtp: SocketAddr,
    lmtps: SocketAddr,
    pop3: SocketAddr,
    pop3s: SocketAddr,
    process: Mutex<Option<Child>>,
}

/// How a server differs from the default one.
#[derive(Clone, Default)]
pub struct Options {
    /// The program to run; the one this package builds unless given.
    pub program: Option<PathBuf>,
    /// Settings, as environment variables: `AOX__SECTION__KEY` and the value.
    pub settings: Vec<(String, String)>,
}

impl Server {
    /// Starts a server in a fresh home and waits until it is ready.
    pub fn start() -> Server {
        Server::start_with(Options::default())
    }

    /// As [`Server::start`], with settings of its own.
    pub fn start_with(options: Options) -> Server {
        let server = Server::new_home(options);
        server.serve();
        server
    }

    /// The server that all tests of one file share: it is started by the first and ended by the last that uses it.
    #[track_caller]
    pub fn shared() -> Arc<Server> {
        static SHARED: Mutex<BTreeMap<&str, Weak<Server>>> = Mutex::new(BTreeMap::new());
        let file = Location::caller().file();
        let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(server) = shared.get(file).and_then(Weak::upgrade) {
            return server;
        }
        let server = Arc::new(Server::start());
        shared.insert(file, Arc::downgrade(&server));
        server
    }

    /// A home without a server in it yet.
    pub fn new_home(options: Options) -> Server {
        static HOMES: AtomicU32 = AtomicU32::new(0);
        let number = HOMES.fetch_add(1, Ordering::Relaxed);
        // The path is short because a unix socket's address holds 107 octets.
        let home = PathBuf::from(format!("/tmp/aoxt-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder can be made in /tmp");
        Server {
            home,
            options,
            imap: free_port(),
            imaps: free_port(),
            lmtp: free_port(),
            lmtps: free_port(),
            pop3: free_port(),
            pop3s: free_port(),
            process: Mutex::new(None),
        }
    }

    /// Serves from this home, as at first or again after a crash, and waits until the server is ready.
    pub fn serve(&self) {
        let command = self.command(&["serve"]);
        let mut process = self.process.lock().expect("no test panics while it holds the process");
        assert!(process.is_none(), "a server runs in {} already", self.home.display());
        *process = Some(spawn_for_life(command, self.log_path()));
        drop(process);
        self.wait_until_ready();
    }

    /// Waits until `aox status` says that the server is ready.
    pub fn wait_until_ready(&self) {
        let begin = Instant::now();
        while begin.elapsed() < START_PATIENCE {
            if self.aox(&["status"]).status.success() {
                return;
            }
            if let Some(status) = self.exit_status() {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        panic!("the server is not ready after {START_PATIENCE:?}:\n{}", self.log());
    }

    /// Runs `aox` with these arguments.
    pub fn aox(&self, arguments: &[&str]) -> Output {
        self.aox_with_input(arguments, "")
    }

    /// Runs `aox` with these arguments and this standard input.
    pub fn aox_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("aox can be run");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // A command that reads nothing may end before it is fed.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("aox can be waited for")
    }

    /// Runs `aox`, which must succeed, and returns what it printed.
    pub fn aox_ok(&self, arguments: &[&str]) -> String {
        let output = self.aox(arguments);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "aox {arguments:?} failed: {printed}{complaint}");
        printed
    }

    /// Waits until the text index knows every message, as long as it gets on; what `aox status` says then.
    #[allow(dead_code)]
    pub fn wait_for_index(&self) -> serde_json::Value {
        let (mut fewest, mut since) = (u64::MAX, Instant::now());
        loop {
            let status: serde_json::Value =
                serde_json::from_str(&self.aox_ok(&["status", "--json"])).expect("status is JSON");
            let waiting = status["text_index"]["waiting_messages"].as_u64().expect("a number of messages");
            if waiting == 0 {
                return status;
            }
            if waiting < fewest {
                (fewest, since) = (waiting, Instant::now());
            }
            assert!(since.elapsed() < Duration::from_secs(60), "the text index does not get on: {status}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Adds a user, who must not exist yet.
    pub fn add_user(&self, login: &str, address: &str, password: &str) {
        let output = self
            .aox_with_input(&["add", "user", login, address, "--password-stdin"], &format!("{password}\n"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "aox add user {login} failed: {complaint}\n{}", self.log());
    }

    /// Where the IMAP door is.
    pub fn imap_address(&self) -> SocketAddr {
        self.imap
    }

    /// Where the IMAP door is that begins with TLS.
    pub fn imaps_address(&self) -> SocketAddr {
        self.imaps
    }

    /// Where the LMTP door is that begins with TLS.
    pub fn lmtps_address(&self) -> SocketAddr {
        self.lmtps
    }

    /// A client that trusts the certificate that this server has made for itself.
    pub fn tls_client(&self) -> TlsClient {
        TlsClient::new(&self.home.join("tls/self-signed.pem"), "localhost")
    }

    /// Where the LMTP door is.
    pub fn lmtp_address(&self) -> SocketAddr {
        self.lmtp
    }

    /// Where the POP3 door is.
    pub fn pop3_address(&self) -> SocketAddr {
        self.pop3
    }

    /// Where the POP3 door is that begins with TLS.
    pub fn pop3s_address(&self) -> SocketAddr {
        self.pop3s
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// An IMAP connection, logged in.
    pub fn imap(&self, login: &str, password: &str) -> Imap {
        Imap::login(self.imap, login, password).expect("a user can log in")
    }

    /// A POP3 connection, logged in.
    pub fn pop3(&self, login: &str, password: &str) -> Pop3 {
        Pop3::login(self.pop3, login, password).expect("a user can log in")
    }

    /// An LMTP connection that has said LHLO.
    pub fn lmtp(&self) -> Lmtp {
        Lmtp::open(self.lmtp).expect("LMTP answers")
    }

    /// Delivers one message to one recipient, and makes sure that the server knows its answer was read.
    pub fn deliver(&self, recipient: &str, message: &[u8]) {
        let mut lmtp = self.lmtp();
        let replies = lmtp.deliver("sender@example.net", &[recipient], message).expect("LMTP answers");
        replies[0].expect(250).expect("the message is accepted");
        lmtp.quit().expect("LMTP answers QUIT");
    }

    /// The process id of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.lock().expect("no test panics while it holds the process").as_ref().map(Child::id)
    }

    /// The process id of the PostgreSQL that this home holds, while it runs.
    pub fn postgres_pid(&self) -> Option<u32> {
        let file = find_file(&self.home, "postmaster.pid", 3)?;
        let pid: u32 = std::fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()?;
        let command = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        command.trim_end().starts_with("postgres").then_some(pid)
    }

    /// The folder of the PostgreSQL socket, while PostgreSQL runs: the fifth line of its pid file.
    pub fn postgres_socket(&self) -> Option<PathBuf> {
        let file = find_file(&self.home, "postmaster.pid", 3)?;
        let text = std::fs::read_to_string(file).ok()?;
        text.lines().nth(4).filter(|line| !line.is_empty()).map(PathBuf::from)
    }

    /// Runs SQL in the private database as its superuser, and returns what was printed: rows without decoration.
    pub fn superuser_sql(&self, sql: &str) -> String {
        let output = self.psql("postgres", sql);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql} failed: {complaint}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Runs SQL in the private database as a role.
    pub fn psql(&self, role: &str, sql: &str) -> Output {
        let mut psql = Command::new(super::scratch::programs().join("psql"));
        psql.arg("-h").arg(self.postgres_socket().expect("PostgreSQL runs"));
        psql.args(["-U", role, "-d", "aox", "-v", "ON_ERROR_STOP=1", "-Atqc", sql]);
        psql.output().expect("psql can be run")
    }

    /// Ends the server at once, as `kill -9` does; what it leaves behind stays.
    pub fn kill(&self) {
        let mut process = self.process.lock().expect("no test panics while it holds the process");
        if let Some(mut child) = process.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the server to end, and waits until it has; returns how long that took.
    pub fn stop(&self) -> Duration {
        let begin = Instant::now();
        let Some(mut child) = self.process.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
        else {
            return Duration::ZERO;
        };
        send_signal(child.id(), "TERM");
        while begin.elapsed() < STOP_PATIENCE {
            if let Ok(Some(_)) = child.try_wait() {
                return begin.elapsed();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        begin.elapsed()
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.log_path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// `aox` in this home, ready to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let built = option_env!("CARGO_BIN_EXE_aox").map(PathBuf::from);
        let program = self.options.program.clone().or(built).expect("the program under test is known");
        let mut command = Command::new(program);
        command.args(arguments).env("AOX_HOME", &self.home);
        command.env("AOX__IMAP__LISTEN", self.imap.to_string());
        command.env("AOX__IMAP__TLS_LISTEN", self.imaps.to_string());
        command.env("AOX__LMTP__LISTEN", self.lmtp.to_string());
        command.env("AOX__LMTP__TLS_LISTEN", self.lmtps.to_string());
        command.env("AOX__POP3__LISTEN", self.pop3.to_string());
        command.env("AOX__POP3__TLS_LISTEN", self.pop3s.to_string());
        command.envs(self.options.settings.iter().map(|(key, value)| (key, value)));
        command
    }

    fn exit_status(&self) -> Option<std::process::ExitStatus> {
        let mut process = self.process.lock().ok()?;
        let status = process.as_mut()?.try_wait().ok()??;
        *process = None;
        Some(status)
    }

    fn log_path(&self) -> PathBuf {
        self.home.join("serve.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        // A test that killed the server, or a server that failed, leaves its PostgreSQL behind.
        if let Some(pid) = self.postgres_pid() {
            send_signal(pid, "QUIT");
            let begin = Instant::now();
            while self.postgres_pid().is_some() && begin.elapsed() < STOP_PATIENCE {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        if std::env::var_os("AOX_TEST_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.home);
        }
    }
}

/// An address of this machine that no other caller in this process is given: what failed from there, failed for it only.
pub fn fresh_source() -> Ipv4Addr {
    static SOURCES: AtomicU32 = AtomicU32::new(1);
    let [_, a, b, c] = (SOURCES.fetch_add(1, Ordering::Relaxed) + 0x10_0000).to_be_bytes();
    Ipv4Addr::new(127, a, b, c)
}

/// A port of the loopback address that nothing listens on. It is none of those that the kernel gives to clients, which
/// might take it before a server does; and each process of tests begins elsewhere.
pub fn free_port() -> SocketAddr {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(2_654_435_761) >> 8;
    loop {
        let number = first.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + (number % u32::from(PORTS.end - PORTS.start)) as u16;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return listener.local_addr().expect("a listener has an address");
        }
    }
}

/// Waits until `done`, which must become true before long.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < EVENTUALLY, "it did not come to this: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal, named as kill(1) names it, to one process.
pub fn send_signal(pid: u32, signal: &str) {
    let _ = Command::new("kill").args([format!("-{signal}"), pid.to_string()]).stderr(Stdio::null()).status();
}

/// Starts the server so that it ends with us, even when we are killed.
///
/// The kernel tells a child of the end of the *thread* that started it, and the threads of tests are short-lived;
/// so one thread does nothing but start servers.
pub fn spawn_for_life(mut command: Command, log: PathBuf) -> Child {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static STARTER: Mutex<Option<mpsc::Sender<Order>>> = Mutex::new(None);
    let file = std::fs::File::options().create(true).append(true).open(log).expect("the home can be written");
    command.stdin(Stdio::null()).stdout(file.try_clone().expect("a file can be shared")).stderr(file);
    // SAFETY: prctl is a plain system call, which is allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM).map_err(io::Error::from)
        })
    };
    let mut starter = STARTER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let orders = starter.get_or_insert_with(|| {
        let (orders, received) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in received {
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, answered) = mpsc::channel();
    orders.send((command, answer)).expect("the starter lives as long as the tests");
    drop(starter);
    answered.recv().expect("the starter answers").expect("aox can be run")
}

fn find_file(folder: &Path, name: &str, depth: u32) -> Option<PathBuf> {
    let direct = folder.join(name);
    if direct.exists() {
        return Some(direct);
    }
    let folders =
        std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    if depth == 0 {
        return None;
    }
    folders.into_iter().find_map(|folder| find_file(&folder, name, depth - 1))
}

/// Below what Linux gives to clients, above what services have.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
const EVENTUALLY: Duration = Duration::from_secs(30);
const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(15);
const LOG_LINES: usize = 60;

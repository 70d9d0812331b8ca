//! A storm: clients of all doors that say anything, right and wrong, and break off anywhere, against a real server, while
//! others only look on. Whatever is said, everybody is answered, those who look on are served and know the truth, and
//! what is kept stays whole.
//!
//! `AOX_STORM_SECONDS` says how long it goes on and `AOX_STORM_SEED` what is said. Each conversation has a number, which
//! is told when something is wrong; `AOX_STORM_NUMBER` has that one only.

pub mod imap;
mod line;
mod others;
mod phrases;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::fuzz::engine::{Random, mutate};
use crate::fuzz::seeds;
use crate::stress::client::Client;
use crate::stress::ledger::Ledger;
use crate::stress::{self, PASSWORD};
use crate::support::Server;
use crate::support::stream::TlsClient;

use line::Line;

/// Changes `input` in so many places.
fn mangle(input: &mut Vec<u8>, places: usize, others: &[Vec<u8>], words: &[&str], random: &mut Random) {
    for _ in 0..places {
        let other = random.pick(others);
        mutate(input, other, words, random);
    }
}

/// What a conversation is made of.
pub struct Place<'a> {
    pub server: &'a Server,
    tls: TlsClient,
    /// What is said in the transcripts.
    seeds: Vec<Vec<u8>>,
    messages: Vec<Vec<u8>>,
}

/// How much is done.
pub struct Plan {
    pub seconds: u64,
    pub seed: u64,
    /// Only this conversation.
    pub number: Option<u64>,
    pub clients: u64,
}

impl Plan {
    /// A short one, unless the environment asks for more.
    pub fn from_environment() -> Plan {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        Plan {
            seconds: number("AOX_STORM_SECONDS").unwrap_or(8),
            seed: number("AOX_STORM_SEED").unwrap_or(1),
            number: number("AOX_STORM_NUMBER"),
            clients: 5,
        }
    }
}

impl<'a> Place<'a> {
    pub fn new(server: &'a Server) -> Place<'a> {
        let (seeds, messages) = (seeds::conversations(), seeds::messages());
        Place { server, tls: server.tls_client(), seeds, messages }
    }

    /// Has one conversation, and returns how many answers were right.
    pub fn converse(&self, number: u64) -> Result<u64, String> {
        let mut random = Random::new(number);
        let told = |why: String, line: &Line| {
            format!("AOX_STORM_NUMBER={number}: {why}\n  {}", line.minutes.join("\n  "))
        };
        match random.below(10) {
            0 => {
                let mut line = Line::open(None, self.server.pop3_address(), None)?;
                others::pop3(self, &mut line, &mut random).map_err(|why| told(why, &line))
            }
            1 => {
                let mut line = Line::open(None, self.server.lmtp_address(), None)?;
                others::lmtp(self, &mut line, &mut random).map_err(|why| told(why, &line))
            }
            _ => {
                let mut rude = imap::Rude::open(self, random)?;
                rude.converse().map_err(|why| told(why, &rude.line))?;
                Ok(rude.answered)
            }
        }
    }
}

/// Runs it against a fresh server. Panics with all that was found wrong.
pub fn run(server: &Server, plan: &Plan) {
    furnish(server);
    let (place, ledger) = (Place::new(server), Ledger::default());
    if let Some(number) = plan.number {
        place.converse(number).unwrap_or_else(|why| panic!("{why}"));
    }
    let until = Instant::now() + Duration::from_secs(plan.seconds);
    let mut lookers = lookers(server, &ledger, plan.seed);
    let (next, right) = (AtomicU64::new(plan.seed.wrapping_mul(1 << 32)), AtomicU64::new(0));
    let mut memory = 0;
    std::thread::scope(|scope| {
        for (looker, mailbox) in &mut lookers {
            scope.spawn(move || looker.watch(mailbox, until));
        }
        for _ in 0..if plan.number.is_some() { 0 } else { plan.clients } {
            scope.spawn(|| {
                while Instant::now() < until && !ledger.is_over() {
                    match place.converse(next.fetch_add(1, Ordering::Relaxed)) {
                        Ok(count) => drop(right.fetch_add(count, Ordering::Relaxed)),
                        Err(why) => ledger.fault(why),
                    }
                    ledger.noise();
                }
            });
        }
        memory = look_at(server, &ledger, &right, until);
    });
    let clients: Vec<Client<'_>> = lookers.into_iter().map(|(client, _)| client).collect();
    let (of_inbox, of_work) =
        clients.into_iter().partition(|client: &Client<'_>| client.mailbox() == Some("INBOX"));
    [of_inbox, of_work].into_iter().for_each(|clients| stress::agree(clients, false, &ledger));
    aftermath(server, &ledger);
    println!("{}, {} answers, {memory} KiB", ledger.summary(), right.into_inner());
    ledger.assert_none(plan.seed);
}

/// Who is there, with mail.
fn furnish(server: &Server) {
    for login in ["anna", "mallory", "trent"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
        let limits = ["--messages", "3000", "--storage", "64 MB", "--mailboxes", "200"];
        server.aox_ok(&[&["set", "quota", "user", login], &limits[..]].concat());
    }
    // What has met in a deadlock is worth knowing; there is no mail of anybody here.
    server.superuser_sql("alter system set log_error_verbosity = 'default'");
    server.superuser_sql("select pg_reload_conf()");
    server.imap("anna", PASSWORD).ok("CREATE Work").expect("CREATE");
    server.aox_ok(&["set", "rights", "/users/anna/Work", "mallory", "lrswipkte"]);
    server.aox_ok(&["add", "mailbox", "/shared/open"]);
    server.aox_ok(&["set", "rights", "/shared/open", "anyone", "lrswipkxte"]);
    server.aox_ok(&["add", "alias", "work@example.org", "/users/anna/Work"]);
    for (login, mailbox) in [("mallory", "INBOX"), ("anna", "Work"), ("trent", "INBOX")] {
        let mut imap = server.imap(login, PASSWORD);
        let reply = imap.append_all(mailbox, &seeds::messages()).expect("APPEND");
        assert!(reply.result.starts_with("OK"), "{}", reply.result);
    }
}

/// Clients of each kind, who look at what others do.
fn lookers<'a>(server: &Server, ledger: &'a Ledger, seed: u64) -> Vec<(Client<'a>, &'static str)> {
    let mut lookers = Vec::new();
    for (login, mailbox) in [("mallory", "INBOX"), ("anna", "Work")] {
        for kind in 0..3 {
            let number = lookers.len() / 3 * 30 + kind;
            let imap = server.imap(login, PASSWORD);
            let random = Random::new(seed * 1000 + number as u64);
            lookers.push((Client::new(number, 0, imap, ledger, random), mailbox));
        }
    }
    lookers
}

/// Looks at how much memory the server has, until then; the most of it, in KiB.
fn look_at(server: &Server, ledger: &Ledger, right: &AtomicU64, until: Instant) -> u64 {
    let (mut most, mut told) = (0, Instant::now());
    while Instant::now() < until && !ledger.is_over() {
        std::thread::sleep(Duration::from_millis(200));
        let status = server.pid().and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok());
        let line = status.as_deref().and_then(|text| text.lines().find(|line| line.starts_with("VmRSS:")));
        let now = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0);
        most = most.max(now);
        if told.elapsed() > TELL {
            told = Instant::now();
            println!("{}, {} answers, {now} KiB", ledger.summary(), right.load(Ordering::Relaxed));
        }
    }
    if most > MEMORY_KIB_MAX {
        ledger.fault(format!("the server had {most} KiB of memory"));
    }
    most
}

/// Nobody is left behind, nothing was complained of, and all is whole.
fn aftermath(server: &Server, ledger: &Ledger) {
    for log in [server.home().join("serve.log")].into_iter().chain(postgres_logs(server)) {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let wrong = text.lines().filter(|line| COMPLAINTS.iter().any(|word| line.contains(word)));
        for line in wrong
            .filter(|line| line.contains("WARN") || !EXPECTED.iter().any(|end| line.ends_with(end)))
            .take(5)
        {
            ledger.fault(format!("{}: {line}", log.display()));
        }
    }
    for what in ["database", "messages", "quota"] {
        let output = server.aox(&["check", what]);
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            ledger.fault(format!("aox check {what}: {}", String::from_utf8_lossy(&said)));
        }
    }
    let begun = Instant::now();
    while server.aox_ok(&["show", "connections", "--json"]).contains("\"imap\"") {
        if begun.elapsed() > Duration::from_secs(20) {
            let left = server.aox_ok(&["show", "connections"]);
            return ledger.fault(format!("connections are left:\n{left}"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The logs of the PostgreSQL in this home.
fn postgres_logs(server: &Server) -> Vec<std::path::PathBuf> {
    let folders =
        [server.home().to_path_buf(), server.home().join("postgres"), server.home().join("postgres/log")];
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("postgresql-")).collect()
}

/// Words of a log that somebody has to look into.
const COMPLAINTS: &[&str] = &["ERROR", "FATAL", "PANIC", "panicked", "failed by a bug", "WARN"];
/// How lines of PostgreSQL end that nobody else may hear of: a search whose client has gone is broken off, and what
/// aox.refuse finds ends a transaction, with whatever was asked behind it already.
const EXPECTED: &[&str] = &[
    "canceling statement due to user request",
    "ERROR:  gone",
    "ERROR:  over quota",
    "ERROR:  met",
    "commands ignored until end of transaction block",
    // Of two who make the same mailbox at once, one hears that it is there.
    "violates unique constraint \"mailboxes_name\"",
];
/// With caches that are full, built without optimization.
const MEMORY_KIB_MAX: u64 = 700 * 1024;
const TELL: Duration = Duration::from_secs(60);

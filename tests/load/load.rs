//! The load generator: it starts a fresh server and prints how fast it is, beside what we must reach and want.
//!
//! It shares the machine with the server that it measures, so it keeps its own work small: blocking sockets, and
//! answers that are counted rather than parsed.

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod delivery;
mod ending;
mod mail;
mod popping;
mod process;
mod reading;
mod report;
mod writing;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use report::Report;
use support::{Options, Server};

/// One run: the server, what is known of it, and what was measured.
pub struct Bench {
    server: Server,
    report: Report,
    users: HashSet<usize>,
    /// Messages of the large mailbox.
    messages: u64,
    /// How long the measurements take that take as long as one likes.
    seconds: u64,
    filled: bool,
}

/// Every user of the run has this password.
pub const PASSWORD: &str = "secret";

type Part = fn(&mut Bench) -> io::Result<()>;

/// What can be measured, in the order in which it is.
const PARTS: &[(&str, Part)] = &[
    ("delivery", delivery::measure),
    ("growth", delivery::measure_growth),
    ("idle", crowd::measure_idle),
    ("login", crowd::measure_login),
    ("reading", reading::measure),
    ("pop3", popping::measure),
    ("search", reading::measure_search),
    ("writing", writing::measure),
    ("mixed", crowd::measure_mixed),
    ("vacuum", ending::measure),
];

const USAGE: &str = "\
usage: load [--server PROGRAM] [--messages N] [--seconds N] [--json] [PART...]

Starts a fresh server in a home of its own, measures it, and prints the figures beside what must be reached and what we
want. The figures of CPU are of the server and of all of its PostgreSQL; they depend the least on what else the machine
does.

  --server PROGRAM  the aox to measure, instead of the one that was built with this program
  --messages N      how many messages the large mailbox has; 50000 unless given
  --seconds N       how long a rate is measured; 5 unless given
  --json            for programs

parts, all of them unless some are named:
  delivery  LMTP in 1, 10 and 50 sessions, to one mailbox and to 100; octets on disk
  growth    what a delivery costs in the large mailbox, against an empty one
  idle      how soon a client in IDLE hears of new mail, and the memory of 500 that wait, in the clear and in TLS
  login     connect, LOGIN, LOGOUT
  reading   start of the server, SELECT, FETCH
  pop3      login, UIDL, RETR
  search    SEARCH
  writing   STORE, COPY, EXPUNGE, APPEND
  mixed     10 and 100 clients that do a bit of everything
  vacuum    LMTP while what was deleted ends; twice as many messages as the large mailbox has";

impl Bench {
    /// The login of a user, who is added when it is named first.
    fn user(&mut self, number: usize) -> String {
        let login = format!("user{number}");
        if self.users.insert(number) {
            self.server.add_user(&login, &delivery::address(&login), PASSWORD);
        }
        login
    }

    /// Ends the server and starts it again: everything it held in memory is gone.
    fn restart(&mut self) {
        self.server.stop();
        self.server.serve();
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut program, mut messages, mut seconds, mut json) = (None, 50_000, 5, false);
    let mut parts: Vec<String> = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).unwrap_or_else(wrong_use);
        match argument.as_str() {
            "--messages" => messages = number(),
            "--seconds" => seconds = number(),
            "--server" => program = Some(PathBuf::from(arguments.next().unwrap_or_else(wrong_use))),
            "--json" => json = true,
            "--help" | "-h" => {
                println!("{USAGE}");
                return;
            }
            part if PARTS.iter().any(|(name, _)| *name == part) => parts.push(argument),
            _ => wrong_use(),
        }
    }
    let options = Options { program: program.or_else(beside_us), ..Options::default() };
    let server = Server::start_with(options);
    let mut bench =
        Bench { server, report: Report::default(), users: HashSet::new(), messages, seconds, filled: false };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    bench.report.remark(format!("{cores} cores, load average at the start {}", process::load_average()));
    for (name, part) in PARTS {
        if !parts.is_empty() && !parts.iter().any(|wanted| wanted == name) {
            continue;
        }
        if let Err(error) = part(&mut bench) {
            bench.report.remark(format!("{name} was broken off: {error}"));
        }
    }
    bench.report.remark(format!("load average at the end {}", process::load_average()));
    println!("{}", if json { bench.report.json() } else { bench.report.table() });
}

/// Cargo puts examples into a folder beside the program.
fn beside_us() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.parent()?.parent()?.join("aox");
    program.exists().then_some(program)
}

fn wrong_use<T>() -> T {
    eprintln!("{USAGE}");
    std::process::exit(2)
}

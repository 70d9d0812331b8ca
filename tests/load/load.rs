//! The load generator: it starts a fresh server and prints how fast it is, beside what we must reach and want.
//!
//! It shares the machine with the server that it measures, so it keeps its own work small: blocking sockets, and
//! answers that are counted rather than parsed.

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod delivery;
mod dovecot;
mod ending;
mod growing;
mod mail;
mod ordering;
mod pairs;
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
    ("growth", growing::measure),
    ("idle", crowd::measure_idle),
    ("login", crowd::measure_login),
    ("reading", reading::measure),
    ("pop3", popping::measure),
    ("search", reading::measure_search),
    ("order", ordering::measure),
    ("writing", writing::measure),
    ("mixed", crowd::measure_mixed),
    ("vacuum", ending::measure),
    ("dovecot", dovecot::measure),
];

const USAGE: &str = "\
usage: load [--server PROGRAM] [--messages N] [--seconds N] [--json] [PART...]
       load [--server PROGRAM] [--messages N] [--seconds ROUNDS] --against PROGRAM

Starts a fresh server in a home of its own, measures it, and prints the figures beside what must be reached and what we
want. The figures of CPU are of the server and of all of its PostgreSQL; they depend the least on what else the machine
does.

  --server PROGRAM  the aox to measure, instead of the one that was built with this program
  --messages N      how many messages the large mailbox has; 50000 unless given
  --seconds N       how long a rate is measured; 5 unless given
  --json            for programs
  --against PROGRAM another aox: both do the same in turns, some rounds of a second each, and what each operation costs
                    them is printed side by side

parts, all of them unless some are named:
  delivery  LMTP in 1, 10 and 50 sessions, to one mailbox and to 100; octets on disk
  growth    what a delivery and each command cost in a mailbox of so many small messages, against one of 2000, and how
            others fare meanwhile; `--messages 1000000 growth` takes some minutes and 5 GB
  idle      how soon a client in IDLE hears of new mail, and the memory of 500 that wait, in the clear and in TLS
  login     connect, LOGIN, LOGOUT
  reading   start of the server, SELECT, FETCH
  pop3      login, UIDL, RETR
  search    SEARCH
  order     SORT, THREAD
  writing   STORE, COPY, EXPUNGE, APPEND
  mixed     10 and 100 clients that do a bit of everything
  vacuum    LMTP while what was deleted ends; twice as many messages as the large mailbox has
  dovecot   reading and writing, beside what they take Dovecot, where that is installed and root measures";

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

/// What the command line says.
struct Wish {
    program: Option<PathBuf>,
    against: Option<PathBuf>,
    messages: u64,
    seconds: u64,
    json: bool,
    parts: Vec<String>,
}

impl Wish {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Wish {
        let mut wish = Wish {
            program: beside_us(),
            against: None,
            messages: 50_000,
            seconds: 5,
            json: false,
            parts: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut next = || arguments.next().unwrap_or_else(wrong_use);
            let number = |text: String| text.parse().unwrap_or_else(|_| wrong_use());
            match argument.as_str() {
                "--messages" => wish.messages = number(next()),
                "--seconds" => wish.seconds = number(next()),
                "--server" => wish.program = Some(next().into()),
                "--against" => wish.against = Some(next().into()),
                "--json" => wish.json = true,
                "--help" | "-h" => {
                    println!("{USAGE}");
                    std::process::exit(0)
                }
                part if PARTS.iter().any(|(name, _)| *name == part) => wish.parts.push(argument),
                _ => wrong_use(),
            }
        }
        wish
    }
}

fn main() {
    let wish = Wish::parse(std::env::args().skip(1));
    let start = |program| Server::start_with(Options { program, ..Options::default() });
    let server = start(wish.program);
    if let Some(against) = wish.against {
        let table = pairs::compare(start(Some(against)), server, wish.messages, wish.seconds as usize);
        match table {
            Ok(table) => println!("{table}"),
            Err(error) => eprintln!("the comparison was broken off: {error}"),
        }
        return;
    }
    let (messages, seconds, report) = (wish.messages, wish.seconds, Report::default());
    let mut bench = Bench { server, report, users: HashSet::new(), messages, seconds, filled: false };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    bench.report.remark(format!("{cores} cores, load average at the start {}", process::load_average()));
    for (name, part) in PARTS {
        if !wish.parts.is_empty() && !wish.parts.iter().any(|wanted| wanted == name) {
            continue;
        }
        if let Err(error) = part(&mut bench) {
            bench.report.remark(format!("{name} was broken off: {error}"));
        }
    }
    bench.report.remark(format!("load average at the end {}", process::load_average()));
    println!("{}", if wish.json { bench.report.json() } else { bench.report.table() });
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

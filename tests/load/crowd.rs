//! Many clients at once: those that wait in IDLE, those that only log in, and those that do a bit of everything.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::mail::Writer;
use crate::process::{self, Cost};
use crate::report::{goal, percentile};
use crate::support::stream::TlsClient;
use crate::support::{Imap, Lmtp, Server};
use crate::{Bench, PASSWORD, delivery};

/// The part `idle`: how soon a waiting client hears, and what it costs to let it wait.
pub fn measure_idle(bench: &mut Bench) -> io::Result<()> {
    latency(bench)?;
    memory(bench)
}

/// The part `login`: connect, LOGIN, LOGOUT.
pub fn measure_login(bench: &mut Bench) -> io::Result<()> {
    let users: Vec<String> = (0..4).map(|number| bench.user(number)).collect();
    first_logins(bench, &users)?;
    let cost = Cost::begin(bench);
    let begin = Instant::now();
    let logins = log_in(&bench.server, &users, Duration::from_secs(bench.seconds.min(3)))?;
    let rate = logins as f64 / begin.elapsed().as_secs_f64();
    bench.report.add("connect, LOGIN, LOGOUT, 4 clients", rate, "/s", goal(1500.0, 4000.0));
    cost.report(bench, "login", logins as f64, None);
    Ok(())
}

/// Each user logs in and out again, as often as it goes. Returns how often.
pub fn log_in(server: &Server, users: &[String], time: Duration) -> io::Result<u64> {
    let end = Instant::now() + time;
    together(users.len(), |client| {
        let mut logins = 0;
        while Instant::now() < end {
            let mut imap = Imap::login(server.imap_address(), &users[client], PASSWORD)?;
            imap.ok("LOGOUT")?;
            logins += 1;
        }
        Ok(logins)
    })
}

/// The first login of each user since the server was started verifies a password, which is slow by intention; what follows
/// measures everything else.
fn first_logins(bench: &mut Bench, users: &[String]) -> io::Result<()> {
    let cost = Cost::begin(bench);
    let address = bench.server.imap_address();
    together(users.len(), |client| Imap::login(address, &users[client], PASSWORD)?.ok("LOGOUT").map(|_| 1))?;
    cost.report(bench, "login, with the password verified", users.len() as f64, None);
    Ok(())
}

/// The part `mixed`: everything that a client does, by 10 and by 100 clients.
pub fn measure_mixed(bench: &mut Bench) -> io::Result<()> {
    let users: Vec<String> = (0..delivery::MAILBOXES).map(|number| bench.user(number)).collect();
    first_logins(bench, &users)?;
    for clients in [10, 100] {
        let cost = Cost::begin(bench);
        let begin = Instant::now();
        let run = format!("mixed{clients}");
        let (commands, failures) =
            mixed(&bench.server, &users, clients, &run, Duration::from_secs(bench.seconds))?;
        let rate = commands as f64 / begin.elapsed().as_secs_f64();
        let what = format!("mixed load, {clients} clients on 100 mailboxes, commands");
        bench.report.add(what, rate, "/s", goal(2500.0, 8000.0));
        cost.report(bench, "command", commands as f64, None);
        bench.report.add(format!("  failed visits, {clients} clients"), failures as f64, "", goal(0.0, 0.0));
    }
    Ok(())
}

/// Clients visit users at random. Returns the number of commands, and of visits that failed.
pub fn mixed(
    server: &Server,
    users: &[String],
    clients: usize,
    run: &str,
    time: Duration,
) -> io::Result<(u64, u64)> {
    let end = Instant::now() + time;
    let failures = AtomicU64::new(0);
    let commands = together(clients, |client| {
        let mut writer = Writer::new(&format!("{run}-{client}"));
        let mut commands = 0;
        while Instant::now() < end {
            let user = &users[writer.below(users.len() as u64) as usize];
            match visit(server.imap_address(), user, &mut writer) {
                Ok(done) => commands += done,
                Err(error) => {
                    if failures.fetch_add(1, Ordering::Relaxed) == 0 {
                        eprintln!("# the first failure of the mixed load: {error}");
                    }
                }
            }
        }
        Ok(commands)
    })?;
    Ok((commands, failures.into_inner()))
}

/// One visit of a client: it looks around, reads, changes, and goes. Returns the number of commands.
fn visit(address: SocketAddr, user: &str, writer: &mut Writer) -> io::Result<u64> {
    let mut imap = Imap::login(address, user, PASSWORD)?;
    imap.ok("LIST \"\" *")?;
    imap.ok("STATUS INBOX (MESSAGES UNSEEN)")?;
    let untagged = imap.ok("SELECT INBOX")?;
    let exists = untagged.iter().find_map(|response| response.number("EXISTS")).unwrap_or(0);
    let mut commands = 6;
    if exists > 0 {
        // A uid range rather than numbers: another client may expunge at any time.
        let first = 1 + writer.below(u64::from(exists));
        imap.ok(&format!("UID FETCH {first}:{} (FLAGS ENVELOPE)", first + 10))?;
        imap.ok(&format!("UID FETCH {first} BODY.PEEK[]"))?;
        imap.ok(&format!("UID STORE {first} +FLAGS (\\Seen)"))?;
        imap.ok(&format!("UID STORE {first} +FLAGS.SILENT (\\Deleted)"))?;
        imap.ok("EXPUNGE")?;
        commands += 5;
    }
    let reply = imap.append("INBOX", &writer.message(delivery::MESSAGE_BYTES))?;
    if !reply.result.starts_with("OK") {
        return Err(io::Error::other(reply.result));
    }
    imap.ok("LOGOUT")?;
    Ok(commands + 1)
}

fn latency(bench: &mut Bench) -> io::Result<()> {
    let user = bench.user(0);
    let mut watcher = Imap::login(bench.server.imap_address(), &user, PASSWORD)?;
    watcher.ok("SELECT INBOX")?;
    watcher.idle()?;
    let watching = std::thread::spawn(move || -> io::Result<Vec<Instant>> {
        let mut heard = Vec::new();
        while heard.len() < DELIVERIES {
            if watcher.read()?.number("EXISTS").is_some() {
                heard.push(Instant::now());
            }
        }
        Ok(heard)
    });
    let mut lmtp = Lmtp::open(bench.server.lmtp_address())?;
    let mut writer = Writer::new("latency");
    let mut answered = Vec::new();
    for _ in 0..DELIVERIES {
        delivery::deliver(&mut lmtp, &delivery::address(&user), &writer.message(delivery::MESSAGE_BYTES))?;
        answered.push(Instant::now());
        // Each delivery is a group of its own, and each EXISTS is told by itself.
        std::thread::sleep(Duration::from_millis(10));
    }
    let heard = watching.join().expect("the watcher does not panic")?;
    let pairs = heard.iter().zip(&answered);
    let mut delays: Vec<f64> = pairs
        .map(|(heard, answered)| heard.saturating_duration_since(*answered).as_secs_f64() * 1000.0)
        .collect();
    bench.report.add(
        "LMTP 250 to EXISTS in IDLE, median",
        percentile(&mut delays, 0.5),
        "ms",
        goal(5.0, 1.0),
    );
    bench.report.add(
        "LMTP 250 to EXISTS in IDLE, p99",
        percentile(&mut delays, 0.99),
        "ms",
        goal(50.0, 10.0),
    );
    Ok(())
}

fn memory(bench: &mut Bench) -> io::Result<()> {
    let users: Vec<String> = (0..delivery::MAILBOXES).map(|number| bench.user(number)).collect();
    // The first connections pay for what all share: snapshots, arenas, prepared statements.
    let kinds =
        [("plain", Carrier::Plain, goal(32.0, 10.0)), ("TLS", Carrier::Tls(bench.server.tls_client()), None)];
    for (name, carrier, wanted) in kinds {
        let mut clients = idlers(bench, &carrier, &users, users.len())?;
        let before = process::memory_kib(&bench.server);
        clients.extend(idlers(bench, &carrier, &users, IDLERS)?);
        std::thread::sleep(Duration::from_millis(500));
        let each = (process::memory_kib(&bench.server) - before) / IDLERS as f64;
        let what = format!("memory per idle {name} connection, SELECTed and IDLE (PSS)");
        bench.report.add(what, each, "KiB", wanted);
    }
    Ok(())
}

/// What carries a client that waits.
enum Carrier {
    Plain,
    Tls(TlsClient),
}

fn idlers(bench: &Bench, carrier: &Carrier, users: &[String], count: usize) -> io::Result<Vec<Imap>> {
    let mut idlers = Vec::new();
    for user in users.iter().cycle().take(count) {
        let mut imap = match carrier {
            Carrier::Plain => Imap::connect(bench.server.imap_address())?,
            Carrier::Tls(client) => Imap::connect_tls(bench.server.imaps_address(), client)?,
        };
        imap.ok(&format!("LOGIN {user} {PASSWORD}"))?;
        imap.ok("SELECT INBOX")?;
        imap.idle()?;
        idlers.push(imap);
    }
    Ok(idlers)
}

/// Runs clients side by side, and adds up what they did.
fn together(clients: usize, client: impl Fn(usize) -> io::Result<u64> + Sync) -> io::Result<u64> {
    std::thread::scope(|scope| {
        let client = &client;
        let running: Vec<_> = (0..clients).map(|number| scope.spawn(move || client(number))).collect();
        running.into_iter().try_fold(0, |total, one| Ok(total + one.join().expect("no client panics")?))
    })
}

const DELIVERIES: usize = 300;
const IDLERS: usize = 500;

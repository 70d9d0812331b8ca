//! Whether what clients do costs more for each message when there are many: in a mailbox of few, and in one of as many as
//! one likes. While the large one is at work, others deliver and say NOOP, and the slowest of that is told.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::mail::Writer;
use crate::reading::timed;
use crate::report::goal;
use crate::support::{Imap, Lmtp, Server};
use crate::{Bench, PASSWORD, delivery, process};

/// What is done, and whether its cost is that of each message or of the whole command.
type Operation = (&'static str, &'static [&'static str], Per);

#[derive(Clone, Copy, PartialEq)]
enum Per {
    Message,
    Command,
}

const OPERATIONS: &[Operation] = &[
    ("SELECT, warm", &["SELECT INBOX"], Per::Command),
    ("STATUS", &["STATUS INBOX (MESSAGES UNSEEN SIZE)"], Per::Command),
    ("STORE of one", &["STORE 500 +FLAGS (\\Flagged)", "STORE 500 -FLAGS (\\Flagged)"], Per::Command),
    ("FETCH of one body", &["FETCH 1500 BODY.PEEK[]"], Per::Command),
    ("FETCH 1:* (UID FLAGS)", &["FETCH 1:* (UID FLAGS)"], Per::Message),
    ("FETCH 1:* (RFC822.SIZE INTERNALDATE)", &["FETCH 1:* (RFC822.SIZE INTERNALDATE)"], Per::Message),
    // As many as the small one has: what is kept in memory has room for these, but not for all of the large one.
    ("FETCH 1:2000 (ENVELOPE)", &["FETCH 1:2000 (ENVELOPE)"], Per::Command),
    ("FETCH 1:2000 (BODYSTRUCTURE)", &["FETCH 1:2000 (BODYSTRUCTURE)"], Per::Command),
    ("SEARCH UNSEEN", &["SEARCH UNSEEN"], Per::Message),
    ("SEARCH SINCE", &["SEARCH SINCE 1-Jan-2026"], Per::Message),
    ("SEARCH SENTBEFORE", &["SEARCH SENTBEFORE 9-Nov-2026"], Per::Message),
    ("SEARCH SUBJECT", &["SEARCH SUBJECT kaleidoscope"], Per::Message),
    ("SEARCH BODY", &["SEARCH BODY kaleidoscope"], Per::Message),
    ("SEARCH FROM", &["SEARCH FROM person17"], Per::Message),
    ("SORT (DATE)", &["SORT (DATE) UTF-8 ALL"], Per::Message),
    ("SORT (FROM REVERSE SIZE)", &["SORT (FROM REVERSE SIZE) UTF-8 ALL"], Per::Message),
    ("THREAD REFERENCES", &["THREAD REFERENCES UTF-8 ALL"], Per::Message),
    (
        "STORE 1:* .SILENT",
        &["STORE 1:* +FLAGS.SILENT (\\Answered)", "STORE 1:* -FLAGS.SILENT (\\Answered)"],
        Per::Message,
    ),
    ("STORE 1:*", &["STORE 1:* +FLAGS (\\Seen)", "STORE 1:* -FLAGS (\\Seen)"], Per::Message),
    ("EXPUNGE of one", &["STORE 2000 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"], Per::Command),
];

/// The part `growth`: deliveries first, then all that clients do.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    let users = [bench.user(delivery::MAILBOXES + 3), bench.user(delivery::MAILBOXES + 4)];
    let other = bench.user(delivery::MAILBOXES + 5);
    let counts = [FEW, bench.messages.max(FEW)];
    for (user, count) in users.iter().zip(counts) {
        let begin = Instant::now();
        fill(&bench.server, user, count)?;
        let rate = count as f64 / begin.elapsed().as_secs_f64();
        bench.report.add(format!("MULTIAPPEND, filling one mailbox with {count}"), rate, "/s", None);
    }
    deliveries(bench, &users)?;
    bench.wait_for_index();
    let open = |bench: &Bench, user: &str| Imap::login(bench.server.imap_address(), user, PASSWORD);
    cold(bench, &users[1], counts[1])?;
    let [mut few, mut many] = [open(bench, &users[0])?, open(bench, &users[1])?];
    few.ok("SELECT INBOX")?;
    many.ok("SELECT INBOX")?;
    all(bench, &mut many, counts[1])?;
    for (what, commands, per) in OPERATIONS {
        let mut divisors = [1.0; 2];
        if *per == Per::Message {
            divisors = counts.map(|count| count as f64);
        }
        // Others are served beside both: the slower the machine is, the more of what they cost falls upon each command.
        let [few, many] = [&mut few, &mut many];
        let (small, ..) = with_others(&bench.server, &other, || repeated(&bench.server, few, commands))?;
        let (large, seconds, alongside) =
            with_others(&bench.server, &other, || repeated(&bench.server, many, commands))?;
        let ratio = large / divisors[1] / (small / divisors[0]);
        bench.report.add(
            format!("{what}, CPU in {} against {FEW}", counts[1]),
            ratio,
            "times",
            goal(1.5, 1.0),
        );
        bench.report.add("  one of it", seconds * 1000.0, "ms", None);
        alongside.report(bench);
    }
    Ok(())
}

/// The first SELECT after a start.
fn cold(bench: &mut Bench, user: &str, count: u64) -> io::Result<()> {
    bench.restart();
    let mut imap = Imap::login(bench.server.imap_address(), user, PASSWORD)?;
    let (before, begin) = (process::cpu_seconds(&bench.server), Instant::now());
    imap.ok("SELECT INBOX")?;
    let (after, elapsed) = (process::cpu_seconds(&bench.server), begin.elapsed());
    let spent = after.0 + after.1 - before.0 - before.1;
    bench.report.add(format!("SELECT of {count}, cold"), elapsed.as_secs_f64() * 1000.0, "ms", None);
    bench.report.add("  CPU for each message, server + PostgreSQL", spent * 1e6 / count as f64, "us", None);
    Ok(())
}

/// What is printed of all messages of the large one, most of which has to be read from the database.
fn all(bench: &mut Bench, many: &mut Imap, count: u64) -> io::Result<()> {
    for (item, wanted) in
        [("ENVELOPE", goal(40_000.0, 100_000.0)), ("BODYSTRUCTURE", goal(50_000.0, 100_000.0))]
    {
        let (seconds, _) = timed(many, &format!("FETCH 1:* ({item})"))?;
        bench.report.add(format!("FETCH 1:* ({item}) of {count}"), count as f64 / seconds, "/s", wanted);
    }
    Ok(())
}

/// What a delivery costs in each of the two mailboxes. Both get as much, in turns, so that what else the machine does
/// falls upon both.
fn deliveries(bench: &mut Bench, users: &[String; 2]) -> io::Result<()> {
    let (mut seconds, mut messages) = ([0.0; 2], [0; 2]);
    for round in 0..4 {
        for (which, user) in users.iter().enumerate() {
            let before = process::cpu_seconds(&bench.server);
            let (run, time) = (format!("growth{round}{which}"), Duration::from_secs(1));
            let user = std::slice::from_ref(user);
            messages[which] += delivery::deliver_for(&bench.server, &run, 4, user, time)?.messages;
            let after = process::cpu_seconds(&bench.server);
            seconds[which] += after.0 + after.1 - before.0 - before.1;
        }
    }
    let each = |which: usize| seconds[which] / messages[which] as f64;
    let what = format!("delivery, CPU in a mailbox of {} against {FEW}", bench.messages);
    bench.report.add(what, each(1) / each(0), "times", goal(1.5, 1.0));
    Ok(())
}

/// Does the commands in turn for a while. Returns processor seconds and seconds for each.
fn repeated(server: &Server, imap: &mut Imap, commands: &[&str]) -> io::Result<(f64, f64)> {
    // The first time reads what is kept in memory afterwards.
    let mut say = |command: &str| {
        let tag = imap.send(command)?;
        imap.drain(&tag)
    };
    commands.iter().try_for_each(|command| say(command).map(drop))?;
    let (before, begin, mut done) = (process::cpu_seconds(server), Instant::now(), 0);
    while begin.elapsed() < LEAST || done == 0 {
        commands.iter().try_for_each(|command| say(command).map(drop))?;
        done += commands.len();
    }
    let (after, elapsed) = (process::cpu_seconds(server), begin.elapsed().as_secs_f64());
    Ok(((after.0 + after.1 - before.0 - before.1) / done as f64, elapsed / done as f64))
}

/// How others fared meanwhile, and the most memory that was taken.
struct Alongside {
    noop: f64,
    delivery: f64,
    server_kib: f64,
}

impl Alongside {
    fn report(self, bench: &mut Bench) {
        bench.report.add("  slowest NOOP of others meanwhile", self.noop, "ms", None);
        bench.report.add("  slowest delivery to others meanwhile", self.delivery, "ms", None);
        bench.report.add("  memory of the server at most (PSS)", self.server_kib / 1024.0, "MiB", None);
    }
}

/// Does `work` while others are served, who are few, so that what they cost does not count for much.
fn with_others(
    server: &Server,
    other: &str,
    work: impl FnOnce() -> io::Result<(f64, f64)>,
) -> io::Result<(f64, f64, Alongside)> {
    let over = AtomicBool::new(false);
    let slowest = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let until_over = |pause: Duration, mut once: Box<dyn FnMut() -> io::Result<()> + Send>| {
            let over = &over;
            scope.spawn(move || -> io::Result<f64> {
                let mut slowest = 0.0f64;
                while !over.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    once()?;
                    slowest = slowest.max(begin.elapsed().as_secs_f64() * 1000.0);
                    std::thread::sleep(pause);
                }
                Ok(slowest)
            })
        };
        let mut imap = Imap::login(server.imap_address(), other, PASSWORD)?;
        let noops = until_over(Duration::from_millis(20), Box::new(move || imap.ok("NOOP").map(drop)));
        let mut lmtp = Lmtp::open(server.lmtp_address())?;
        let (mut writer, address) = (Writer::new("alongside"), delivery::address(other));
        let deliver =
            move || delivery::deliver(&mut lmtp, &address, &writer.message(delivery::MESSAGE_BYTES));
        let deliveries = until_over(Duration::from_millis(100), Box::new(deliver));
        let slowest = &slowest;
        let server_pid = server.pid();
        let memory = until_over(
            Duration::from_millis(200),
            Box::new(move || {
                let kib = server_pid.map_or(0.0, process::memory_of);
                slowest.fetch_max(kib as u64, Ordering::Relaxed);
                Ok(())
            }),
        );
        let done = work();
        over.store(true, Ordering::Relaxed);
        let noop = noops.join().expect("it does not panic")?;
        let delivery = deliveries.join().expect("it does not panic")?;
        memory.join().expect("it does not panic")?;
        let server_kib = slowest.load(Ordering::Relaxed) as f64;
        done.map(|(cpu, seconds)| (cpu, seconds, Alongside { noop, delivery, server_kib }))
    })
}

/// Fills a mailbox with small messages, hundreds at a time.
fn fill(server: &Server, user: &str, messages: u64) -> io::Result<()> {
    let mut imap = Imap::login(server.imap_address(), user, PASSWORD)?;
    let mut writer = Writer::new(user);
    let mut left = messages;
    while left > 0 {
        let some: Vec<_> = (0..left.min(TOGETHER)).map(|_| writer.message(SMALL_BYTES)).collect();
        left -= some.len() as u64;
        let reply = imap.append_all("INBOX", &some)?;
        if !reply.result.starts_with("OK") {
            return Err(io::Error::other(reply.result));
        }
    }
    Ok(())
}

/// The small mailbox.
const FEW: u64 = 2000;
/// Messages of one MULTIAPPEND.
const TOGETHER: u64 = 500;
const SMALL_BYTES: usize = 1000;
/// How long each is done at least: long beside the hundredths of a second in which the kernel counts.
const LEAST: Duration = Duration::from_secs(1);

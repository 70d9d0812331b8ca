//! Two programs, measured in turns: what else the machine does falls upon both, so that small differences show.

use std::io;
use std::time::{Duration, Instant};

use crate::mail::Writer;
use crate::report::percentile;
use crate::support::{Imap, Server};
use crate::{PASSWORD, crowd, delivery, process};

/// One of the two programs, with what was measured of it.
struct Side {
    server: Server,
    users: Vec<String>,
    /// Of each round: processor seconds of the server and of PostgreSQL, operations, and how long they took.
    rounds: Vec<(f64, f64, u64, f64)>,
}

/// Something to be done for a while; returns how often it was done.
type Work = fn(&Side, &str, Duration) -> io::Result<u64>;

const WORKS: &[(&str, Work)] = &[
    ("LMTP, 1 session", |side, run, time| deliver(side, run, 1, 1, time)),
    ("LMTP, 10 sessions, one mailbox", |side, run, time| deliver(side, run, 10, 1, time)),
    ("LMTP, 10 sessions, 100 mailboxes", |side, run, time| deliver(side, run, 10, delivery::MAILBOXES, time)),
    ("LMTP, 50 sessions, 100 mailboxes", |side, run, time| deliver(side, run, 50, delivery::MAILBOXES, time)),
    ("connect, LOGIN, LOGOUT", |side, _, time| crowd::log_in(&side.server, &side.users[..4], time)),
    ("mixed load, 10 clients, commands", |side, run, time| {
        Ok(crowd::mixed(&side.server, &side.users, 10, run, time)?.0)
    }),
    ("mixed load, 100 clients, commands", |side, run, time| {
        Ok(crowd::mixed(&side.server, &side.users, 100, run, time)?.0)
    }),
    ("FETCH of one random BODY.PEEK[]", fetch),
    ("APPEND, one connection", append),
    ("EXPUNGE 1000", expunge),
];

/// Compares `old` with `new`, and returns the table.
pub fn compare(old: Server, new: Server, messages: u64, rounds: usize) -> io::Result<String> {
    let mut sides = [side(old, messages)?, side(new, messages)?];
    let mut table = format!(
        "{:<36} {:>26} {:>26} {:>8}\n",
        "CPU of server + PostgreSQL = total", "old, ms each", "new, ms each", "new/old"
    );
    for (what, work) in WORKS {
        sides.iter_mut().for_each(|side| side.rounds.clear());
        // The first round warms up what both keep.
        for round in 0..=rounds {
            for side in &mut sides {
                side.measure(*work, &format!("{what}{round}").replace([' ', ','], ""))?;
            }
        }
        let mut ratios: Vec<f64> = (1..=rounds).map(|n| sides[1].each(n) / sides[0].each(n)).collect();
        let line = format!(
            "{what:<36} {:>26} {:>26} {:>8.2}\n",
            sides[0].median(),
            sides[1].median(),
            percentile(&mut ratios, 0.5)
        );
        eprint!("{line}");
        table.push_str(&line);
    }
    Ok(table)
}

/// Adds the users, and fills a mailbox of the last of them.
fn side(server: Server, messages: u64) -> io::Result<Side> {
    let users: Vec<String> = (0..=delivery::MAILBOXES).map(|number| format!("user{number}")).collect();
    for login in &users {
        server.add_user(login, &delivery::address(login), PASSWORD);
    }
    delivery::fill(&server, &users[delivery::MAILBOXES], messages.max(1000))?;
    // The first login of each verifies a password.
    for login in &users {
        Imap::login(server.imap_address(), login, PASSWORD)?.ok("LOGOUT")?;
    }
    Ok(Side { server, users, rounds: Vec::new() })
}

impl Side {
    fn measure(&mut self, work: Work, run: &str) -> io::Result<()> {
        let (before, begin) = (process::cpu_seconds(&self.server), Instant::now());
        let operations = work(self, run, ROUND)?;
        let (after, elapsed) = (process::cpu_seconds(&self.server), begin.elapsed().as_secs_f64());
        self.rounds.push((after.0 - before.0, after.1 - before.1, operations, elapsed));
        Ok(())
    }

    /// Processor seconds for each operation of a round.
    fn each(&self, round: usize) -> f64 {
        let (own, database, operations, _) = self.rounds[round];
        (own + database) / operations as f64
    }

    /// The median of each figure, in words.
    fn median(&self) -> String {
        let of = |figure: fn(&(f64, f64, u64, f64)) -> f64| {
            let mut values: Vec<f64> = self.rounds[1..].iter().map(figure).collect();
            percentile(&mut values, 0.5)
        };
        let own = of(|(own, _, operations, _)| own * 1000.0 / *operations as f64);
        let database = of(|(_, database, operations, _)| database * 1000.0 / *operations as f64);
        let rate = of(|(_, _, operations, elapsed)| *operations as f64 / elapsed);
        format!("{own:.3}+{database:.3}={:.3} {rate:>5.0}/s", own + database)
    }

    /// The one who has the large mailbox, with its INBOX open.
    fn reader(&self) -> io::Result<(Imap, u64)> {
        let login = &self.users[delivery::MAILBOXES];
        let mut imap = Imap::login(self.server.imap_address(), login, PASSWORD)?;
        let untagged = imap.ok("SELECT INBOX")?;
        let exists = untagged.iter().find_map(|response| response.number("EXISTS")).unwrap_or(1);
        Ok((imap, u64::from(exists)))
    }
}

fn deliver(side: &Side, run: &str, sessions: usize, users: usize, time: Duration) -> io::Result<u64> {
    Ok(delivery::deliver_for(&side.server, run, sessions, &side.users[..users], time)?.messages)
}

fn fetch(side: &Side, run: &str, time: Duration) -> io::Result<u64> {
    let (mut imap, exists) = side.reader()?;
    let mut writer = Writer::new(run);
    repeat(time, || {
        let tag = imap.send(&format!("FETCH {} BODY.PEEK[]", 1 + writer.below(exists)))?;
        imap.drain(&tag).map(|_| 1)
    })
}

fn append(side: &Side, run: &str, time: Duration) -> io::Result<u64> {
    let mut imap = Imap::login(side.server.imap_address(), &side.users[0], PASSWORD)?;
    let mut writer = Writer::new(run);
    repeat(time, || {
        let reply = imap.append("INBOX", &writer.message(delivery::MESSAGE_BYTES))?;
        reply.result.starts_with("OK").then_some(1).ok_or_else(|| io::Error::other(reply.result))
    })
}

/// With the COPY and the STORE before it.
fn expunge(side: &Side, run: &str, time: Duration) -> io::Result<u64> {
    let (mut imap, _) = side.reader()?;
    imap.ok(&format!("CREATE {run}"))?;
    repeat(time, || {
        imap.ok("SELECT INBOX")?;
        imap.ok(&format!("COPY 1:1000 {run}"))?;
        imap.ok(&format!("SELECT {run}"))?;
        for command in ["STORE 1:* +FLAGS.SILENT (\\Deleted)", "EXPUNGE"] {
            let tag = imap.send(command)?;
            imap.drain(&tag)?;
        }
        Ok(1)
    })
}

fn repeat(time: Duration, mut once: impl FnMut() -> io::Result<u64>) -> io::Result<u64> {
    let (begin, mut done) = (Instant::now(), 0);
    while begin.elapsed() < time {
        done += once()?;
    }
    Ok(done)
}

/// How long each side has its turn: long beside the hundredths of a second in which the kernel counts.
const ROUND: Duration = Duration::from_millis(1000);

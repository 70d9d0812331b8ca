//! How fast mail is read: SELECT, FETCH and SEARCH in a large mailbox, cold and warm.

use std::io;
use std::time::Instant;

use crate::mail::Writer;
use crate::process::Cost;
use crate::report::{goal, percentile};
use crate::support::Imap;
use crate::{Bench, delivery};

/// The part `reading`.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    bench.large_mailbox()?;
    select(bench)?;
    fetch(bench)?;
    bodies(bench)
}

/// The part `search`.
pub fn measure_search(bench: &mut Bench) -> io::Result<()> {
    let mut imap = bench.large_mailbox()?;
    bench.wait_for_index();
    imap.ok("SELECT INBOX")?;
    let mut writer = Writer::new("search");
    let searches: [(&str, &str, _); 4] = [
        ("SEARCH UNSEEN", "", goal(3.0, 1.0)),
        ("SEARCH SUBJECT", "word", goal(30.0, 5.0)),
        ("SEARCH BODY", "word", goal(100.0, 20.0)),
        ("SEARCH TEXT", "word", goal(100.0, 20.0)),
    ];
    for (command, argument, wanted) in searches {
        let mut times = Vec::new();
        for _ in 0..5 {
            let said = if argument.is_empty() {
                command.to_string()
            } else {
                format!("{command} {}", writer.rare_word())
            };
            times.push(timed(&mut imap, &said)?.0 * 1000.0);
        }
        let what = format!("{command} in {}, median", bench.messages);
        bench.report.add(what, percentile(&mut times, 0.5), "ms", wanted);
    }
    Ok(())
}

fn select(bench: &mut Bench) -> io::Result<()> {
    let begin = Instant::now();
    bench.restart();
    bench.report.add(
        "start of `aox serve`, until `aox status` says ready",
        begin.elapsed().as_secs_f64(),
        "s",
        goal(2.0, 0.5),
    );
    let mut imap = bench.large_mailbox()?;
    let (cold, _) = timed(&mut imap, "SELECT INBOX")?;
    let mut warm = Vec::new();
    for _ in 0..50 {
        warm.push(timed(&mut imap, "SELECT INBOX")?.0 * 1000.0);
    }
    let messages = bench.messages;
    bench.report.add(format!("SELECT of {messages}, cold"), cold * 1000.0, "ms", goal(100.0, 20.0));
    bench.report.add(
        format!("SELECT of {messages}, warm, median"),
        percentile(&mut warm, 0.5),
        "ms",
        goal(1.0, 0.3),
    );
    Ok(())
}

/// Each item is fetched once after a restart, and then again.
fn fetch(bench: &mut Bench) -> io::Result<()> {
    let items = [
        ("(UID FLAGS)", None, goal(1_500_000.0, 3_000_000.0)),
        ("(RFC822.SIZE INTERNALDATE)", None, goal(500_000.0, 1_000_000.0)),
        ("(ENVELOPE)", goal(40_000.0, 100_000.0), goal(100_000.0, 300_000.0)),
        ("(BODYSTRUCTURE)", goal(50_000.0, 100_000.0), goal(200_000.0, 500_000.0)),
    ];
    let messages = bench.messages as f64;
    for (item, cold_goal, warm_goal) in items {
        if cold_goal.is_some() {
            bench.restart();
        }
        let mut imap = bench.large_mailbox()?;
        imap.ok("SELECT INBOX")?;
        let command = format!("FETCH 1:* {item}");
        let (cold, _) = timed(&mut imap, &command)?;
        if cold_goal.is_some() {
            bench.report.add(format!("{command}, cold, messages"), messages / cold, "/s", cold_goal);
        }
        let mut warm = Vec::new();
        for _ in 0..3 {
            warm.push(timed(&mut imap, &command)?.0);
        }
        let warm = percentile(&mut warm, 0.5);
        bench.report.add(format!("{command}, warm, messages"), messages / warm, "/s", warm_goal);
    }
    Ok(())
}

fn bodies(bench: &mut Bench) -> io::Result<()> {
    let mut imap = bench.large_mailbox()?;
    imap.ok("SELECT INBOX")?;
    let count = bench.messages.min(2000);
    let mut speeds = Vec::new();
    for _ in 0..3 {
        let (time, octets) = timed(&mut imap, &format!("FETCH 1:{count} BODY.PEEK[]"))?;
        speeds.push(octets as f64 / time / 1e6);
    }
    let speed = percentile(&mut speeds, 0.5);
    bench.report.add(format!("FETCH 1:{count} BODY.PEEK[]"), speed, "MB/s", goal(250.0, 600.0));
    let mut writer = Writer::new("random");
    let cost = Cost::begin(bench);
    let begin = Instant::now();
    let mut fetched = 0;
    while begin.elapsed().as_secs() < bench.seconds.min(3) {
        let number = 1 + writer.below(bench.messages);
        timed(&mut imap, &format!("FETCH {number} BODY.PEEK[]"))?;
        fetched += 1;
    }
    let rate = f64::from(fetched) / begin.elapsed().as_secs_f64();
    bench.report.add("FETCH of one random BODY.PEEK[]", rate, "/s", goal(4000.0, 12_000.0));
    cost.report(bench, "FETCH", f64::from(fetched), None);
    Ok(())
}

impl Bench {
    /// Waits until the text index knows every message, and says how large it is.
    pub fn wait_for_index(&mut self) {
        let begin = Instant::now();
        let status = self.server.wait_for_index();
        let octets = status["text_index"]["octets"].as_f64().unwrap_or_default();
        let mail = status["octets"].as_f64().unwrap_or_default();
        let seconds = begin.elapsed().as_secs_f64();
        self.report.add("text index, until it knows every message", seconds, "s", None);
        self.report.add("text index on disk per octet of mail", octets / mail.max(1.0), "", None);
    }
}

/// Seconds that a command took, and the octets of its answer, which nobody looks at.
pub fn timed(imap: &mut Imap, command: &str) -> io::Result<(f64, u64)> {
    let begin = Instant::now();
    let tag = imap.send(command)?;
    let octets = imap.drain(&tag)?;
    Ok((begin.elapsed().as_secs_f64(), octets))
}

impl Bench {
    /// A connection to the user who has the large mailbox, which is filled when it is needed first.
    pub fn large_mailbox(&mut self) -> io::Result<Imap> {
        let user = self.user(delivery::MAILBOXES);
        if !self.filled {
            let begin = Instant::now();
            delivery::fill(&self.server, &user, self.messages)?;
            let rate = self.messages as f64 / begin.elapsed().as_secs_f64();
            self.report.add(format!("LMTP, filling one mailbox with {}", self.messages), rate, "/s", None);
            self.filled = true;
        }
        Imap::login(self.server.imap_address(), &user, crate::PASSWORD)
    }
}

//! How fast mailboxes change: STORE, COPY, EXPUNGE and APPEND.

use std::io;
use std::time::Instant;

use crate::mail::Writer;
use crate::process::Cost;
use crate::reading::timed;
use crate::report::{goal, percentile};
use crate::support::Imap;
use crate::{Bench, PASSWORD, delivery};

/// The part `writing`.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    let user = bench.user(delivery::MAILBOXES + 1);
    delivery::fill(&bench.server, &user, SMALL)?;
    let mut small = Imap::login(bench.server.imap_address(), &user, PASSWORD)?;
    small.ok("SELECT INBOX")?;
    store_one(bench, &mut small, SMALL)?;
    many(bench, &mut small)?;
    append(bench, &mut small)?;
    append_many(bench, &mut small)?;
    let mut large = bench.large_mailbox()?;
    large.ok("SELECT INBOX")?;
    let messages = bench.messages;
    store_one(bench, &mut large, messages)
}

fn store_one(bench: &mut Bench, imap: &mut Imap, messages: u64) -> io::Result<()> {
    let mut writer = Writer::new("store");
    let mut times = Vec::new();
    for turn in 0..300 {
        let number = 1 + writer.below(messages);
        let sign = if turn % 2 == 0 { '+' } else { '-' };
        times.push(timed(imap, &format!("STORE {number} {sign}FLAGS (\\Flagged)"))?.0 * 1000.0);
    }
    let what = format!("STORE one message, in a mailbox of {messages}, median");
    bench.report.add(what, percentile(&mut times, 0.5), "ms", goal(1.2, 0.7));
    Ok(())
}

fn many(bench: &mut Bench, imap: &mut Imap) -> io::Result<()> {
    let mut stores = Vec::new();
    for flag in ["\\Seen", "\\Flagged", "\\Answered"] {
        stores.push(timed(imap, &format!("STORE 1:1000 +FLAGS ({flag})"))?.0 * 1000.0);
    }
    bench.report.add("STORE 1:1000 +FLAGS, median", percentile(&mut stores, 0.5), "ms", goal(15.0, 5.0));
    let (mut copies, mut expunges) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        imap.ok(&format!("CREATE Copies{round}"))?;
        imap.ok("SELECT INBOX")?;
        copies.push(timed(imap, &format!("COPY 1:1000 Copies{round}"))?.0 * 1000.0);
        imap.ok(&format!("SELECT Copies{round}"))?;
        timed(imap, "STORE 1:* +FLAGS.SILENT (\\Deleted)")?;
        expunges.push(timed(imap, "EXPUNGE")?.0 * 1000.0);
    }
    bench.report.add("COPY 1:1000, median", percentile(&mut copies, 0.5), "ms", goal(40.0, 15.0));
    bench.report.add("EXPUNGE 1000, median", percentile(&mut expunges, 0.5), "ms", goal(25.0, 10.0));
    Ok(())
}

fn append(bench: &mut Bench, imap: &mut Imap) -> io::Result<()> {
    let mut writer = Writer::new("append");
    imap.ok("CREATE Appended")?;
    let cost = Cost::begin(bench);
    let begin = Instant::now();
    let mut appended = 0;
    while begin.elapsed().as_secs() < bench.seconds.min(3) {
        let reply = imap.append("Appended", &writer.message(delivery::MESSAGE_BYTES))?;
        if !reply.result.starts_with("OK") {
            return Err(io::Error::other(reply.result));
        }
        appended += 1;
    }
    let rate = f64::from(appended) / begin.elapsed().as_secs_f64();
    bench.report.add("APPEND, one connection", rate, "/s", goal(500.0, 1000.0));
    cost.report(bench, "APPEND", f64::from(appended), None);
    Ok(())
}

fn append_many(bench: &mut Bench, imap: &mut Imap) -> io::Result<()> {
    let capabilities = imap.ok("CAPABILITY")?;
    if !capabilities.iter().any(|response| response.text().contains("MULTIAPPEND")) {
        bench.report.remark("the server does not offer MULTIAPPEND");
        return Ok(());
    }
    let mut writer = Writer::new("append-many");
    imap.ok("CREATE AppendedTogether")?;
    let cost = Cost::begin(bench);
    let begin = Instant::now();
    let mut appended = 0;
    while begin.elapsed().as_secs() < bench.seconds.min(3) {
        let messages: Vec<_> = (0..TOGETHER).map(|_| writer.message(delivery::MESSAGE_BYTES)).collect();
        let reply = imap.append_all("AppendedTogether", &messages)?;
        if !reply.result.starts_with("OK") {
            return Err(io::Error::other(reply.result));
        }
        appended += TOGETHER;
    }
    let rate = appended as f64 / begin.elapsed().as_secs_f64();
    let what = format!("APPEND of {TOGETHER} by one command (MULTIAPPEND), messages");
    bench.report.add(what, rate, "/s", goal(3000.0, 8000.0));
    cost.report(bench, "message", appended as f64, None);
    Ok(())
}

/// How many messages MULTIAPPEND gets.
const TOGETHER: usize = 100;
const SMALL: u64 = 2000;
/// How often something is done that takes long enough to be timed by itself.
const ROUNDS: usize = 7;

//! How fast a POP3 client gets its mail from a large mailbox: logging in, and RETR one by one and in one piece.

use std::io;
use std::time::Instant;

use crate::report::{Goal, goal, percentile};
use crate::support::Pop3;
use crate::{Bench, delivery, process};

/// The part `pop3`.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    bench.large_mailbox()?;
    bench.restart();
    let user = bench.user(delivery::MAILBOXES);
    let login = user.clone();
    let open = move |bench: &Bench| Pop3::login(bench.server.pop3_address(), &login, crate::PASSWORD);
    // What follows is about the mailbox: the password is checked once before.
    crate::support::Imap::login(bench.server.imap_address(), &user, crate::PASSWORD)?;
    let mut times = Vec::new();
    for _ in 0..20 {
        let begin = Instant::now();
        open(bench)?.ok("QUIT")?;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    let messages = bench.messages;
    bench.report.add(
        format!("POP3 login to a maildrop of {messages}, cold"),
        times[0],
        "ms",
        goal(100.0, 20.0),
    );
    let warm = percentile(&mut times[1..], 0.5);
    bench.report.add(format!("POP3 login to a maildrop of {messages}, warm"), warm, "ms", None);
    let mut pop3 = open(bench)?;
    let begin = Instant::now();
    pop3.content("UIDL")?;
    bench.report.add(format!("UIDL of {messages}"), begin.elapsed().as_secs_f64() * 1000.0, "ms", None);
    let wanted = goal(8000.0, 20_000.0);
    retrieve(bench, ("one by one, cold", wanted), &mut open(bench)?, one_by_one)?;
    retrieve(bench, ("one by one, warm", wanted), &mut open(bench)?, one_by_one)?;
    retrieve(bench, ("in one piece", None), &mut open(bench)?, pipelined)
}

type Way = fn(&mut Pop3, u64) -> io::Result<()>;

/// Gets the first messages, and says what that took.
fn retrieve(
    bench: &mut Bench,
    (how, wanted): (&str, Option<Goal>),
    pop3: &mut Pop3,
    way: Way,
) -> io::Result<()> {
    let count = bench.messages.min(2000);
    let before = process::cpu_seconds(&bench.server);
    let begin = Instant::now();
    way(pop3, count)?;
    let rate = count as f64 / begin.elapsed().as_secs_f64();
    let after = process::cpu_seconds(&bench.server);
    let each = |seconds: f64| seconds * 1e6 / count as f64;
    bench.report.add(format!("POP3 RETR of {count}, {how}"), rate, "/s", wanted);
    bench.report.add("  CPU of the server for each", each(after.0 - before.0), "us", None);
    bench.report.add("  CPU of PostgreSQL for each", each(after.1 - before.1), "us", None);
    Ok(())
}

fn one_by_one(pop3: &mut Pop3, count: u64) -> io::Result<()> {
    let mut line = Vec::new();
    for number in 1..=count {
        pop3.ok(&format!("RETR {number}"))?;
        pop3.drain(&mut line)?;
    }
    Ok(())
}

/// All commands at once: they fit into what the two sockets hold.
fn pipelined(pop3: &mut Pop3, count: u64) -> io::Result<()> {
    let commands: String = (1..=count).map(|number| format!("RETR {number}\r\n")).collect();
    pop3.write(commands.as_bytes())?;
    let mut line = Vec::new();
    for _ in 0..count {
        pop3.reply()?;
        pop3.drain(&mut line)?;
    }
    Ok(())
}

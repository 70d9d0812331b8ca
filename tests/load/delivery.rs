//! How fast mail comes in: LMTP in any number of sessions, into one mailbox and into many.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Bench;
use crate::mail::Writer;
use crate::process;
use crate::report::goal;
use crate::support::{Lmtp, Server};

/// The part `delivery`: messages per second, and what each costs in processor time and disk.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    let users: Vec<String> = (0..MAILBOXES).map(|number| bench.user(number)).collect();
    let one = &users[..1];
    let seconds = bench.seconds;
    let disk_before = process::disk_bytes(&bench.server);
    let mut octets = 0;
    let runs = [
        ("LMTP, 1 session", 1, one, goal(400.0, 800.0)),
        ("LMTP, 10 sessions, one mailbox", 10, one, goal(1500.0, 3000.0)),
        ("LMTP, 10 sessions, 100 mailboxes", 10, &users[..], goal(1500.0, 4000.0)),
        ("LMTP, 50 sessions, 100 mailboxes", 50, &users[..], goal(1500.0, 4000.0)),
    ];
    for (what, sessions, users, wanted) in runs {
        let before = process::cpu_seconds(&bench.server);
        let begin = Instant::now();
        let delivered = deliver_for(&bench.server, what, sessions, users, Duration::from_secs(seconds))?;
        let elapsed = begin.elapsed().as_secs_f64();
        octets += delivered.octets;
        bench.report.add(what, delivered.messages as f64 / elapsed, "/s", wanted);
        let cpu = (process::cpu_seconds(&bench.server) - before) * 1000.0 / delivered.messages as f64;
        bench.report.add(format!("  CPU per delivery, {sessions} sessions"), cpu, "ms", goal(1.0, 0.4));
    }
    let grown = process::disk_bytes(&bench.server) - disk_before;
    bench.report.add(
        "disk per octet of mail (4 KiB, tables and indices)",
        grown / octets as f64,
        "",
        goal(1.2, 0.7),
    );
    Ok(())
}

/// Fills a mailbox, as fast as it goes.
pub fn fill(server: &Server, user: &str, messages: u64) -> io::Result<()> {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let sessions: Vec<_> = (0..FILLERS)
            .map(|session| {
                let next = &next;
                scope.spawn(move || -> io::Result<()> {
                    let mut writer = Writer::new(&format!("{user}-fill{session}"));
                    let mut lmtp = Lmtp::open(server.lmtp_address())?;
                    while next.fetch_add(1, Ordering::Relaxed) < messages {
                        deliver(&mut lmtp, &address(user), &writer.message(MESSAGE_BYTES))?;
                    }
                    lmtp.quit()
                })
            })
            .collect();
        sessions.into_iter().try_for_each(|session| session.join().expect("no session panics"))
    })
}

/// The address of a user.
pub fn address(user: &str) -> String {
    format!("{user}@example.org")
}

/// One delivery as an MTA makes it: the envelope in one packet (RFC 2920), then the message.
pub fn deliver(lmtp: &mut Lmtp, recipient: &str, message: &[u8]) -> io::Result<()> {
    let envelope = format!("MAIL FROM:<sender@example.net>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
    lmtp.write(envelope.as_bytes())?;
    lmtp.reply()?.expect(250)?;
    lmtp.reply()?.expect(250)?;
    lmtp.reply()?.expect(354)?;
    // No line of ours begins with a dot, so nothing has to be doubled.
    let mut content = Vec::with_capacity(message.len() + 3);
    content.extend_from_slice(message);
    content.extend_from_slice(b".\r\n");
    lmtp.write(&content)?;
    lmtp.reply()?.expect(250)
}

#[derive(Default)]
struct Delivered {
    messages: u64,
    octets: u64,
}

fn deliver_for(
    server: &Server,
    run: &str,
    sessions: usize,
    users: &[String],
    time: Duration,
) -> io::Result<Delivered> {
    let end = Instant::now() + time;
    std::thread::scope(|scope| {
        let sessions: Vec<_> = (0..sessions)
            .map(|session| {
                scope.spawn(move || -> io::Result<Delivered> {
                    let mut writer = Writer::new(&format!("{run}{session}").replace([' ', ','], ""));
                    let mut lmtp = Lmtp::open(server.lmtp_address())?;
                    let mut delivered = Delivered::default();
                    while Instant::now() < end {
                        let message = writer.message(MESSAGE_BYTES);
                        let user = &users[writer.below(users.len() as u64) as usize];
                        deliver(&mut lmtp, &address(user), &message)?;
                        delivered.messages += 1;
                        delivered.octets += message.len() as u64;
                    }
                    lmtp.quit()?;
                    Ok(delivered)
                })
            })
            .collect();
        sessions.into_iter().try_fold(Delivered::default(), |total, session| {
            let one = session.join().expect("no session panics")?;
            Ok(Delivered { messages: total.messages + one.messages, octets: total.octets + one.octets })
        })
    })
}

/// Users over whom deliveries are spread.
pub const MAILBOXES: usize = 100;
/// What every message of the figures weighs.
pub const MESSAGE_BYTES: usize = 4096;
const FILLERS: usize = 12;

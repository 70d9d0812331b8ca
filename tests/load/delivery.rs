//! How fast mail comes in: LMTP in any number of sessions, into one mailbox and into many.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Bench;
use crate::mail::Writer;
use crate::process::{self, Cost};
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
        let cost = Cost::begin(bench);
        let begin = Instant::now();
        let delivered = deliver_for(&bench.server, what, sessions, users, Duration::from_secs(seconds))?;
        let elapsed = begin.elapsed().as_secs_f64();
        octets += delivered.octets;
        bench.report.add(what, delivered.messages as f64 / elapsed, "/s", wanted);
        cost.report(bench, "delivery", delivered.messages as f64, goal(1.0, 0.4));
    }
    bench.wait_for_index();
    disk(bench, disk_before, octets as f64);
    Ok(())
}

/// What the deliveries have added to each table, for each octet of mail.
fn disk(bench: &mut Bench, before: Vec<(String, f64, f64)>, octets: f64) {
    let before: HashMap<_, _> =
        before.into_iter().map(|(name, table, indices)| (name, (table, indices))).collect();
    let mut grown: Vec<(String, f64, f64)> = process::disk_bytes(&bench.server);
    for (name, table, indices) in &mut grown {
        let (table_before, indices_before) = before.get(name).copied().unwrap_or_default();
        *table -= table_before;
        *indices -= indices_before;
    }
    let tables: f64 = grown.iter().map(|(_, table, _)| table).sum();
    let indices: f64 = grown.iter().map(|(_, _, indices)| indices).sum();
    let all = (tables + indices) / octets;
    bench.report.add("disk per octet of mail, tables and indices", all, "", goal(1.2, 0.7));
    bench.report.add("  of which tables", tables / octets, "", None);
    grown.sort_by(|a, b| (b.1 + b.2).total_cmp(&(a.1 + a.2)));
    let largest = grown.iter().take(8);
    let largest =
        largest.map(|(name, table, indices)| format!("{name} {:.3}+{:.3}", table / octets, indices / octets));
    bench.report.remark(format!("disk by table + indices: {}", largest.collect::<Vec<_>>().join(", ")));
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

/// How much has been delivered.
#[derive(Default)]
pub struct Delivered {
    pub messages: u64,
    octets: u64,
}

/// Delivers for a while, in some sessions, to `users` at random.
pub fn deliver_for(
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

//! The same done by Dovecot, where that is installed: how long it takes us, beside how long it takes it, in turns.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::mail::Writer;
use crate::reading::timed;
use crate::report::percentile;
use crate::support::server::{free_port, send_signal, spawn_for_life};
use crate::support::{Imap, Lmtp};
use crate::{Bench, PASSWORD, delivery};

/// One of the two servers.
struct Side {
    imap: SocketAddr,
    lmtp: SocketAddr,
    user: String,
}

/// Something to be done once; the number of the round makes names that are not there yet.
type Work = fn(&Side, &mut Imap, usize) -> io::Result<()>;

const WORKS: &[(&str, Work)] = &[
    ("connect, LOGIN, LOGOUT", |side, _, _| {
        Imap::login(side.imap, &side.user, PASSWORD)?.ok("LOGOUT").map(|_| ())
    }),
    ("SELECT", |_, imap, _| say(imap, "SELECT INBOX")),
    ("FETCH 1:* (UID FLAGS)", |_, imap, _| say(imap, "FETCH 1:* (UID FLAGS)")),
    ("FETCH 1:* (ENVELOPE)", |_, imap, _| say(imap, "FETCH 1:* (ENVELOPE)")),
    ("FETCH 1:* (BODYSTRUCTURE)", |_, imap, _| say(imap, "FETCH 1:* (BODYSTRUCTURE)")),
    ("FETCH 1:1000 BODY.PEEK[]", |_, imap, _| say(imap, "FETCH 1:1000 BODY.PEEK[]")),
    ("SEARCH UNSEEN", |_, imap, _| say(imap, "SEARCH UNSEEN")),
    ("SEARCH SUBJECT", |_, imap, round| say(imap, &format!("SEARCH SUBJECT {}", word(round)))),
    ("SEARCH BODY", |_, imap, round| say(imap, &format!("SEARCH BODY {}", word(round)))),
    ("SORT (SUBJECT)", |_, imap, _| say(imap, "SORT (SUBJECT) UTF-8 ALL")),
    ("THREAD REFERENCES", |_, imap, _| say(imap, "THREAD REFERENCES UTF-8 ALL")),
    ("STORE one message", |_, imap, round| say(imap, &format!("STORE 7 FLAGS (one{round})"))),
    ("STORE 1:1000", |_, imap, round| say(imap, &format!("STORE 1:1000 FLAGS (all{round})"))),
    ("APPEND 50, one by one", append),
    ("COPY 1000, and EXPUNGE them", copy_and_expunge),
];

/// The part `dovecot`.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    let user = bench.user(delivery::MAILBOXES + 3);
    let Some(dovecot) = Dovecot::start()? else {
        bench.report.remark("Dovecot is not there (dovecot-imapd, dovecot-lmtpd), or this is not root");
        return Ok(());
    };
    let messages = bench.messages.min(MESSAGES_MAX);
    let (imap, lmtp) = (bench.server.imap_address(), bench.server.lmtp_address());
    let ours = Side { imap, lmtp, user: user.clone() };
    let sides = [ours, Side { imap: dovecot.imap, lmtp: dovecot.lmtp, user }];
    let [mut filled, mut others] = [Vec::new(), Vec::new()];
    // In portions, so that what else the machine does falls upon both.
    for portion in 0..PORTIONS {
        filled.push(sides[0].fill(portion, messages / PORTIONS)?);
        others.push(sides[1].fill(portion, messages / PORTIONS)?);
    }
    let each = |seconds: Vec<f64>| seconds.iter().sum::<f64>() * 1000.0 / messages as f64;
    bench.report.add_beside("LMTP, 1 session, each", each(filled), each(others), "ms", "Dovecot");
    bench.wait_for_index();
    let mut open = Vec::new();
    for side in &sides {
        let mut imap = Imap::login(side.imap, &side.user, PASSWORD)?;
        imap.ok("SELECT INBOX")?;
        open.push(imap);
    }
    for (what, work) in WORKS {
        let mut times = [Vec::new(), Vec::new()];
        // The first round warms up what both keep.
        for round in 0..=ROUNDS {
            for (which, side) in sides.iter().enumerate() {
                let begin = Instant::now();
                work(side, &mut open[which], round)?;
                times[which].push(begin.elapsed().as_secs_f64() * 1000.0);
            }
        }
        let [ours, theirs] = times.map(|mut times| percentile(&mut times[1..], 0.5));
        let what = format!("{what}, in a mailbox of {messages}");
        bench.report.add_beside(&what, ours, theirs, "ms", "Dovecot");
    }
    Ok(())
}

/// Gives a command, and reads its answer, which nobody looks at.
fn say(imap: &mut Imap, command: &str) -> io::Result<()> {
    timed(imap, command).map(|_| ())
}

/// Another word in each round, the same for both.
fn word(round: usize) -> &'static str {
    Writer::new(&format!("word{round}")).rare_word()
}

fn append(_: &Side, imap: &mut Imap, round: usize) -> io::Result<()> {
    let mut writer = Writer::new(&format!("append{round}"));
    if round == 0 {
        imap.ok("CREATE Appended")?;
    }
    for _ in 0..50 {
        let reply = imap.append("Appended", &writer.message(delivery::MESSAGE_BYTES))?;
        if !reply.result.starts_with("OK") {
            return Err(io::Error::other(reply.result));
        }
    }
    Ok(())
}

fn copy_and_expunge(_: &Side, imap: &mut Imap, round: usize) -> io::Result<()> {
    imap.ok(&format!("CREATE Copies{round}"))?;
    for command in
        ["SELECT INBOX".to_owned(), format!("COPY 1:1000 Copies{round}"), format!("SELECT Copies{round}")]
    {
        imap.ok(&command)?;
    }
    say(imap, "STORE 1:* +FLAGS.SILENT (\\Deleted)")?;
    say(imap, "EXPUNGE")?;
    say(imap, "SELECT INBOX")
}

impl Side {
    /// Delivers messages by one session; how many seconds that takes.
    fn fill(&self, portion: u64, messages: u64) -> io::Result<f64> {
        let mut writer = Writer::new(&format!("beside{portion}"));
        let begin = Instant::now();
        let mut lmtp = Lmtp::open(self.lmtp)?;
        for _ in 0..messages {
            delivery::deliver(
                &mut lmtp,
                &delivery::address(&self.user),
                &writer.message(delivery::MESSAGE_BYTES),
            )?;
        }
        lmtp.quit()?;
        Ok(begin.elapsed().as_secs_f64())
    }
}

/// A Dovecot with a folder and ports of its own, in which everybody has the password of the run. It keeps mail as Maildir and,
/// as we do, puts it on the disk before it says so.
struct Dovecot {
    home: PathBuf,
    imap: SocketAddr,
    lmtp: SocketAddr,
    process: Child,
}

impl Dovecot {
    /// Starts it and waits until it answers; None when it is not installed, or nobody may start it.
    fn start() -> io::Result<Option<Dovecot>> {
        let mail = nix::unistd::User::from_name("mail").ok().flatten();
        let installed =
            ["/usr/sbin/dovecot", "/usr/lib/dovecot/lmtp"].iter().all(|path| PathBuf::from(path).exists());
        let Some(mail) = mail.filter(|_| installed && nix::unistd::geteuid().is_root()) else {
            return Ok(None);
        };
        let home = PathBuf::from(format!("/tmp/aoxd-{}", std::process::id()));
        std::fs::create_dir_all(home.join("mail"))?;
        std::os::unix::fs::chown(home.join("mail"), Some(mail.uid.as_raw()), Some(mail.gid.as_raw()))?;
        let (imap, lmtp) = (free_port(), free_port());
        std::fs::write(
            home.join("dovecot.conf"),
            configuration(&home.to_string_lossy(), imap.port(), lmtp.port()),
        )?;
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(home.join("dovecot.conf"));
        let process = spawn_for_life(command, home.join("output"));
        let dovecot = Dovecot { home, imap, lmtp, process };
        let begin = Instant::now();
        while Imap::login(imap, "nobody", PASSWORD).is_err() {
            if begin.elapsed() > PATIENCE {
                return Err(io::Error::other("Dovecot does not answer"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Some(dovecot))
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        send_signal(self.process.id(), "TERM");
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

fn configuration(home: &str, imap: u16, lmtp: u16) -> String {
    format!(
        "protocols = imap lmtp\nbase_dir = {home}/run\nlog_path = {home}/log\nssl = no\ndisable_plaintext_auth = no\n\
         auth_username_format = %n\nfirst_valid_uid = 1\nmail_location = maildir:{home}/mail/%n\nmail_fsync = always\n\
         passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid=mail gid=mail home={home}/mail/%n\n}}\n\
         service imap-login {{\n  inet_listener imap {{\n    address = 127.0.0.1\n    port = {imap}\n  }}\n\
         \x20 inet_listener imaps {{\n    port = 0\n  }}\n}}\n\
         service lmtp {{\n  inet_listener lmtp {{\n    address = 127.0.0.1\n    port = {lmtp}\n  }}\n}}\n"
    )
}

/// More of them only take longer.
const MESSAGES_MAX: u64 = 20_000;
const PORTIONS: u64 = 10;
const ROUNDS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);

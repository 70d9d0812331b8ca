//! What must survive: kill -9 of the server and of PostgreSQL while mail comes in, and clients that are no clients.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::imap::Response;
use crate::support::server::Options;
use crate::support::{Imap, Lmtp, Server};

#[test]
fn what_was_answered_is_there_once_after_kill_of_the_server() {
    let server = Server::start();
    deliveries_survive(&server, |server| {
        server.kill();
        server.serve();
    });
}

#[test]
fn what_was_answered_is_there_once_after_kill_of_postgresql() {
    let server = Server::start();
    deliveries_survive(&server, |server| {
        let pid = server.postgres_pid().expect("PostgreSQL runs");
        crate::support::server::send_signal(pid, "KILL");
        let begin = Instant::now();
        while server.postgres_pid().is_none_or(|now| now == pid) {
            assert!(begin.elapsed() < PATIENCE, "PostgreSQL is not started again:\n{}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_hundred_bad_clients_disturb_nobody() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: before\r\n\r\nx\r\n");
    let pid = server.pid();
    let before = memory_mib(&server);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..100 {
            let address = match number % 5 {
                0 => server.pop3_address(),
                1 | 3 => server.lmtp_address(),
                _ => server.imap_address(),
            };
            let over = &over;
            scope.spawn(move || misbehave(number, address, over));
        }
        std::thread::sleep(Duration::from_secs(1));
        for _ in 0..5 {
            let begin = Instant::now();
            server.deliver("anna@example.org", b"Subject: meanwhile\r\n\r\nx\r\n");
            let mut imap = server.imap("anna", PASSWORD);
            imap.ok("SELECT INBOX").expect("SELECT");
            imap.ok("FETCH 1 BODY.PEEK[]").expect("FETCH");
            assert!(begin.elapsed() < Duration::from_secs(5), "others have to wait {:?}", begin.elapsed());
        }
        let grown = memory_mib(&server).saturating_sub(before);
        over.store(true, Ordering::Relaxed);
        assert!(grown < 150, "bad clients cost {grown} MiB");
    });
    assert_eq!(server.pid(), pid);
    assert!(server.aox(&["status"]).status.success());
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// Ten sessions deliver while the disaster happens; each message is tried until it is answered.
fn deliveries_survive(server: &Server, disaster: impl FnOnce(&Server)) {
    server.add_user("anna", "anna@example.org", PASSWORD);
    let enough = AtomicBool::new(false);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..10)
            .map(|sender| {
                let enough = &enough;
                scope.spawn(move || send_until(server.lmtp_address(), sender, enough))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(800));
        disaster(server);
        std::thread::sleep(Duration::from_millis(800));
        enough.store(true, Ordering::Relaxed);
        senders.into_iter().map(|sender| sender.join().expect("every message is answered at last")).collect()
    });
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    let responses = imap.ok("FETCH 1:* BODY.PEEK[HEADER.FIELDS (X-Number)]").expect("FETCH");
    let mut found: HashMap<String, usize> = HashMap::new();
    for literal in responses.iter().filter_map(Response::literal) {
        *found.entry(String::from_utf8_lossy(literal).trim().to_string()).or_insert(0) += 1;
    }
    println!("{} messages were answered 250", counts.iter().sum::<usize>());
    for (sender, count) in counts.iter().enumerate() {
        assert!(*count > 0, "sender {sender} delivered nothing");
        for number in 0..*count {
            let copies = found.remove(&format!("X-Number: {sender}-{number}")).unwrap_or(0);
            assert_eq!(copies, 1, "message {sender}-{number} was answered 250");
        }
    }
    assert!(found.is_empty(), "nobody sent {found:?}");
}

/// Delivers one message after the other, each until it is answered 250, and returns how many.
fn send_until(address: SocketAddr, sender: usize, enough: &AtomicBool) -> usize {
    let mut session: Option<Lmtp> = None;
    let mut number = 0;
    let begin = Instant::now();
    while !enough.load(Ordering::Relaxed) {
        let message = format!("Subject: survivor\r\nX-Number: {sender}-{number}\r\n\r\nStill here.\r\n");
        loop {
            assert!(begin.elapsed() < 2 * PATIENCE, "message {sender}-{number} is never answered");
            if try_delivery(&mut session, address, message.as_bytes()) {
                break;
            }
            session = None;
            std::thread::sleep(Duration::from_millis(50));
        }
        number += 1;
    }
    if let Some(session) = session {
        let _ = session.quit();
    }
    number
}

/// Whether the message was answered 250; anything else means that it will be tried again.
fn try_delivery(session: &mut Option<Lmtp>, address: SocketAddr, message: &[u8]) -> bool {
    if session.is_none() {
        let Ok(mut opened) = Lmtp::open(address) else { return false };
        if opened.set_patience(PATIENCE).is_err() {
            return false;
        }
        *session = Some(opened);
    }
    let lmtp = session.as_mut().expect("it was opened above");
    let replies = lmtp.deliver("sender@example.net", &["anna@example.org"], message);
    match replies {
        Ok(replies) => {
            let permanent = replies.iter().find(|reply| reply.code >= 500);
            assert!(permanent.is_none(), "a disaster is temporary: {permanent:?}");
            replies[0].code == 250
        }
        Err(error) => {
            assert!(!error.to_string().contains("\"5"), "a disaster is temporary: {error}");
            false
        }
    }
}

/// One of four kinds: garbage, a line without end, a huge literal, silence.
fn misbehave(number: usize, address: SocketAddr, over: &AtomicBool) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let _ = stream.set_write_timeout(Some(Duration::from_millis(200)));
    let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
    let kind = number / 5 % 4;
    if kind == 2 {
        let announcement: &[u8] = match number % 5 {
            0 => b"AUTH PLAIN\r\n",
            2 => b"a1 LOGIN {2000000000}\r\n",
            1 | 3 => b"LHLO x\r\nMAIL FROM:<>\r\nBDAT 1999999999\r\n",
            _ => b"a1 LOGIN {1999999999+}\r\n",
        };
        let _ = stream.write_all(announcement);
    }
    let mut state = number as u64 * 7919 + 1;
    let mut piece = [b'x'; 16 * 1024];
    let mut answer = [0; 4096];
    let mut sent = 0;
    while !over.load(Ordering::Relaxed) {
        if kind == 0 {
            for octet in &mut piece {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *octet = (state >> 33) as u8;
            }
        }
        // Enough to show that nothing is kept, and little enough to leave the processors to others.
        if kind != 3 && sent < 8 * 1024 * 1024 {
            match stream.write(&piece) {
                Ok(written) => sent += written,
                Err(error) if crate::support::imap::is_timeout(&error) => {}
                Err(_) => return,
            }
        }
        match stream.read(&mut answer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if crate::support::imap::is_timeout(&error) => {}
            Err(_) => return,
        }
    }
}

fn memory_mib(server: &Server) -> u64 {
    let pid = server.pid().expect("the server runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the kernel knows the server");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel counts memory");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number of KiB") / 1024
}

#[test]
fn a_client_that_breaks_off_in_the_middle_leaves_nothing() {
    let server = Server::shared();
    server.add_user("anna", "anna@example.org", PASSWORD);
    let mut lmtp = server.lmtp();
    lmtp.command("MAIL FROM:<sender@example.net>").expect("LMTP answers");
    lmtp.command("RCPT TO:<anna@example.org>").expect("LMTP answers");
    lmtp.command("DATA").expect("LMTP answers").expect(354).expect("DATA is accepted");
    lmtp.write(b"Subject: half\r\n\r\nhalf a mess").expect("LMTP takes it");
    drop(lmtp);
    let mut imap = server.imap("anna", PASSWORD);
    imap.write(b"x1 APPEND INBOX {1000+}\r\nhalf").expect("IMAP takes it");
    drop(imap);
    std::thread::sleep(Duration::from_millis(300));
    let mut imap: Imap = server.imap("anna", PASSWORD);
    let selected = imap.ok("SELECT INBOX").expect("SELECT");
    assert!(selected.iter().any(|response| response.number("EXISTS") == Some(0)));
}

#[test]
fn a_search_that_is_broken_off_takes_nobody_else_along() {
    // With few connections, what follows a broken search is done where that was.
    let settings = vec![("AOX__DATABASE__CONNECTIONS_MAX".to_string(), "2".to_string())];
    let server = Server::start_with(Options { settings, ..Options::default() });
    server.add_user("anna", "anna@example.org", PASSWORD);
    let mut writer = server.imap("anna", PASSWORD);
    let message = format!("Subject: long\r\n\r\n{}", "words and words\r\n".repeat(3000));
    for _ in 0..20 {
        writer.append_all("INBOX", &[message.as_bytes(); 5]).expect("APPEND");
    }
    let left = AtomicBool::new(false);
    let leave = |number: u64| {
        for round in 0..60_u64 {
            let mut leaver = server.imap("anna", PASSWORD);
            leaver.ok("SELECT INBOX").expect("SELECT");
            leaver.send(&format!("SEARCH BODY nowhere{number}-{round}")).expect("SEARCH");
            std::thread::sleep(Duration::from_millis(round % 6));
        }
    };
    std::thread::scope(|scope| {
        let leave = &leave;
        let leavers: Vec<_> = (0..4).map(|number| scope.spawn(move || leave(number))).collect();
        scope.spawn(|| {
            while !left.load(Ordering::Relaxed) {
                let reply = writer.append("Trash", b"Subject: short\r\n\r\nx\r\n").expect("APPEND");
                assert!(reply.result.starts_with("OK"), "{}", reply.result);
            }
        });
        let ends: Vec<_> = leavers.into_iter().map(|leaver| leaver.join()).collect();
        left.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "somebody could not log in, or open a mailbox");
    });
}

#[test]
fn a_new_mailbox_waits_for_nobody_who_only_refers_to_its_account() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    let refers = "begin; select from aox.accounts where login = 'anna' for key share; select pg_sleep(120)";
    let backends = "from pg_stat_activity where wait_event = 'PgSleep' and query like '%for key share%'";
    let mut imap = server.imap("anna", PASSWORD);
    imap.set_patience(PATIENCE).expect("the socket can wait");
    std::thread::scope(|scope| {
        scope.spawn(|| server.psql("postgres", refers));
        while server.superuser_sql(&format!("select count(*) {backends}")) != "1" {
            std::thread::yield_now();
        }
        let made = imap.ok("CREATE Other");
        server.superuser_sql(&format!("select pg_terminate_backend(pid) {backends}"));
        made.expect("CREATE is answered, whoever refers to the account");
    });
}

#[test]
fn a_server_that_ends_says_goodbye_and_loses_nothing() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.idle().expect("IDLE");
    server.deliver("anna@example.org", b"Subject: last\r\n\r\nx\r\n");
    let heard = imap.read().expect("IDLE hears");
    assert_eq!(heard.number("EXISTS"), Some(1), "{}", heard.text());
    let took = server.stop();
    assert!(took < Duration::from_secs(10), "stopping took {took:?}");
    assert!(server.postgres_pid().is_none(), "PostgreSQL is stopped with the server");
    let mut said = Vec::new();
    while let Ok(response) = imap.read() {
        said.push(response.text());
    }
    assert!(said.iter().any(|line| line.starts_with("* BYE")), "{said:?}");
    server.serve();
    let mut imap = server.imap("anna", PASSWORD);
    let selected = imap.ok("SELECT INBOX").expect("SELECT");
    assert!(selected.iter().any(|response| response.number("EXISTS") == Some(1)));
}

const PASSWORD: &str = "secret";
/// So long a repair may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

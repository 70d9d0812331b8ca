//! POP3 against the real server: what is too large, too long or too violent for a transcript.

use std::time::{Duration, Instant};

use crate::support::imap::Response;
use crate::support::{Options, Pop3, Server, corpus};

#[test]
fn every_message_comes_as_imap_gives_it() {
    let server = Server::shared();
    server.add_user("exact", "exact@example.org", PASSWORD);
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messages"));
    let mut messages: Vec<Vec<u8>> = files
        .expect("there are messages")
        .map(|file| corpus::canonical(&std::fs::read(file.expect("it is a file").path()).expect("a message")))
        .collect();
    messages.push(b"Subject: without end of line\r\n\r\n.".to_vec());
    messages.push(b"Subject: header only\r\n".to_vec());
    // Larger than a page, with dots where pieces are put together, and more lines than one TOP asks for.
    let line = [b"..".repeat(20), b"\r\n.\r\n".to_vec()].concat();
    messages.push([b"Subject: large\r\n\r\n".to_vec(), line.repeat(120_000)].concat());
    let mut imap = server.imap("exact", PASSWORD);
    for message in &messages {
        imap.append("INBOX", message).expect("APPEND");
    }
    imap.ok("SELECT INBOX").expect("SELECT");
    let mut pop3 = server.pop3("exact", PASSWORD);
    for (number, message) in (1..).zip(&messages) {
        let fetched = imap.ok(&format!("FETCH {number} BODY.PEEK[]")).expect("FETCH");
        let fetched = fetched.iter().find_map(Response::literal).expect("it has a body").to_vec();
        assert!(fetched.ends_with(message), "message {number} is not what was appended");
        let size = pop3.ok(&format!("LIST {number}")).expect("LIST");
        assert_eq!(size, format!("{number} {}", fetched.len()));
        let mut wanted = fetched;
        if !wanted.ends_with(b"\r\n") {
            wanted.extend_from_slice(b"\r\n");
        }
        let got = pop3.content(&format!("RETR {number}")).expect("RETR");
        assert!(got == wanted, "message {number} differs");
        let top = pop3.content(&format!("TOP {number} 2")).expect("TOP");
        assert_eq!(top, beginning(&wanted, 2), "the beginning of message {number}");
        let top = pop3.content(&format!("TOP {number} 1000000")).expect("TOP");
        assert!(top == wanted, "all lines of message {number}");
    }
    pop3.ok("QUIT").expect("QUIT");
}

/// The header, the empty line, and so many lines of the body.
fn beginning(message: &[u8], lines: usize) -> Vec<u8> {
    let header = crate::support::imap::find(message, b"\r\n\r\n").map_or(message.len(), |at| at + 4);
    let body = message[header..].split_inclusive(|&octet| octet == b'\n').take(lines);
    [&message[..header], &body.collect::<Vec<_>>().concat()].concat()
}

#[test]
fn a_mailbox_of_fifty_thousand_is_listed_and_read_in_any_order() {
    let server = Server::shared();
    server.add_user("many", "many@example.org", PASSWORD);
    let mut imap = server.imap("many", PASSWORD);
    for number in 0..100 {
        let message = format!("Subject: {number}\r\n\r\nNumber {number}\r\n");
        imap.append("INBOX", message.as_bytes()).expect("APPEND");
    }
    imap.ok("SELECT INBOX").expect("SELECT");
    for _ in 0..9 {
        imap.ok("COPY 1:* INBOX").expect("COPY");
        imap.ok("NOOP").expect("NOOP");
    }
    let mut pop3 = server.pop3("many", PASSWORD);
    assert!(pop3.ok("STAT").expect("STAT").starts_with("51200 "));
    let uidl = String::from_utf8(pop3.content("UIDL").expect("UIDL")).expect("it is ASCII");
    let mut ids: Vec<&str> = uidl.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 51_200);
    assert!(ids.iter().all(|id| id.len() <= 70));
    let list = pop3.content("LIST").expect("LIST");
    assert_eq!(list.iter().filter(|&&octet| octet == b'\n').count(), 51_200);
    // Forwards, backwards, and in one piece.
    for number in (1..700).chain((40_000..40_050).rev()) {
        assert_is_number(&pop3.content(&format!("RETR {number}")).expect("RETR"), number);
    }
    let commands: String = (1000..3000).map(|number| format!("RETR {number}\r\nDELE {number}\r\n")).collect();
    pop3.write(commands.as_bytes()).expect("POP3 takes it");
    for number in 1000..3000 {
        assert!(pop3.reply().expect("RETR").starts_with("+OK"));
        assert_is_number(&pop3.rest().expect("RETR"), number);
        assert!(pop3.reply().expect("DELE").starts_with("+OK"));
    }
    pop3.ok("QUIT").expect("QUIT");
    let mut pop3 = server.pop3("many", PASSWORD);
    assert!(pop3.ok("STAT").expect("STAT").starts_with("49200 "));
    assert_is_number(&pop3.content("RETR 1000").expect("RETR"), 3000);
}

/// Every hundredth message is the same.
fn assert_is_number(message: &[u8], number: usize) {
    let wanted = format!("\r\n\r\nNumber {}\r\n", (number - 1) % 100);
    assert!(message.ends_with(wanted.as_bytes()), "{number}: {}", String::from_utf8_lossy(message));
}

#[test]
fn passwords_may_hold_spaces_and_any_letters() {
    let server = Server::shared();
    server.add_user("spaces", "spaces@example.org", " zwei  Wörter ");
    let mut pop3 = server.pop3("spaces", " zwei  Wörter ");
    assert_eq!(pop3.ok("STAT").expect("STAT"), "0 0");
    assert!(Pop3::login(server.pop3_address(), "spaces", "zwei Wörter").is_err());
}

#[test]
fn nothing_is_removed_before_quit_and_nothing_comes_back_after_it() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    for number in 1..=4 {
        server.deliver("anna@example.org", format!("Subject: {number}\r\n\r\nx\r\n").as_bytes());
    }
    let mut pop3 = server.pop3("anna", PASSWORD);
    pop3.ok("DELE 1").expect("DELE");
    pop3.ok("DELE 2").expect("DELE");
    server.kill();
    server.serve();
    let mut pop3 = server.pop3("anna", PASSWORD);
    assert!(pop3.ok("STAT").expect("STAT").starts_with("4 "));
    pop3.ok("DELE 1").expect("DELE");
    pop3.ok("DELE 2").expect("DELE");
    pop3.ok("QUIT").expect("QUIT");
    server.kill();
    server.serve();
    let mut pop3 = server.pop3("anna", PASSWORD);
    assert!(pop3.ok("STAT").expect("STAT").starts_with("2 "));
}

#[test]
fn without_a_database_quit_tells_that_nothing_was_removed() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: it\r\n\r\nx\r\n");
    let mut pop3 = server.pop3("anna", PASSWORD);
    pop3.ok("DELE 1").expect("DELE");
    let pid = server.postgres_pid().expect("PostgreSQL runs");
    crate::support::server::send_signal(pid, "KILL");
    let answer = pop3.command("QUIT").expect("QUIT is answered");
    let is_removed = answer.starts_with("+OK");
    assert!(is_removed || answer.starts_with("-ERR [SYS/TEMP] "), "{answer}");
    let begin = Instant::now();
    let left = loop {
        assert!(begin.elapsed() < PATIENCE, "PostgreSQL does not come back:\n{}", server.log());
        match Pop3::login(server.pop3_address(), "anna", PASSWORD).and_then(|mut pop3| pop3.ok("STAT")) {
            Ok(left) => break left,
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    assert_eq!(left.starts_with("0 "), is_removed, "{answer}, and then {left}");
}

#[test]
fn the_site_may_refuse_utf_8_to_clients_that_do_not_ask_for_it() {
    let settings = [("AOX__POP3__UTF8_HEADERS", "refuse"), ("AOX__POP3__MARK_SEEN", "false")];
    let settings = settings.map(|(key, value)| (key.to_string(), value.to_string())).to_vec();
    let server = Server::start_with(Options { settings, ..Options::default() });
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", "Subject: Grüße\r\n\r\nx\r\n".as_bytes());
    server.deliver("anna@example.org", "Subject: plain\r\n\r\nGrüße\r\n".as_bytes());
    let mut pop3 = server.pop3("anna", PASSWORD);
    assert!(pop3.command("RETR 1").expect("RETR").starts_with("-ERR [UTF8] "));
    assert!(pop3.command("TOP 1 0").expect("TOP").starts_with("-ERR [UTF8] "));
    assert!(pop3.content("RETR 2").expect("RETR").ends_with("Grüße\r\n".as_bytes()));
    pop3.ok("QUIT").expect("QUIT");
    let mut pop3 = Pop3::connect(server.pop3_address()).expect("POP3 answers");
    pop3.reply().expect("the greeting");
    for command in ["UTF8", "USER anna", &format!("PASS {PASSWORD}")] {
        pop3.ok(command).expect("it is taken");
    }
    assert!(String::from_utf8_lossy(&pop3.content("RETR 1").expect("RETR")).contains("Subject: Grüße\r\n"));
    pop3.ok("QUIT").expect("QUIT");
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    assert_eq!(imap.ok("SEARCH SEEN").expect("SEARCH")[0].text(), "* SEARCH");
}

#[test]
fn a_server_that_ends_says_so() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: it\r\n\r\nx\r\n");
    let mut pop3 = server.pop3("anna", PASSWORD);
    pop3.ok("DELE 1").expect("DELE");
    server.stop();
    assert!(pop3.reply().expect("it says goodbye").starts_with("-ERR [SYS/TEMP] "));
    server.serve();
    assert!(server.pop3("anna", PASSWORD).ok("STAT").expect("STAT").starts_with("1 "));
}

const PASSWORD: &str = "secret";
/// So long a repair may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

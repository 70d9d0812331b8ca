//! Mail goes in by LMTP and comes out by IMAP, byte for byte: the whole corpus, every recipient, and 50 MB.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::imap::Response;
use crate::support::{Server, corpus};

#[test]
fn the_corpus_comes_out_as_it_went_in() {
    let files = corpus::files();
    if files.is_empty() {
        println!("skipped: there is no corpus; AOX_MAIL_CORPUS can name one");
        return;
    }
    let server = Server::shared();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for session in 0..SESSIONS {
            let (server, files, next) = (&server, &files, &next);
            scope.spawn(move || {
                let user = format!("corpus{session}");
                server.add_user(&user, &format!("{user}@example.org"), PASSWORD);
                let mine = take(files, next);
                deliver_all(server, &user, &mine);
                compare_all(server, &user, &mine);
            });
        }
    });
    println!("{}", server.aox_ok(&["check", "messages"]));
}

#[test]
fn each_recipient_gets_the_message() {
    let server = Server::shared();
    let users = ["ruth", "rosa", "rudi"];
    for user in users {
        server.add_user(user, &format!("{user}@example.org"), PASSWORD);
    }
    let message = b"Subject: to three\r\n\r\nThe same for each.\r\n";
    let addresses = users.map(|user| format!("{user}@example.org"));
    let mut lmtp = server.lmtp();
    let recipients = [&addresses[0], "nobody@example.org", &addresses[1], &addresses[2]];
    let replies = lmtp.deliver("sender@example.net", &recipients, message).expect("LMTP answers");
    let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
    assert_eq!(codes, [250, 550, 250, 250]);
    lmtp.quit().expect("LMTP answers QUIT");
    for user in users {
        let whole = whole_message(&server, user, 1);
        assert!(trace_of(&whole, message, user).is_ok(), "{}", String::from_utf8_lossy(&whole));
    }
}

#[test]
fn bare_line_ends_and_nul_are_all_that_changes() {
    let server = Server::shared();
    server.add_user("bare", "bare@example.org", PASSWORD);
    let message = b"Subject: odd\nX-Nul: a\0b\r\n\r\none\ntwo\rthree\r\r\n\xff\xfe\n\0\r\n.\r\n..";
    let mut lmtp = server.lmtp();
    let replies = lmtp.deliver_exactly(&["bare@example.org"], message).expect("LMTP answers");
    replies[0].expect(250).expect("it is accepted");
    lmtp.quit().expect("LMTP answers QUIT");
    let whole = whole_message(&server, "bare", 1);
    let wanted = b"Subject: odd\r\nX-Nul: a\x80b\r\n\r\none\r\ntwo\rthree\r\r\n\xff\xfe\r\n\x80\r\n.\r\n..";
    trace_of(&whole, wanted, "bare").expect("only what IMAP cannot carry has changed");
}

#[test]
fn fifty_megabytes_pass() {
    let server = Server::shared();
    server.add_user("large", "large@example.org", PASSWORD);
    let message = large_message(50_000_000);
    let mut lmtp = server.lmtp();
    let replies = lmtp.deliver_exactly(&["large@example.org"], &message).expect("LMTP answers");
    replies[0].expect(250).expect("it is accepted");
    lmtp.quit().expect("LMTP answers QUIT");
    let whole = whole_message(&server, "large", 1);
    let trace = trace_of(&whole, &message, "large").expect("it is what was sent");
    let mut imap = server.imap("large", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    let part = imap.ok("FETCH 1 BODY.PEEK[2]<40000000.1000>").expect("FETCH");
    let begin = crate::support::imap::find(&message, b"base64\r\n\r\n").expect("it has a base64 part") + 10;
    let wanted = &message[begin + 40_000_000..begin + 40_001_000];
    assert_eq!(part[0].literal(), Some(wanted));
    let wanted = decoded_attachment(&message);
    let size = imap.ok("FETCH 1 BINARY.SIZE[2]").expect("FETCH")[0].item("BINARY.SIZE[2]");
    assert_eq!(size, Some(wanted.len().to_string()));
    let decoded = imap.ok("FETCH 1 BINARY.PEEK[2]").expect("FETCH");
    assert!(decoded[0].literal() == Some(&wanted[..]), "the attachment is decoded");
    let piece = imap.ok("FETCH 1 BINARY.PEEK[2]<30000000.1000>").expect("FETCH");
    assert_eq!(piece[0].literal(), Some(&wanted[30_000_000..30_001_000]));
    let size = imap.ok("FETCH 1 RFC822.SIZE").expect("FETCH")[0].item("RFC822.SIZE");
    assert_eq!(size, Some((trace + message.len()).to_string()));
    // A few copies of the message, and what the server needs anyway.
    let peak = peak_memory_mib(&server);
    assert!(peak < 600, "the server needed {peak} MiB for a message of 50 MB");
}

/// Every fourth of the files or so, in the order in which they are taken.
fn take<'a>(files: &'a [std::path::PathBuf], next: &AtomicUsize) -> Vec<&'a std::path::PathBuf> {
    let mut mine = Vec::new();
    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        mine.push(file);
        // The threads begin at different times; each leaves something to the others.
        if mine.len() > files.len() / SESSIONS {
            break;
        }
    }
    mine
}

/// Delivers some by DATA and some by BDAT, which alone can carry what DATA cannot.
fn deliver_all(server: &Server, user: &str, files: &[&std::path::PathBuf]) {
    let mut lmtp = server.lmtp();
    let address = format!("{user}@example.org");
    for (index, file) in files.iter().enumerate() {
        let octets = std::fs::read(file).expect("the corpus can be read");
        let canonical = corpus::canonical(&octets);
        let replies = if index % 2 == 0 || !canonical.ends_with(b"\r\n") {
            lmtp.deliver_exactly(&[&address], &octets)
        } else {
            lmtp.deliver("tester@example.net", &[&address], &canonical)
        };
        let replies = replies.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        replies[0].expect(250).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    lmtp.quit().expect("LMTP answers QUIT");
}

fn compare_all(server: &Server, user: &str, files: &[&std::path::PathBuf]) {
    let mut imap = server.imap(user, PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    let tag = imap.send("FETCH 1:* (RFC822.SIZE BODY.PEEK[])").expect("the server takes commands");
    for (index, file) in files.iter().enumerate() {
        let response = imap.read().expect("the server answers");
        let number = response.number("FETCH").unwrap_or_else(|| panic!("not a FETCH: {}", response.text()));
        assert_eq!(number as usize, index + 1, "messages come in order");
        let whole = response.literal().expect("the message comes in a literal");
        let wanted = corpus::canonical(&std::fs::read(file).expect("the corpus can be read"));
        trace_of(whole, &wanted, user).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(response.item("RFC822.SIZE"), Some(whole.len().to_string()), "{}", file.display());
    }
    let reply = imap.finish(&tag).expect("the server answers");
    assert!(reply.untagged.is_empty() && reply.result.starts_with("OK"), "{}", reply.result);
    let described = imap.ok("FETCH 1:* (ENVELOPE BODYSTRUCTURE)").expect("every message can be described");
    assert_eq!(described.iter().filter(|response| response.number("FETCH").is_some()).count(), files.len());
}

/// Checks that a message is the one sent, behind the trace that delivery adds; returns the length of the trace.
fn trace_of(whole: &[u8], sent: &[u8], user: &str) -> Result<usize, String> {
    let Some(trace) = whole.strip_suffix(sent) else {
        let differ = whole.iter().rev().zip(sent.iter().rev()).take_while(|(a, b)| a == b).count();
        return Err(format!(
            "{} octets came, {} were sent, the last {differ} are equal",
            whole.len(),
            sent.len()
        ));
    };
    let text = String::from_utf8_lossy(trace);
    let begin = text.starts_with("Return-Path: <");
    let named = text.contains(&format!("\r\nDelivered-To: {user}@example.org\r\n"));
    let fields = text.split_inclusive("\r\n").filter(|line| !line.starts_with([' ', '\t'])).count();
    if begin && named && fields == 3 && text.ends_with("\r\n") {
        return Ok(trace.len());
    }
    Err(format!("this is not a trace: {text:?}"))
}

fn whole_message(server: &Server, user: &str, number: u32) -> Vec<u8> {
    let mut imap = server.imap(user, PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    let responses = imap.ok(&format!("FETCH {number} BODY.PEEK[]")).expect("FETCH");
    let literal = responses.iter().find_map(Response::literal);
    literal.expect("the message comes in a literal").to_vec()
}

/// The attachment of such a message.
fn decoded_attachment(message: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let begin = crate::support::imap::find(message, b"base64\r\n\r\n").expect("it has a base64 part") + 10;
    let end = begin + crate::support::imap::find(&message[begin..], b"\r\n--b").expect("it ends");
    let letters: Vec<u8> =
        message[begin..end].iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(letters).expect("it is base64")
}

/// Text, and an attachment that cannot be compressed.
fn large_message(octets: usize) -> Vec<u8> {
    use base64::Engine;
    let mut message = b"Subject: large\r\nMime-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\
        See the attachment.\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    let mut state = 88_172_645_463_325_252_u64;
    while message.len() < octets - 200 {
        let line: [u8; 57] = std::array::from_fn(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        });
        message.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(line).as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"--b--\r\n");
    message
}

fn peak_memory_mib(server: &Server) -> u64 {
    let pid = server.pid().expect("the server runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the kernel knows the server");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel counts memory");
    let kib: u64 = line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number of KiB");
    kib / 1024
}

const PASSWORD: &str = "secret";
const SESSIONS: usize = 4;

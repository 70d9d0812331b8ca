//! Two servers over one database that the site runs itself: what happens at one is heard at the other.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::imap::Response;
use crate::support::postgres::SitePostgres;
use crate::support::{Imap, Server};

#[test]
fn a_delivery_at_one_host_is_heard_at_the_other() {
    let site = SitePostgres::start();
    let one = site.host(&[]);
    site.prepare(&one.aox_ok(&["upgrade", "--roles"]));
    refuses_an_old_database(&one);
    one.aox_ok(&["upgrade"]);
    one.serve();
    let other = site.host(&[]);
    other.serve();
    one.add_user("anna", "anna@example.org", PASSWORD);
    one.add_user("bert", "bert@example.org", PASSWORD);

    let mut far = other.imap("anna", PASSWORD);
    far.ok("SELECT INBOX").expect("SELECT");
    let idle = far.idle().expect("IDLE");
    let mut delays: Vec<Duration> = (1..=20).map(|number| delay(&one, &mut far, number)).collect();
    delays.sort();
    assert!(delays[10] < Duration::from_millis(100), "the other host hears after {delays:?}");
    far.done(&idle).expect("DONE");

    flags_and_expunges_travel(&one, &mut far);
    guessers_wait_everywhere(&one, &other);
    connections_are_seen_and_ended_everywhere(&one, &other);
    metadata_travels(&one, &other);
    annotations_travel(&one, &other);
    what_is_watched_is_heard(&one, &other);
    nothing_stays_unheard(&site, &one, &mut far);
    nobody_stays_where_nobody_may(&one, &mut far);
    nobody_stays_whose_dismissal_was_not_heard(&site, &other);
}

/// RFC 3501 §2.3.2: one session is the first to hear of a message, wherever it came, and STATUS counts what none has heard of.
#[test]
fn each_message_is_recent_for_one_session() {
    let site = SitePostgres::start();
    let (one, other) = site.two_hosts();
    one.add_user("anna", "anna@example.org", PASSWORD);
    let mut number = 0;
    let mut deliver = |server: &Server| {
        number += 1;
        let mail = format!("Subject: news {number}\r\n\r\nx\r\n");
        let replies = server.lmtp().deliver("sender@example.net", &["anna@example.org"], mail.as_bytes());
        replies.expect("LMTP answers")[0].expect(250).expect("it is accepted");
    };
    let recent = |imap: &mut Imap, command: &str| {
        let told = imap.ok(command).expect("the server answers");
        told.iter().find_map(|response| response.number("RECENT")).expect("it tells RECENT")
    };
    let status = |imap: &mut Imap| imap.ok("STATUS INBOX (RECENT)").expect("STATUS")[0].text();
    let mut near = one.imap("anna", PASSWORD);
    let mut far = other.imap("anna", PASSWORD);
    // What one server has in memory, clients of the other have heard of meanwhile.
    assert_eq!(recent(&mut near, "SELECT INBOX"), 0);
    near.ok("UNSELECT").expect("UNSELECT");
    (0..3).for_each(|_| deliver(&one));
    assert_eq!(status(&mut near), "* STATUS INBOX (RECENT 3)");
    assert_eq!(recent(&mut far, "SELECT INBOX"), 3);
    assert_eq!(status(&mut near), "* STATUS INBOX (RECENT 0)");
    assert_eq!(recent(&mut near, "SELECT INBOX"), 0);
    // Each is the first to hear of some.
    let mut third = one.imap("anna", PASSWORD);
    for _ in 0..10 {
        deliver(&one);
        assert_eq!(status(&mut third), "* STATUS INBOX (RECENT 0)");
    }
    // As soon as a server has told of a message, the other one knows whose it is.
    for number in 14..=23 {
        deliver(if number % 2 == 0 { &one } else { &other });
        for imap in [&mut near, &mut far] {
            crate::support::eventually("it is heard everywhere", || {
                let told = imap.ok("NOOP").and_then(|_| imap.ok("UID SEARCH ALL")).expect("SEARCH");
                told.iter().any(|response| response.text().ends_with(&format!(" {number}")))
            });
        }
    }
    let mut all = Vec::new();
    crate::support::eventually("all messages are recent for somebody", || {
        all = [recent_here(&mut near), recent_here(&mut far)].concat();
        all.len() >= 23
    });
    all.sort();
    assert_eq!(all, (1..=23).collect::<Vec<u32>>(), "each of them once");
}

/// The same where mail comes to both servers all the time, and sessions come and go at both.
#[test]
fn no_message_is_recent_twice() {
    let site = SitePostgres::start();
    let (one, other) = site.two_hosts();
    one.add_user("anna", "anna@example.org", PASSWORD);
    let delivered = AtomicU32::new(0);
    let begin = Instant::now();
    let is_over = || delivered.load(Ordering::Relaxed) == 120 || begin.elapsed() > Duration::from_secs(60);
    let come_and_go = |server: &Server| -> Vec<u32> {
        let mut imap = server.imap("anna", PASSWORD);
        let mut seen = Vec::new();
        while !is_over() {
            imap.ok("SELECT INBOX").expect("SELECT");
            seen.extend(recent_here(&mut imap));
            imap.ok("UNSELECT").expect("UNSELECT");
        }
        seen
    };
    let stay = |server: &Server| -> Vec<u32> {
        let mut imap = server.imap("anna", PASSWORD);
        imap.ok("SELECT INBOX").expect("SELECT");
        let idle = imap.idle().expect("IDLE");
        while !is_over() {
            imap.read_within(Duration::from_millis(50)).expect("the connection holds");
        }
        imap.done(&idle).expect("DONE");
        recent_here(&mut imap)
    };
    let deliver = |server: &Server| {
        let mut lmtp = server.lmtp();
        for number in 0..60 {
            let mail = format!("Subject: news {number}\r\n\r\nx\r\n");
            let replies = lmtp.deliver("sender@example.net", &["anna@example.org"], mail.as_bytes());
            replies.expect("LMTP answers")[0].expect(250).expect("it is accepted");
            delivered.fetch_add(1, Ordering::Relaxed);
        }
    };
    let (deliver, come_and_go, stay) = (&deliver, &come_and_go, &stay);
    let seen: Vec<u32> = std::thread::scope(|scope| {
        let servers = [&one, &other];
        let _deliveries = servers.map(|server| scope.spawn(move || deliver(server)));
        let comers = servers.map(|server| scope.spawn(move || come_and_go(server)));
        let stayers = servers.map(|server| scope.spawn(move || stay(server)));
        let sessions = comers.into_iter().chain(stayers);
        sessions.flat_map(|session| session.join().expect("the session goes well")).collect()
    });
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "{seen:?}");
    assert!(seen.len() > 40, "most are recent for somebody: {seen:?}");
}

/// The numbers of the messages that are recent in this session.
fn recent_here(imap: &mut Imap) -> Vec<u32> {
    let told = imap.ok("NOOP").and_then(|_| imap.ok("SEARCH RECENT")).expect("SEARCH");
    let line = told.iter().find(|response| response.text().starts_with("* SEARCH")).expect("it answers");
    line.text()["* SEARCH".len()..].split_whitespace().map(|uid| uid.parse().expect("a number")).collect()
}

/// A server that meets a database without our tables says what to do, and ends.
fn refuses_an_old_database(server: &Server) {
    let output = server.aox(&["serve"]);
    let complaint =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && complaint.contains("aox upgrade"), "{complaint}");
}

fn delay(one: &Server, far: &mut Imap, number: u32) -> Duration {
    let message = format!("Subject: number {number}\r\n\r\nx\r\n");
    let mut lmtp = one.lmtp();
    let replies =
        lmtp.deliver("sender@example.net", &["anna@example.org"], message.as_bytes()).expect("LMTP answers");
    replies[0].expect(250).expect("it is accepted");
    let answered = Instant::now();
    wait_for(far, |response| response.number("EXISTS") == Some(number));
    let delay = answered.elapsed();
    lmtp.quit().expect("LMTP answers QUIT");
    delay
}

fn connections_are_seen_and_ended_everywhere(one: &Server, other: &Server) {
    let list = |server: &Server| -> Vec<serde_json::Value> {
        let said = server.aox_ok(&["show", "connections", "--user", "anna", "--json"]);
        serde_json::from_str(&said).expect("--json prints JSON")
    };
    let (mut here, mut there) = (one.imap("anna", PASSWORD), other.imap("anna", PASSWORD));
    let elsewhere =
        |listed: &[serde_json::Value]| listed.iter().filter(|one| one["server"].is_string()).count();
    let listed = list(one);
    // One more is at the other server all the time.
    assert_eq!((listed.len(), elsewhere(&listed)), (3, 2), "{listed:?}");
    assert_eq!(elsewhere(&list(other)), 1);
    let theirs = list(other)
        .into_iter()
        .filter(|one| one["server"].is_null())
        .max_by_key(|one| one["number"].as_u64());
    let theirs = theirs.expect("the other server knows its own")["number"].clone();
    let server = listed.iter().find_map(|one| one["server"].as_str()).expect("it has a name");
    one.aox_ok(&["disconnect", &format!("{theirs}@{server}"), "--reason", "from afar"]);
    let bye = there.read().expect("it hears").text();
    assert!(bye.starts_with("* BYE from afar"), "{bye}");
    here.ok("NOOP").expect("the other stays");
    let again = || one.aox(&["disconnect", &format!("{theirs}@{server}")]).status.code();
    crate::support::eventually("the other server forgets it", || again() == Some(1));
    let own =
        list(one).into_iter().find(|one| one["server"].is_null()).expect("one is here")["number"].to_string();
    one.aox_ok(&["disconnect", &own]);
    assert!(here.read().expect("it hears").text().starts_with("* BYE an administrator"));
}

/// What is written down at one host is told at the other, what was removed too, and to nobody else.
fn metadata_travels(one: &Server, other: &Server) {
    let mut near = one.imap("anna", PASSWORD);
    let mut far = other.imap("anna", PASSWORD);
    let mut stranger = other.imap("bert", PASSWORD);
    for connection in [&mut near, &mut far, &mut stranger] {
        connection.ok("ENABLE METADATA").expect("ENABLE");
    }
    let is = |wanted: &'static str| move |response: &Response| response.text() == wanted;
    near.ok("SETMETADATA INBOX (/private/comment \"a\" /shared/comment \"b\")").expect("SETMETADATA");
    wait_for(&mut far, is("* METADATA INBOX /private/comment /shared/comment"));
    near.ok("SETMETADATA INBOX (/shared/comment NIL)").expect("SETMETADATA");
    wait_for(&mut far, is("* METADATA INBOX /shared/comment"));
    let read = far.ok("GETMETADATA INBOX (/private/comment /shared/comment)").expect("GETMETADATA");
    assert_eq!(read[0].text(), "* METADATA INBOX (/private/comment \"a\" /shared/comment NIL)");
    one.aox_ok(&["set", "metadata", "/shared/comment", "We are here"]);
    for connection in [&mut near, &mut far, &mut stranger] {
        wait_for(connection, |response| {
            let text = response.text();
            assert!(!text.starts_with("* METADATA INBOX"), "this was not for this client: {text}");
            text == "* METADATA \"\" /shared/comment"
        });
    }
}

/// Which annotations are written at one host is told at the other, and read there.
fn annotations_travel(one: &Server, other: &Server) {
    let mut far = other.imap("anna", PASSWORD);
    far.ok("SELECT INBOX (ANNOTATE CONDSTORE)").expect("SELECT");
    let idle = far.idle().expect("IDLE");
    let mut near = one.imap("anna", PASSWORD);
    near.ok("SELECT INBOX").expect("SELECT");
    let mut delays: Vec<Duration> = Vec::new();
    for number in 1..=10 {
        near.ok(&format!("STORE 1 ANNOTATION (/vendor/notes/n{number} (value.shared \"{number}\"))"))
            .expect("STORE");
        let answered = Instant::now();
        let expected = format!("* 1 FETCH (ANNOTATION (/vendor/notes/n{number}) MODSEQ (");
        wait_for(&mut far, |response| response.text().starts_with(&expected));
        delays.push(answered.elapsed());
    }
    delays.sort();
    assert!(delays[5] < Duration::from_millis(100), "the other host hears after {delays:?}");
    far.done(&idle).expect("DONE");
    let told = far.ok("FETCH 1 ANNOTATION (/vendor/notes/n7 value)").expect("FETCH");
    assert!(told[0].text().contains("value.shared \"7\""), "{}", told[0].text());
}

/// NOTIFY tells of what happens in any mailbox, and to their names, at another host.
fn what_is_watched_is_heard(one: &Server, other: &Server) {
    let mut far = other.imap("anna", PASSWORD);
    far.ok("NOTIFY SET (personal (MessageNew MessageExpunge MailboxName SubscriptionChange))")
        .expect("NOTIFY");
    let mut near = one.imap("anna", PASSWORD);
    near.ok("CREATE Watched").expect("CREATE");
    wait_for(&mut far, |response| response.text() == "* LIST (\\HasNoChildren) \"/\" Watched");
    near.ok("SUBSCRIBE Watched").expect("SUBSCRIBE");
    wait_for(&mut far, |response| response.text() == "* LIST (\\HasNoChildren \\Subscribed) \"/\" Watched");
    near.ok("SELECT INBOX").expect("SELECT");
    let mut delays: Vec<Duration> = Vec::new();
    for number in 1..=10 {
        near.ok("COPY 1 Watched").expect("COPY");
        let answered = Instant::now();
        wait_for(&mut far, |response| {
            response.text().contains(&format!("STATUS Watched (MESSAGES {number} "))
        });
        delays.push(answered.elapsed());
    }
    delays.sort();
    assert!(delays[5] < Duration::from_millis(100), "the other host hears after {delays:?}");
}

fn flags_and_expunges_travel(one: &Server, far: &mut Imap) {
    let mut near = one.imap("anna", PASSWORD);
    near.ok("SELECT INBOX").expect("SELECT");
    let idle = far.idle().expect("IDLE");
    near.ok("STORE 2 +FLAGS (\\Flagged)").expect("STORE");
    wait_for(far, |response| response.number("FETCH") == Some(2) && response.text().contains("\\Flagged"));
    near.ok("STORE 1 +FLAGS.SILENT (\\Deleted)").expect("STORE");
    near.ok("EXPUNGE").expect("EXPUNGE");
    wait_for(far, |response| response.number("EXPUNGE") == Some(1));
    far.done(&idle).expect("DONE");
}

/// Who has guessed at one host waits at the other.
fn guessers_wait_everywhere(one: &Server, other: &Server) {
    for _ in 0..4 {
        assert!(Imap::login(one.imap_address(), "no-such-user", "guess").is_err());
    }
    let begin = Instant::now();
    assert!(Imap::login(other.imap_address(), "no-such-user", "guess").is_err());
    let spent = begin.elapsed();
    assert!(spent > Duration::from_secs(3), "a fifth guess waits four seconds, not {spent:?}");
    let begin = Instant::now();
    drop(other.imap("anna", PASSWORD));
    assert!(begin.elapsed() < Duration::from_secs(2), "others need not wait");
}

/// Signals that are lost while the connections are broken are made up for.
fn nothing_stays_unheard(site: &SitePostgres, one: &Server, far: &mut Imap) {
    let idle = far.idle().expect("IDLE");
    site.break_connections();
    let begin = Instant::now();
    let message = b"Subject: after the break\r\n\r\nx\r\n";
    loop {
        let mut lmtp = one.lmtp();
        let replies = lmtp.deliver("sender@example.net", &["anna@example.org"], message);
        if replies.is_ok_and(|replies| replies[0].code == 250) {
            let _ = lmtp.quit();
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "the server does not find its database again");
        std::thread::sleep(Duration::from_millis(100));
    }
    wait_for(far, |response| response.number("EXISTS") == Some(20));
    far.done(&idle).expect("DONE");
}

/// Who is logged in at one host is sent away when the account is disabled at the other.
fn nobody_stays_where_nobody_may(one: &Server, far: &mut Imap) {
    far.idle().expect("IDLE");
    let begin = Instant::now();
    one.aox_ok(&["disable", "user", "anna"]);
    wait_for(far, |response| response.text().starts_with("* BYE"));
    assert!(begin.elapsed() < Duration::from_secs(2), "it takes {:?}", begin.elapsed());
    one.aox_ok(&["enable", "user", "anna"]);
}

/// A signal that was lost is made up for when the connections come back.
fn nobody_stays_whose_dismissal_was_not_heard(site: &SitePostgres, other: &Server) {
    let mut far = other.imap("anna", PASSWORD);
    far.idle().expect("IDLE");
    site.sql(
        "\\connect aox\nupdate aox.accounts set state = 1, dismissals = dismissals + 1 where login = 'anna'",
    );
    site.break_connections();
    wait_for(&mut far, |response| response.text().starts_with("* BYE"));
}

fn wait_for(imap: &mut Imap, wanted: impl Fn(&crate::support::imap::Response) -> bool) {
    let begin = Instant::now();
    let mut heard = Vec::new();
    while begin.elapsed() < Duration::from_secs(45) {
        if let Some(response) = imap.read_within(Duration::from_millis(500)).expect("the connection holds") {
            if wanted(&response) {
                return;
            }
            heard.push(response.text());
        }
    }
    panic!("it was not heard; this was: {heard:?}");
}

const PASSWORD: &str = "secret";

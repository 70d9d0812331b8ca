//! What becomes of clients that are told more by NOTIFY than they take, or than can be told (RFC 5465).

use std::time::{Duration, Instant};

use crate::support::Imap;
use crate::support::imap::Response;
use crate::support::postgres::SitePostgres;
use crate::support::{Options, Server};

const PASSWORD: &str = "secret";

/// Reads until a response is the one that is waited for, and returns those before it.
fn read_until(imap: &mut Imap, wanted: impl Fn(&Response) -> bool) -> Vec<Response> {
    let begin = Instant::now();
    let mut heard = Vec::new();
    while begin.elapsed() < Duration::from_secs(60) {
        if let Some(response) = imap.read_within(Duration::from_secs(1)).expect("the connection holds") {
            if wanted(&response) {
                return heard;
            }
            heard.push(response);
        }
    }
    let last: Vec<String> = heard.iter().rev().take(5).map(Response::text).collect();
    panic!("it was not heard; of {} responses these were the last: {last:?}", heard.len());
}

/// More than any socket takes waits for a client that does not read: others are served meanwhile, and when it reads it hears of
/// each message once, and how other mailboxes are in the end.
#[test]
fn a_client_that_does_not_read_holds_up_nobody_and_misses_nothing() {
    const MESSAGES: u32 = 250;
    let server = Server::start_with(Options::default());
    server.add_user("anna", "anna@example.org", PASSWORD);
    let mut writer = server.imap("anna", PASSWORD);
    writer.ok("CREATE Other").expect("CREATE");
    let mut deaf = server.imap("anna", PASSWORD);
    let all = "NOTIFY SET (selected (MessageNew (UID BODY.PEEK[]) MessageExpunge FlagChange)) \
               (personal (MessageNew MessageExpunge FlagChange MailboxName))";
    deaf.ok(all).expect("NOTIFY");
    deaf.ok("SELECT INBOX").expect("SELECT");
    let line = "x".repeat(70) + "\r\n";
    let mut slowest = Duration::ZERO;
    for number in 1..=MESSAGES {
        let mail = format!("Subject: number {number}\r\n\r\n{}", line.repeat(1000));
        let begin = Instant::now();
        assert!(writer.append("INBOX", mail.as_bytes()).expect("APPEND").result.starts_with("OK"));
        assert!(writer.append("Other", b"a: b\r\n\r\n").expect("APPEND").result.starts_with("OK"));
        slowest = slowest.max(begin.elapsed());
    }
    assert!(slowest < Duration::from_secs(5), "others wait {slowest:?}");
    writer.ok("SELECT INBOX").expect("SELECT");
    writer.ok("STORE 1:10 +FLAGS.SILENT (\\Deleted)").expect("STORE");
    writer.ok("EXPUNGE").expect("EXPUNGE");
    writer.ok("CREATE Last").expect("CREATE");
    let heard = read_until(&mut deaf, |response| response.text().ends_with(" Last"));
    let uids: Vec<u32> = heard
        .iter()
        .filter(|response| response.literal().is_some())
        .map(|response| response.item("UID").and_then(|uid| uid.parse().ok()).expect("it has a uid"))
        .collect();
    let mut once = uids.clone();
    once.dedup();
    assert_eq!(uids, once, "no message is told twice");
    // What has gone before it was told of need not be told.
    assert!((11..=MESSAGES).all(|uid| uids.contains(&uid)), "all that are there are told: {uids:?}");
    let said = deaf.ok("UID SEARCH ALL").expect("SEARCH");
    let found =
        said.iter().map(Response::text).find(|text| text.starts_with("* SEARCH")).expect("it answers");
    assert_eq!(found.split(' ').count() as u32 - 2, MESSAGES - 10);
    let said = deaf.ok("STATUS Other (MESSAGES)").expect("STATUS");
    let status = said.iter().map(Response::text).find(|text| text.starts_with("* STATUS Other (MESSAGES"));
    assert!(status.is_some_and(|text| text.contains(&format!("MESSAGES {MESSAGES}"))));
}

/// RFC 5465 §5.8: who watches more than can be watched hears of that, and of nothing more until the next NOTIFY.
#[test]
fn who_watches_too_much_hears_of_that_and_of_nothing_more() {
    let site = SitePostgres::start();
    let (one, _other) = site.two_hosts();
    one.add_user("anna", "anna@example.org", PASSWORD);
    let make = |from: u32, to: u32| {
        site.sql(&format!(
            "\\connect aox\ninsert into aox.mailboxes (account, name, uidvalidity)
             select a.id, 'Many/' || n, 1 from aox.accounts a, generate_series({from}, {to}) n where a.login = 'anna'"
        ));
    };
    make(1, 9_980);
    let mut watcher = one.imap("anna", PASSWORD);
    watcher.ok("NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MailboxName))").expect("NOTIFY");
    watcher.ok("SELECT INBOX").expect("SELECT");
    let mut writer = one.imap("anna", PASSWORD);
    writer.ok("CREATE First").expect("CREATE");
    read_until(&mut watcher, |response| response.text().ends_with(" First"));
    make(9_981, 10_001);
    writer.ok("CREATE Second").expect("CREATE");
    let before =
        read_until(&mut watcher, |response| response.text().starts_with("* OK [NOTIFICATIONOVERFLOW] "));
    assert!(before.is_empty(), "{:?}", before.iter().map(Response::text).collect::<Vec<_>>());
    writer.ok("CREATE Third").expect("CREATE");
    assert!(writer.append("INBOX", b"a: b\r\n\r\n").expect("APPEND").result.starts_with("OK"));
    for command in ["NOOP", "STATUS INBOX (MESSAGES)"] {
        let said = watcher.ok(command).expect("it is answered");
        let unasked = said.iter().map(Response::text).filter(|text| !text.starts_with("* STATUS INBOX"));
        assert_eq!(unasked.collect::<Vec<_>>(), Vec::<String>::new(), "{command}");
    }
    // Nothing was to be told since; what the client asks for anew it gets.
    let reply = watcher.command("NOTIFY SET (personal (MailboxName))").expect("it is answered");
    assert!(reply.result.starts_with("NO [NOTIFICATIONOVERFLOW] "), "{}", reply.result);
    watcher
        .ok("NOTIFY SET (selected (MessageNew MessageExpunge)) (subtree First (MailboxName))")
        .expect("NOTIFY");
    let said = watcher.ok("NOOP").expect("NOOP");
    assert!(said.len() <= 1, "{:?}", said.iter().map(Response::text).collect::<Vec<_>>());
    assert!(writer.append("INBOX", b"c: d\r\n\r\n").expect("APPEND").result.starts_with("OK"));
    read_until(&mut watcher, |response| response.number("EXISTS") == Some(2));
}

/// RFC 5465 §5.4, §5: whatever is renamed while a look is under way is there under one name or the other, and what the client
/// does itself meanwhile is none of its news.
#[test]
fn names_that_change_all_the_time_are_told_as_they_are() {
    let server = Server::start_with(Options::default());
    server.add_user("anna", "anna@example.org", PASSWORD);
    let mut writer = server.imap("anna", PASSWORD);
    writer.ok("CREATE one").expect("CREATE");
    writer.ok("CREATE one/below").expect("CREATE");
    let mut watcher = server.imap("anna", PASSWORD);
    watcher.ok("NOTIFY SET (personal (MailboxName SubscriptionChange))").expect("NOTIFY");
    let mut heard = Vec::new();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for round in 0..ROUNDS {
                let (old, new) = if round % 2 == 0 { ("one", "two") } else { ("two", "one") };
                writer.ok(&format!("SUBSCRIBE {old}/below")).expect("SUBSCRIBE");
                writer.ok(&format!("RENAME {old} {new}")).expect("RENAME");
                writer.ok(&format!("UNSUBSCRIBE {old}/below")).expect("UNSUBSCRIBE");
            }
        });
        while !writing.is_finished() {
            for command in ["CREATE own", "RENAME own own-too", "DELETE own-too"] {
                heard.extend(watcher.ok(command).expect("it is done"));
            }
        }
    });
    writer.ok("CREATE last").expect("CREATE");
    heard.extend(read_until(&mut watcher, |response| response.text().ends_with(" last")));
    let heard: Vec<String> = heard.iter().map(Response::text).collect();
    let renamed = heard.iter().filter(|line| line.contains("(\"OLDNAME\" (")).count();
    assert!(renamed > 0, "the client hears of renaming: {heard:?}");
    let is_wrong = |line: &&String| {
        let of_mailbox = !line.ends_with("/below") && !line.contains("\\Subscribed");
        line.contains("own") || line.contains("\\NoAccess") || of_mailbox && line.contains("\\NonExistent")
    };
    assert_eq!(heard.iter().filter(is_wrong).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// How often another session gives a mailbox another name and a subscription.
const ROUNDS: u32 = 150;

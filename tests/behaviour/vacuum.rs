//! The vacuum as administrators and users meet it: its commands, a server that is killed in it, two servers at once.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::postgres::SitePostgres;
use crate::support::{Options, Server};

fn json(server: &Server, arguments: &[&str]) -> serde_json::Value {
    let printed = server.aox_ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&printed).expect("--json prints JSON")
}

/// Runs SQL as the superuser of the server's own PostgreSQL, and returns what it prints.
fn sql(server: &Server, text: &str) -> String {
    let mut psql = Command::new("psql");
    psql.arg("-h").arg(server.postgres_socket().expect("PostgreSQL runs"));
    let output = psql.args(["-U", "postgres", "-d", "aox", "-v", "ON_ERROR_STOP=1", "-Atqc", text]).output();
    let output = output.expect("psql can be run");
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn days_pass(server: &Server, days: u32) {
    sql(
        server,
        &format!(
            "update aox.tombstones set deleted_at = deleted_at - interval '{days} days';
             update aox.policies set removed_at = removed_at - interval '{days} days'"
        ),
    );
}

fn stored(server: &Server) -> String {
    sql(server, "select count(*) from aox.messages")
}

#[test]
fn who_looks_at_deleted_mail_hears_that_it_has_ended() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: lunch\r\n\r\nx\r\n");
    let mut imap = server.imap("anna", PASSWORD);
    for command in ["SELECT INBOX", "STORE 1 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"] {
        imap.ok(command).expect(command);
    }
    imap.ok("SELECT \"Deleted Messages/INBOX\"").expect("SELECT");
    let idle = imap.idle().expect("IDLE");
    days_pass(&server, 8);
    json(&server, &["vacuum", "--now"]);
    let begin = Instant::now();
    let mut hears = || {
        imap.read_within(Duration::from_millis(500))
            .expect("the connection holds")
            .is_some_and(|response| response.number("EXPUNGE") == Some(1))
    };
    while !hears() {
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing was told");
    }
    imap.done(&idle).expect("DONE");
}

#[test]
fn an_administrator_holds_mail_and_lets_it_go() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    for subject in ["contract", "lunch"] {
        server.deliver("anna@example.org", format!("Subject: {subject}\r\n\r\nx\r\n").as_bytes());
    }
    let told = server.aox_ok(&["add", "hold", "case 7", "--user", "anna", "--search", "SUBJECT contract"]);
    assert!(told.contains("covers 1 message"), "{told}");
    for refused in [
        &["add", "hold", "case 7"][..],
        &["add", "hold", "9"],
        &["add", "hold", "x", "--user", "nobody"],
        &["add", "hold", "x", "--mailbox", "/users/anna/None"],
        &["add", "hold", "x", "--search", "UID 7"],
        &["remove", "policy", "case 7"],
        &["release", "hold", "case 8"],
        &["retain", "mail", "0"],
        &["delete", "mail", "forever", "--yes"],
        &["show", "policy", "99"],
    ] {
        assert!(!server.aox(refused).status.success(), "{refused:?}");
    }
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)").expect("STORE");
    imap.ok("EXPUNGE").expect("EXPUNGE");
    days_pass(&server, 8);
    let planned = json(&server, &["vacuum", "--dry-run"]);
    assert_eq!((planned["due"].as_i64(), planned["kept_by_policy"]["1"].as_i64()), (Some(1), Some(1)));
    assert_eq!(stored(&server), "2", "a rehearsal ends nothing");
    let done = json(&server, &["vacuum", "--now"]);
    assert_eq!(done["messages"], 1, "{done}");
    assert_eq!(stored(&server), "1");
    let shown = server.aox_ok(&["show", "vacuum"]);
    assert!(shown.contains("kept by policy 1 (case 7)") && shown.contains("aox vacuum"), "{shown}");
    let policy = json(&server, &["show", "policy", "case 7"]);
    assert_eq!(policy["covers"]["deleted"]["messages"], 1, "{policy}");
    let uid = sql(&server, "select uid from aox.tombstones");
    let why = server.aox_ok(&["why", "/users/anna/INBOX", &uid]);
    assert!(why.contains("Policy 1 (case 7) covers it: all mail of anna that matches"), "{why}");
    let told = server.aox_ok(&["release", "hold", "case 7"]);
    assert!(told.contains("cannot end before"), "{told}");
    assert!(server.aox_ok(&["list", "policies"]).contains("counts until"));
    json(&server, &["vacuum", "--now"]);
    assert_eq!(stored(&server), "1", "it can be seen and undone for a while");
    days_pass(&server, 8);
    json(&server, &["vacuum", "--now"]);
    assert_eq!(stored(&server), "0");
    assert_eq!(json(&server, &["list", "policies"]), serde_json::json!([]));
}

#[test]
fn who_is_there_sees_what_policies_delete() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: old\r\n\r\nx\r\n");
    server.deliver("anna@example.org", b"Subject: new\r\n\r\nx\r\n");
    sql(
        &server,
        "update aox.mailbox_messages set internal_date = internal_date - interval '40 days' where uid = 1",
    );
    // What is in memory has the old date, which is none the less what policies go by.
    let rehearsed = json(&server, &["delete", "mail", "30", "/users/anna/INBOX", "--dry-run"]);
    assert_eq!(rehearsed["messages"], 1);
    assert_eq!(json(&server, &["list", "policies"]), serde_json::json!([]), "a rehearsal leaves nothing");
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    let idle = imap.idle().expect("IDLE");
    let made = json(&server, &["delete", "mail", "30", "/users/anna/INBOX", "--yes", "--name", "tidy"]);
    let policy = made["id"].as_i64().expect("it has a number");
    let done = json(&server, &["vacuum", "--now"]);
    assert_eq!(done["deleted"], 1, "{done}");
    let begin = Instant::now();
    loop {
        let response = imap.read_within(Duration::from_millis(500)).expect("the connection holds");
        if response.is_some_and(|response| response.number("EXPUNGE") == Some(1)) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing is heard of it");
    }
    imap.done(&idle).expect("DONE");
    assert_eq!(sql(&server, "select reason, door from aox.tombstones"), format!("policy {policy}|policy"));
    server.aox_ok(&["remove", "policy", "tidy"]);
    server.aox_ok(&["retain", "mail", "forever", "--user", "anna", "--name", "all"]);
    days_pass(&server, 8);
    let done = json(&server, &["vacuum", "--now"]);
    assert_eq!((done["messages"].as_i64(), done["kept_by_policy"].as_i64()), (Some(0), Some(1)), "{done}");
}

#[test]
fn an_undelete_time_is_set_where_it_counts() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.aox_ok(&["set", "undelete-time", "--mailbox", "/users/anna/Trash", "2"]);
    server.aox_ok(&["set", "undelete-time", "--domain", "example.org", "30"]);
    server.aox_ok(&["set", "undelete-time", "--user", "anna", "60"]);
    let begin = Instant::now();
    // The server itself says what its settings say, soon after its start.
    let times = loop {
        let times = json(&server, &["list", "undelete-times"]);
        if times.as_array().is_some_and(|times| times.len() == 4) || begin.elapsed() > Duration::from_secs(10)
        {
            break times;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let days: Vec<_> = times.as_array().expect("a list").iter().map(|time| time["days"].as_i64()).collect();
    assert_eq!(days, [Some(7), Some(30), Some(60), Some(2)], "{times}");
    server.aox_ok(&["set", "undelete-time", "--user", "anna", "default"]);
    assert_eq!(json(&server, &["list", "undelete-times"]).as_array().map(Vec::len), Some(3));
    assert!(!server.aox(&["set", "undelete-time", "7"]).status.success(), "for whom?");
}

/// Many deleted messages, which are small and made by SQL.
fn delete_many(run: impl Fn(&str), count: u32) {
    run(&format!(
        "insert into aox.messages (account, id, octets, arrived_at, digest, header, recipe, envelope, bodystructure)
             select (select id from aox.accounts where login = 'anna'), 5000000 + n, 10, now(), sha256('x'), e'a: b\\\\015\\\\012', '\\x00', '\\x00', '\\x00'
             from generate_series(1, {count}) n;
         insert into aox.tombstones (account, mailbox, uid, message, modseq, flags, internal_date, internal_zone, octets, saved_at,
                 deleted_at, door, reason)
             select m.account, b.id, 1000 + m.id - 5000000, m.id, 2, 0, now(), 0, 10, now(), now() - interval '8 days', 'imap', 'EXPUNGE'
             from aox.messages m join aox.mailboxes b on b.account = m.account and b.name = 'INBOX'
             where m.id > 5000000"
    ));
}

#[test]
fn a_server_that_is_killed_in_the_vacuum_goes_on_later() {
    let settings = [("AOX__VACUUM__BATCH_MESSAGES", "50"), ("AOX__VACUUM__PAUSE_MILLISECONDS", "20")];
    let settings = settings.map(|(key, value)| (key.to_string(), value.to_string()));
    let server = Server::start_with(Options { settings: settings.to_vec(), ..Options::default() });
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: stays\r\n\r\nx\r\n");
    delete_many(|text| drop(sql(&server, text)), MANY);
    let ended = || MANY + 1 - stored(&server).parse::<u32>().expect("a number");
    for enough in [300, 900, 1500] {
        let mut aox = server.command(&["vacuum"]);
        let mut follower = aox.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("aox can be run");
        let begin = Instant::now();
        while ended() < enough {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing ends:\n{}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server.kill();
        let status = follower.wait().expect("aox ends");
        assert!(!status.success(), "it has not seen the end");
        server.serve();
    }
    assert!(ended() < MANY, "it was too fast to be killed");
    let done = json(&server, &["vacuum", "--now"]);
    assert!(done["messages"].as_i64() > Some(0), "{done}");
    assert_eq!(stored(&server), "1");
    let runs = sql(
        &server,
        "select sum(messages), count(*) filter (where error = 'it was broken off') from aox.vacuum_runs",
    );
    assert_eq!(runs, format!("{MANY}|3"), "what a killed run has done is counted, and nothing twice");
    let checked = json(&server, &["check", "messages"]);
    assert_eq!((checked["checked"].as_i64(), checked["exact"].as_i64()), (Some(1), Some(1)));
}

#[test]
fn two_servers_share_the_work() {
    let site = SitePostgres::start();
    let (one, other) = site.two_hosts();
    one.add_user("anna", "anna@example.org", PASSWORD);
    delete_many(|text| drop(site.sql(&format!("\\connect aox\n{text}"))), 500);
    let (here, there) = std::thread::scope(|scope| {
        let run = |server| move || json(server, &["vacuum", "--now"])["messages"].as_i64().unwrap_or(-1);
        let (here, there) = (scope.spawn(run(&one)), scope.spawn(run(&other)));
        (here.join().expect("it ends"), there.join().expect("it ends"))
    });
    assert_eq!(here + there, 500, "{here} and {there}");
    assert_eq!(site.sql("\\connect aox\nselect count(*) from aox.tombstones"), "0");
    let overlap = "\\connect aox\nselect count(*) from aox.vacuum_runs a join aox.vacuum_runs b
        on a.id < b.id and a.ended_at > b.started_at and a.started_at < b.ended_at";
    assert_eq!(site.sql(overlap), "0", "one is at work at a time");
}

const PASSWORD: &str = "secret";
/// Enough to be in the midst of.
const MANY: u32 = 5000;

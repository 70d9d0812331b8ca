//! The record of what happened: what is in it, that nobody changes it unnoticed, and that the server cannot change it.

use crate::support::{Options, Server, eventually};
use serde_json::Value;

fn json(server: &Server, arguments: &[&str]) -> Value {
    let printed = server.aox_ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&printed).expect("--json prints JSON")
}

/// A server that seals every second.
fn start(settings: &[(&str, &str)]) -> Server {
    let mut settings: Vec<(String, String)> =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    settings.push(("AOX__AUDIT__INTERVAL".to_owned(), "1".to_owned()));
    Server::start_with(Options { settings, ..Options::default() })
}

/// Waits until everything that has happened is sealed.
fn sealed(server: &Server) {
    let count = "select (select count(*) from aox.audit where seal is null)
                      + (select count(*) from aox.logins where seal is null)";
    eventually("everything is sealed", || server.superuser_sql(count) == "0");
}

fn events(server: &Server, filter: &[&str]) -> Vec<Value> {
    let listed = json(server, &[&["audit", "show"], filter].concat());
    listed.as_array().expect("a list").clone()
}

#[test]
fn what_happens_is_recorded() {
    let server = start(&[]);
    server.add_user("anna", "anna@audit.example", "secret");
    server.add_user("bert", "bert@audit.example", "secret");
    server.deliver("anna@audit.example", b"Subject: one\r\n\r\nx\r\n");
    let mut imap = server.imap("anna", "secret");
    imap.append("INBOX", b"Subject: two\r\n\r\nx\r\n").expect("it is taken");
    imap.ok("SETACL INBOX bert lr").expect("she may");
    imap.ok("SELECT INBOX").expect("it is hers");
    imap.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)").expect("she may");
    imap.ok("EXPUNGE").expect("she may");
    assert!(crate::support::Imap::login(server.imap_address(), "anna", "wrong").is_err());
    assert_eq!(server.aox(&["add", "group", "staff", "nobody"]).status.code(), Some(1));
    server.aox_ok(&["list", "users"]);

    let deliveries = events(&server, &["--kind", "delivery"]);
    let message = &deliveries[0]["detail"]["messages"][0];
    assert_eq!(
        (&message["recipient"], &message["client"]),
        (&"anna@audit.example".into(), &"127.0.0.1".into())
    );
    assert_eq!((&deliveries[0]["account"], &deliveries[0]["mailbox"]), (&"anna".into(), &"INBOX".into()));
    let deletions = events(&server, &["--kind", "deletion", "--user", "ANNA"]);
    assert_eq!((&deletions[0]["uids"], &deletions[0]["by"]), (&"1:2".into(), &"anna".into()));
    assert_eq!((&deletions[0]["door"], &deletions[0]["client"]), (&"imap".into(), &"127.0.0.1".into()));
    assert_eq!(events(&server, &["--kind", "append"])[0]["by"], "anna");
    let rights = events(&server, &["--kind", "rights"]);
    assert_eq!((&rights[0]["by"], &rights[0]["door"]), (&"anna".into(), &"imap".into()));
    assert_eq!(rights[0]["detail"]["change"], "insert");
    let commands = events(&server, &["--kind", "command"]);
    let command = |name: &str| {
        let found = commands.iter().find(|event| event["detail"]["command"] == name).cloned();
        found.unwrap_or_else(|| panic!("{name} is not recorded: {commands:?}"))
    };
    assert_eq!(command("add-user")["detail"]["verifiers"], "hidden");
    assert!(command("add-group")["detail"]["outcome"].as_str().is_some_and(|why| why.contains("not done")));
    assert_eq!(command("list-users")["detail"]["outcome"], "done");
    assert!(command("list-users")["client"].is_string(), "who ran it is known");

    let logins = || events(&server, &["--kind", "login", "--user", "anna"]);
    eventually("the login is written down", || logins().len() == 2);
    let outcomes: Vec<Value> = logins().iter().map(|login| login["detail"]["outcome"].clone()).collect();
    assert!(outcomes.contains(&"in".into()) && outcomes.contains(&"failed".into()), "{outcomes:?}");
    // Nothing of what she did is bert's, but that his rights were changed.
    assert!(events(&server, &["--user", "bert"]).iter().all(|event| event["kind"] != "deletion"));
    assert!(events(&server, &["--until", "1h"]).is_empty() && events(&server, &["--since", "1h"]).len() > 8);
    assert!(server.aox_ok(&["audit", "show"]).contains("expunge"));
    for wrong in
        [&["audit", "show", "--kind", "dance"][..], &["audit", "show", "--since", "yesterday"], &["audit"]]
    {
        assert_eq!(server.aox(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

/// The ways to change the record, and what is said of each.
const TAMPERING: [(&str, &str); 12] = [
    ("update aox.audit set client = '203.0.113.1' where id = (select min(id) from aox.audit)", "changed or replaced"),
    ("update aox.audit set at = at + interval '1 second' where id = (select min(id) from aox.audit)", "changed or replaced"),
    ("delete from aox.audit where id = (select min(id) from aox.audit)", "missing of what was sealed"),
    (
        "insert into aox.audit (at, kind, door, detail, seal)
         select at, 'command', 'aox', '{}', seal from aox.audit where seal = (select min(seal) from aox.audit)",
        "added to what was sealed",
    ),
    (
        "update aox.audit a set detail = b.detail, kind = b.kind, at = b.at from aox.audit b
         where a.id in (select id from aox.audit order by id limit 2) and b.id in (select id from aox.audit order by id limit 2)
            and a.id <> b.id",
        "changed or replaced",
    ),
    (
        "update aox.audit set seal = (select max(seal) from aox.audit) where id = (select min(id) from aox.audit)",
        "added to what was sealed",
    ),
    ("update aox.audit set seal = 4711 where id = (select min(id) from aox.audit)", "a seal that does not exist"),
    (
        "insert into aox.audit (at, kind, door, detail) values (now() - interval '3 days', 'command', 'aox', '{}')",
        "long before it was written",
    ),
    (
        "update aox.audit_seals set digest = sha256(digest), rows_digest = sha256(rows_digest) where number = 2",
        "the seal was changed",
    ),
    ("delete from aox.audit_seals where number = 2", "the seals 2 to 2 are missing"),
    (
        "update aox.logins set address = '203.0.113.1' where id = (select min(id) from aox.logins)",
        "logins are not what was sealed",
    ),
    (
        "delete from aox.logins where id = (select min(id) from aox.logins);
         insert into aox.audit (kind, door, detail) values ('forgetting', 'aox', jsonb_build_object('before', now()))",
        "logins are missing of what was sealed",
    ),
];

const SAVE: &str = "create table saved_audit as select * from aox.audit; create table saved_logins as select * from aox.logins;
    create table saved_seals as select * from aox.audit_seals;";
const RESTORE: &str = "lock table aox.audit, aox.logins, aox.audit_seals;
    delete from aox.audit; delete from aox.logins; delete from aox.audit_seals;
    insert into aox.audit overriding system value select * from saved_audit;
    insert into aox.logins overriding system value select * from saved_logins;
    insert into aox.audit_seals select * from saved_seals;";

#[test]
fn whatever_is_done_to_the_record_shows() {
    let server = start(&[]);
    for number in 1..4 {
        server.add_user(&format!("u{number}"), &format!("u{number}@audit.example"), "secret");
        server.deliver(&format!("u{number}@audit.example"), b"Subject: x\r\n\r\nx\r\n");
        drop(server.imap(&format!("u{number}"), "secret"));
        // A login is written down a moment later.
        std::thread::sleep(std::time::Duration::from_millis(300));
        sealed(&server);
    }
    let sound = json(&server, &["audit", "verify"]);
    assert_eq!(sound["findings"], serde_json::json!([]), "{sound}");
    assert!(sound["seals"].as_i64().is_some_and(|count| count >= 4), "{sound}");
    assert!(sound["events"].as_i64().is_some_and(|count| count >= 9), "{sound}");
    sealed(&server);
    server.superuser_sql(SAVE);
    for (tampering, told) in TAMPERING {
        server.superuser_sql(tampering);
        sealed(&server);
        let output = server.aox(&["audit", "verify"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{tampering}: {said}");
        assert!(said.contains(told), "{tampering}: {said}");
        server.superuser_sql(RESTORE);
        assert_eq!(
            json(&server, &["audit", "verify"])["findings"],
            serde_json::json!([]),
            "after {tampering}"
        );
    }
    server.aox_ok(&["audit", "verify"]);
}

#[test]
fn a_cut_end_shows_against_the_head_that_was_written() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("heads");
    let server = start(&[("AOX__AUDIT__HEAD_FILE", &file.display().to_string())]);
    let heads = || std::fs::read_to_string(&file).unwrap_or_default();
    server.add_user("carl", "carl@audit.example", "secret");
    sealed(&server);
    server.deliver("carl@audit.example", b"Subject: x\r\n\r\nx\r\n");
    sealed(&server);
    let last = || server.superuser_sql("select max(number) from aox.audit_seals");
    eventually("the head is written", || {
        heads().lines().last().is_some_and(|line| line.contains(&format!("Z {} ", last())))
    });
    let copy = folder.path().join("copy");
    std::fs::write(&copy, heads()).expect("it can be written");
    let sound = json(&server, &["audit", "verify"]);
    assert!(
        sound["heads_met"].as_i64().is_some_and(|met| met >= 1) && sound["heads_met"] == sound["heads"],
        "{sound}"
    );

    server.superuser_sql(
        "delete from aox.audit where seal >= 2; delete from aox.logins where seal >= 2;
         delete from aox.audit where seal is null; delete from aox.audit_seals where number >= 2",
    );
    for arguments in [&["audit", "verify"][..], &["audit", "verify", "--heads", &copy.display().to_string()]]
    {
        let output = server.aox(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("written elsewhere"), "{said}");
    }
    assert_eq!(server.aox(&["audit", "verify", "--heads", "/nonexistent"]).status.code(), Some(1));
}

#[test]
fn syslog_is_told_of_the_head() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("log");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket can be bound");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(30))).expect("it can wait");
    let server = start(&[
        ("AOX__AUDIT__HEAD_SYSLOG", "true"),
        ("AOX__AUDIT__SYSLOG_SOCKET", &path.display().to_string()),
    ]);
    server.add_user("syd", "syd@audit.example", "secret");
    let newest = || {
        server.superuser_sql(
            "select number || ' ' || encode(digest, 'hex') from aox.audit_seals order by number desc limit 1",
        )
    };
    sealed(&server);
    let mut line = [0; 1000];
    loop {
        let length = socket.recv(&mut line).expect("syslog is told within seconds");
        let said = String::from_utf8_lossy(&line[..length]).into_owned();
        // <86>aox[4711]: audit head 7 and a digest; authpriv is 10, and info is 6 (RFC 5424 §6.2.1).
        let head = said.strip_prefix("<86>aox[").and_then(|rest| rest.split_once("]: audit head "));
        let (process, head) = head.unwrap_or_else(|| panic!("{said}"));
        assert_eq!(Some(process.parse().expect("a number")), server.pid(), "{said}");
        assert_eq!(head.split(' ').nth(1).map(str::len), Some(64), "{said}");
        if head == newest() {
            break;
        }
    }
}

#[test]
fn whoever_follows_hears_of_what_happens() {
    use std::io::BufRead;
    let server = start(&[]);
    server.add_user("fay", "fay@audit.example", "secret");
    let mut command = server.command(&["audit", "show", "--follow", "--json", "--since", "1h"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("aox runs");
    let lines = std::io::BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.expect("a line")).expect("JSON"));
    let mut seen = std::collections::HashSet::new();
    let mut hears = |what: &str, is_meant: &dyn Fn(&Value) -> bool| {
        let mut is_new = |event: &Value| seen.insert((event["kind"] == "login", event["id"].as_i64()));
        let found = events.find(|event| {
            assert!(is_new(event), "{event} came twice");
            is_meant(event)
        });
        assert!(found.is_some(), "{what} is not heard of");
    };
    hears("what was before", &|event| event["detail"]["command"] == "add-user");
    server.deliver("fay@audit.example", b"Subject: x\r\n\r\nx\r\n");
    hears("a delivery", &|event| event["kind"] == "delivery");
    drop(server.imap("fay", "secret"));
    hears("a login", &|event| event["kind"] == "login" && event["account"] == "fay");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    // To look on is recorded, once.
    let looks = events_of_command(&server, "audit-show");
    assert_eq!(looks.iter().filter(|event| event["detail"]["since"] == "1h").count(), 1, "{looks:?}");
    assert!(looks.iter().all(|event| event["detail"]["is_repeated"] != true), "{looks:?}");
}

fn events_of_command(server: &Server, name: &str) -> Vec<Value> {
    let commands = events(server, &["--kind", "command"]);
    commands.into_iter().filter(|event| event["detail"]["command"] == name).collect()
}

#[test]
fn the_server_can_only_add_to_the_record() {
    let server = start(&[]);
    server.add_user("dana", "dana@audit.example", "secret");
    sealed(&server);
    for (statement, allowed) in [
        ("update aox.audit set client = 'x'", false),
        ("update aox.audit set seal = 1", false),
        ("delete from aox.audit", false),
        ("truncate aox.audit", false),
        ("insert into aox.audit (kind, door, detail, seal) values ('command', 'aox', '{}', 1)", false),
        (
            "insert into aox.audit (at, kind, door, detail) values (now() - interval '1 day', 'command', 'aox', '{}')",
            false,
        ),
        (
            "insert into aox.logins (at, login, door, address, mechanism, tls, outcome, seal)
          values (now(), 'x', 'imap', '::1', 'PLAIN', false, 'in', 1)",
            false,
        ),
        ("update aox.logins set outcome = 'in'", false),
        ("insert into aox.audit_seals values (99, 'audit', 1, now(), '', now(), '')", false),
        ("delete from aox.audit_seals", false),
        ("insert into aox.audit (kind, door, detail) values ('command', 'aox', '{}')", true),
        ("select aox.seal_audit('audit', 10)", true),
    ] {
        let output = server.psql("aox_server", statement);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), allowed, "{statement}: {complaint}");
        assert!(
            allowed || complaint.contains("permission denied") || complaint.contains("non-DEFAULT"),
            "{complaint}"
        );
    }
    // Mail cannot be deleted without a trace, whoever asks the function for it.
    server.deliver("dana@audit.example", b"Subject: x\r\n\r\nx\r\n");
    let output = server.psql(
        "aox_server",
        "select count(*) from aox.accounts a join aox.mailboxes b on b.account = a.id and b.name = 'INBOX',
            aox.expunge(a.id, b.id, null, false, null, 'sql', null, 'a stolen password') where a.login = 'dana'",
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let deletions = events(&server, &["--kind", "deletion"]);
    assert_eq!((&deletions[0]["account"], &deletions[0]["uids"]), (&"dana".into(), &"1".into()));
    assert_eq!(deletions[0]["detail"]["reason"], "a stolen password");
}

#[test]
fn a_message_tells_how_it_came_and_where_it_went() {
    let server = start(&[]);
    server.add_user("emil", "emil@audit.example", "secret");
    server
        .deliver("emil@audit.example", b"Message-ID: <once@audit.example>\r\nSubject: for emil\r\n\r\nx\r\n");
    let told = json(&server, &["why", "/users/emil/INBOX", "1"]);
    assert_eq!((&told["login"], &told["subject"]), (&"emil".into(), &"for emil".into()));
    let arrival = &told["arrival"];
    assert_eq!((&arrival["kind"], &arrival["client"]), (&"delivery".into(), &"127.0.0.1".into()));
    assert_eq!(
        (&arrival["sender"], &arrival["recipient"]),
        (&"sender@example.net".into(), &"emil@audit.example".into())
    );
    assert!(arrival["event"].is_i64(), "{told}");
    assert_eq!(
        (&told["mailboxes"][0]["mailbox"], &told["mailboxes"][0]["uid"]),
        (&"/users/emil/INBOX".into(), &1.into())
    );

    let mut imap = server.imap("emil", "secret");
    imap.ok("SELECT INBOX").expect("it is his");
    imap.ok("COPY 1 Archive").expect("he may");
    imap.ok("STORE 1 +FLAGS.SILENT (\\Deleted)").expect("he may");
    imap.ok("EXPUNGE").expect("he may");
    let by_id = json(&server, &["why", &told["message"].to_string()]);
    let gone = &by_id["deletions"][0];
    assert_eq!(
        (&gone["mailbox"], &gone["by"], &gone["door"]),
        (&"/users/emil/INBOX".into(), &"emil".into(), &"imap".into())
    );
    assert_eq!((&gone["client"], &gone["uid"]), (&"127.0.0.1".into(), &1.into()));
    // What is named by its old place is found; its copy is another message or the same one in another mailbox.
    assert_eq!(json(&server, &["why", "/users/emil/INBOX", "1"])["message"], told["message"]);
    let said = server.aox_ok(&["why", "<once@audit.example>"]);
    for words in
        ["\"for emil\"", "<sender@example.net> sent it", "/users/emil/Archive", "emil took it out of"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }

    imap.append("INBOX", b"Subject: by himself\r\n\r\nx\r\n").expect("it is taken");
    let appended = server.aox_ok(&["why", "emil", "2"]);
    assert!(appended.contains("emil put it there"), "{appended}");
    assert!(said.contains("It can be taken back until "), "{said}");
    server.aox_ok(&["undelete", "/users/emil/INBOX", "subject", "emil"]);
    let back = json(&server, &["why", "/users/emil/INBOX", "1"]);
    assert!(back["deletions"][0]["restored_at"].is_string() && back["message"] == told["message"], "{back}");
    let returns = events(&server, &["--kind", "undelete"]);
    let noted = returns.iter().find(|event| !event["uids"].is_null()).expect("what came back is recorded");
    assert_eq!(
        (&noted["account"], &noted["uids"], &noted["door"]),
        (&"emil".into(), &"1".into(), &"aox".into())
    );
    // A vacuum is another test's matter; whoever removes tombstones is recorded.
    imap.ok("SELECT Archive").expect("it is his");
    imap.ok("STORE 1 +FLAGS.SILENT (\\Deleted)").expect("he may");
    imap.ok("EXPUNGE").expect("he may");
    server.superuser_sql("delete from aox.tombstones");
    let endings = events(&server, &["--kind", "ending"]);
    assert_eq!((&endings[0]["mailbox"], &endings[0]["uids"]), (&"Archive".into(), &"1".into()));
    assert_eq!(endings.len(), 1, "what was taken back has not ended");
    what_is_not_there_is_refused(&server);
}

fn what_is_not_there_is_refused(server: &Server) {
    for (wrong, status) in [
        (&["why", "99999999"][..], 1),
        (&["why", "/users/emil/INBOX", "77"], 1),
        (&["why", "nobody@nowhere.example"], 1),
        (&["why", "/users/emil/INBOX"], 2),
        (&["why"], 2),
    ] {
        assert_eq!(server.aox(wrong).status.code(), Some(status), "{wrong:?}");
    }
}

//! The administrator's commands, against the real server: what they print, what they refuse, and how they exit.

use crate::support::Server;

fn code(output: &std::process::Output) -> Option<i32> {
    output.status.code()
}

fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(server: &Server, arguments: &[&str]) -> serde_json::Value {
    let printed = server.aox_ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&printed).expect("--json prints JSON")
}

#[test]
fn users_come_change_and_go() {
    let server = Server::shared();
    server.add_user("Ulla", "ulla@admin.example", "first");
    let again =
        server.aox_with_input(&["add", "user", "ulla", "u2@admin.example", "--password-stdin"], "x\n");
    assert_eq!(code(&again), Some(1), "{}", said(&again));
    let taken =
        server.aox_with_input(&["add", "user", "ulf", "ULLA@Admin.Example", "--password-stdin"], "x\n");
    assert_eq!(code(&taken), Some(1), "{}", said(&taken));
    assert!(said(&taken).contains("/users/Ulla/INBOX"), "{}", said(&taken));

    let users = json(&server, &["list", "users"]);
    let ulla = users.as_array().and_then(|all| all.iter().find(|user| user["login"] == "Ulla"));
    assert_eq!(ulla.expect("she is listed")["addresses"][0], "ulla@admin.example");
    assert!(server.aox_ok(&["list", "users"]).contains("ulla@admin.example"));
    let mailboxes = json(&server, &["list", "mailboxes", "ulla"]);
    let names: Vec<_> = mailboxes.as_array().expect("a list").iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);

    drop(server.imap("ulla", "first"));
    let changed = server.aox_with_input(&["change", "password", "ulla", "--password-stdin"], "second\n");
    assert_eq!(code(&changed), Some(0), "{}", said(&changed));
    assert!(
        crate::support::Imap::login(server.imap_address(), "ulla", "first").is_err(),
        "the old one still works"
    );
    drop(server.imap("ulla", "second"));

    server.deliver("ulla@admin.example", b"Subject: x\r\n\r\nx\r\n");
    assert!(server.aox_ok(&["delete", "user", "ulla"]).contains("1 message"));
    assert!(
        crate::support::Imap::login(server.imap_address(), "ulla", "second").is_err(),
        "she still comes in"
    );
    assert_eq!(code(&server.aox(&["delete", "user", "ulla"])), Some(1));
    assert_eq!(code(&server.aox(&["list", "mailboxes", "ulla"])), Some(1));
    // The login is free again, and its mailboxes are new.
    server.add_user("ulla", "ulla@admin.example", "third");
    drop(server.imap("ulla", "third"));
}

#[test]
fn aliases_lead_mail_to_mailboxes() {
    let server = Server::shared();
    server.add_user("alma", "alma@admin.example", "secret");
    server.aox_ok(&["add", "alias", "info@admin.example", "/users/alma/Archive"]);
    assert_eq!(code(&server.aox(&["add", "alias", "INFO@admin.example", "/users/alma/none"])), Some(1));
    assert_eq!(code(&server.aox(&["add", "alias", "info@admin.example", "/users/alma/Archive"])), Some(1));
    assert!(server.aox_ok(&["list", "aliases"]).contains("/users/alma/Archive"));

    server.deliver("info@admin.example", b"Subject: x\r\n\r\nx\r\n");
    let mailboxes = json(&server, &["list", "mailboxes", "alma"]);
    let archive = mailboxes.as_array().and_then(|all| all.iter().find(|one| one["name"] == "Archive"));
    assert_eq!(archive.expect("it is listed")["messages"], 1);

    server.aox_ok(&["delete", "alias", "Info@admin.example"]);
    assert_eq!(code(&server.aox(&["delete", "alias", "info@admin.example"])), Some(1));
}

#[test]
fn wrong_use_and_refusals_are_told_apart() {
    let server = Server::shared();
    for wrong in
        [&["dance"][..], &["add"], &["add", "user", "x"], &["list", "nothing"], &["status", "--loud"]]
    {
        let output = server.aox(wrong);
        assert_eq!(code(&output), Some(2), "{wrong:?}: {}", said(&output));
    }
    for refused in [&["delete", "user", "nobody"][..], &["delete", "alias", "no@where.example"]] {
        let output = server.aox(refused);
        assert_eq!(code(&output), Some(1), "{refused:?}: {}", said(&output));
    }
    for (login, address) in [("a b", "ok@admin.example"), ("ok", "no-address"), ("a/b", "ok@admin.example")] {
        let output = server.aox_with_input(&["add", "user", login, address, "--password-stdin"], "x\n");
        assert_eq!(code(&output), Some(1), "{login} {address}: {}", said(&output));
    }
    let empty = server.aox_with_input(&["add", "user", "ok", "ok@admin.example", "--password-stdin"], "\n");
    assert_eq!(code(&empty), Some(1), "{}", said(&empty));
    assert!(said(&server.aox(&["--help"])).contains("aox"));
}

#[test]
fn status_tells_what_is_there() {
    let server = Server::shared();
    let status = json(&server, &["status"]);
    assert_eq!(status["ready"], true);
    assert_eq!(status["private_database"], true);
    let doors = status["doors"].as_array().expect("a list");
    for (name, address) in [("imap", server.imap_address()), ("lmtp", server.lmtp_address())] {
        let door = doors.iter().find(|door| door["name"] == name).expect("the door is open");
        assert_eq!(door["addresses"][0], address.to_string());
    }
}

#[test]
fn passwords_do_not_appear_in_the_log() {
    let server = Server::shared();
    server.add_user("vera", "vera@admin.example", "s3cr3t-of-vera");
    drop(server.imap("vera", "s3cr3t-of-vera"));
    assert!(crate::support::Imap::login(server.imap_address(), "vera", "wr0ng-of-vera").is_err());
    let log = server.log();
    assert!(!log.contains("s3cr3t-of-vera") && !log.contains("wr0ng-of-vera"), "{log}");
}

#[test]
fn the_checked_messages_are_all_exact() {
    let server = Server::shared();
    server.add_user("cora", "cora@admin.example", "secret");
    server.deliver("cora@admin.example", b"Subject: one\r\n\r\nbody\r\n");
    let report = json(&server, &["check", "messages"]);
    assert!(report["checked"].as_i64().is_some_and(|count| count >= 1), "{report}");
    assert_eq!(report["damaged"].as_array().map(Vec::len), Some(0), "{report}");
}

#[test]
fn quotas_are_set_shown_and_taken_back() {
    let server = Server::start();
    server.aox_ok(&["add", "domain", "quota.example"]);
    server.add_user("quentin", "quentin@quota.example", "secret");
    server.aox_ok(&["add", "group", "thrifty", "quentin"]);
    server.deliver("quentin@quota.example", b"Subject: x\r\n\r\nx\r\n");

    let set = json(&server, &["set", "quota", "user", "quentin", "--storage", "2 MB", "--messages", "4"]);
    assert_eq!((&set["quota"], &set["limits"]["octets"]), (&"user/quentin".into(), &2_000_000.into()));
    assert!(server.aox_ok(&["set", "quota", "group", "thrifty", "--messages", "2"]).contains("2 messages"));
    server.aox_ok(&["set", "quota", "domain", "QUOTA.example", "--mailboxes", "100"]);
    let shown = json(&server, &["show", "quota", "Quentin"]);
    let roots: Vec<_> = shown.as_array().expect("a list").iter().map(|one| one["quota"].clone()).collect();
    assert_eq!(roots, ["user/quentin", "group/thrifty", "domain/quota.example"]);
    assert_eq!((&shown[0]["percent"], &shown[1]["percent"]), (&25.into(), &50.into()));
    assert_eq!((&shown[1]["usage"]["messages"], &shown[2]["usage"]["mailboxes"]), (&1.into(), &6.into()));
    assert!(server.aox_ok(&["show", "quota", "quentin"]).contains("1 of 4"));

    // Who leaves the group takes along what is counted; who comes back brings it.
    server.aox_ok(&["delete", "member", "thrifty", "quentin"]);
    let listed = |root: &str| {
        let all = json(&server, &["list", "quotas"]);
        let found = all.as_array().and_then(|all| all.iter().find(|one| one["quota"] == root)).cloned();
        found.expect("it is listed")
    };
    assert_eq!(listed("group/thrifty")["usage"]["messages"], 0);
    server.aox_ok(&["add", "member", "thrifty", "quentin"]);
    assert_eq!(listed("group/thrifty")["usage"]["messages"], 1);
    let checked = json(&server, &["check", "quota"]);
    assert_eq!((&checked["wrong"], &checked["repaired"]), (&serde_json::json!([]), &false.into()));
    server.aox_ok(&["check", "quota", "--repair"]);

    server.aox_ok(&["set", "quota", "default", "--storage", "1GB"]);
    assert!(server.aox_ok(&["delete", "quota", "user", "quentin"]).contains("default"));
    assert_eq!(json(&server, &["show", "quota", "quentin"])[0]["limits"]["octets"], 1_000_000_000);
    server.aox_ok(&["delete", "group", "thrifty", "--yes"]);
    assert_eq!(json(&server, &["list", "quotas"]).as_array().map(Vec::len), Some(2));

    for (wrong, status) in [
        (&["set", "quota", "user", "nobody", "--storage", "1MB"][..], 1),
        (&["delete", "quota", "user", "quentin"], 1),
        (&["show", "quota", "nobody"], 1),
        (&["set", "quota", "user"], 2),
        (&["set", "quota", "host", "x"], 2),
        (&["set", "quota", "default", "x", "--storage", "1MB"], 2),
        (&["set", "quota", "default", "--storage", "much"], 2),
    ] {
        let output = server.aox(wrong);
        assert_eq!(code(&output), Some(status), "{wrong:?}: {}", said(&output));
    }
}

#[test]
fn settings_say_where_they_come_from() {
    let server = Server::shared();
    let changed = json(&server, &["show", "configuration", "--changed"]);
    let changed = changed.as_array().expect("a list");
    let imap =
        changed.iter().find(|one| one["setting"] == "imap.listen").expect("the tests choose the ports");
    assert_eq!(imap["from"], "AOX__IMAP__LISTEN");
    assert!(imap["value"].as_str().is_some_and(|value| value.contains(&server.imap_address().to_string())));
    assert!(!changed.iter().any(|one| one["setting"] == "login.keep_days"));
    let hostname = json(&server, &["show", "conf", "hostname"]);
    assert_eq!((&hostname[0]["from"], hostname.as_array().map(Vec::len)), (&"the system".into(), Some(1)));
    assert_eq!(code(&server.aox(&["show", "configuration", "imap.colour"])), Some(1));
}

#[test]
fn a_configuration_is_checked_without_a_server() {
    let server = Server::new_home(crate::support::Options::default());
    let good = server.aox(&["check", "configuration"]);
    assert_eq!(code(&good), Some(0), "{}", said(&good));
    let file = server.home().join("other.toml");
    let file_name = file.display().to_string();
    let check = |text: &str| {
        std::fs::write(&file, text).expect("the home can be written");
        let output = server.aox(&["check", "config", "--config", &file_name, "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
        (code(&output), report["mistakes"].to_string())
    };
    let (status, mistakes) = check("[imap]\ncolour = \"red\"\n[log]\nformat = \"loud\"\n");
    assert_eq!(status, Some(1));
    assert!(mistakes.contains("line 2") && mistakes.contains("line 4"), "{mistakes}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address");
    let (status, mistakes) = check(&format!(
        "[tls]\ncertificates = [\"/nonexistent.pem\"]\n[lmtp]\nlisten = [\"{address}\"]\n[database]\nurl = \"\"\n"
    ));
    // The ports of this home are given in the environment, which wins; so the certificate is what is wrong.
    assert_eq!(status, Some(1));
    assert!(mistakes.contains("/nonexistent.pem") && !mistakes.contains(&address.to_string()), "{mistakes}");
    let occupied = std::net::TcpListener::bind(server.imap_address()).expect("the port is free");
    let (status, mistakes) = check("");
    assert_eq!(status, Some(1));
    assert!(
        mistakes.contains(&format!("imap.listen: cannot listen on {}", server.imap_address())),
        "{mistakes}"
    );
    drop(occupied);
    assert_eq!(check(""), (Some(0), "[]".to_owned()));
}

#[test]
fn who_is_connected_is_shown_and_can_be_sent_away() {
    let server = Server::start();
    server.add_user("cleo", "cleo@admin.example", "secret");
    let mut imap = server.imap("cleo", "secret");
    imap.ok("SELECT INBOX").expect("INBOX can be opened");
    let pop3 = server.pop3("cleo", "secret");
    let mut lmtp = server.lmtp();

    let all = json(&server, &["show", "connections"]);
    let of = |door: &str| {
        let found = all.as_array().and_then(|all| all.iter().find(|one| one["door"] == door)).cloned();
        found.unwrap_or_else(|| panic!("no connection to {door}: {all}"))
    };
    assert_eq!((&of("imap")["user"], &of("imap")["mailbox"]), (&"cleo".into(), &"INBOX".into()));
    assert_eq!((&of("pop3")["user"], &of("lmtp")["user"]), (&"cleo".into(), &serde_json::Value::Null));
    assert_eq!(of("imap")["tls"], false);
    assert!(server.aox_ok(&["show", "connections", "--user", "CLEO"]).contains("INBOX"));

    let number = of("lmtp")["number"].to_string();
    server.aox_ok(&["disconnect", &number, "--reason", "see you tomorrow"]);
    let farewell = lmtp.read_line().expect("LMTP says goodbye");
    assert_eq!(farewell, "421 4.3.2 see you tomorrow");
    let sent = json(&server, &["disconnect", "cleo"]);
    assert_eq!(sent["disconnected"].as_array().map(Vec::len), Some(2));
    let bye = imap.read().expect("IMAP says goodbye").text();
    assert!(bye.starts_with("* BYE an administrator"), "{bye}");
    drop((imap, pop3));
    assert_eq!(code(&server.aox(&["disconnect", "cleo"])), Some(1));
    assert_eq!(code(&server.aox(&["disconnect"])), Some(2));
    drop(server.imap("cleo", "secret"));
}

#[test]
fn counts_queue_and_schema_are_shown() {
    let server = Server::shared();
    server.add_user("conny", "conny@admin.example", "secret");
    let exact = json(&server, &["show", "counts", "--exact"]);
    assert!(exact["counts"]["users"]["count"].as_i64().is_some_and(|count| count >= 1), "{exact}");
    assert!(exact["counts"]["mailboxes"]["count"].as_i64().is_some_and(|count| count >= 6), "{exact}");
    assert_eq!(json(&server, &["show", "counts"])["exact"], false);
    assert!(server.aox_ok(&["show", "counts"]).contains("deleted messages"));
    let queue = json(&server, &["show", "queue"]);
    assert!(
        queue["deliveries"].is_u64() && queue["password_checks"].is_u64() && queue["to_be_indexed"].is_u64(),
        "{queue}"
    );
    let schema = json(&server, &["show", "schema"]);
    assert_eq!(
        schema["applied"].as_array().map(Vec::len),
        schema["revision"].as_u64().map(|last| last as usize + 1)
    );
    assert_eq!(json(&server, &["show", "status"])["ready"], true);
}

#[test]
fn a_database_that_does_not_fit_together_is_told() {
    let server = Server::start();
    server.add_user("dora", "dora@admin.example", "secret");
    server.deliver("dora@admin.example", b"Subject: x\r\n\r\nx\r\n");
    let sound = json(&server, &["check", "database"]);
    assert_eq!(sound["findings"], serde_json::json!([]), "{sound}");
    assert!(sound["mailboxes"].as_i64().is_some_and(|count| count >= 6) && sound["amcheck"] == false);

    server.superuser_sql(
        "update aox.mailboxes set unseen = 7 where name = 'INBOX'; grant delete on aox.tombstones to aox_server;
         create extension amcheck; grant execute on function bt_index_check(regclass) to aox_server;
         set session_replication_role = replica; delete from aox.mailboxes where name = 'Drafts';
         insert into aox.mailbox_messages select account, 999, uid, message, modseq, 0, null, internal_date, 0, octets, saved_at
            from aox.mailbox_messages;",
    );
    let output = server.aox(&["check", "database", "--json"]);
    assert_eq!(code(&output), Some(1));
    let report = said(&output);
    for wrong in ["counts 7 unseen messages and has 1", "may delete there", "a mailbox that does not exist"] {
        assert!(report.contains(wrong), "{wrong}: {report}");
    }
    assert!(report.contains("\"amcheck\":true") && !report.contains("index aox"), "{report}");
}

#[test]
fn a_command_whose_client_has_gone_stops_at_the_next_step() {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixStream;

    let server = Server::start();
    server.add_user("ilse", "ilse@admin.example", "secret");
    let mut lmtp = server.lmtp();
    for number in 0..450 {
        let message = format!("Subject: {number}\r\n\r\nx\r\n");
        let replies =
            lmtp.deliver("a@example.net", &["ilse@admin.example"], message.as_bytes()).expect("LMTP answers");
        replies[0].expect(250).expect("the message is accepted");
    }
    let ask = || {
        let mut socket = UnixStream::connect(server.home().join("aox.sock")).expect("the server listens");
        socket.write_all(b"{\"version\":1,\"command\":\"check-messages\"}\n").expect("it can be asked");
        socket
    };
    // Who has only said all it has to say is still there.
    let waiting = ask();
    waiting.shutdown(std::net::Shutdown::Write).expect("half of it can be closed");
    let last = BufReader::new(waiting).lines().last().expect("there are lines").expect("they can be read");
    assert!(last.starts_with("{\"done\""), "{last}");
    assert!(!server.log().contains("interrupted"));

    let mut gone = BufReader::new(ask());
    let mut first = String::new();
    gone.read_line(&mut first).expect("it says how far it has come");
    assert!(first.starts_with("{\"progress\""), "{first}");
    drop(gone);
    crate::support::eventually("the command is interrupted", || {
        server.log().contains("interrupted command=\"check messages\"")
    });
    assert_eq!(server.log().matches("done command=\"check messages\"").count(), 1, "{}", server.log());
}

#[test]
fn the_command_line_explains_itself() {
    let server = Server::new_home(crate::support::Options::default());
    let listed = server.aox_ok(&["help"]);
    assert!(listed.contains("aox disconnect") && listed.contains("aox check database"), "{listed}");
    assert!(server.aox_ok(&["help", "add", "user"]).contains("--password-stdin"));
    assert_eq!(code(&server.aox(&["help", "dance"])), Some(2));
    assert!(server.aox_ok(&["completions", "bash"]).contains("_aox"));
    let folder = server.home().join("man");
    server.aox_ok(&["manual", "--into", &folder.display().to_string()]);
    assert!(folder.join("aox-show-configuration.1").exists());
}

#[test]
fn a_message_can_be_sent_along_with_a_report() {
    let server = Server::new_home(crate::support::Options::default());
    let message = "Subject: secret plans\nDate: Mon, 23 Nov 2026 14:05:06 +0100\n\nMeet me at noon.\n";
    let covered = server.aox_with_input(&["anonymise", "-"], message);
    let text = String::from_utf8_lossy(&covered.stdout).into_owned();
    assert_eq!((code(&covered), text.len()), (Some(0), message.len()), "{}", said(&covered));
    assert!(
        text.contains("\nDate: Mon, 23 Nov 2026 14:05:06 +0100\n") && text.starts_with("Subject: "),
        "{text}"
    );
    assert!(!text.contains("secret") && !text.contains("noon") && !text.contains('\r'), "{text}");
    assert_eq!(code(&server.aox(&["anonymise", "/nonexistent"])), Some(1));
}

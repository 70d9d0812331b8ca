//! `aox import` and `aox export`: mail goes from files into mailboxes and back, with all that belongs to it, and an import
//! that is killed anywhere goes on where it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::support::imap::Response;
use crate::support::{Imap, Server};
use serde_json::Value;

/// An empty folder for one test, within the server's home.
fn folder(server: &Server, name: &str) -> PathBuf {
    let folder = server.home().join(format!("files-{name}"));
    fs::create_dir_all(&folder).expect("the home can be written");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths are ASCII here")
}

fn json(server: &Server, arguments: &[&str]) -> serde_json::Value {
    let said = server.aox_ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&said).expect("--json prints JSON")
}

/// All messages of a mailbox by their uids: flags, internal date, and octets.
fn content(imap: &mut Imap, mailbox: &str) -> Vec<(u32, String, String, Vec<u8>)> {
    imap.ok(&format!("EXAMINE \"{mailbox}\"")).expect("EXAMINE");
    let fetched = imap.ok("UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])").expect("FETCH");
    let between = |response: &Response, before: &str, behind: &str| {
        let text = response.text();
        let rest = text.split_once(before).expect(before).1.to_owned();
        rest.split_once(behind).expect(behind).0.to_owned()
    };
    fetched
        .iter()
        .filter(|response| response.text().contains(" FETCH "))
        .map(|response| {
            let uid = between(response, "UID ", " ").parse().expect("a uid");
            let flags = between(response, "FLAGS (", ")").replace(" \\Recent", "").replace("\\Recent", "");
            let date = between(response, "INTERNALDATE \"", "\"");
            (uid, flags, date, response.literal().expect("a literal").to_vec())
        })
        .collect()
}

/// A Maildir as Dovecot has it: an INBOX, a folder below a folder, keywords, uids.
fn make_maildir(root: &Path) {
    for part in ["cur", "new", "tmp", ".Archive.Entw&APw-rfe/cur", ".Archive.Entw&APw-rfe/new"] {
        fs::create_dir_all(root.join(part)).expect("a folder");
    }
    let write = |name: &str, text: &str, seconds: u64| {
        fs::write(root.join(name), text).expect("a file");
        let file = fs::File::options().append(true).open(root.join(name)).expect("a file");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).expect("its time can be set");
    };
    write("cur/1.one.host,S=30:2,FSa", "Subject: one\n\nunix lines\n", 1_000_000_000);
    write("cur/2.two.host:2,DRT", "Subject: two\r\n\r\nmail lines\r\n", 1_000_000_060);
    write("new/3.three.host", "no header at all \u{0}", 1_000_000_120);
    write("tmp/4.four.host", "Subject: not whole", 0);
    write(".Archive.Entw&APw-rfe/cur/5.five.host:2,SP", "Subject: five\n\n5\n", 1_000_000_180);
    write("dovecot-keywords", "0 $Work\n", 0);
    write(
        "dovecot-uidlist",
        "3 V1275660208 N25022\n7 :1.one.host,S=30\n20 W3 :2.two.host\n21 :3.three.host\n",
        0,
    );
}

#[test]
fn a_maildir_comes_in_with_all_that_belongs_to_it() {
    let server = Server::shared();
    server.add_user("mara", "mara@example.org", PASSWORD);
    let root = folder(&server, "maildir");
    make_maildir(&root);
    let told = json(&server, &["import", "maildir", text(&root), "mara", "--keep-uids"]);
    assert_eq!((&told["imported"], &told["known"]), (&4.into(), &0.into()), "{told}");
    let mut imap = server.imap("mara", PASSWORD);
    let opened = imap.ok("SELECT INBOX").expect("SELECT");
    assert!(opened.iter().any(|line| line.text().contains("[UIDVALIDITY 1275660208]")));
    let inbox = content(&mut imap, "INBOX");
    let told: Vec<(u32, &str)> = inbox.iter().map(|(uid, flags, ..)| (*uid, flags.as_str())).collect();
    assert_eq!(told, [(7, "\\Flagged \\Seen $Work"), (20, "\\Answered \\Deleted \\Draft"), (21, "")]);
    assert_eq!(inbox[0].2, " 9-Sep-2001 01:46:40 +0000");
    assert_eq!(inbox[0].3, b"Subject: one\r\n\r\nunix lines\r\n");
    assert_eq!(inbox[1].3, b"Subject: two\r\n\r\nmail lines\r\n");
    let below = content(&mut imap, "Archive/Entw&APw-rfe");
    assert_eq!(below[0].1, "\\Seen $Forwarded");
    // Mail goes on into the INBOX behind what was imported.
    server.deliver("mara@example.org", b"Subject: new\r\n\r\nx\r\n");
    let status = imap.ok("STATUS INBOX (UIDNEXT MESSAGES)").expect("STATUS");
    assert!(status[0].text().contains("UIDNEXT 23"), "{}", status[0].text());
    // Once more: what is new comes, whatever the flags of the rest have become, and the uids go on.
    fs::rename(root.join("cur/1.one.host,S=30:2,FSa"), root.join("cur/1.one.host,S=30:2,")).expect("rename");
    fs::write(root.join("new/6.six.host"), "Subject: six\n\n6\n").expect("a file");
    let told = json(&server, &["import", "maildir", text(&root), "mara"]);
    assert_eq!((&told["imported"], &told["known"]), (&1.into(), &4.into()), "{told}");
    // Uids cannot be kept where there were others.
    server.add_user("mira", "mira@example.org", PASSWORD);
    server.deliver("mira@example.org", b"Subject: new\r\n\r\nx\r\n");
    let refused = server.aox(&["import", "maildir", text(&root), "mira", "--keep-uids"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("uids cannot be kept"), "{refused:?}");
}

#[test]
fn mail_goes_out_and_comes_back_the_same() {
    let server = Server::shared();
    for login in ["olga", "olaf", "otto"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    let mut imap = server.imap("olga", PASSWORD);
    for (mailbox, flags, mail) in [
        ("INBOX", "(\\Seen $Work)", &b"Subject: a\r\n\r\nFrom here\r\n>From there\r\n"[..]),
        ("INBOX", "(\\Deleted \\Flagged)", b"X-UID: 9\r\nSubject: b\r\n\r\nb\rb\r\n"),
        (
            "a/b.c",
            "(\\Answered)",
            b"Status: odd\r\nSubject: c\r\n\r\nd\r\n\r\nFrom x Thu Jan  1 00:00:00 1970\r\n\r\n",
        ),
    ] {
        let _ = imap.command(&format!("CREATE {mailbox}")).expect("an answer");
        let place = format!("{mailbox} {flags} \"17-Jul-1996 02:44:25 +0000\"");
        assert!(imap.append(&place, mail).expect("APPEND").result.starts_with("OK"));
    }
    let before = ["INBOX", "a/b.c"].map(|mailbox| content(&mut imap, mailbox));
    for (format, login) in [("maildir", "olaf"), ("mbox", "otto")] {
        let path = folder(&server, login).join("out");
        let told = json(&server, &["export", format, "olga", text(&path)]);
        assert_eq!(told["exported"], 3, "{told}");
        let again = server.aox(&["export", format, "olga", text(&path)]);
        assert_eq!(again.status.code(), Some(1), "nothing is written over: {again:?}");
        json(&server, &["import", format, text(&path), login, "--keep-uids"]);
        let mut imap = server.imap(login, PASSWORD);
        let after = ["INBOX", "a/b.c"].map(|mailbox| content(&mut imap, mailbox));
        assert_eq!(after, before, "{format}");
    }
    // One file for each message has the octets themselves; a search chooses.
    let path = folder(&server, "eml").join("out");
    let told = json(&server, &["export", "eml", "/users/olga/INBOX", text(&path), "subject", "b"]);
    assert_eq!(told["exported"], 1, "{told}");
    assert_eq!(fs::read(path.join("0000000002.eml")).expect("a file"), before[0][1].3);
    // What was deleted can be exported as long as it is there.
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.ok("EXPUNGE").expect("EXPUNGE");
    let path = folder(&server, "gone").join("out");
    let told = json(&server, &["export", "mbox", "olga", text(&path), "--deleted"]);
    assert_eq!(told["exported"], 1, "{told}");
    let written = fs::read_to_string(path.join("INBOX.mbox")).expect("a file");
    assert!(written.contains("Subject: b"), "{written}");
}

#[test]
fn a_hold_is_exported_with_what_was_deleted_and_a_manifest() {
    let server = Server::shared();
    for login in ["hera", "hans"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
        let mut imap = server.imap(login, PASSWORD);
        imap.append("INBOX (\\Seen)", b"Subject: kept, \"quoted\"\r\n\r\n1\r\n").expect("APPEND");
        imap.append("INBOX (\\Deleted)", b"Subject: gone\r\n\r\n2\r\n").expect("APPEND");
        imap.ok("SELECT INBOX").expect("SELECT");
        imap.ok("EXPUNGE").expect("EXPUNGE");
    }
    server.aox_ok(&["add", "hold", "case17", "--user", "hera"]);
    let path = folder(&server, "hold").join("case17");
    let told = json(&server, &["export", "hold", "case17", text(&path)]);
    assert_eq!(told["exported"], 2, "{told}");
    let manifest = fs::read_to_string(path.join("manifest.csv")).expect("a manifest");
    let lines: Vec<&str> = manifest.lines().collect();
    assert_eq!(lines.len(), 3, "{manifest}");
    assert!(lines[0].starts_with("file,sha256,octets,login,mailbox,"), "{manifest}");
    assert!(lines[1].contains(",hera,INBOX,") && lines[1].ends_with(",present"), "{manifest}");
    assert!(lines[2].contains(",hera,imap,127.0.0.1,") && lines[2].ends_with(",deleted"), "{manifest}");
    let mut sums = std::process::Command::new("sha256sum");
    sums.args(["--check", "--strict", "SHA256SUMS"]).current_dir(&path);
    let output = sums.output().expect("sha256sum runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
    let mbox = fs::read_to_string(path.join("messages.mbox")).expect("an mbox");
    assert!(mbox.contains("Subject: kept") && mbox.contains("Subject: gone"), "{mbox}");
    for (wrong, code) in
        [(["export", "hold", "case17", text(&path)], 1), (["export", "hold", "none", "/tmp/none"], 1)]
    {
        assert_eq!(server.aox(&wrong).status.code(), Some(code), "{wrong:?}");
    }
}

#[test]
fn an_export_of_a_hold_says_how_much_of_all_is_done() {
    use std::io::{Read, Write};

    let server = Server::shared();
    server.add_user("hilde", "hilde@example.org", PASSWORD);
    let mut imap = server.imap("hilde", PASSWORD);
    for number in 0..3 {
        let message = format!("Subject: {number}\r\n\r\nx\r\n");
        imap.append("INBOX", message.as_bytes()).expect("APPEND");
    }
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.ok("STORE 1 +FLAGS (\\Deleted)").expect("STORE");
    imap.ok("EXPUNGE").expect("EXPUNGE");
    server.aox_ok(&["add", "hold", "case18", "--user", "hilde"]);
    let shares = |after: &str| -> Vec<(i64, i64)> {
        let socket = server.home().join("aox.sock");
        let mut socket = std::os::unix::net::UnixStream::connect(socket).expect("the server listens");
        let request = format!("{{\"version\":1,\"command\":\"export-hold\",\"name\":\"case18\"{after}}}\n");
        socket.write_all(request.as_bytes()).expect("it can be asked");
        socket.shutdown(std::net::Shutdown::Write).expect("that is all");
        let mut said = Vec::new();
        socket.read_to_end(&mut said).expect("it answers");
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("{\"done\""), "{said}");
        let shares = said.lines().filter(|line| line.starts_with("{\"share\""));
        let number = |share: &Value, name: &str| share["share"][name].as_i64().expect("a number");
        let read = |line| serde_json::from_str::<Value>(line).expect("a line of JSON");
        shares.map(read).map(|share| (number(&share, "done"), number(&share, "total"))).collect()
    };
    let told = shares("");
    assert!(told.iter().all(|(_, total)| *total == 3) && told.is_sorted(), "{told:?}");
    assert_eq!(
        told.last().map(|(done, _)| *done),
        Some(2),
        "{told:?}: when the last one comes, two are done"
    );
    // Of what goes on, only the rest is counted.
    let account = server.superuser_sql("select id from aox.accounts where login = 'hilde'");
    let told =
        shares(&format!(",\"after\":{{\"deleted\":true,\"account\":{account},\"mailbox\":0,\"uid\":0}}"));
    assert!(!told.is_empty() && told.iter().all(|(_, total)| *total == 1), "{told:?}");
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let server = Server::start();
    server.add_user("karl", "karl@example.org", PASSWORD);
    let root = folder(&server, "killed");
    let file = root.join("box");
    let mail =
        |n: usize| format!("From a@b Thu Jan  1 00:00:10 1970\nSubject: {n}\n\n{}\n\n", "x".repeat(2000));
    fs::write(&file, (0..MESSAGES).map(mail).collect::<String>()).expect("a file");
    let arguments = ["import", "mbox", text(&file), "/users/karl/old"];
    // First the program that imports is killed, then the server below it, with its PostgreSQL's clients.
    for kill_server in [false, true] {
        let mut child = server.command(&arguments).spawn().expect("aox runs");
        let begin = Instant::now();
        let before = messages(&server);
        while messages(&server) < before + 200 && begin.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if kill_server {
            server.kill();
        } else {
            child.kill().expect("it runs");
        }
        let _ = child.wait();
        if kill_server {
            server.serve();
        }
        let there = messages(&server);
        assert!(there > 0 && there < MESSAGES as u64, "{there} are there");
    }
    let told = json(&server, &arguments);
    let sum = told["imported"].as_u64().expect("a number") + told["known"].as_u64().expect("a number");
    assert_eq!(sum, MESSAGES as u64);
    let mut imap = server.imap("karl", PASSWORD);
    imap.ok("EXAMINE old").expect("EXAMINE");
    let fetched = imap.ok("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])").expect("FETCH");
    let mut subjects: Vec<usize> = fetched
        .iter()
        .filter_map(|response| {
            let field = String::from_utf8_lossy(response.literal()?).into_owned();
            field.trim().strip_prefix("Subject: ")?.parse().ok()
        })
        .collect();
    subjects.sort_unstable();
    assert_eq!(subjects, (0..MESSAGES).collect::<Vec<_>>());
}

/// How many messages there are in Karl's mailbox; none as long as it is not there.
fn messages(server: &Server) -> u64 {
    let listed = json(server, &["list", "mailboxes", "karl"]);
    let mailboxes = listed.as_array().expect("a list");
    let old =
        mailboxes.iter().find(|mailbox| mailbox["name"].as_str().is_some_and(|name| name.ends_with("old")));
    old.and_then(|mailbox| mailbox["messages"].as_u64()).unwrap_or(0)
}

#[test]
fn what_cannot_be_imported_is_named() {
    let server = Server::shared();
    server.add_user("nora", "nora@example.org", PASSWORD);
    let root = folder(&server, "odd");
    fs::write(root.join("a.eml"), "").expect("a file");
    fs::write(root.join("b.eml"), "Subject: b\n\nb\n").expect("a file");
    let said = server.aox(&["import", "eml", text(&root), "nora"]);
    assert_eq!(said.status.code(), Some(1));
    let stdout = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(stdout.contains("1 message imported") && stdout.contains("a.eml is empty"), "{stdout}");
    for (wrong, code) in [
        (&["import", "eml", "/nowhere", "nora"][..], 1),
        (&["import", "eml", text(&root), "nobody-at-all"], 1),
        (&["import", "mbox", text(&root.join("b.eml")), "nora"], 1),
        (&["import", "zip", text(&root), "nora"], 2),
        (&["export", "mboxo", "nora", "/tmp/x"], 2),
        (&["export", "eml", "nobody-at-all", "/tmp/x"], 1),
    ] {
        assert_eq!(server.aox(wrong).status.code(), Some(code), "{wrong:?}");
    }
    // A quota is obeyed unless it is said otherwise.
    server.aox_ok(&["set", "quota", "user", "nora", "--messages", "1"]);
    let refused = server.aox(&["import", "eml", text(&root), "nora", "--again"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = server.aox(&["import", "eml", text(&root), "nora", "--again", "--over-quota"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("1 message imported"), "{said:?}");
}

const MESSAGES: usize = 3000;
const PASSWORD: &str = "secret";

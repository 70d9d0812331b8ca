//! Whatever happens leaves its line in the record: every login, delivery, deletion, return, change of rights and policies, and
//! every command of an administrator.

use crate::support::{Imap, Server, eventually};
use serde_json::Value;

/// What is done, of which kind its event is, and words that are in it.
type Step = (&'static str, fn(&Server), &'static str, &'static [&'static str]);

const STEPS: &[Step] = &[
    ("a login", |server| drop(imap(server)), "login", &["\"rita\"", "\"in\"", "imap"]),
    (
        "a login by POP3",
        |server| drop(server.pop3("rita", PASSWORD)),
        "login",
        &["\"rita\"", "\"in\"", "pop3"],
    ),
    ("a login that fails", fail, "login", &["\"rita\"", "\"failed\"", "127.0.0.1"]),
    (
        "a delivery",
        |server| server.deliver("rita@example.org", MAIL),
        "delivery",
        &["rita@example.org", "sender@example.net", "lmtp"],
    ),
    (
        "APPEND",
        |server| drop(imap(server).append("INBOX (\\Deleted)", MAIL)),
        "append",
        &["\"by\":\"rita\"", "imap"],
    ),
    (
        "EXPUNGE",
        |server| say(server, &["SELECT INBOX", "EXPUNGE"]),
        "deletion",
        &["\"by\":\"rita\"", "\"3\"", "expunge"],
    ),
    (
        "MOVE",
        |server| say(server, &["SELECT INBOX", "CREATE a", "MOVE 1 a"]),
        "deletion",
        &["\"by\":\"rita\"", "move"],
    ),
    (
        "CLOSE",
        |server| say(server, &["SELECT a", "STORE 1 +FLAGS (\\Deleted)", "CLOSE"]),
        "deletion",
        &["\"mailbox\":\"a\"", "close"],
    ),
    (
        "a user's return",
        |server| say(server, &["SELECT \"Deleted Messages/a\"", "MOVE 1 INBOX"]),
        "undelete",
        &["\"by\":\"rita\"", "imap"],
    ),
    ("POP3 DELE", pop3, "deletion", &["pop3", "dele"]),
    (
        "aox undelete",
        |server| aox(server, &["undelete", "rita", "all"]),
        "undelete",
        &["\"uids\":\"", "\"door\":\"aox\""],
    ),
    (
        "DELETE",
        |server| say(server, &["CREATE b", "SELECT INBOX", "COPY 1 b", "DELETE b"]),
        "deletion",
        &["\"mailbox\":\"b\"", "DELETE"],
    ),
    ("SETACL", |server| say(server, &["SETACL INBOX sid lr"]), "rights", &["insert", "\"by\":\"rita\""]),
    ("DELETEACL", |server| say(server, &["DELETEACL INBOX sid"]), "rights", &["delete", "\"by\":\"rita\""]),
    (
        "SETMETADATA",
        |server| say(server, &["SETMETADATA INBOX (/private/comment \"a secret\" /shared/comment NIL)"]),
        "metadata",
        &[
            "\"by\":\"rita\"",
            "\"mailbox\":\"INBOX\"",
            "\"set\":[\"/private/comment\"]",
            "\"removed\":[\"/shared/comment\"]",
        ],
    ),
    (
        "SETMETADATA of the server",
        |server| say(server, &["SETMETADATA \"\" (/private/vendor/x/y \"a secret\")"]),
        "metadata",
        &["\"by\":\"rita\"", "/private/vendor/x/y"],
    ),
    (
        "set rights",
        |server| aox(server, &["set", "rights", "/users/rita/INBOX", "sid", "lrs"]),
        "rights",
        &["insert", "\"door\":\"aox\""],
    ),
    (
        "retain",
        |server| aox(server, &["retain", "mail", "1", "/users/rita/INBOX", "--name", "short"]),
        "policy",
        &["insert", "retain"],
    ),
    (
        "delete mail",
        |server| aox(server, &["delete", "mail", "99", "/users/rita/INBOX", "--name", "long"]),
        "policy",
        &["insert", "delete"],
    ),
    (
        "a hold",
        |server| aox(server, &["add", "hold", "case", "--user", "rita"]),
        "policy",
        &["insert", "hold", "case"],
    ),
    (
        "its release",
        |server| aox(server, &["release", "hold", "case"]),
        "policy",
        &["update", "hold", "case"],
    ),
    ("a policy's end", |server| aox(server, &["remove", "policy", "short"]), "policy", &["update", "retain"]),
    (
        "a delete policy",
        |server| aox(server, &["set", "delete-policy", "user", "rita", "own-mailboxes"]),
        "policy",
        &["insert", "verdict"],
    ),
    (
        "its end",
        |server| aox(server, &["delete", "delete-policy", "user", "rita"]),
        "policy",
        &["update", "verdict"],
    ),
    (
        "an undelete time",
        |server| aox(server, &["set", "undelete-time", "--user", "rita", "30"]),
        "policy",
        &["insert", "30"],
    ),
    (
        "aox delete mailbox",
        |server| aox(server, &["delete", "mailbox", "/users/rita/Archive", "--yes"]),
        "command",
        &["delete-mailbox", "Archive"],
    ),
    (
        "aox delete user",
        |server| aox(server, &["delete", "user", "rita", "--yes"]),
        "deletion",
        &["delete user", "\"account\":\"rita\""],
    ),
    (
        "aox undelete user",
        |server| aox(server, &["undelete", "user", "rita"]),
        "undelete",
        &["undelete-user", "rita"],
    ),
];

/// Commands that change nothing, or are refused, leave a line as well; some programs ask some again and again.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["list", "users"], "list-users"),
    (&["list", "mailboxes"], "list-mailboxes"),
    (&["search", "rita", "all"], "search"),
    (&["why", "1"], "why"),
    (&["show", "user", "rita"], "show-user"),
    (&["show", "configuration"], "show-configuration"),
    (&["show", "vacuum"], "show-vacuum"),
    (&["audit", "show"], "audit-show"),
    (&["audit", "verify"], "audit-verify"),
    (&["check", "database"], "check-database"),
    (&["check", "messages"], "check-messages"),
    (&["add", "group", "staff", "rita"], "add-group"),
    (&["add", "group", "staff", "rita"], "add-group"),
    (&["add", "alias", "r@example.org", "rita"], "add-alias"),
    (&["add", "domain", "example.org"], "add-domain"),
    (&["set", "quota", "user", "rita", "--messages", "1000"], "set-quota"),
    (&["change", "user", "rita", "--name", "Rita"], "change-user"),
    (&["disable", "user", "rita"], "disable-user"),
    (&["enable", "user", "rita"], "enable-user"),
    (&["rename", "user", "rita", "margarita"], "rename-user"),
    (&["disconnect", "nobody-at-all"], "disconnect"),
    (&["vacuum"], "vacuum"),
    (&["delete", "group", "staff", "--yes"], "delete-group"),
];

#[test]
fn whatever_happens_leaves_its_line() {
    let server = Server::start();
    for login in ["rita", "sid"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    server.deliver("rita@example.org", MAIL);
    for (what, happens, kind, words) in STEPS {
        let before: Vec<Value> = events(&server, kind);
        happens(&server);
        // A login is written down a moment later.
        eventually(&format!("{what} leaves a line of the kind {kind} with {words:?}"), || {
            events(&server, kind).iter().any(|event| {
                let line = event.to_string();
                !before.contains(event) && words.iter().all(|word| line.contains(word))
            })
        });
    }
    for (arguments, name) in COMMANDS {
        let count = || {
            let events = events(&server, "command");
            events.iter().filter(|event| event["detail"]["command"] == *name).count()
        };
        let before = count();
        let _ = server.aox(arguments);
        // To ask for events is one of them.
        let own = if *name == "audit-show" { 2 } else { 1 };
        assert!(count() >= before + own, "{arguments:?} left no line");
    }
    let sound: Value = serde_json::from_str(&server.aox_ok(&["audit", "verify", "--json"])).expect("JSON");
    assert_eq!(sound["findings"], serde_json::json!([]), "{sound}");
}

/// Events of a kind; without what says whether they are sealed, which changes.
fn events(server: &Server, kind: &str) -> Vec<Value> {
    let said = server.aox_ok(&["audit", "show", "--kind", kind, "--json", "--limit", "10000"]);
    let mut events: Vec<Value> = serde_json::from_str(&said).expect("--json prints JSON");
    events.iter_mut().for_each(|event| event["seal"] = Value::Null);
    events
}

fn imap(server: &Server) -> Imap {
    server.imap("rita", PASSWORD)
}

fn say(server: &Server, commands: &[&str]) {
    let mut imap = imap(server);
    for command in commands {
        imap.ok(command).expect(command);
    }
}

fn fail(server: &Server) {
    assert!(Imap::login(server.imap_address(), "rita", "wrong").is_err());
}

fn pop3(server: &Server) {
    let mut pop = server.pop3("rita", PASSWORD);
    pop.ok("DELE 1").expect("DELE");
    pop.ok("QUIT").expect("QUIT");
}

fn aox(server: &Server, arguments: &[&str]) {
    server.aox_ok(arguments);
}

const MAIL: &[u8] = b"From: a@example.net\r\nSubject: x\r\n\r\nx\r\n";
const PASSWORD: &str = "secret";

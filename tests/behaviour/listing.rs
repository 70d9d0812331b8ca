//! What administrators look at: lists by patterns of names, what was deleted, what is said of a mailbox, and how a search is
//! understood.

use serde_json::Value;

use crate::support::Server;

fn json(server: &Server, arguments: &[&str]) -> Value {
    serde_json::from_str(&server.aox_ok(&[arguments, &["--json"]].concat())).expect("--json prints JSON")
}

/// The values of a key in a list.
fn all(server: &Server, arguments: &[&str], key: &str) -> Vec<String> {
    let listed = json(server, arguments);
    let listed = listed.as_array().expect("a list");
    listed.iter().map(|one| one[key].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn lists_are_of_what_is_like_a_pattern() {
    let server = Server::start();
    for (login, address) in
        [("anna", "anna@example.org"), ("annabel", "bel@example.net"), ("bert", "bert@example.org")]
    {
        server.add_user(login, address, PASSWORD);
    }
    server.aox_ok(&["add", "mailbox", "/users/anna/Archive/2026"]);
    server.aox_ok(&["add", "alias", "info@example.org", "/users/bert/Archive"]);
    server.aox_ok(&["add", "group", "staff", "anna"]);
    server.aox_ok(&["add", "group", "guests", "bert"]);
    server.aox_ok(&["set", "rights", "/users/anna/Archive/2026", "bert", "lr"]);
    server.aox_ok(&["set", "rights", "/users/anna/Archive/2026", "$staff", "lr"]);
    for (arguments, key, expected) in [
        (&["list", "users"][..], "login", &["anna", "annabel", "bert"][..]),
        (&["list", "users", "ANNA*"], "login", &["anna", "annabel"]),
        (&["list", "users", "anna"], "login", &["anna"]),
        (&["list", "users", "*@example.net"], "login", &["annabel"]),
        (&["list", "users", "?ert"], "login", &["bert"]),
        (&["list", "users", "z*"], "login", &[]),
        (&["ls", "aliases", "info@*"], "address", &["info@example.org"]),
        (&["list", "aliases", "/users/bert/A*"], "address", &["info@example.org"]),
        (&["list", "groups", "s*"], "group", &["staff"]),
        (&["list", "domains", "*.net"], "domain", &["example.net"]),
        (
            &["list", "mailboxes", "/users/*/archive*"],
            "mailbox",
            &[
                "/users/anna/Archive",
                "/users/anna/Archive/2026",
                "/users/annabel/Archive",
                "/users/bert/Archive",
            ],
        ),
        (&["list", "mailboxes", "--owner", "bert", "*/Arch*"], "mailbox", &["/users/bert/Archive"]),
        (&["list", "mailboxes", "/users/anna/Archive/2026"], "mailbox", &["/users/anna/Archive/2026"]),
        (&["list", "rights", "/users/anna/Archive/2026", "b*"], "identifier", &["bert"]),
    ] {
        assert_eq!(all(&server, arguments, key), expected, "{arguments:?}");
    }
    assert!(server.aox_ok(&["list", "users", "z*"]).contains("There is none like z*."));
    assert_eq!(server.aox(&["list", "mailboxes", "nobody"]).status.code(), Some(1));
}

#[test]
fn what_was_deleted_can_be_listed_until_it_ends() {
    let server = Server::shared();
    server.add_user("dora", "dora@example.org", PASSWORD);
    server.deliver("dora@example.org", b"Subject: x\r\n\r\nx\r\n");
    let mut imap = server.imap("dora", PASSWORD);
    imap.ok("CREATE Old").expect("CREATE");
    imap.append("Old", b"Subject: y\r\n\r\ny\r\n").expect("APPEND");
    assert!(all(&server, &["list", "mailboxes", "--deleted", "dora"], "mailbox").is_empty());
    imap.ok("DELETE Old").expect("DELETE");
    let gone = json(&server, &["list", "mailboxes", "-d", "/users/dora/*"]);
    assert_eq!((&gone[0]["mailbox"], &gone[0]["messages"]), (&"/users/dora/Old".into(), &1.into()), "{gone}");
    assert!(
        gone[0]["deleted_at"].is_string() && gone.as_array().is_some_and(|list| list.len() == 1),
        "{gone}"
    );
    server.aox_ok(&["delete", "user", "dora", "--yes"]);
    assert!(all(&server, &["list", "users", "dora"], "login").is_empty());
    let gone = json(&server, &["list", "users", "--deleted", "dora"]);
    assert_eq!((&gone[0]["login"], &gone[0]["messages"]), (&"dora".into(), &2.into()), "{gone}");
    assert_eq!(gone[0]["addresses"], serde_json::json!(["dora@example.org"]));
    // Her mailboxes went at the same time, and the other one before.
    assert!(all(&server, &["list", "mailboxes", "--deleted", "dora"], "name").contains(&"INBOX".to_owned()));
    server.aox_ok(&["undelete", "user", "dora"]);
    assert!(all(&server, &["list", "users", "--deleted", "dora"], "login").is_empty());
    assert!(server.aox_ok(&["list", "users", "--deleted", "dora"]).contains("There is none like dora."));
}

#[test]
fn a_mailbox_tells_what_keeps_its_mail() {
    let server = Server::shared();
    server.add_user("kira", "kira@example.org", PASSWORD);
    server.aox_ok(&["add", "mailbox", "/users/kira/Contracts/Old"]);
    server.aox_ok(&["retain", "mail", "3650", "/users/kira/Contracts"]);
    server.aox_ok(&["delete", "mail", "30", "/users/kira/Trash"]);
    server.aox_ok(&["add", "hold", "kira's case", "--user", "kira"]);
    for (mailbox, expected) in [
        ("/users/kira/Contracts/Old", &["hold", "retain"][..]),
        ("/users/kira/Trash", &["hold", "delete"]),
        ("kira", &["hold"]),
    ] {
        let mut kinds = all(&server, &["show", "retention", mailbox], "kind");
        kinds.sort_by_key(|kind| kind != "hold");
        assert_eq!(kinds, expected, "{mailbox}");
        assert_eq!(all(&server, &["list", "policies", mailbox], "kind").len(), expected.len());
    }
    assert!(all(&server, &["show", "retention"], "kind").len() >= 3);
    assert_eq!(server.aox(&["show", "retention", "/users/kira/none"]).status.code(), Some(1));
}

#[test]
fn a_search_is_explained() {
    let server = Server::shared();
    let told = json(&server, &["show", "search", "from", "bob", "unseen", "since", "2026-01-31"]);
    assert_eq!(told["imap"], "(FROM \"bob\" UNSEEN SINCE 31-Jan-2026)", "{told}");
    assert_eq!(told["asks_messages"][0]["key"], "FROM \"bob\"", "{told}");
    let refused = server.aox(&["show", "search", "frm", "bob"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(server.aox_ok(&["show", "configuration", "-p"]).contains("imap.listen"));
}

const PASSWORD: &str = "secret";

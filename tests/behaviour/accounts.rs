//! Users, addresses, aliases, groups and domains: the commands of the administrator, and what they do to mail.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::support::{Imap, Options, Server};
use serde_json::Value;

fn refused(server: &Server, arguments: &[&str], why: &str) {
    let output = server.aox(arguments);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.contains(why), "{arguments:?}: {said}");
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(server: &Server, arguments: &[&str]) -> Value {
    let printed = server.aox_ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&printed).expect("--json prints JSON")
}

/// The one of a list whose `key` is `value`.
fn one(list: &Value, key: &str, value: &str) -> Value {
    let found = list.as_array().and_then(|all| all.iter().find(|one| one[key] == value));
    found.unwrap_or_else(|| panic!("no {key} {value} in {list}")).clone()
}

/// What LMTP says to a recipient, without mail.
fn rcpt(server: &Server, address: &str) -> String {
    let mut lmtp = server.lmtp();
    lmtp.command("MAIL FROM:<> SMTPUTF8").expect("LMTP answers").expect(250).expect("it is accepted");
    let reply = lmtp.command(&format!("RCPT TO:<{address}>")).expect("LMTP answers");
    reply.lines[0][..9].trim_end().to_owned()
}

#[test]
fn a_user_has_names_and_addresses() {
    let server = Server::shared();
    let input = ["add", "user", "Anna", "anna@a.example", "--name", "Anna Example", "--password-stdin"];
    assert!(server.aox_with_input(&input, "secret\n").status.success());
    server.aox_ok(&["add", "address", "anna", "anna.example@a.example"]);
    refused(&server, &["add", "address", "anna", "ANNA@a.example"], "goes to /users/Anna/INBOX already");
    refused(&server, &["add", "address", "nobody", "x@a.example"], "no user nobody");
    refused(&server, &["add", "address", "anna", "x"], "no address");

    let anna = one(&json(&server, &["list", "users"]), "login", "Anna");
    assert_eq!(anna["name"], "Anna Example");
    assert_eq!(anna["addresses"], serde_json::json!(["anna@a.example", "anna.example@a.example"]));
    assert!(server.aox_ok(&["list", "users"]).contains("Anna Example"));

    server.aox_ok(&["change", "user", "ANNA", "--name", "Änna"]);
    let shown = server.aox_ok(&["show", "user", "anna"]);
    assert!(shown.contains("Anna (Änna) is active") && shown.contains("6 mailboxes"), "{shown}");
    server.aox_ok(&["change", "user", "anna", "--name", ""]);
    assert_eq!(json(&server, &["show", "user", "anna"])["name"], Value::Null);
    refused(&server, &["change", "user", "nobody", "--name", "x"], "no user nobody");

    // An own address is no alias, and the last one stays.
    refused(&server, &["delete", "alias", "anna@a.example"], "aox delete address");
    let dry = server.aox_ok(&["delete", "address", "anna@a.example", "--dry-run"]);
    assert!(dry.contains("would no longer have"), "{dry}");
    assert_eq!(rcpt(&server, "anna@a.example"), "250 2.1.5");
    server.aox_ok(&["delete", "address", "Anna@a.example"]);
    assert_eq!(rcpt(&server, "anna@a.example"), "550 5.1.1");
    refused(&server, &["delete", "address", "anna@a.example"], "no user has the address");
    refused(&server, &["delete", "address", "anna.example@a.example"], "the only address of Anna");
}

#[test]
fn names_that_look_the_same_are_taken() {
    let server = Server::shared();
    server.add_user("Jürgen", "j@n.example", "secret");
    for login in ["jürgen", "JU\u{308}RGEN", "ｊürgen"] {
        let output = server.aox_with_input(&["add", "user", login, "k@n.example", "--password-stdin"], "x\n");
        assert!(said(&output).contains("already"), "{login}: {}", said(&output));
    }
    for (login, why) in [
        ("$staff", "begins with $"),
        ("anyone", "RFC 4314"),
        ("a b", "spaces"),
        ("a\u{200e}", "cannot be told apart"),
    ] {
        let output = server.aox_with_input(&["add", "user", login, "k@n.example", "--password-stdin"], "x\n");
        assert_eq!(output.status.code(), Some(1), "{login}");
        assert!(said(&output).contains(why), "{login}: {}", said(&output));
    }
    drop(server.imap("jÜrgen", "secret"));
}

#[test]
fn a_renamed_user_keeps_everything() {
    let server = Server::shared();
    server.add_user("rosa", "rosa@r.example", "secret");
    server.add_user("rolf", "rolf@r.example", "secret");
    server.aox_ok(&["add", "alias", "info@r.example", "/users/rosa/Archive"]);
    server.aox_ok(&["add", "group", "renamed", "rosa"]);
    server.deliver("rosa@r.example", b"Subject: before\r\n\r\nx\r\n");
    let mut open = server.imap("rosa", "secret");
    open.ok("SELECT INBOX").expect("SELECT");

    refused(&server, &["rename", "user", "rosa", "ROLF"], "a user ROLF already");
    refused(&server, &["rename", "user", "nobody", "x"], "no user nobody");
    refused(&server, &["rename", "user", "rosa", "a/b"], "cannot be a name");
    server.aox_ok(&["rename", "user", "ROSA", "Rosalinde"]);

    open.ok("NOOP").expect("the session goes on");
    server.deliver("info@r.example", b"Subject: after\r\n\r\nx\r\n");
    assert!(Imap::login(server.imap_address(), "rosa", "secret").is_err(), "the old login still works");
    let mut again = server.imap("rosalinde", "secret");
    assert!(again.ok("STATUS INBOX (MESSAGES)").is_ok());
    let shown = json(&server, &["show", "user", "Rosalinde"]);
    assert_eq!((&shown["messages"], &shown["groups"][0]), (&2.into(), &"renamed".into()));
    assert_eq!(shown["aliases"][0]["target"], "/users/Rosalinde/Archive");
    server.aox_ok(&["rename", "user", "rosalinde", "rosalinde"]);
}

#[test]
fn a_disabled_user_gets_mail_and_cannot_log_in() {
    let server = Server::shared();
    server.add_user("dora", "dora@d.example", "secret");
    server.aox_ok(&["disable", "user", "dora"]);
    assert!(Imap::login(server.imap_address(), "dora", "secret").is_err());
    server.deliver("dora@d.example", b"Subject: x\r\n\r\nx\r\n");
    let dora = one(&json(&server, &["list", "users"]), "login", "dora");
    assert_eq!((&dora["disabled"], &dora["messages"]), (&true.into(), &1.into()));
    assert_eq!(json(&server, &["disable", "user", "dora"])["already"], true);
    server.aox_ok(&["enable", "user", "DORA"]);
    drop(server.imap("dora", "secret"));
    refused(&server, &["enable", "user", "nobody"], "no user nobody");
}

#[test]
fn deleting_a_user_can_be_rehearsed() {
    let server = Server::shared();
    server.add_user("gerd", "gerd@g.example", "secret");
    server.aox_ok(&["add", "alias", "info@g.example", "/users/gerd/Archive"]);
    server.aox_ok(&["add", "alias", "post@g.example", "gerd@g.example"]);
    server.aox_ok(&["add", "group", "deleted", "gerd"]);
    server.deliver("post@g.example", b"Subject: x\r\n\r\nx\r\n");
    let dry = json(&server, &["delete", "user", "Gerd", "--dry-run"]);
    assert_eq!((&dry["mailboxes"], &dry["messages"], &dry["dry_run"]), (&6.into(), &1.into(), &true.into()));
    let aliases: Vec<&Value> =
        dry["aliases"].as_array().expect("a list").iter().map(|a| &a["address"]).collect();
    assert_eq!(aliases, ["info@g.example", "post@g.example"]);
    drop(server.imap("gerd", "secret"));
    let gone = server.aox_ok(&["delete", "user", "gerd", "--yes"]);
    assert!(gone.contains("1 message") && gone.contains("info@g.example"), "{gone}");
    for address in ["gerd@g.example", "info@g.example", "post@g.example"] {
        assert_eq!(rcpt(&server, address), "550 5.1.1");
    }
    assert_eq!(json(&server, &["show", "group", "deleted"])["members"], serde_json::json!([]));
    refused(&server, &["delete", "user", "gerd", "--dry-run"], "no user gerd");
}

#[test]
fn aliases_have_several_targets() {
    let server = Server::shared();
    server.add_user("mona", "mona@m.example", "secret");
    server.add_user("moritz", "moritz@m.example", "secret");
    server.aox_ok(&["add", "alias", "both@m.example", "mona", "/users/moritz/Archive"]);
    let more = json(&server, &["add", "alias", "BOTH@m.example", "mona", "moritz@m.example"]);
    // Another spelling is an alias of its own, and only counts for whoever writes it so.
    assert_eq!(more["added"].as_array().map(Vec::len), Some(2));
    refused(&server, &["add", "alias", "both@m.example", "mona"], "goes to /users/mona/INBOX already");
    refused(&server, &["add", "alias", "x@m.example", "mona", "nobody@m.example"], "nobody here gets mail");
    assert_eq!(rcpt(&server, "x@m.example"), "550 5.1.1");
    refused(&server, &["add", "alias", "x@m.example", "/users/mona/none"], "mona has no mailbox none");
    for command in [
        &["add", "alias", "x@m.example", "/users/mnoa/Archive"][..],
        &["set", "rights", "/users/mnoa/Archive", "mona", "lr"],
        &["set", "metadata", "/shared/comment", "x", "--mailbox", "/users/mnoa/Archive"],
        &["set", "undelete-time", "--mailbox", "/users/mnoa/Archive", "3"],
        &["delete", "mailbox", "/users/mnoa/Archive", "--yes"],
        &["delete", "app-password", "mnoa", "phone"],
    ] {
        refused(&server, command, "there is no user mnoa");
    }
    refused(&server, &["add", "alias", "mona@m.example", "mona@m.example"], "to itself");
    let all = json(&server, &["list", "aliases"]);
    let both = all.as_array().expect("a list").iter().filter(|one| one["address"] == "both@m.example");
    assert_eq!(
        both.map(|one| one["target"].clone()).collect::<Vec<_>>(),
        ["/users/mona/INBOX", "/users/moritz/Archive"]
    );
    assert_eq!(one(&all, "address", "mona@m.example")["kind"], "address");

    let dry = json(&server, &["delete", "alias", "both@m.example", "--dry-run"]);
    assert_eq!(dry["gone"].as_array().map(Vec::len), Some(2));
    refused(&server, &["delete", "alias", "both@m.example", "moritz"], "but to /users/mona/INBOX");
    let left = server.aox_ok(&["delete", "alias", "both@m.example", "mona"]);
    assert!(left.contains("still goes to /users/moritz/Archive"), "{left}");
    server.aox_ok(&["delete", "alias", "both@m.example"]);
    // The other spelling is what is left.
    assert_eq!(rcpt(&server, "both@m.example"), "250 2.1.5");
    server.aox_ok(&["delete", "alias", "both@m.example"]);
    assert_eq!(rcpt(&server, "both@m.example"), "550 5.1.1");
    // An alias beside an own address goes without it.
    server.aox_ok(&["add", "alias", "mona@m.example", "moritz"]);
    let left = server.aox_ok(&["delete", "alias", "mona@m.example"]);
    assert!(left.contains("still goes to /users/mona/INBOX"), "{left}");
}

#[test]
fn groups_have_members() {
    let server = Server::shared();
    for login in ["paul", "petra", "pia"] {
        server.add_user(login, &format!("{login}@p.example"), "secret");
    }
    server.aox_ok(&["add", "group", "Staff", "paul", "petra", "--description", "All who work here"]);
    refused(&server, &["add", "group", "$staff"], "a group staff already");
    refused(&server, &["add", "group", "half", "paul", "nobody"], "no user nobody");
    refused(&server, &["show", "group", "half"], "no group half");
    server.aox_ok(&["add", "member", "$staff", "pia", "paul"]);
    refused(&server, &["add", "member", "staff", "pia"], "pia is in group Staff already");
    server.aox_ok(&["delete", "member", "staff", "PETRA"]);
    refused(&server, &["delete", "member", "staff", "petra"], "no user petra in group Staff");
    let staff = one(&json(&server, &["list", "groups"]), "group", "Staff");
    assert_eq!(staff["members"], serde_json::json!(["paul", "pia"]));
    assert_eq!(staff["description"], "All who work here");
    assert!(server.aox_ok(&["show", "group", "staff"]).contains("has 2 members"));
    assert!(server.aox_ok(&["delete", "group", "staff", "--dry-run"]).contains("would be deleted"));
    server.aox_ok(&["delete", "group", "staff"]);
    refused(&server, &["delete", "group", "staff"], "no group staff");
    drop(server.imap("paul", "secret"));
}

#[test]
fn clients_are_sent_away_when_their_account_is_closed() {
    let server = Server::shared();
    for (number, change) in
        [&["disable", "user"][..], &["change", "password"], &["delete", "user"]].iter().enumerate()
    {
        let login = format!("kurt{number}");
        server.add_user(&login, &format!("{login}@k.example"), "secret");
        let mut idle = server.imap(&login, "secret");
        idle.ok("SELECT INBOX").expect("SELECT");
        idle.idle().expect("IDLE");
        let mut quiet = server.imap(&login, "secret");
        let begin = Instant::now();
        let arguments = [change, &[login.as_str()][..]].concat();
        let output = match change[0] {
            "change" => server.aox_with_input(&[&arguments[..], &["--password-stdin"]].concat(), "another\n"),
            _ => server.aox(&arguments),
        };
        assert!(output.status.success(), "{}", said(&output));
        for client in [&mut idle, &mut quiet] {
            hears_goodbye(client);
        }
        assert!(begin.elapsed() < Duration::from_secs(2), "{change:?} takes {:?}", begin.elapsed());
    }
    drop(server.imap("kurt1", "another"));
}

/// Reads up to BYE, behind which the connection is closed.
fn hears_goodbye(client: &mut Imap) {
    loop {
        let response = client.read_within(Duration::from_secs(5)).expect("it says BYE before it closes");
        let response = response.expect("something is heard");
        if response.text().starts_with("* BYE") {
            return;
        }
    }
}

/// A server of its own: with the first domain, addresses elsewhere can no longer be added.
#[test]
fn a_site_may_name_its_domains() {
    let separators = ("AOX__DELIVERY__SUBADDRESS_SEPARATOR".to_owned(), "+-".to_owned());
    let first = ("AOX__ACCOUNTS__FIRST_MAILBOXES".to_owned(), "Gesendet:sent,Notizen".to_owned());
    let server = Server::start_with(Options { settings: vec![separators, first], ..Options::default() });
    server.add_user("anna", "anna@old.example", "secret");
    let added = json(&server, &["add", "domain", "Example.ORG"]);
    assert_eq!(added["domain"], "example.org");
    assert_eq!(added["unlisted"], serde_json::json!(["old.example"]));
    refused(&server, &["add", "domain", "example.org."], "a domain example.org already");
    refused(&server, &["add", "domain", "not a domain"], "no domain such as");

    let hint = "aox add domain new.example";
    let output =
        server.aox_with_input(&["add", "user", "bert", "bert@new.example", "--password-stdin"], "x\n");
    assert!(said(&output).contains(hint), "{}", said(&output));
    refused(&server, &["add", "address", "anna", "a@new.example"], hint);
    refused(&server, &["add", "alias", "@new.example", "anna"], hint);
    assert_eq!(rcpt(&server, "anna@new.example"), "550 5.1.2");
    assert_eq!(rcpt(&server, "nobody@example.org"), "550 5.1.1");
    assert_eq!(rcpt(&server, "anna@old.example"), "250 2.1.5");

    server.aox_ok(&["add", "domain", "xn--mller-kva.example"]);
    server.aox_ok(&["add", "address", "anna", "anna@müller.example"]);
    assert_eq!(rcpt(&server, "anna@XN--mller-kva.example"), "250 2.1.5");
    server.aox_ok(&["add", "alias", "@example.org", "anna"]);
    let domains = json(&server, &["list", "domains"]);
    assert_eq!(one(&domains, "domain", "example.org")["catch_all"], true);
    assert_eq!(one(&domains, "domain", "old.example")["listed"], false);
    assert_eq!(one(&domains, "domain", "müller.example")["addresses"], 1);
    domains_go_with_their_addresses(&server);
    subaddresses_and_first_mailboxes(&server);
}

fn domains_go_with_their_addresses(server: &Server) {
    let dry = json(server, &["delete", "domain", "example.org", "--dry-run"]);
    assert_eq!(dry["gone"][0]["address"], "@example.org");
    assert_eq!(rcpt(server, "anybody@example.org"), "250 2.1.5");
    server.aox_ok(&["delete", "domain", "example.org"]);
    assert_eq!(rcpt(server, "anybody@example.org"), "550 5.1.2");
    refused(server, &["delete", "domain", "example.org"], "no domain example.org");
    server.aox_ok(&["delete", "domain", "old.example"]);
    refused(server, &["delete", "domain", "müller.example"], "anna would be left without an address");
    server.aox_ok(&["add", "domain", "example.net"]);
    server.aox_ok(&["add", "address", "anna", "anna-maria@example.net"]);
    server.aox_ok(&["delete", "domain", "xn--MLLER-kva.example"]);
}

fn subaddresses_and_first_mailboxes(server: &Server) {
    let mailboxes = json(server, &["list", "mailboxes", "anna"]);
    let names: Vec<_> = mailboxes.as_array().expect("a list").iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["Gesendet", "INBOX", "Notizen"]);
    assert_eq!(one(&mailboxes, "name", "Gesendet")["special_use"], "sent");
    for (address, name) in [
        ("anna-maria-notizen@example.net", "Notizen"),
        ("anna-maria+gesendet@example.net", "Gesendet"),
        ("anna-maria+nothing@example.net", "INBOX"),
    ] {
        server.deliver(address, b"Subject: x\r\n\r\nx\r\n");
        let mailboxes = json(server, &["list", "mailboxes", "anna"]);
        assert_eq!(one(&mailboxes, "name", name)["messages"], 1, "{address}");
    }
    assert_eq!(rcpt(server, "anna-lists@example.net"), "550 5.1.1");
}

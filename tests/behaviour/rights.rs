//! Who may do what in a mailbox of somebody else (RFC 4314 §4): every command with every right there and missing, and
//! nothing at all for who has no right.

use std::time::{Duration, Instant};

use crate::support::imap::{Reply, Response};
use crate::support::postgres::SitePostgres;
use crate::support::{Imap, Options, Server};

/// A command of a guest, what he needs for it in the mailbox {m}, and how it is refused to one who may look it up.
struct Case {
    command: &'static str,
    needed: &'static str,
    /// What he says before: the mailbox has to be open for some commands, which needs r.
    opening: Option<&'static str>,
}

const fn case(command: &'static str, needed: &'static str) -> Case {
    Case { command, needed, opening: None }
}

const fn open(command: &'static str, needed: &'static str) -> Case {
    Case { command, needed, opening: Some("SELECT {m}") }
}

const fn at_home(command: &'static str, needed: &'static str) -> Case {
    Case { command, needed, opening: Some("SELECT INBOX") }
}

/// The tables of RFC 4314 §4 and RFC 5257 §3.4. In {p} the guest may do everything that has to do with names.
const TABLE: &[Case] = &[
    case("SELECT {m}", "r"),
    case("EXAMINE {m}", "r"),
    case("STATUS {m} (MESSAGES UNSEEN)", "r"),
    case("APPEND {m} {4+}\r\na: b", "i"),
    case("APPEND {m} ANNOTATION (/comment (value.priv \"a\")) {4+}\r\na: b", "ri"),
    case("APPEND {m} ANNOTATION (/comment (value.shared NIL)) {4+}\r\na: b", "in"),
    case("CREATE {m}/below", "k"),
    case("DELETE {m}", "x"),
    case("RENAME {m} {p}/renamed", "x"),
    case("RENAME {p} {m}/moved", "k"),
    case("SETACL {m} anyone p", "a"),
    case("DELETEACL {m} anyone", "a"),
    case("GETACL {m}", "a"),
    case("LISTRIGHTS {m} anyone", "a"),
    case("SUBSCRIBE {m}", ""),
    case("UNSUBSCRIBE {m}", ""),
    case("LIST \"\" {m}", ""),
    case("LSUB \"\" {m}", ""),
    at_home("COPY 1 {m}", "i"),
    at_home("UID COPY 1 {m}", "i"),
    at_home("MOVE 1 {m}", "i"),
    open("FETCH 1 (FLAGS UID BODY[])", ""),
    open("SEARCH ALL", ""),
    open("STORE 1 +FLAGS (\\Seen)", "s"),
    open("STORE 1 +FLAGS (\\Deleted)", "t"),
    open("STORE 1 +FLAGS (\\Flagged)", "w"),
    open("UID STORE 1 +FLAGS ($Work)", "w"),
    open("STORE 1 -FLAGS (\\Answered)", "w"),
    open("STORE 1 ANNOTATION (/comment (value.priv \"a\"))", ""),
    open("UID STORE 1 ANNOTATION (/comment (value.shared \"a\"))", "n"),
    open("EXPUNGE", "e"),
    open("UID EXPUNGE 1", "e"),
    open("MOVE 1 INBOX", "te"),
    open("COPY 1 INBOX", ""),
    open("CLOSE", ""),
    open("CHECK", ""),
];

const RIGHTS: &str = "lrswipkxtean";

/// Anna has mailboxes, and Bert is her guest.
struct House {
    anna: Imap,
    bert: Imap,
    owner: String,
    number: usize,
}

impl House {
    fn new(server: &Server, owner: &str, guest: &str) -> House {
        server.add_user(owner, &format!("{owner}@rights.example"), PASSWORD);
        server.add_user(guest, &format!("{guest}@rights.example"), PASSWORD);
        let (anna, bert) = (server.imap(owner, PASSWORD), server.imap(guest, PASSWORD));
        House { anna, bert, owner: owner.to_owned(), number: 0 }
    }

    /// A new mailbox with a message that is \Deleted, in which the guest has these rights.
    fn mailbox(&mut self, rights: &str) -> String {
        self.number += 1;
        let name = format!("m{}", self.number);
        self.anna.ok(&format!("CREATE {name}")).expect("CREATE");
        let reply = self.anna.append(&format!("{name} (\\Deleted)"), b"Subject: x\r\n\r\nx\r\n");
        reply.expect("APPEND");
        if !rights.is_empty() {
            self.anna.ok(&format!("SETACL {name} bert-of-{} {rights}", self.owner)).expect("SETACL");
        }
        name
    }

    fn abroad(&self, name: &str) -> String {
        format!("\"Other Users/{}/{name}\"", self.owner)
    }

    /// What the guest hears who has these rights.
    fn outcome(&mut self, case: &Case, rights: &str) -> Reply {
        let (own, place) = (self.mailbox(rights), self.mailbox("lkx"));
        let (own, place) = (self.abroad(&own), self.abroad(&place));
        self.bert.append("INBOX", b"Subject: y\r\n\r\ny\r\n").expect("APPEND");
        let fill = |text: &str| in_place(&in_place(text, "{m}", &own), "{p}", &place);
        if let Some(opening) = case.opening {
            self.bert.ok(&fill(opening)).expect("SELECT");
        }
        let reply = self.bert.command(&fill(case.command)).expect("an answer");
        let _ = self.bert.command("UNSELECT").expect("an answer");
        reply
    }
}

/// Puts a quoted name into a command; with what follows it in the command inside the quotes.
fn in_place(text: &str, mark: &str, name: &str) -> String {
    let Some((before, after)) = text.split_once(mark) else { return text.to_owned() };
    let end = after.find([' ', '\r']).unwrap_or(after.len());
    let inner = name.trim_matches('"');
    format!("{before}\"{inner}{}\"{}", &after[..end], &after[end..])
}

#[test]
fn every_command_asks_for_its_rights() {
    let server = Server::shared();
    let mut house = House::new(&server, "table", "bert-of-table");
    for case in TABLE {
        let implied = if case.opening == Some("SELECT {m}") { "r" } else { "" };
        for right in RIGHTS.chars() {
            let all_but: String =
                RIGHTS.chars().filter(|other| *other != right || implied.contains(right)).collect();
            let reply = house.outcome(case, &all_but);
            let needed = case.needed.contains(right);
            assert_eq!(
                reply.result.starts_with("OK"),
                !needed,
                "{} without {right}: {}",
                case.command,
                reply.result
            );
            if needed {
                assert!(reply.result.starts_with("NO [NOPERM]"), "{}: {}", case.command, reply.result);
            }
        }
        let exactly = format!("{implied}{}", case.needed);
        let reply = house.outcome(case, &exactly);
        assert!(reply.result.starts_with("OK"), "{} with {exactly:?}: {}", case.command, reply.result);
        if !case.needed.is_empty() {
            let hidden: String =
                RIGHTS.chars().filter(|right| *right != 'l' && !case.needed.contains(*right)).collect();
            let reply = house.outcome(case, &format!("{implied}{hidden}"));
            let is_hidden = case.opening.is_some() && case.opening != Some("SELECT INBOX")
                || !reply.result.starts_with("NO [NOPERM] You need");
            assert!(reply.result.starts_with("NO ") && is_hidden, "{}: {}", case.command, reply.result);
        }
    }
}

#[test]
fn what_is_hidden_is_the_same_as_what_is_not_there() {
    let server = Server::shared();
    let mut house = House::new(&server, "hidden", "bert-of-hidden");
    house.bert.append("INBOX", b"Subject: y\r\n\r\ny\r\n").expect("APPEND");
    house.anna.ok("CREATE there").expect("CREATE");
    house.anna.ok("CREATE there/below").expect("CREATE");
    let commands = TABLE.iter().filter(|case| case.opening != Some("SELECT {m}")).map(|case| case.command);
    for command in commands.chain(["MYRIGHTS {m}", "RENAME INBOX {m}", "LIST \"\" {m}*", "CREATE {m}"]) {
        let mut answers = Vec::new();
        for name in ["hidden/there", "hidden/away!", "nobody/there", "hidden/below"] {
            let filled = in_place(command, "{m}", &format!("Other Users/{name}"));
            let filled = in_place(&filled, "{p}", "Other Users/hidden/other");
            // A failed SELECT has closed what was open.
            house.bert.ok("SELECT INBOX").expect("SELECT");
            let reply = house.bert.command(&filled).expect("an answer");
            let untagged: Vec<String> = reply.untagged.iter().map(Response::text).collect();
            answers.push((reply.result, untagged));
            house.bert.ok("UNSUBSCRIBE \"Other Users/hidden/there\"").expect("UNSUBSCRIBE");
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{command}: {answers:?}");
    }
    house.anna.ok("SETACL there bert-of-hidden l").expect("SETACL");
    let reply = house.bert.command("SELECT \"Other Users/hidden/there\"").expect("an answer");
    assert!(reply.result.starts_with("NO [NOPERM]"), "{}", reply.result);
}

#[test]
fn seen_and_expunge_follow_the_rights_in_silence() {
    let server = Server::shared();
    let mut house = House::new(&server, "silent", "bert-of-silent");
    for (rights, flags) in [("lr", "(\\Deleted)"), ("lrs", "(\\Deleted \\Seen)")] {
        let name = house.mailbox(rights);
        let abroad = house.abroad(&name);
        house.bert.ok(&format!("SELECT {abroad}")).expect("SELECT");
        house.bert.ok("FETCH 1 BODY[]").expect("FETCH");
        house.bert.ok("CLOSE").expect("CLOSE");
        let told = house.anna.ok(&format!("EXAMINE {name}")).expect("EXAMINE");
        assert!(told.iter().any(|line| line.number("EXISTS") == Some(1)), "CLOSE has expunged with {rights}");
        let fetched = house.anna.ok("FETCH 1 FLAGS").expect("FETCH");
        let text: Vec<String> = fetched.iter().map(Response::text).collect();
        assert!(text[0].replace(" \\Recent", "").contains(flags), "{rights}: {text:?}");
        house.anna.ok("UNSELECT").expect("UNSELECT");
    }
    for (rights, code) in
        [("lr", "READ-ONLY"), ("lrp", "READ-ONLY"), ("lri", "READ-WRITE"), ("lrs", "READ-WRITE")]
    {
        let name = house.mailbox(rights);
        let reply = house.bert.command(&format!("SELECT {}", house.abroad(&name))).expect("SELECT");
        assert!(reply.result.contains(code), "{rights}: {}", reply.result);
    }
}

#[test]
fn what_is_taken_away_outweighs_what_is_given() {
    let server = Server::shared();
    let mut house = House::new(&server, "negative", "bert-of-negative");
    let name = house.mailbox("lrs");
    let abroad = house.abroad(&name);
    let mut rights_after = |command: &str| {
        house.anna.ok(&command.replace("{m}", &name)).expect("SETACL");
        let reply = house.bert.command(&format!("MYRIGHTS {abroad}")).expect("an answer");
        let told =
            reply.untagged.first().map(|line| line.text().rsplit(' ').next().unwrap_or_default().to_owned());
        told.unwrap_or_else(|| reply.result.split(' ').take(2).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(rights_after("SETACL {m} anyone i"), "lrsi");
    assert_eq!(rights_after("SETACL {m} -bert-of-negative s"), "lri");
    assert_eq!(rights_after("SETACL {m} -anyone i"), "lr");
    assert_eq!(rights_after("SETACL {m} anonymous lrswipkxtea"), "lr");
    assert_eq!(rights_after("SETACL {m} -anyone lri"), "NO [NONEXISTENT]");
    assert_eq!(rights_after("DELETEACL {m} -anyone"), "lri");
    assert_eq!(rights_after("DELETEACL {m} bert-of-negative"), "i");
}

#[test]
fn members_of_a_group_have_its_rights() {
    let server = Server::shared();
    let mut house = House::new(&server, "grouped", "bert-of-grouped");
    server.aox_ok(&["add", "group", "readers"]);
    let name = house.mailbox("");
    let abroad = house.abroad(&name);
    house.anna.ok(&format!("SETACL {name} $Readers lrs")).expect("SETACL");
    house.anna.ok(&format!("SETACL {name} -$readers s")).expect("SETACL");
    let listed = house.anna.ok(&format!("GETACL {name}")).expect("GETACL");
    assert!(
        listed[0].text().ends_with(" grouped lrswipkxtencda $readers lrs -$readers s"),
        "{}",
        listed[0].text()
    );
    let reply = house.bert.command(&format!("SELECT {abroad}")).expect("an answer");
    assert!(reply.result.starts_with("NO [NONEXISTENT]"), "{}", reply.result);
    server.aox_ok(&["add", "member", "readers", "bert-of-grouped"]);
    house.bert.ok(&format!("SELECT {abroad}")).expect("SELECT");
    server.aox_ok(&["set", "rights", &format!("/users/grouped/{name}"), "-$readers", "-s"]);
    house.bert.idle().expect("IDLE");
    hears_soon(&mut house.bert, "[PERMANENTFLAGS (\\Seen)]");
    server.aox_ok(&["delete", "member", "readers", "bert-of-grouped"]);
    hears_soon(&mut house.bert, "* BYE ");
}

#[test]
fn who_does_not_say_who_he_is_has_what_anonymous_was_given() {
    let settings = vec![("AOX__LOGIN__ANONYMOUS".to_string(), "visitor".to_string())];
    let server = Server::start_with(Options { settings, ..Options::default() });
    for login in ["anna", "visitor"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    let mut anna = server.imap("anna", PASSWORD);
    anna.ok("SETACL INBOX anonymous lrs").expect("SETACL");
    anna.ok("SETACL INBOX -anonymous s").expect("SETACL");
    let mut nobody = Imap::connect(server.imap_address()).expect("a connection");
    nobody.ok("AUTHENTICATE ANONYMOUS dHJhY2U=").expect("AUTHENTICATE");
    let told = nobody.ok("MYRIGHTS \"Other Users/anna/INBOX\"").expect("MYRIGHTS");
    assert!(told[0].text().ends_with(" lr"), "{}", told[0].text());
    let told = nobody.ok("SELECT \"Other Users/anna/INBOX\"").expect("SELECT");
    // RFC 5257 §4.1: nothing is private to nobody.
    let offered = |line: &Response| line.text().contains("[ANNOTATIONS READ-ONLY NOPRIVATE]");
    assert!(told.iter().any(offered), "{told:?}");
    let refused = nobody.command("UID STORE 1 ANNOTATION (/comment (value.priv \"x\"))").expect("an answer");
    assert!(refused.result.starts_with("NO "), "{}", refused.result);
    // The same account, by somebody who has shown that it is his.
    let mut visitor = server.imap("visitor", PASSWORD);
    let reply = visitor.command("MYRIGHTS \"Other Users/anna/INBOX\"").expect("an answer");
    assert!(reply.result.starts_with("NO [NONEXISTENT]"), "{}", reply.result);
    nobody.idle().expect("IDLE");
    anna.ok("DELETEACL INBOX anonymous").expect("DELETEACL");
    hears_soon(&mut nobody, "* BYE ");
}

#[test]
fn administrators_set_rights() {
    let server = Server::shared();
    let mut house = House::new(&server, "governed", "bert-of-governed");
    server.aox_ok(&["add", "mailbox", "/shared/governed/desk"]);
    let said = server.aox_ok(&["set", "rights", "/shared/governed/desk", "bert-of-governed", "lrwk"]);
    assert!(said.contains("has the rights lrwk in /shared/governed/desk"), "{said}");
    let said = server.aox_ok(&["set", "rights", "/shared/governed/desk", "-anyone", "w"]);
    assert!(said.contains("taken"), "{said}");
    let told = house.bert.ok("MYRIGHTS Shared/governed/desk").expect("MYRIGHTS");
    assert!(told[0].text().ends_with(" lrkc"), "{}", told[0].text());
    house.bert.ok("CREATE Shared/governed/desk/drawer").expect("CREATE");
    let listed = server.aox_ok(&["list", "rights", "/shared/governed/desk/drawer", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("--json prints JSON");
    assert_eq!(listed[0]["identifier"], "-anyone");
    assert_eq!(listed[1]["rights"], "lrwk");
    server.aox_ok(&["delete", "rights", "/shared/governed/desk", "-anyone"]);
    let mailboxes = server.aox_ok(&["list", "mailboxes", "/shared"]);
    assert!(mailboxes.contains("/shared/governed/desk/drawer"), "{mailboxes}");
    for wrong in [
        &["set", "rights", "/shared/governed/none", "anyone", "l"][..],
        &["set", "rights", "governed", "nobody-at-all", "l"],
        &["set", "rights", "governed", "governed", "l"],
        &["add", "mailbox", "/shared/governed/desk"],
        &["add", "mailbox", "/users/governed/Shared/x"],
        &["add", "mailbox", "/users/nobody-at-all/x"],
        &["delete", "mailbox", "governed", "--yes"],
    ] {
        let output = server.aox(wrong);
        assert_eq!(output.status.code(), Some(1), "{wrong:?}: {output:?}");
    }
    assert_eq!(server.aox(&["set", "rights", "governed", "anyone", "lQ"]).status.code(), Some(2));
    let said = server.aox_ok(&["delete", "mailbox", "/shared/governed/desk", "--dry-run"]);
    assert!(said.contains("would be deleted, with 0 messages"), "{said}");
    house.bert.ok("SELECT Shared/governed/desk").expect("SELECT");
    house.bert.idle().expect("IDLE");
    server.aox_ok(&["delete", "mailbox", "/shared/governed/desk", "--yes"]);
    hears_soon(&mut house.bert, "* BYE ");
}

#[test]
fn rights_travel_between_hosts() {
    let site = SitePostgres::start();
    let (one, other) = site.two_hosts();
    for login in ["anna", "bert"] {
        one.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    let (mut anna, mut bert) = (one.imap("anna", PASSWORD), other.imap("bert", PASSWORD));
    anna.ok("SETACL INBOX bert lr").expect("SETACL");
    bert.ok("SELECT \"Other Users/anna/INBOX\"").expect("SELECT");
    bert.idle().expect("IDLE");
    anna.ok("SETACL INBOX bert +s").expect("SETACL");
    hears_soon(&mut bert, "[PERMANENTFLAGS (\\Seen)]");
    anna.ok("DELETEACL INBOX bert").expect("DELETEACL");
    hears_soon(&mut bert, "* BYE ");
}

fn hears_soon(imap: &mut Imap, wanted: &str) {
    let begin = Instant::now();
    let mut heard = Vec::new();
    while begin.elapsed() < Duration::from_secs(10) {
        if let Some(response) = imap.read_within(Duration::from_millis(200)).expect("the connection holds") {
            if response.text().contains(wanted) {
                assert!(begin.elapsed() < Duration::from_secs(1), "it took {:?}", begin.elapsed());
                return;
            }
            heard.push(response.text());
        }
    }
    panic!("{wanted} was not heard; this was: {heard:?}");
}

const PASSWORD: &str = "secret";

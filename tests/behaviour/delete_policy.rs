//! Who may delete at all (policy.delete): every door and every command under each thing that a site may say, open sessions
//! that hear of it, which of several things counts, and that the database asks by itself.

use std::time::{Duration, Instant};

use crate::support::imap::Response;
use crate::support::postgres::SitePostgres;
use crate::support::{Imap, Options, Pop3, Scratch, Server, units};

/// What a site says, and who may delete then: the owner of a mailbox, a guest who has all rights in it, and somebody with
/// all rights in a mailbox that belongs to everybody.
const VERDICTS: [(&str, [bool; 3]); 3] = [
    ("allowed", [true, true, true]),
    ("own-mailboxes", [true, false, false]),
    ("never", [false, false, false]),
];

/// What takes mail or mailboxes away, in a mailbox that is open, or from outside of it.
const COMMANDS: &[&str] = &[
    "STORE 1 +FLAGS (\\Deleted)",
    "STORE 1 +FLAGS.SILENT (\\Deleted)",
    "STORE 1 -FLAGS (\\Deleted)",
    "EXPUNGE",
    "UID EXPUNGE 1",
    "MOVE 1 {b}",
    "UID MOVE 1 {b}",
    "DELETE {m}",
    "RENAME {m} {m}-renamed",
];

/// One user with a mailbox, and the names of it and of another one, as that user has them.
struct Place {
    imap: Imap,
    prefix: String,
    number: usize,
}

impl Place {
    /// A new mailbox with a message that is \Deleted. It is made while everything is allowed.
    fn mailbox(&mut self) -> String {
        self.number += 1;
        let name = format!("\"{}m{}\"", self.prefix, self.number);
        self.imap.ok(&format!("CREATE {name}")).expect("CREATE");
        let appended = self.imap.append(&format!("{name} (\\Deleted)"), MAIL).expect("APPEND");
        assert!(appended.result.starts_with("OK"), "{}", appended.result);
        name
    }
}

/// Anna in a mailbox of her own, as a guest of Bert's, and in one of everybody's.
fn places(server: &Server) -> [Place; 3] {
    for login in ["anna", "bert"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    server.aox_ok(&["add", "mailbox", "/shared/desk"]);
    server.aox_ok(&["add", "mailbox", "/users/bert/desk"]);
    for mailbox in ["/shared/desk", "/users/bert/desk"] {
        server.aox_ok(&["set", "rights", mailbox, "anna", "lrswipkxtea"]);
    }
    ["", "Other Users/bert/desk/", "Shared/desk/"].map(|prefix| {
        let imap = server.imap("anna", PASSWORD);
        Place { imap, prefix: prefix.to_owned(), number: 0 }
    })
}

#[test]
fn every_command_obeys_the_site() {
    let server = Server::start();
    let mut places = places(&server);
    server.aox_ok(&["add", "mailbox", "/users/anna/b"]);
    for (verdict, expected) in VERDICTS {
        for (place, allowed) in places.iter_mut().zip(expected) {
            server.aox_ok(&["set", "delete-policy", "site", "allowed"]);
            let names: Vec<String> = COMMANDS.iter().map(|_| place.mailbox()).collect();
            let spare = place.mailbox();
            server.aox_ok(&["set", "delete-policy", "site", verdict]);
            for (command, name) in COMMANDS.iter().zip(names) {
                let bare = name.trim_matches('"');
                let command =
                    command.replace("{b}", "b").replace("{m}-renamed", &format!("\"{bare}-renamed\""));
                let command = command.replace("{m}", &name);
                if !command.starts_with("DELETE") && !command.starts_with("RENAME") {
                    place.imap.ok(&format!("SELECT {name}")).expect("SELECT");
                }
                let reply = place.imap.command(&command).expect("an answer");
                assert_eq!(reply.result.starts_with("OK"), allowed, "{verdict}: {command}: {}", reply.result);
                if !allowed {
                    let wanted = format!("NO [NOPERM] The delete policy of the site says \"{verdict}\"");
                    assert_eq!(reply.result, wanted, "{command}");
                }
                let _ = place.imap.command("UNSELECT").expect("an answer");
            }
            look_around(place, &spare, allowed);
        }
    }
}

/// What tells in advance, and what stays allowed.
fn look_around(place: &mut Place, name: &str, allowed: bool) {
    let imap = &mut place.imap;
    let has_any = |text: &str| text.contains(['x', 't', 'e']);
    let told = imap.ok(&format!("MYRIGHTS {name}")).expect("MYRIGHTS");
    assert_eq!(has_any(&last_word(&told[0])), allowed, "{}", told[0].text());
    let told = imap.ok(&format!("LISTRIGHTS {name} anna")).expect("LISTRIGHTS");
    let rights = told[0].text().split_once(" anna ").expect("it names her").1.to_owned();
    assert_eq!(has_any(&rights), allowed, "{rights}");
    let told = imap.ok(&format!("LIST \"\" {name} RETURN (MYRIGHTS)")).expect("LIST");
    let rights = told.iter().find(|line| line.text().starts_with("* MYRIGHTS")).expect("RETURN (MYRIGHTS)");
    assert_eq!(has_any(&last_word(rights)), allowed, "{}", rights.text());
    let opened = imap.ok(&format!("SELECT {name}")).expect("SELECT");
    let offers =
        |line: &Response| line.text().contains("PERMANENTFLAGS") && line.text().contains("\\Deleted");
    assert_eq!(opened.iter().any(offers), allowed);
    // Other flags, copies and new messages are nobody's loss.
    imap.ok("STORE 1 +FLAGS (\\Flagged)").expect("STORE");
    imap.ok("COPY 1 b").expect("COPY");
    imap.append(&format!("{name} (\\Deleted \\Seen)"), MAIL).expect("APPEND");
    let fetched = imap.ok("FETCH 2 FLAGS").expect("FETCH");
    let flags: String = fetched.iter().map(Response::text).collect();
    assert!(flags.contains("\\Seen"), "{flags}");
    assert_eq!(flags.contains("\\Deleted"), allowed, "{flags}");
    // CLOSE says OK and expunges nothing.
    imap.ok("CLOSE").expect("CLOSE");
    let status = imap.ok(&format!("STATUS {name} (MESSAGES)")).expect("STATUS");
    let left = if allowed { "(MESSAGES 0)" } else { "(MESSAGES 2)" };
    assert!(status[0].text().ends_with(left), "{}", status[0].text());
}

fn last_word(line: &Response) -> String {
    line.text().rsplit(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn pop3_says_it_at_dele() {
    let server = Server::shared();
    server.add_user("paula", "paula@example.org", PASSWORD);
    server.deliver("paula@example.org", MAIL);
    for (verdict, expected) in VERDICTS {
        server.aox_ok(&["set", "delete-policy", "user", "paula", verdict]);
        let mut pop = server.pop3("paula", PASSWORD);
        let reply = pop.command("DELE 1").expect("a reply");
        match expected[0] {
            true => assert!(reply.starts_with("+OK"), "{verdict}: {reply}"),
            false => assert_eq!(reply, "-ERR [SYS/PERM] The delete policy of the user paula says \"never\""),
        }
        pop.ok("RSET").expect("RSET");
        pop.ok("QUIT").expect("QUIT");
    }
    // What is said between DELE and QUIT counts, too.
    server.aox_ok(&["set", "delete-policy", "user", "paula", "allowed"]);
    let mut pop: Pop3 = server.pop3("paula", PASSWORD);
    pop.ok("DELE 1").expect("DELE");
    server.aox_ok(&["set", "delete-policy", "user", "paula", "never"]);
    assert!(pop.command("QUIT").expect("a reply").starts_with("-ERR [SYS/PERM] The delete policy"));
    assert!(server.pop3("paula", PASSWORD).ok("STAT").expect("STAT").starts_with("1 "));
}

#[test]
fn open_sessions_hear_of_it_at_every_host() {
    let site = SitePostgres::start();
    let (one, other) = site.two_hosts();
    one.add_user("anna", "anna@example.org", PASSWORD);
    one.aox_ok(&["add", "group", "clerks"]);
    let mut annas = [one.imap("anna", PASSWORD), other.imap("anna", PASSWORD)];
    let tags = annas.each_mut().map(|anna| {
        anna.append("INBOX (\\Deleted)", MAIL).expect("APPEND");
        anna.ok("SELECT INBOX").expect("SELECT");
        anna.idle().expect("IDLE")
    });
    let without = "[PERMANENTFLAGS (\\Answered \\Flagged \\Seen \\Draft \\*)]";
    let mut all_hear = |wanted: &str| annas.iter_mut().for_each(|anna| hears_soon(anna, wanted));
    let with = "[PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)]";
    one.aox_ok(&["set", "delete-policy", "group", "clerks", "never"]);
    one.aox_ok(&["add", "member", "clerks", "anna"]);
    all_hear(without);
    other.aox_ok(&["delete", "member", "clerks", "anna"]);
    all_hear(with);
    other.aox_ok(&["set", "delete-policy", "domain", "example.org", "never"]);
    all_hear(without);
    one.aox_ok(&["delete", "delete-policy", "domain", "example.org"]);
    one.aox_ok(&["delete", "delete-policy", "group", "clerks"]);
    all_hear(with);
    annas[0].done(&tags[0]).expect("DONE");
    annas[0].ok("EXPUNGE").expect("EXPUNGE");
    // The settings are the least specific of all.
    let third = site.host(&[("AOX__POLICY__DELETE", "never")]);
    third.serve();
    hears_soon(&mut annas[1], without);
    assert!(one.aox_ok(&["list", "delete-policies"]).contains("settings"));
}

fn hears_soon(imap: &mut Imap, wanted: &str) {
    let begin = Instant::now();
    let mut heard = Vec::new();
    while begin.elapsed() < Duration::from_secs(10) {
        if let Some(response) = imap.read_within(Duration::from_millis(200)).expect("the connection holds") {
            if response.text().contains(wanted) {
                return;
            }
            heard.push(response.text());
        }
    }
    panic!("{wanted} was not heard; this was: {heard:?}");
}

#[test]
fn administrators_say_it_in_many_ways() {
    let group = ("AOX__LOGIN__ADMINISTRATORS_GROUP".to_owned(), "Masters".to_owned());
    let server = Server::start_with(Options { settings: vec![group], ..Options::default() });
    for login in ["anna", "carl"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    server.aox_ok(&["add", "group", "masters", "carl"]);
    server.aox_ok(&["add", "mailbox", "/users/anna/Files"]);
    server.aox_ok(&["add", "mailbox", "/users/anna/Files/2026"]);
    let said =
        server.aox_ok(&["set", "delete-policy", "mailbox", "/users/anna/Files", "never", "--role", "users"]);
    assert_eq!(
        said.trim(),
        "From now on the delete policy of the mailbox /users/anna/Files says \"never\" to users."
    );
    let said =
        server.aox_ok(&["set", "delete-policy", "mailbox", "/users/anna/Files", "never", "--role", "users"]);
    assert!(said.starts_with("It was so already"), "{said}");
    let listed = server.aox_ok(&["list", "delete-policies", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("--json prints JSON");
    assert_eq!(
        listed,
        serde_json::json!([{"scope": "mailbox//users/anna/Files", "role": "users", "verdict": "never"}])
    );
    // What is below it is covered, and who acts for her is himself.
    let mut anna = server.imap("anna", PASSWORD);
    let refused = anna.command("DELETE Files/2026").expect("an answer").result;
    assert_eq!(
        refused,
        "NO [NOPERM] The delete policy of the mailbox /users/anna/Files says \"never\" to users"
    );
    let mut carl = Imap::connect(server.imap_address()).expect("a connection");
    carl.ok("AUTHENTICATE PLAIN YW5uYQBjYXJsAHNlY3JldA==").expect("carl acts for anna");
    carl.append("Files (\\Deleted)", MAIL).expect("APPEND");
    carl.ok("SELECT Files").expect("SELECT");
    let told = carl.ok("EXPUNGE").expect("EXPUNGE");
    assert!(told.iter().any(|line| line.number("EXPUNGE") == Some(1)));
    carl.ok("UNSELECT").expect("UNSELECT");
    carl.ok("DELETE Files/2026").expect("DELETE");
    // Commands of administrators are under what is said to administrators, and under nothing else.
    server.aox_ok(&["set", "delete-policy", "site", "never"]);
    server.aox_ok(&["add", "mailbox", "/users/anna/a"]);
    server.aox_ok(&["delete", "mailbox", "/users/anna/a", "--yes"]);
    server.aox_ok(&["set", "delete-policy", "site", "never", "--role", "administrators"]);
    server.aox_ok(&["add", "mailbox", "/users/anna/a"]);
    let refused = server.aox(&["delete", "mailbox", "/users/anna/a", "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("The delete policy of the site says \"never\" to administrators"), "{text}");
    for (wrong, code) in [
        (&["set", "delete-policy", "group", "nobody", "never"][..], 1),
        (&["set", "delete-policy", "user", "nobody", "never"], 1),
        (&["set", "delete-policy", "mailbox", "/users/anna/none", "never"], 1),
        (&["delete", "delete-policy", "user", "anna"], 1),
        (&["set", "delete-policy", "site", "perhaps"], 2),
        (&["delete", "delete-policy", "group"], 2),
    ] {
        assert_eq!(server.aox(wrong).status.code(), Some(code), "{wrong:?}");
    }
}

#[test]
fn nothing_is_taken_out_from_under_a_policy() {
    let group = ("AOX__LOGIN__ADMINISTRATORS_GROUP".to_owned(), "Masters".to_owned());
    let server = Server::start_with(Options { settings: vec![group], ..Options::default() });
    for login in ["mona", "carl"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    server.aox_ok(&["add", "group", "masters", "carl"]);
    server.aox_ok(&["add", "mailbox", "/users/mona/Files/2026"]);
    server.aox_ok(&["add", "mailbox", "/users/mona/Files/2026/May"]);
    let path = "/users/mona/Files/2026";
    server.aox_ok(&["set", "delete-policy", "mailbox", path, "never", "--role", "users"]);
    let mut mona = server.imap("mona", PASSWORD);
    let mut carl = Imap::connect(server.imap_address()).expect("a connection");
    carl.ok("AUTHENTICATE PLAIN bW9uYQBjYXJsAHNlY3JldA==").expect("carl acts for mona");
    let says = "NO [NOPERM] The delete policy of the mailbox /users/mona/Files/2026";
    let stays = format!("{says} keeps the mailboxes below it where they are");
    let below = format!("{says} is about mailboxes below it, too: delete those first");
    let never = format!("{says} says \"never\" to users");
    for command in
        ["RENAME Files Attic", "RENAME Files/2026 Mine", "RENAME Files/2026/May Mine", "DELETE Files/2026"]
    {
        assert_eq!(mona.command(command).expect("an answer").result, never, "{command}");
    }
    // Whom it does not bind may rename and delete, but not so that it would bind nobody any more.
    assert_eq!(carl.command("RENAME Files/2026/May May").expect("an answer").result, stays);
    carl.ok("RENAME Files Attic").expect("all of it goes");
    let (below, stays) = (below.replace("Files", "Attic"), stays.replace("Files", "Attic"));
    assert_eq!(carl.command("DELETE Attic/2026").expect("an answer").result, below);
    for rehearsal in [&["--dry-run"][..], &["--yes"]] {
        let refused = server.aox(&[&["delete", "mailbox", "/users/mona/Attic/2026"], rehearsal].concat());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            refused.status.code() == Some(1) && said.contains("delete those first"),
            "{rehearsal:?}: {said}"
        );
    }
    // The database sees to it by itself.
    for (sql, why) in [
        ("update aox.mailboxes set name = 'May' where name = 'Attic/2026/May'", &stays),
        ("update aox.mailboxes set name = 'x/' || name where name like 'Attic/2026/%'", &stays),
        ("update aox.mailboxes set deleted_at = now() where name = 'Attic/2026'", &below),
    ] {
        let refused = server.psql("aox_server", sql);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(why.trim_start_matches("NO [NOPERM] ")), "{sql}: {said}");
    }
    carl.ok("DELETE Attic/2026/May").expect("DELETE");
    carl.ok("DELETE Attic/2026").expect("DELETE");
    // A user goes with everything, whatever is said of mailboxes.
    carl.ok("CREATE Attic/2027").expect("CREATE");
    carl.ok("CREATE Attic/2027/May").expect("CREATE");
    server.aox_ok(&["set", "delete-policy", "mailbox", "/users/mona/Attic/2027", "never"]);
    server.aox_ok(&["delete", "user", "mona", "--yes"]);
}

/// Anna (1) is in the groups 1 and 2 and has an address in the domain, Bert (2) is in none, Carl (3) is an administrator.
/// Mailbox 1 is Anna's, 2 is below it, 3 is everybody's.
const PEOPLE: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna'), ('bert', 'bert'), ('carl', 'carl');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'a', 1), (1, 'a/b', 2), (0, 'c', 3);
    insert into aox.groups (name, name_key) values ('One', 'one'), ('Two', 'two'), ('Masters', 'masters');
    insert into aox.group_members values (1, 1), (1, 2), (3, 3);
    update aox.site set administrators_group = 'masters';
    insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
        values ('anna', 'anna', 'example.org', 1, 1, true), ('info', 'info', 'example.com', 1, 1, false);
    insert into aox.messages (account, id, octets, arrived_at, digest, header, recipe, envelope, bodystructure)
        values (1, 1, 1, now(), '', '', '', '', '');
    insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
        values (1, 1, 1, 1, 1, now(), 1, now());
    update aox.mailboxes set messages = 1, octets = 1, uidnext = 2 where account = 1 and id = 1;";

/// What is said: (scope, domain, group, account, mailbox, role, verdict), and then who of 1, 2, 3 and null is banned where.
type Case = (&'static [&'static str], &'static [(&'static str, i64, i64, Option<&'static str>)]);

const CASES: &[Case] = &[
    (&[], &[("1", 1, 1, None), ("2", 1, 1, None), ("null", 0, 3, None)]),
    (&["0, null, null, null, null, 0, 2"], &[("1", 1, 1, Some("the site")), ("null", 1, 1, None)]),
    (
        &["1, null, null, null, null, 0, 1"],
        &[
            ("1", 1, 1, None),
            ("1", 0, 3, Some("the site")),
            ("2", 1, 1, Some("the site")),
            ("3", 0, 3, Some("the site")),
        ],
    ),
    // The settings give way to the site, the site to a domain, that to a group, that to a user, and that to a mailbox.
    (&["0, null, null, null, null, 0, 2", "1, null, null, null, null, 0, 0"], &[("2", 1, 1, None)]),
    (
        &["1, null, null, null, null, 0, 0", "2, 'example.org', null, null, null, 0, 2"],
        &[("1", 1, 1, Some("the domain example.org")), ("2", 1, 1, None)],
    ),
    // An alias is no address of one's own.
    (&["2, 'example.com', null, null, null, 0, 2"], &[("1", 1, 1, None)]),
    (&["2, 'example.org', null, null, null, 0, 2", "3, null, 1, null, null, 0, 0"], &[("1", 1, 1, None)]),
    // The strictest of two groups counts.
    (
        &["3, null, 1, null, null, 0, 1", "3, null, 2, null, null, 0, 2"],
        &[("1", 1, 1, Some("the group Two")), ("2", 1, 1, None)],
    ),
    (&["3, null, 1, null, null, 0, 2", "4, null, null, 1, null, 0, 0"], &[("1", 1, 1, None)]),
    (
        &["4, null, null, 2, null, 0, 0", "5, null, null, 1, 1, 0, 2"],
        &[("2", 1, 1, Some("the mailbox /users/anna/a")), ("2", 1, 2, Some("the mailbox /users/anna/a"))],
    ),
    // The nearest mailbox counts before one above it.
    (
        &["5, null, null, 1, 1, 0, 2", "5, null, null, 1, 2, 0, 0"],
        &[("1", 1, 1, Some("the mailbox /users/anna/a")), ("1", 1, 2, None)],
    ),
    (&["5, null, null, 0, 3, 0, 2"], &[("1", 0, 3, Some("the mailbox /shared/c")), ("1", 1, 1, None)]),
    // What is said to a role counts before what is said to everybody.
    (
        &["1, null, null, null, null, 0, 2", "1, null, null, null, null, 1, 0"],
        &[("1", 1, 1, Some("the site")), ("3", 1, 1, None), ("null", 1, 1, None)],
    ),
    (
        &["1, null, null, null, null, 1, 2"],
        &[("1", 1, 1, None), ("3", 1, 1, Some("the site")), ("null", 1, 1, Some("the site"))],
    ),
    (
        &["1, null, null, null, null, 2, 2"],
        &[("1", 1, 1, Some("the site")), ("3", 1, 1, None), ("null", 1, 1, None)],
    ),
    (
        &["1, null, null, null, null, 3, 2"],
        &[("1", 1, 1, Some("the site")), ("2", 1, 1, None), ("1", 0, 3, None)],
    ),
    (
        &["1, null, null, null, null, 4, 2"],
        &[("1", 1, 1, None), ("2", 1, 1, Some("the site")), ("1", 0, 3, Some("the site"))],
    ),
    (
        &["1, null, null, null, null, 4, 2", "1, null, null, null, null, 1, 0"],
        &[("3", 1, 1, Some("the site"))],
    ),
];

#[test]
fn the_most_specific_counts_and_the_database_asks_by_itself() {
    let scratch = Scratch::start();
    scratch.sql(PEOPLE);
    units::runtime().block_on(async {
        let lender = scratch.lender().await;
        let client = lender.client();
        for (said, asked) in CASES {
            client.batch_execute("begin").await.expect("begin");
            for row in *said {
                let columns = "scope, domain, group_id, account, mailbox, role, verdict";
                let insert = format!("insert into aox.delete_policies ({columns}) values ({row})");
                client.batch_execute(&insert).await.expect(row);
            }
            for (who, account, mailbox, expected) in *asked {
                let sql = format!("select aox.delete_ban({who}, {account}, {mailbox})");
                let ban: Option<String> = client.query_one(&sql, &[]).await.expect("a row").get(0);
                let named = ban.as_deref().map(|ban| ban.split_once(" of ").expect("it names something").1);
                let named = named.map(|named| named.split_once(" says").expect("it says something").0);
                assert_eq!(named, *expected, "{said:?}: {who} in {account}.{mailbox}: {ban:?}");
            }
            client.batch_execute("rollback").await.expect("rollback");
        }
        // As the role of the server, whatever it was told.
        let say = "insert into aox.delete_policies (scope, role, verdict) values (1, 0, 2)";
        client.batch_execute(say).await.expect("it may say so");
        let expunge = "select * from aox.expunge(1, 1, null, false, 1, 'imap', null, 'a bug')";
        let refused = client.batch_execute(expunge).await.expect_err("nobody may delete");
        assert_eq!(refused.code().expect("a code").code(), "AX001");
        // A policy that has mail deleted is the site's own word, if there is that policy.
        let say = "insert into aox.delete_policies (scope, role, verdict) values (1, 1, 2)";
        client.batch_execute(say).await.expect("it may say so");
        let by_policy = "select count(*) from aox.expunge(1, 1, null, false, null, 'policy', null, 'policy 1')";
        client.query_one(by_policy, &[]).await.expect_err("there is no such policy");
        client.batch_execute("begin").await.expect("begin");
        let add = "select aox.add_policy('delete', null, null, null, 30, null, null, 0, 'me')";
        assert_eq!(client.query_one(add, &[]).await.expect("a policy").get::<_, i64>(0), 1);
        let gone = client.query_one(by_policy, &[]).await.expect("there is").get::<_, i64>(0);
        assert_eq!(gone, 1);
        client.batch_execute("rollback").await.expect("rollback");
        let left = client.query_one("select messages from aox.mailboxes where id = 1", &[]).await.expect("a row");
        assert_eq!(left.get::<_, i64>(0), 1);
        for forbidden in [
            "delete from aox.delete_policies",
            "truncate aox.delete_policies",
            "update aox.delete_policies set verdict = 0",
            "create or replace function aox.delete_ban(bigint, bigint, bigint) returns text language sql as 'select null'",
        ] {
            let error = client.batch_execute(forbidden).await.expect_err(forbidden);
            assert_eq!(error.code().expect("a code").code(), "42501", "{forbidden}");
        }
    });
}

const MAIL: &[u8] = b"Subject: x\r\n\r\nx\r\n";
const PASSWORD: &str = "secret";

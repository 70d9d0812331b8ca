//! Deleted mail, searched and taken back: by administrators, and by users from any IMAP program.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::server::Options;
use crate::support::{Scratch, Server, units};
use serde_json::Value;

#[test]
fn search_finds_what_is_there_and_what_was_deleted() {
    let server = with_mail("anna");
    server.add_user("bert", "bert@example.org", PASSWORD);
    server.deliver("bert@example.org", b"From: zoe@example.net\r\nSubject: lunch\r\n\r\nBert only\r\n");
    let found = json(&server, &["search", "anna", "subject", "lunch"]);
    assert_eq!(subjects(&found), ["Lunch on Monday", "lunch?"]);
    let first = &found["messages"][0];
    assert_eq!(first["mailbox"], "/users/anna/INBOX");
    assert_eq!(first["from"], "Bob Bodkin <bob@example.net>");
    assert_eq!(first["uid"], 1);
    assert!(first["octets"].as_u64().is_some_and(|octets| octets as usize > MAIL[0].len()));
    for (words, expected) in [
        (&["subject", "lunch", "from", "bob"][..], 1),
        (&["from bob since 2020-01-31"], 1),
        (&["since", "1-jan-2020", "not", "subject", "Lunch"], 1),
        (&["(body", "noon", "or", "seen", "unseen)"], 1),
        (&["larger", "1MB"], 0),
        (&["uid", "2:3"], 2),
    ] {
        let arguments = [&["search", "anna"][..], words].concat();
        assert_eq!(json(&server, &arguments)["found"], expected, "{words:?}");
    }
    assert_eq!(json(&server, &["search", "--all", "subject", "lunch"])["found"], 3);
    assert_eq!(json(&server, &["search", "/users/anna/Work", "all"])["found"], 0);
    let table = server.aox_ok(&["search", "anna", "from", "bob"]);
    assert!(table.contains("Lunch on Monday") && table.contains("/users/anna/INBOX"), "{table}");
    let few = server.aox_ok(&["search", "anna", "all", "--limit", "2"]);
    assert!(few.contains("3 messages found") && few.contains("the first 2"), "{few}");

    expunge(&server, "anna", "INBOX", "1");
    assert_eq!(json(&server, &["search", "anna", "subject", "lunch"])["found"], 1);
    let deleted = json(&server, &["search", "anna", "subject", "lunch", "--deleted"]);
    assert_eq!(subjects(&deleted), ["Lunch on Monday"]);
    let first = &deleted["messages"][0];
    assert_eq!((first["deleted_by"].as_str(), first["door"].as_str()), (Some("anna"), Some("imap")));
    assert_eq!((first["reason"].as_str(), first["client"].as_str()), (Some("expunge"), Some("127.0.0.1")));
    let table = server.aox_ok(&["search", "anna", "all", "--deleted"]);
    assert!(table.contains("anna (imap expunge)"), "{table}");
}

#[test]
fn what_is_not_understood_is_named() {
    let server = with_mail("anna");
    for (arguments, code, named) in [
        (&["search", "anna", "subject", "lunch", "frm", "bob"][..], 2, "\"frm\""),
        (&["search", "anna", "since", "yesterday"], 2, "\"yesterday\""),
        (&["search", "anna"], 2, "say which messages"),
        (&["search", "nobody", "all"], 1, "no user nobody"),
        (&["search", "/users/anna/Nowhere", "all"], 1, "no mailbox Nowhere"),
        (&["undelete", "anna", "lunch"], 2, "\"lunch\""),
        (&["undelete", "mailbox", "/users/anna/Nowhere"], 1, "Nowhere"),
        (&["undelete", "mailbox", "/users/anna/Work"], 1, "not deleted"),
        (&["undelete", "user", "anna"], 1, "not deleted"),
        (&["undelete", "user", "nobody"], 1, "nobody"),
        (&["undelete", "anna"], 2, "SEARCH"),
    ] {
        let output = server.aox(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
}

#[test]
fn undelete_says_what_it_does() {
    let server = with_mail("anna");
    expunge(&server, "anna", "INBOX", "1:3");
    let rehearsed = json(&server, &["undelete", "anna", "subject", "lunch", "--dry-run"]);
    assert_eq!((&rehearsed["messages"], &rehearsed["dry_run"]), (&2.into(), &true.into()));
    assert_eq!(status(&server, "anna", "INBOX"), 0);
    let done = json(&server, &["undelete", "anna", "subject", "lunch"]);
    assert_eq!(done["messages"], 2);
    assert_eq!(done["places"][0]["into"], "/users/anna/INBOX");
    assert_eq!(status(&server, "anna", "INBOX"), 2);
    let again = server.aox_ok(&["undelete", "anna", "subject", "lunch"]);
    assert!(again.contains("No deleted message was found"), "{again}");
    // What is taken back leaves a tombstone behind, without the message: clients hear of the old uid as gone.
    let rows = sql(
        &server,
        "select uid, message is null, restored_message is not null from aox.tombstones order by uid",
    );
    assert_eq!(rows, "1|t|t\n2|t|t\n3|f|f");
    counters_are_exact(&server);
}

#[test]
fn messages_of_a_deleted_mailbox_bring_it_back() {
    let server = with_mail("anna");
    let mut imap = server.imap("anna", PASSWORD);
    imap.append("Work", MAIL[0]).expect("APPEND");
    imap.ok("SETACL Work anyone lr").expect("SETACL");
    imap.ok("DELETE Work").expect("DELETE");
    let done = json(&server, &["undelete", "anna", "all"]);
    assert_eq!((&done["messages"], &done["places"][0]["made"]), (&1.into(), &true.into()));
    assert_eq!(status(&server, "anna", "Work"), 1);
    let rights = server.aox_ok(&["list", "rights", "/users/anna/Work"]);
    assert!(rights.contains("anyone"), "{rights}");
    // With another mailbox of that name meanwhile, the messages go there.
    imap.ok("DELETE Work").expect("DELETE");
    imap.ok("CREATE Work").expect("CREATE");
    let done = json(&server, &["undelete", "/users/anna/Work", "all"]);
    assert_eq!((&done["messages"], &done["places"][0]["made"]), (&1.into(), &false.into()));
    // The mailbox as a whole needs a name of its own then.
    let refused = server.aox(&["undelete", "mailbox", "/users/anna/Work"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--into"));
    server.aox_ok(&["undelete", "mailbox", "/users/anna/Work", "--into", "/users/anna/Work of old"]);
    assert_eq!(status(&server, "anna", "\"Work of old\""), 0);
    counters_are_exact(&server);
}

#[test]
fn quotas_are_asked_unless_an_administrator_says_otherwise() {
    let server = with_mail("anna");
    expunge(&server, "anna", "INBOX", "1:3");
    server.aox_ok(&["set", "quota", "user", "anna", "--messages", "1"]);
    let refused = server.aox(&["undelete", "anna", "all"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("quota") && said.contains("--beyond-quota"), "{said}");
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT \"Deleted Messages/INBOX\"").expect("SELECT");
    let over = imap.command("MOVE 1:3 INBOX").expect("MOVE").result;
    assert!(over.contains("NO [OVERQUOTA]"), "{over}");
    imap.ok("MOVE 2 INBOX").expect("one has room");
    assert_eq!(json(&server, &["undelete", "anna", "all", "--beyond-quota"])["messages"], 2);
    assert_eq!(status(&server, "anna", "INBOX"), 3);
    counters_are_exact(&server);
}

#[test]
fn what_is_taken_back_may_become_somebody_elses() {
    let server = with_mail("anna");
    server.add_user("bert", "bert@example.org", PASSWORD);
    server.aox_ok(&["add", "mailbox", "/shared/team"]);
    server.aox_ok(&["set", "rights", "/shared/team", "anna", "lri"]);
    expunge(&server, "anna", "INBOX", "1:3");
    assert_eq!(
        json(&server, &["undelete", "anna", "from", "bob", "--into", "/users/bert/From Anna"])["messages"],
        1
    );
    let mut bert = server.imap("bert", PASSWORD);
    bert.ok("SELECT \"From Anna\"").expect("SELECT");
    let text = bert.ok("FETCH 1 BODY.PEEK[]").expect("FETCH");
    assert!(text[0].literal().is_some_and(|text| text.ends_with(MAIL[0])));
    let mut anna = server.imap("anna", PASSWORD);
    anna.ok("SELECT \"Deleted Messages/INBOX\"").expect("SELECT");
    anna.ok("MOVE 1 Shared/team").expect("MOVE");
    assert_eq!(status(&server, "anna", "Shared/team"), 1);
    server.aox_ok(&["check", "messages"]);
    counters_are_exact(&server);
}

#[test]
fn a_user_comes_back_without_what_others_have_now() {
    let server = with_mail("anna");
    server.aox_ok(&["add", "address", "anna", "second@example.org"]);
    server.aox_ok(&["delete", "user", "anna", "--yes"]);
    let found = json(&server, &["search", "anna", "--deleted", "all"]);
    assert_eq!(found["found"], 3);
    let refused = server.aox(&["undelete", "anna", "all"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("undelete user"));
    server.add_user("bert", "second@example.org", PASSWORD);
    server.add_user("anna", "new@example.org", PASSWORD);
    let refused = server.aox(&["undelete", "user", "anna"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("rename user"));
    server.aox_ok(&["rename", "user", "anna", "anna2"]);
    let rehearsed = json(&server, &["undelete", "user", "anna", "--dry-run"]);
    let done = json(&server, &["undelete", "user", "anna"]);
    assert_eq!((&rehearsed["messages"], &done["messages"]), (&3.into(), &3.into()));
    assert_eq!(done["addresses"], serde_json::json!(["anna@example.org"]));
    assert_eq!(done["lost"], serde_json::json!(["second@example.org"]));
    assert_eq!(status(&server, "anna", "INBOX"), 3);
    counters_are_exact(&server);
}

#[test]
fn kill_in_the_middle_leaves_each_message_here_or_there() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", MAIL[0]);
    server.imap("anna", PASSWORD).ok("CREATE Big").expect("CREATE");
    let place = "account = 1 and mailbox = (select id from aox.mailboxes where name = 'Big')";
    sql(&server, &format!(
        "insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
         select 1, b.id, n, m.message, 2, now(), m.octets, now()
         from aox.mailboxes b, aox.mailbox_messages m, generate_series(1, {MANY}) n where b.name = 'Big';
         update aox.mailboxes b set messages = t.messages, unseen = t.messages, octets = t.octets, uidnext = {MANY} + 1,
             highestmodseq = 2
         from (select count(*) as messages, sum(octets) as octets from aox.mailbox_messages where {place}) t
         where b.name = 'Big'"
    ));
    server.aox_ok(&["check", "quota", "--repair"]);
    server.aox_ok(&["delete", "mailbox", "/users/anna/Big", "--yes"]);
    let count = || {
        let sums = sql(
            &server,
            &format!(
                "select (select count(*) from aox.mailbox_messages where {place}),
                    (select count(*) from aox.tombstones where {place} and message is not null),
                    (select count(*) from aox.tombstones where {place} and message is null)"
            ),
        );
        let sums: Vec<usize> = sums.split('|').map(|sum| sum.parse().expect("a number")).collect();
        (sums[0], sums[1], sums[2])
    };
    assert_eq!(count(), (0, MANY, 0));
    let mut command = server.command(&["undelete", "mailbox", "/users/anna/Big"]);
    let mut client = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("aox can be run");
    let begin = Instant::now();
    while count().0 == 0 {
        assert!(begin.elapsed() < PATIENCE, "nothing comes back");
        std::thread::sleep(Duration::from_millis(5));
    }
    server.kill();
    assert!(!client.wait().expect("aox ends").success());
    server.serve();
    let (back, deleted, taken) = count();
    assert!(back > 0 && deleted > 0, "the kill came too late: {back} and {deleted}");
    assert_eq!((back + deleted, taken), (MANY, back));
    // The same command goes on where it was broken off.
    assert_eq!(json(&server, &["undelete", "mailbox", "/users/anna/Big"])["messages"], deleted);
    assert_eq!(count(), (MANY, 0, MANY));
    counters_are_exact(&server);
}

#[test]
fn a_site_may_keep_it_from_its_users() {
    let settings = vec![("AOX__UNDELETE__FOR_USERS".to_owned(), "false".to_owned())];
    let server = Server::start_with(Options { settings, ..Options::default() });
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", MAIL[0]);
    expunge(&server, "anna", "INBOX", "1");
    let mut imap = server.imap("anna", PASSWORD);
    let namespace = imap.ok("NAMESPACE").expect("NAMESPACE");
    assert!(!namespace[0].text().contains("Deleted"), "{}", namespace[0].text());
    assert_eq!(imap.ok("LIST \"Deleted Messages/\" *").expect("LIST").len(), 0);
    for command in ["SELECT", "EXAMINE"] {
        let answer = imap.command(&format!("{command} \"Deleted Messages/INBOX\"")).expect(command).result;
        assert!(answer.contains("NO [NONEXISTENT]"), "{answer}");
    }
    let answer = imap.command("STATUS \"Deleted Messages/INBOX\" (MESSAGES)").expect("STATUS").result;
    assert!(answer.contains("NO [NONEXISTENT]"), "{answer}");
    assert_eq!(json(&server, &["undelete", "anna", "all"])["messages"], 1);
}

#[test]
fn python_imaplib_takes_mail_back() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("python3 is not installed: skipped");
        return;
    }
    let server = with_mail("anna");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/imaplib_takes_back.py");
    let port = server.imap_address().port().to_string();
    let output =
        Command::new("python3").args([script, &port, "anna", PASSWORD]).output().expect("python3 runs");
    assert!(said(&output).contains("all well"), "{}", said(&output));
}

#[test]
fn what_was_deleted_before_is_numbered() {
    let scratch = Scratch::with_rows_of(
        "0016_deleted",
        "insert into aox.accounts (login, login_key) values ('anna', 'anna');
         insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7), (1, 'Deleted Messages/x', 8),
             (1, 'Deleted Messages', 9);
         insert into aox.messages (account, id, digest, octets, header, recipe, arrived_at, envelope, bodystructure)
             select 1, n, '', 100, '', '', now(), '', '' from generate_series(1, 5) n;
         insert into aox.tombstones (account, mailbox, uid, message, modseq, flags, internal_date, internal_zone, octets,
                 saved_at, door, reason)
             select 1, 1, n, n, case n when 1 then 9 else 4 end, 0, now(), 0, 100, now(), 'imap',
                 case n when 3 then 'move' else 'expunge' end
             from generate_series(1, 5) n",
    );
    units::runtime().block_on(async {
        let lender = scratch.lender().await;
        let rows =
            lender.client().query("select uid, deleted_uid from aox.tombstones order by uid", &[]).await;
        let rows: Vec<(i64, Option<i64>)> =
            rows.expect("they are there").iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(rows, [(1, Some(4)), (2, Some(1)), (3, None), (4, Some(2)), (5, Some(3))]);
        let rows =
            lender.client().query("select name, deleted_uidnext from aox.mailboxes order by id", &[]).await;
        let rows: Vec<(String, i64)> =
            rows.expect("they are there").iter().map(|row| (row.get(0), row.get(1))).collect();
        let names = ["INBOX", "Deleted Messages (own)/x", "Deleted Messages"].map(str::to_owned);
        assert_eq!(rows, names.into_iter().zip([5, 1, 1]).collect::<Vec<_>>());
    });
}

/// A server with a user who has three messages in INBOX, and a mailbox without any.
fn with_mail(login: &str) -> Server {
    let server = Server::start();
    let address = format!("{login}@example.org");
    server.add_user(login, &address, PASSWORD);
    MAIL.iter().for_each(|message| server.deliver(&address, message));
    server.imap(login, PASSWORD).ok("CREATE Work").expect("CREATE");
    server
}

fn expunge(server: &Server, login: &str, mailbox: &str, set: &str) {
    let mut imap = server.imap(login, PASSWORD);
    imap.ok(&format!("SELECT {mailbox}")).expect("SELECT");
    imap.ok(&format!("STORE {set} +FLAGS.SILENT (\\Deleted)")).expect("STORE");
    imap.ok("EXPUNGE").expect("EXPUNGE");
}

/// How many messages a mailbox has.
fn status(server: &Server, login: &str, mailbox: &str) -> u32 {
    let mut imap = server.imap(login, PASSWORD);
    let said = imap.ok(&format!("STATUS {mailbox} (MESSAGES)")).expect("STATUS");
    let text = said[0].text();
    let count =
        text.rsplit_once("MESSAGES ").and_then(|(_, rest)| rest.trim_end().strip_suffix(')')?.parse().ok());
    count.unwrap_or_else(|| panic!("{text}"))
}

fn json(server: &Server, arguments: &[&str]) -> Value {
    let printed = server.aox_ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"))
}

fn subjects(found: &Value) -> Vec<String> {
    let messages = found["messages"].as_array().expect("a list").iter();
    messages.map(|message| message["subject"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What the private database answers.
fn sql(server: &Server, statement: &str) -> String {
    let socket = server.postgres_socket().expect("PostgreSQL runs");
    let mut psql = Command::new("psql");
    psql.arg("-h").arg(socket).args(["-U", "aox_owner", "-d", "aox", "-qtA", "-v", "ON_ERROR_STOP=1", "-c"]);
    let output = psql.arg(statement).output().expect("psql runs");
    assert!(output.status.success(), "{statement}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn counters_are_exact(server: &Server) {
    server.aox_ok(&["check", "quota"]);
    let wrong = sql(server, "select b.name from aox.mailboxes b
        left join lateral (
            select count(*) messages, count(*) filter (where flags & 1 = 0) unseen, coalesce(sum(octets), 0) octets
            from aox.mailbox_messages m where m.account = b.account and m.mailbox = b.id
        ) c on true
        where (b.messages, b.unseen, b.octets) <> (c.messages, c.unseen, c.octets)");
    assert_eq!(wrong, "", "mailboxes whose counters are wrong");
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const MAIL: [&[u8]; 3] = [
    b"From: Bob Bodkin <bob@example.net>\r\nSubject: Lunch on Monday\r\nDate: Mon, 2 Nov 2026 10:20:30 +0100\r\n\r\nAt noon.\r\n",
    b"From: zoe@example.net\r\nSubject: lunch?\r\n\r\nYes.\r\n",
    b"From: zoe@example.net\r\nSubject: Bicycles\r\n\r\nRed.\r\n",
];
const PASSWORD: &str = "secret";
const PATIENCE: Duration = Duration::from_secs(30);
const MANY: usize = 20_000;

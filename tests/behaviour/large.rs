//! What is done with very many messages at once is done in pieces, where the protocol allows it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Imap, Server, eventually};

const PASSWORD: &str = "secret";
/// More than two pieces.
const MESSAGES: u32 = 10_100;

/// A server with anna, whose INBOX has one message under many uids.
fn start() -> Server {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: one\r\n\r\nx\r\n");
    server.superuser_sql(&format!(
        "insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
             select m.account, m.mailbox, u, m.message, m.modseq + 1, m.internal_date, m.octets, m.saved_at
             from aox.mailbox_messages m, generate_series(2, {MESSAGES}) u;
         update aox.mailboxes b
             set uidnext = {MESSAGES} + 1, messages = {MESSAGES}, unseen = {MESSAGES}, octets = b.octets * {MESSAGES},
                 highestmodseq = b.highestmodseq + 1
             where b.messages = 1"
    ));
    server.kill();
    server.serve();
    server
}

/// Messages of a mailbox, and how often it has changed.
fn standing(imap: &mut Imap, mailbox: &str) -> (u32, u32) {
    let reply = imap.ok(&format!("STATUS \"{mailbox}\" (MESSAGES HIGHESTMODSEQ)")).expect("STATUS");
    let line = reply[0].text();
    let number = |word: &str| {
        let behind = line.split_once(word).expect("it is told").1.trim_start();
        behind.split([' ', ')']).next().and_then(|word| word.parse().ok()).expect("a number")
    };
    (number("MESSAGES "), number("HIGHESTMODSEQ "))
}

/// Moves all and looks at what is said: each COPYUID before the expunges of the messages that it names.
fn move_all(imap: &mut Imap, target: &str) {
    let reply = imap.ok(&format!("UID MOVE 1:* \"{target}\"")).expect("MOVE");
    let (mut copied, mut expunged, mut codes) = (0, 0, 0);
    for line in reply.iter().map(|line| line.text()) {
        if let Some(code) = line.strip_prefix("* OK [COPYUID ") {
            let (source, here) = code
                .split_once(']')
                .and_then(|(code, _)| {
                    let mut words = code.split(' ').skip(1);
                    Some((words.next()?, words.next()?))
                })
                .expect("COPYUID has two sets");
            let count = |set: &str| {
                let (first, last) = set.split_once(':').expect("a range");
                last.parse::<u32>().expect("a uid") - first.parse::<u32>().expect("a uid") + 1
            };
            assert_eq!(count(source), count(here), "{line}");
            copied += count(source);
            codes += 1;
        } else if line.ends_with(" EXPUNGE") {
            expunged += 1;
            assert!(expunged <= copied, "{line} comes before its COPYUID");
        }
    }
    assert_eq!((copied, expunged), (MESSAGES, MESSAGES));
    assert!(codes > 2, "it is done in pieces");
}

#[test]
fn a_large_move_is_done_in_pieces_that_let_others_in() {
    let server = start();
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    let before = standing(&mut imap, "Archive");
    move_all(&mut imap, "Archive");
    assert_eq!(standing(&mut imap, "INBOX").0, 0);
    let after = standing(&mut imap, "Archive");
    assert_eq!(after.0, MESSAGES);
    assert!(after.1 >= before.1 + 3, "each piece is a change of its own: {before:?} {after:?}");
    imap.ok("NOOP").expect("all is told");

    // What was deleted is taken back in pieces, too.
    imap.ok("SELECT Archive").expect("SELECT");
    imap.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)").expect("STORE");
    imap.ok("EXPUNGE").expect("EXPUNGE");
    imap.ok("SELECT \"Deleted Messages/Archive\"").expect("SELECT");
    let before = standing(&mut imap, "Archive");
    move_all(&mut imap, "Archive");
    let after = standing(&mut imap, "Archive");
    assert_eq!((before.0, after.0), (0, MESSAGES));
    assert!(after.1 >= before.1 + 3, "each piece is a change of its own: {before:?} {after:?}");
}

#[test]
fn a_large_inbox_is_renamed_in_pieces_that_let_others_in() {
    let server = start();
    let mut imap = server.imap("anna", PASSWORD);
    let mut other = server.imap("anna", PASSWORD);
    other.ok("SELECT INBOX").expect("SELECT");
    imap.ok("RENAME INBOX Old/Mail").expect("RENAME");
    assert_eq!(standing(&mut imap, "INBOX").0, 0);
    let after = standing(&mut imap, "Old/Mail");
    assert_eq!(after.0, MESSAGES);
    assert!(after.1 >= 3, "each piece is a change of its own: {after:?}");
    let gone = other.ok("NOOP").expect("all is told");
    let gone = gone.iter().filter(|line| line.text().ends_with(" EXPUNGE")).count();
    assert_eq!(gone, MESSAGES as usize);
    // Mail comes to INBOX as before.
    server.deliver("anna@example.org", b"Subject: two\r\n\r\nx\r\n");
    assert_eq!(standing(&mut imap, "INBOX").0, 1);
}

#[test]
fn who_leaves_in_a_large_move_finds_each_message_in_one_place() {
    let server = start();
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.send("UID MOVE 1:* Archive").expect("it is sent");
    let line = imap.read().expect("it begins").text();
    assert!(line.starts_with("* OK [COPYUID "), "{line}");
    drop(imap);
    server.kill();
    server.serve();
    let mut imap = server.imap("anna", PASSWORD);
    let (left, moved) = (standing(&mut imap, "INBOX").0, standing(&mut imap, "Archive").0);
    assert!(moved > 0 && left + moved == MESSAGES, "{left} and {moved}");
}

#[test]
fn what_has_very_many_messages_is_deleted_in_pieces_and_comes_back_whole() {
    let server = start();
    let mut imap = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.ok("MOVE 1:* Archive").expect("MOVE");
    imap.ok("DELETE Archive").expect("DELETE");
    let reply = imap.command("SELECT Archive").expect("it answers");
    assert!(reply.result.starts_with("NO "), "{}", reply.result);
    let pieces = "select count(distinct modseq) from aox.tombstones where reason = 'DELETE'";
    assert_eq!(server.superuser_sql(pieces), "3");
    server.aox_ok(&["undelete", "mailbox", "/users/anna/Archive"]);
    assert_eq!(standing(&mut imap, "Archive").0, MESSAGES);

    let said = server.aox_ok(&["delete", "user", "anna"]);
    assert!(said.contains(&format!("{MESSAGES} messages")), "{said}");
    let left = "select count(*) from aox.mailbox_messages";
    assert_eq!(server.superuser_sql(left), "0");
    server.aox_ok(&["undelete", "user", "anna"]);
    let mut imap = server.imap("anna", PASSWORD);
    assert_eq!(standing(&mut imap, "Archive").0, MESSAGES);

    let said = server.aox_ok(&["delete", "mailbox", "/users/anna/Archive"]);
    assert!(said.contains(&format!("was deleted, with {MESSAGES} messages")), "{said}");
}

#[test]
fn a_large_copy_is_whole_and_deliveries_do_not_wait_for_it() {
    let server = start();
    let mut imap = server.imap("anna", PASSWORD);
    let mut other = server.imap("anna", PASSWORD);
    imap.ok("SELECT INBOX").expect("SELECT");
    other.ok("SELECT Archive").expect("SELECT");
    // What the copies refer to is looked at when all of them are there, and that has to wait here.
    let held = "begin; select 1 from aox.messages for update; select pg_sleep(60); commit";
    let holders = |event: &str| {
        let sql = format!(
            "select count(*) from pg_stat_activity where state = 'active' and wait_event = '{event}'"
        );
        server.superuser_sql(&sql) != "0"
    };
    let tag = std::thread::scope(|scope| {
        scope.spawn(|| server.psql("postgres", held));
        eventually("the message is locked", || holders("PgSleep"));
        let tag = imap.send("COPY 1:* Archive").expect("it is sent");
        eventually("the copies are there and wait", || holders("transactionid"));
        assert!(
            other
                .append("Archive", b"Subject: meanwhile\r\n\r\nx\r\n")
                .expect("it answers")
                .result
                .starts_with("OK")
        );
        assert_eq!(standing(&mut other, "Archive").0, 1, "nothing is to be seen of the copies");
        server.superuser_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'",
        );
        tag
    });
    let reply = imap.finish(&tag).expect("it comes to an end");
    assert!(reply.result.starts_with("OK [COPYUID "), "{}", reply.result);
    other.append("Archive", b"Subject: afterwards\r\n\r\nx\r\n").expect("it is appended");
    assert_eq!(standing(&mut other, "Archive").0, MESSAGES + 2);
    let uids: Vec<u32> = other.ok("UID SEARCH ALL").expect("SEARCH")[0]
        .text()
        .split(' ')
        .filter_map(|word| word.trim().parse().ok())
        .collect();
    assert_eq!((uids.len() as u32, uids[0]), (MESSAGES + 2, 1));
    assert!(uids.is_sorted() && uids[1] > 2, "the copies are behind what came meanwhile");
    let reply = other.ok(&format!("FETCH {} (UID ENVELOPE)", MESSAGES + 2)).expect("FETCH");
    assert!(reply.iter().any(|line| line.text().contains("afterwards")), "the last one came last");
    // Whoever opens it now counts the same, and so does the database.
    let mut third = server.imap("anna", PASSWORD);
    let reply = third.ok("SELECT Archive").expect("SELECT");
    assert!(reply.iter().any(|line| line.text() == format!("* {} EXISTS", MESSAGES + 2)));
    assert!(server.aox(&["check", "database"]).status.success());
}

#[test]
fn a_url_opens_a_large_section_piece_by_piece() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    let lines: String = (0..80_000).map(|number| format!("line {number} of a long text\r\n")).collect();
    // The last line end before a boundary belongs to that.
    let text = lines.strip_suffix("\r\n").expect("it ends so");
    let encoded = lines.replace("line", "=6Cine").replace("text", "text=\r\n");
    let letter = format!(
        "Subject: long\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\n{lines}\
         --cut\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --cut\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{encoded}\
         --cut\r\nContent-Transfer-Encoding: x-own\r\n\r\n{lines}--cut--\r\n",
        in_base64(text)
    );
    server.deliver("anna@example.org", letter.as_bytes());
    let mut imap = server.imap("anna", PASSWORD);
    let whole = text.len();
    for (what, around, expected) in [
        ("/;SECTION=1", ("", ""), text),
        ("/;SECTION=1", ("(", " BODY)"), text),
        ("/;SECTION=1", ("(", " BINARY)"), text),
        ("/;SECTION=2", ("(", " BINARY)"), text),
        ("/;SECTION=2/;PARTIAL=3.1500000", ("(", " BINARY)"), &text[3..1_500_003]),
        ("/;SECTION=3", ("(", " BINARY)"), text),
        ("/;SECTION=4", ("(", " BODY)"), text),
        ("/;SECTION=1/;PARTIAL=3.1500000", ("", ""), &text[3..1_500_003]),
        ("/;SECTION=1/;PARTIAL=3.7", ("", ""), &text[3..10]),
        ("", ("", ""), letter.as_str()),
    ] {
        let url = format!("imap://anna@localhost/INBOX/;UID=1{what};URLAUTH=anonymous");
        let made = imap.ok(&format!("GENURLAUTH {url} INTERNAL")).expect("GENURLAUTH");
        let made = made[0].text().trim_start_matches("* GENURLAUTH ").trim().to_owned();
        let (before, behind) = around;
        let reply = imap.ok(&format!("URLFETCH {before}{made}{behind} imap://nowhere")).expect("URLFETCH");
        assert_eq!(reply.len(), 2, "{what}: each URL has its answer");
        let said = String::from_utf8_lossy(&reply[0].0).into_owned();
        let content = reply[0].literal().map_or_else(
            || said.rsplit('"').nth(1).unwrap_or_default().to_owned(),
            |octets| String::from_utf8_lossy(octets).into_owned(),
        );
        // A message that was delivered has a header of its own before what was sent.
        assert!(content.ends_with(expected), "{what}: {} of {} octets", content.len(), whole);
        assert!(what.is_empty() || content.len() == expected.len(), "{what}");
        assert_eq!(said.contains(" (BODY {"), behind == " BODY)", "{what}");
    }
    let url = "imap://anna@localhost/INBOX/;UID=1/;SECTION=4;URLAUTH=anonymous";
    let made = imap.ok(&format!("GENURLAUTH {url} INTERNAL")).expect("GENURLAUTH");
    let made = made[0].text().trim_start_matches("* GENURLAUTH ").trim().to_owned();
    let reply = imap.ok(&format!("URLFETCH ({made} BINARY)")).expect("URLFETCH");
    assert!(reply[0].text().ends_with(" (BINARY NIL)"), "{}", reply[0].text());
    imap.ok("SELECT INBOX").expect("SELECT");
    let refused = imap.command("FETCH 1 (UID BINARY.PEEK[4] BINARY.SIZE[4])").expect("an answer");
    assert!(refused.result.starts_with("NO [UNKNOWN-CTE]"), "{}", refused.result);
    assert!(refused.untagged[0].text().ends_with("FETCH (UID 1)"), "{}", refused.untagged[0].text());
    let refused = imap.command("FETCH 1 BINARY.PEEK[4]").expect("an answer");
    assert!(refused.result.starts_with("NO [UNKNOWN-CTE]") && refused.untagged.is_empty());
    let sizes = imap.ok("FETCH 1 (BINARY.SIZE[2] BINARY.SIZE[1])").expect("FETCH");
    assert!(sizes[0].text().contains(&format!("BINARY.SIZE[2] {whole} BINARY.SIZE[1] {whole}")));
}

/// Lines of base64, as mail has it.
fn in_base64(text: &str) -> String {
    let encoded = STANDARD.encode(text);
    encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\r\n").collect()
}

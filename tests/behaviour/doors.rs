//! A message is followed from its delivery to its end: through every door by which it can leave, and under every combination
//! of what retains it, what deletes it, and what holds it, with the clock moved on.

use std::collections::BTreeMap;

use crate::support::{Imap, Server};

/// Each door, and what tombstones say of it: through what somebody came, and by which command.
const DOORS: &[(&str, &str, &str)] = &[
    ("expunge", "imap", "EXPUNGE"),
    ("uidexpunge", "imap", "EXPUNGE"),
    ("close", "imap", "CLOSE"),
    ("move", "imap", "MOVE"),
    ("uidmove", "imap", "MOVE"),
    ("replace", "imap", "REPLACE"),
    ("uidreplace", "imap", "REPLACE"),
    ("delete", "imap", "DELETE"),
    ("aoxmailbox", "aox", "delete mailbox"),
    ("dele", "pop3", "DELE"),
    ("user", "aox", "delete user"),
    ("policy", "policy", "policy"),
];

/// Bits of a combination.
const RETAINED: u8 = 1;
const DELETED: u8 = 2;
const HELD: u8 = 4;

/// Where messages are, by door and combination: live, deleted, or stored at all, as so many of each.
type Places = BTreeMap<(String, u8), (u32, u32, u32)>;

#[test]
fn a_message_is_followed_through_every_door_under_every_combination_of_policies() {
    let server = Server::start();
    prepare(&server);
    let policies = [
        policy(&server, &["retain", "mail", "365", "header", "x-combo", "retained"]),
        policy(&server, &["delete", "mail", "30", "header", "x-combo", "deleted"]),
        policy(&server, &["add", "hold", "case", "--search", "header x-combo held"]),
    ];
    server
        .superuser_sql("update aox.mailbox_messages set internal_date = internal_date - interval '40 days'");
    each(&places(&server), |_, _, place| assert_eq!(place, (1, 0, 1)));
    leave(&server);
    let vacuum = || server.aox_ok(&["vacuum", "--now"]);
    vacuum();
    tombstones_say_it(&server);
    let stays_live = |door: &str, bits: u8| door == "policy" && bits != DELETED;
    let is_kept = |bits: u8| bits & (RETAINED | HELD) != 0;
    let deleted_once = |door: &str, bits: u8, place: (u32, u32, u32), what: &str| {
        let expected = if stays_live(door, bits) { (1, 0, 1) } else { (0, 1, 1) };
        // What was moved has left two mailboxes.
        let place = if door.ends_with("move") { (place.0, place.1.min(1), place.2) } else { place };
        assert_eq!(place, expected, "{what}: {door} {bits:03b}");
    };
    each(&places(&server), |door, bits, place| deleted_once(door, bits, place, "at once"));
    days_pass(&server, 6);
    vacuum();
    each(&places(&server), |door, bits, place| deleted_once(door, bits, place, "it can be taken back"));
    days_pass(&server, 2);
    vacuum();
    each(&places(&server), |door, bits, place| match stays_live(door, bits) || is_kept(bits) {
        true => deleted_once(door, bits, place, "it is kept"),
        false => assert_eq!(place, (0, 0, 0), "its time has passed: {door} {bits:03b}"),
    });
    for (id, by) in policies.iter().zip(["remove", "remove", "release"]) {
        match by {
            "remove" => server.aox_ok(&["remove", "policy", id]),
            _ => server.aox_ok(&["release", "hold", "case"]),
        };
    }
    vacuum();
    each(&places(&server), |door, bits, place| {
        if is_kept(bits) {
            deleted_once(door, bits, place, "taken back counts later");
        }
    });
    days_pass(&server, 8);
    vacuum();
    each(&places(&server), |door, bits, place| {
        let expected = if stays_live(door, bits) { (1, 0, 1) } else { (0, 0, 0) };
        assert_eq!(place, expected, "nothing keeps it: {door} {bits:03b}");
    });
    let left = server.superuser_sql("select count(*) from aox.accounts where login = 'gone'");
    assert_eq!(left, "0", "the account has ended with its mail");
}

/// A message for each door and each combination, delivered by LMTP to the mailbox of its door.
fn prepare(server: &Server) {
    for login in ["doris", "gone", "pop"] {
        server.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    let mut lmtp = server.lmtp();
    for (door, ..) in DOORS {
        let recipient = match *door {
            "dele" => "pop@example.org".to_owned(),
            "user" => "gone@example.org".to_owned(),
            _ => {
                let path = format!("/users/doris/{door}");
                server.aox_ok(&["add", "mailbox", &path]);
                server.aox_ok(&["add", "alias", &format!("{door}@example.org"), &path]);
                format!("{door}@example.org")
            }
        };
        for bits in 0..8u8 {
            let said = [(RETAINED, "retained"), (DELETED, "deleted"), (HELD, "held")];
            let words: Vec<&str> =
                said.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| *word).collect();
            let mail = format!(
                "From: a@example.net\r\nX-Door: {door} {bits}.\r\nX-Combo: {}\r\n\r\nthrough {door}\r\n",
                words.join(" ")
            );
            let replies =
                lmtp.deliver("a@example.net", &[&recipient], mail.as_bytes()).expect("LMTP answers");
            replies[0].expect(250).expect("it is accepted");
        }
    }
}

fn policy(server: &Server, arguments: &[&str]) -> String {
    let said = server.aox_ok(&[arguments, &["--json"]].concat());
    let said: serde_json::Value = serde_json::from_str(&said).expect("--json prints JSON");
    said["id"].to_string()
}

/// All messages leave, each through its door; those that are moved leave the other mailbox, too.
fn leave(server: &Server) {
    let mut imap = server.imap("doris", PASSWORD);
    let select = |imap: &mut Imap, door: &str| imap.ok(&format!("SELECT {door}")).expect("SELECT");
    for (door, command) in [("expunge", "EXPUNGE"), ("uidexpunge", "UID EXPUNGE 1:*"), ("close", "CLOSE")] {
        select(&mut imap, door);
        imap.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)").expect("STORE");
        imap.ok(command).expect(command);
    }
    imap.ok("CREATE elsewhere").expect("CREATE");
    for (door, command) in [("move", "MOVE 1:* elsewhere"), ("uidmove", "UID MOVE 1:* elsewhere")] {
        select(&mut imap, door);
        imap.ok(command).expect(command);
    }
    select(&mut imap, "elsewhere");
    imap.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)").expect("STORE");
    imap.ok("EXPUNGE").expect("EXPUNGE");
    let new = "Subject: instead\r\n\r\nx\r\n";
    for (door, verb) in [("replace", "REPLACE"), ("uidreplace", "UID REPLACE")] {
        select(&mut imap, door);
        for number in 1..=8 {
            // What replaces it comes last, so that the first one is the next.
            let which = if verb == "REPLACE" { 1 } else { number };
            imap.ok(&format!("{verb} {which} elsewhere {{{}+}}\r\n{new}", new.len())).expect(verb);
        }
    }
    imap.ok("UNSELECT").expect("UNSELECT");
    imap.ok("DELETE delete").expect("DELETE");
    server.aox_ok(&["delete", "mailbox", "/users/doris/aoxmailbox", "--yes"]);
    let mut pop = server.pop3("pop", PASSWORD);
    for number in 1..=8 {
        pop.ok(&format!("DELE {number}")).expect("DELE");
    }
    pop.ok("QUIT").expect("QUIT");
    server.aox_ok(&["delete", "user", "gone", "--yes"]);
}

/// Where the message of each door and combination is now.
fn places(server: &Server) -> Places {
    let sql = "select substring(convert_from(m.header, 'UTF8') from 'X-Door: ([a-z]+ [0-7])[.]'),
            (select count(*) from aox.mailbox_messages l where l.account = m.account and l.message = m.id),
            (select count(*) from aox.tombstones t where t.account = m.account and t.message = m.id)
        from aox.messages m where convert_from(m.header, 'UTF8') like '%X-Door: %'";
    let mut places: Places = DOORS
        .iter()
        .flat_map(|(door, ..)| (0..8).map(move |bits| (((*door).to_owned(), bits), (0, 0, 0))))
        .collect();
    for row in server.superuser_sql(sql).lines() {
        let columns: Vec<&str> = row.split('|').collect();
        let (door, bits) = columns[0].split_once(' ').expect("a door and a combination");
        let number = |at: usize| columns[at].parse::<u32>().expect("a number");
        let place =
            places.get_mut(&(door.to_owned(), bits.parse().expect("bits"))).expect("it was delivered");
        *place = (number(1), number(2), place.2 + 1);
    }
    places
}

fn each(places: &Places, mut check: impl FnMut(&str, u8, (u32, u32, u32))) {
    for ((door, bits), place) in places {
        check(door, *bits, *place);
    }
}

/// Who, through which door, and why: for every door.
fn tombstones_say_it(server: &Server) {
    let sql = "select distinct substring(convert_from(m.header, 'UTF8') from 'X-Door: ([a-z]+)'), t.door,
            substring(t.reason from '^(policy|.*)'), coalesce(w.login, '')
        from aox.tombstones t join aox.messages m on m.account = t.account and m.id = t.message
            left join aox.accounts w on w.id = t.deleted_by";
    let said = server.superuser_sql(sql);
    for (door, by, reason) in DOORS {
        let who = match *door {
            "policy" | "user" | "aoxmailbox" => "",
            "dele" => "pop",
            _ => "doris",
        };
        let is_said = |line: &str| {
            let columns: Vec<&str> = line.split('|').collect();
            columns[0] == *door
                && columns[1] == *by
                && columns[2].to_uppercase().starts_with(&reason.to_uppercase())
                && columns[3] == who
        };
        assert!(said.lines().any(is_said), "{door} by {by}, {reason}, {who}: {said}");
    }
}

/// The clock goes on for everything but the ages of messages.
fn days_pass(server: &Server, days: i64) {
    for (table, column) in [
        ("tombstones", "deleted_at"),
        ("mailboxes", "deleted_at"),
        ("accounts", "deleted_at"),
        ("policies", "removed_at"),
        ("undelete_times", "set_at"),
    ] {
        server.superuser_sql(&format!("update aox.{table} set {column} = {column} - interval '{days} days'"));
    }
}

const PASSWORD: &str = "secret";

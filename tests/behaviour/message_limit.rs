//! Where a site limits how many messages one command may be about, clients hear of it (RFC 9738).

use crate::support::{Imap, Options, Server};

const PASSWORD: &str = "secret";
const REFUSAL: &str = "One command may be about 1000 messages";

/// A server with one setting of its own, and its user anna.
fn start(setting: &str) -> (Server, Imap) {
    let settings = vec![(setting.to_owned(), "1000".to_owned())];
    let server = Server::start_with(Options { settings, ..Options::default() });
    server.add_user("anna", "anna@example.org", PASSWORD);
    let imap = server.imap("anna", PASSWORD);
    (server, imap)
}

/// What the server says it can do.
fn capabilities(imap: &mut Imap) -> String {
    imap.ok("CAPABILITY").expect("CAPABILITY").first().expect("there is a list").text()
}

/// Appends 1000 messages by one command, and one more, after hearing that 1001 are too many; opens the mailbox, and makes another.
fn fill(imap: &mut Imap) {
    let messages = vec![b"Subject: one of many\r\n\r\nx\r\n"; 1001];
    let reply = imap.append_all("INBOX", &messages).expect("APPEND is answered");
    assert_eq!(reply.result, format!("NO [MESSAGELIMIT 1000] {REFUSAL}"));
    for some in [&messages[..1000], &messages[1000..]] {
        let reply = imap.append_all("INBOX", some).expect("APPEND is answered");
        assert!(reply.result.starts_with("OK [APPENDUID "), "{}", reply.result);
    }
    let said = imap.ok("SELECT INBOX").expect("SELECT");
    assert!(said.iter().any(|line| line.text() == "* 1001 EXISTS"), "nothing was taken of the first command");
    imap.ok("CREATE Other").expect("CREATE");
}

/// How a command ends.
fn result(imap: &mut Imap, command: &str) -> String {
    imap.command(command).expect("it is answered").result
}

#[test]
fn a_site_limits_every_command() {
    let (_server, mut imap) = start("AOX__IMAP__MESSAGE_LIMIT");
    let able = capabilities(&mut imap);
    assert!(able.contains(" MESSAGELIMIT=1000") && !able.contains("SAVELIMIT"), "{able}");
    fill(&mut imap);
    for (command, expected) in [
        ("FETCH 2:* FLAGS", "OK FETCH completed".to_owned()),
        ("UID FETCH 1:* (FLAGS)", "OK [MESSAGELIMIT 1000 2] UID FETCH completed".to_owned()),
        ("UID FETCH 1:* (FLAGS) (PARTIAL -1:-1000)", "OK UID FETCH completed".to_owned()),
        ("UID FETCH 1:* (FLAGS) (PARTIAL -1:-1001)", format!("NO [MESSAGELIMIT 1000] {REFUSAL}")),
        ("UID STORE 1:* +FLAGS.SILENT (\\Seen)", "OK [MESSAGELIMIT 1000 2] UID STORE completed".to_owned()),
        ("SEARCH RETURN (SAVE) ALL", "OK [MESSAGELIMIT 1000 2] SEARCH completed".to_owned()),
        ("THREAD REFERENCES UTF-8 ALL", format!("NO [MESSAGELIMIT 1000] {REFUSAL}")),
        ("UID COPY 1:* INBOX", format!("NO [MESSAGELIMIT 1000 2] {REFUSAL}")),
    ] {
        assert_eq!(result(&mut imap, command), expected, "{command}");
    }
    // Those in memory as those that are read: "from highest to lowest UID" (RFC 9738 §3.1).
    for items in ["FLAGS", "(FLAGS ENVELOPE)"] {
        let said = imap.ok(&format!("UID FETCH 1:* {items}")).expect("FETCH");
        let told: Vec<u32> = said.iter().filter_map(|line| line.number("FETCH")).collect();
        assert_eq!(told, (2..=1001).rev().collect::<Vec<u32>>(), "{items}");
    }
    let said = imap.ok("SEARCH RETURN (COUNT) $").expect("SEARCH");
    assert!(said[0].text().ends_with("COUNT 1000"), "what is saved is what was found: {}", said[0].text());
    let said = imap.ok("SEARCH UNSEEN").expect("SEARCH");
    assert_eq!(said[0].text(), "* SEARCH", "the first message is not looked at");
    let said = imap.ok("STATUS INBOX (UNSEEN)").expect("STATUS");
    assert!(said[0].text().ends_with("(UNSEEN 1)"), "STATUS counts all: {}", said[0].text());
    let reply = imap.command("UID MOVE 1:* Other").expect("MOVE is answered");
    assert_eq!(reply.result, "OK [MESSAGELIMIT 1000 2] UID MOVE completed");
    assert!(reply.untagged[0].text().contains(" 2:1001 1:1000]"), "{}", reply.untagged[0].text());
    assert_eq!(result(&mut imap, "UID MOVE 1:* Other"), "OK UID MOVE completed");
    imap.ok("SELECT Other").expect("SELECT");
    imap.ok("STORE 2:* +FLAGS.SILENT (\\Deleted)").expect("STORE");
    imap.ok("STORE 1 +FLAGS.SILENT (\\Deleted)").expect("STORE");
    assert_eq!(result(&mut imap, "EXPUNGE"), "OK EXPUNGE completed");
    assert!(imap.ok("STATUS Other (MESSAGES)").expect("STATUS")[0].text().ends_with("(MESSAGES 0)"));
}

#[test]
fn a_site_limits_what_is_saved() {
    let (_server, mut imap) = start("AOX__IMAP__SAVE_LIMIT");
    let able = capabilities(&mut imap);
    assert!(able.contains(" SAVELIMIT=1000") && !able.contains("MESSAGELIMIT"), "{able}");
    fill(&mut imap);
    for (command, expected) in [
        ("FETCH 1:* FLAGS", "OK FETCH completed".to_owned()),
        ("SEARCH ALL", "OK SEARCH completed".to_owned()),
        ("COPY 1:* Other", format!("NO [MESSAGELIMIT 1000 2] {REFUSAL}")),
        ("MOVE 1:* Other", "OK MOVE completed".to_owned()),
    ] {
        assert_eq!(result(&mut imap, command), expected, "{command}");
    }
}

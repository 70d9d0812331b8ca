//! Programs that people use, against the real server. What is not installed is skipped, and said.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::Server;

#[test]
fn curl_lists_reads_and_appends() {
    let Some(server) = server_for("curl", "curl") else { return };
    let url = |path: &str| format!("imap://curl:secret@{}{path}", server.imap_address());
    let listed = run("curl", &["-sS", &url("/")]);
    assert!(text(&listed).contains("INBOX"), "{}", text(&listed));
    let read = run("curl", &["-sS", &url("/INBOX;MAILINDEX=1")]);
    assert!(text(&read).ends_with("\r\n\r\nThe first.\r\n"), "{}", text(&read));
    let subject = run("curl", &["-sS", &url("/INBOX;MAILINDEX=2;SECTION=HEADER.FIELDS%20(SUBJECT)")]);
    assert_eq!(text(&subject), "Subject: second\r\n\r\n");
    let searched = run("curl", &["-sS", &url("/INBOX?SUBJECT%20second")]);
    assert_eq!(text(&searched).trim(), "* SEARCH 2");
    let file = server.home().join("third.eml");
    std::fs::write(&file, "Subject: third\r\n\r\nThe third.\r\n").expect("the home can be written");
    run("curl", &["-sS", "-T", &file.to_string_lossy(), &url("/INBOX")]);
    let read = run("curl", &["-sS", &url("/INBOX;MAILINDEX=3")]);
    assert_eq!(text(&read), "Subject: third\r\n\r\nThe third.\r\n");
}

#[test]
fn python_imaplib_does_everything_it_can() {
    let Some(server) = server_for("python3", "python") else { return };
    let port = server.imap_address().port().to_string();
    all_is_well("imaplib_session.py", &[&port, "python", "secret"]);
}

#[test]
fn mutt_shows_the_mailbox() {
    let Some(server) = server_for("mutt", "mutt") else { return };
    let home = server.home().join("mutt");
    std::fs::create_dir_all(&home).expect("the home can be written");
    let copy = home.join("copy");
    let rc = home.join("muttrc");
    let commands = format!(
        "set folder=imap://mutt@{0}/\nset spoolfile=imap://mutt@{0}/INBOX\nset imap_pass=secret\n\
         set ssl_starttls=no\nset ssl_force_tls=no\nset mbox_type=mbox\nset confirmcreate=no\nset confirmappend=no\n\
         set delete=yes\nset move=no\nset header_cache=\nset wait_key=no\n\
         push \"<tag-pattern>~A<enter><tag-prefix><copy-message>{1}<enter><quit>\"\n",
        server.imap_address(),
        copy.display()
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    // mutt wants a terminal; script(1) gives it one.
    let command = format!("HOME={} TERM=xterm mutt -n -F {}", home.display(), rc.display());
    let output = run("timeout", &["30", "script", "-qec", &command, "/dev/null"]);
    let copied = std::fs::read_to_string(&copy).unwrap_or_default();
    assert!(copied.contains("The first.") && copied.contains("The second."), "{copied}{}", text(&output));
}

#[test]
fn mbsync_mirrors_both_ways() {
    let Some(server) = server_for("mbsync", "sync") else { return };
    let maildir = server.home().join("maildir");
    std::fs::create_dir_all(&maildir).expect("the home can be written");
    let rc = server.home().join("mbsyncrc");
    let (host, port) = (server.imap_address().ip(), server.imap_address().port());
    // Older releases say SSLType where newer ones say TLSType.
    let tls = if text(&run("mbsync", &["--version"])).contains("isync 1.4") { "SSLType" } else { "TLSType" };
    let commands = format!(
        "IMAPAccount aox\nHost {host}\nPort {port}\nUser sync\nPass secret\n{tls} None\nAuthMechs LOGIN\n\n\
         IMAPStore far\nAccount aox\n\nMaildirStore near\nPath {0}/\nInbox {0}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Both\nExpunge Both\nSyncState *\n",
        maildir.display()
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    let arguments = ["-c", &rc.to_string_lossy(), "all"].map(str::to_string);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run("mbsync", &arguments);
    let inbox = maildir.join("INBOX");
    assert_eq!(count(&inbox.join("new")) + count(&inbox.join("cur")), 2);
    std::fs::write(inbox.join("cur/1.local:2,S"), "Subject: local\n\nMade here.\n")
        .expect("it can be written");
    run("mbsync", &arguments);
    let mut imap = server.imap("sync", "secret");
    let selected = imap.ok("SELECT INBOX").expect("SELECT");
    assert!(selected.iter().any(|response| response.number("EXISTS") == Some(3)));
    let seen = imap.ok("SEARCH SEEN SUBJECT local").expect("SEARCH");
    assert_eq!(seen[0].text(), "* SEARCH 3");
}

#[test]
fn postfix_smtp_source_delivers() {
    let Some(server) = server_for("smtp-source", "postfix") else { return };
    let address = format!("inet:{}", server.lmtp_address());
    let arguments = ["-L", "-s", "5", "-m", "50", "-l", "4000", "-f", "sender@example.net", "-t"];
    run("smtp-source", &[&arguments[..], &["postfix@example.org", &address]].concat());
    let mut imap = server.imap("postfix", "secret");
    let selected = imap.ok("SELECT INBOX").expect("SELECT");
    assert!(selected.iter().any(|response| response.number("EXISTS") == Some(52)));
}

#[test]
fn curl_fetches_by_pop3() {
    let Some(server) = server_for("curl", "curlpop") else { return };
    let url = |path: &str| format!("pop3://curlpop:secret@{}{path}", server.pop3_address());
    let listed = run("curl", &["-sS", &url("/")]);
    assert!(text(&listed).starts_with("1 "), "{}", text(&listed));
    let read = run("curl", &["-sS", &url("/2")]);
    assert!(text(&read).ends_with("\r\n\r\nThe second.\r\n"), "{}", text(&read));
    run("curl", &["-sS", "-l", "-X", "DELE", "-I", &url("/1")]);
    let listed = run("curl", &["-sS", "-X", "UIDL", &url("/")]);
    assert_eq!(text(&listed).lines().count(), 1, "{}", text(&listed));
    let tls_url = format!("pop3s://curlpop:secret@{}/1", server.pop3s_address());
    for (options, url) in [
        (vec!["--login-options", "AUTH=PLAIN", "--sasl-ir"], url("/1")),
        (vec!["--ssl-reqd", "-k"], url("/1")),
        (vec!["-k"], tls_url),
    ] {
        let read = run("curl", &[&options[..], &["-sS", &url]].concat());
        assert!(text(&read).ends_with("\r\n\r\nThe second.\r\n"), "{options:?}: {}", text(&read));
    }
}

#[test]
fn python_poplib_does_everything_it_can_with_and_without_tls() {
    for mode in ["plain", "stls", "tls"] {
        let Some(server) = server_for("python3", &format!("poplib{mode}")) else { return };
        let address = if mode == "tls" { server.pop3s_address() } else { server.pop3_address() };
        let port = address.port().to_string();
        all_is_well("poplib_session.py", &[mode, &port, &format!("poplib{mode}"), "secret"]);
    }
}

#[test]
fn fetchmail_takes_everything_away() {
    let Some(server) = server_for("fetchmail", "fetchmail") else { return };
    let home = server.home().join("fetchmail");
    std::fs::create_dir_all(&home).expect("the home can be written");
    let (rc, got) = (home.join("rc"), home.join("got"));
    let commands = format!(
        "poll 127.0.0.1 protocol pop3 port {} user \"fetchmail\" password \"secret\" sslproto \"\" \
         mda \"cat >> {}\"\n",
        server.pop3_address().port(),
        got.display()
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    run("chmod", &["600", &rc.to_string_lossy()]);
    run("env", &[&format!("HOME={}", home.display()), "fetchmail", "-f", &rc.to_string_lossy()]);
    let got = std::fs::read_to_string(&got).unwrap_or_default();
    assert!(got.contains("The first.") && got.contains("The second."), "{got}");
    assert_eq!(server.pop3("fetchmail", "secret").ok("STAT").expect("STAT"), "0 0");
}

#[test]
fn getmail_leaves_mail_and_fetches_it_once() {
    let Some(server) = server_for("getmail", "getmail") else { return };
    let home = server.home().join("getmail");
    std::fs::create_dir_all(&home).expect("the home can be written");
    let (rc, got) = (home.join("rc"), home.join("got"));
    let commands = format!(
        "[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = {}\nusername = getmail\n\
         password = secret\n[destination]\ntype = MDA_external\npath = /bin/sh\narguments = (\"-c\", \"cat >> {}\")\n\
         allow_root_commands = true\n[options]\nread_all = false\n",
        server.pop3_address().port(),
        got.display()
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    for _ in 0..2 {
        let folder = home.to_string_lossy();
        run("getmail", &["--getmaildir", &folder, "--rcfile", &rc.to_string_lossy()]);
    }
    let got = std::fs::read_to_string(&got).unwrap_or_default();
    assert_eq!(got.matches("The first.").count(), 1, "{got}");
    assert_eq!(got.matches("The second.").count(), 1, "{got}");
    assert!(server.pop3("getmail", "secret").ok("STAT").expect("STAT").starts_with("2 "));
}

#[test]
fn mutt_copies_by_pop3() {
    let Some(server) = server_for("mutt", "muttpop") else { return };
    let home = server.home().join("muttpop");
    std::fs::create_dir_all(&home).expect("the home can be written");
    let (rc, copy) = (home.join("muttrc"), home.join("copy"));
    let commands = format!(
        "set spoolfile=pop://muttpop@{}\nset pop_pass=secret\nset ssl_starttls=no\nset ssl_force_tls=no\n\
         set mbox_type=mbox\nset confirmcreate=no\nset confirmappend=no\nset delete=yes\nset move=no\n\
         set header_cache=\nset wait_key=no\nset pop_delete=no\nset folder={}\n\
         push \"<tag-pattern>~A<enter><tag-prefix><copy-message>{}<enter><quit>\"\n",
        server.pop3_address(),
        home.display(),
        copy.display()
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    // mutt wants a terminal; script(1) gives it one.
    let command = format!("HOME={} TERM=xterm mutt -n -F {}", home.display(), rc.display());
    let output = run("timeout", &["30", "script", "-qec", &command, "/dev/null"]);
    let copied = std::fs::read_to_string(&copy).unwrap_or_default();
    assert!(copied.contains("The first.") && copied.contains("The second."), "{copied}{}", text(&output));
}

/// A server with a user who has two messages; None when the program is not installed.
fn server_for(program: &str, user: &str) -> Option<std::sync::Arc<Server>> {
    let found =
        Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        println!("skipped: {program} is not installed");
        return None;
    }
    let server = Server::shared();
    let address = format!("{user}@example.org");
    server.add_user(user, &address, "secret");
    server.deliver(&address, b"From: zoe@example.net\r\nSubject: first\r\n\r\nThe first.\r\n");
    server.deliver(&address, b"From: zoe@example.net\r\nSubject: second\r\n\r\nThe second.\r\n");
    Some(server)
}

/// Runs a session written in Python, which says at its end that all went well.
fn all_is_well(script: &str, arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(script);
    let output = run("python3", &[&[&*script.to_string_lossy()], arguments].concat());
    assert!(text(&output).ends_with("all well\n"), "{}", text(&output));
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}{complaint}",
        output.status,
        text(&output)
    );
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |entries| entries.count())
}

//! Programs that bring mail and take it away: curl, fetchmail, getmail, imapfilter, Postfix's smtp-source.

use super::{messages, run, server_for, session, text};
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
fn fetchmail_takes_everything_away() {
    let Some(server) = server_for("fetchmail", "fetchmail") else { return };
    let poll = format!("protocol pop3 port {}", server.pop3_address().port());
    fetchmail(&server, "fetchmail", &poll, "");
    assert_eq!(server.pop3("fetchmail", "secret").ok("STAT").expect("STAT"), "0 0");
}

#[test]
fn fetchmail_takes_everything_away_by_imap() {
    let Some(server) = server_for("fetchmail", "fetchimap") else { return };
    let poll = format!("protocol imap port {}", server.imap_address().port());
    fetchmail(&server, "fetchimap", &poll, "folder INBOX fetchall");
    assert_eq!(messages(&server, "fetchimap", "INBOX"), 0);
    assert_eq!(messages(&server, "fetchimap", "Deleted Messages/INBOX"), 2);
}

/// Has fetchmail fetch the two messages of a user into a file.
fn fetchmail(server: &Server, user: &str, poll: &str, options: &str) {
    let home = server.home().join(user);
    std::fs::create_dir_all(&home).expect("the home can be written");
    let (rc, got) = (home.join("rc"), home.join("got"));
    let commands = format!(
        "poll 127.0.0.1 {poll} user \"{user}\" password \"secret\" sslproto \"\" {options} mda \"cat >> {}\"\n",
        got.display()
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    run("chmod", &["600", &rc.to_string_lossy()]);
    // Otherwise there is one for the whole machine.
    let pid = home.join("pid").to_string_lossy().into_owned();
    run(
        "env",
        &[&format!("HOME={}", home.display()), "fetchmail", "--pidfile", &pid, "-f", &rc.to_string_lossy()],
    );
    let got = std::fs::read_to_string(&got).unwrap_or_default();
    assert!(got.contains("The first.") && got.contains("The second."), "{got}");
}

#[test]
fn getmail_leaves_mail_and_fetches_it_once() {
    let Some(server) = server_for("getmail", "getmail") else { return };
    let retriever = format!("SimplePOP3Retriever\nport = {}", server.pop3_address().port());
    let fetch = getmail(&server, "getmail", &retriever, "delete = false");
    fetch();
    fetch();
    assert_eq!(subjects(&server, "getmail-got"), ["first", "second"]);
    assert!(server.pop3("getmail", "secret").ok("STAT").expect("STAT").starts_with("2 "));
}

#[test]
fn getmail_fetches_by_imap() {
    let Some(server) = server_for("getmail", "getimap") else { return };
    let port = server.imap_address().port();
    let retriever = format!("SimpleIMAPRetriever\nport = {port}\nmailboxes = (\"INBOX\", \"Archive\")");
    getmail(&server, "getimap", &retriever, "delete = true")();
    assert_eq!(subjects(&server, "getimap-got"), ["first", "second"]);
    assert_eq!(messages(&server, "getimap", "INBOX"), 0);
}

/// What fetches the user's mail, and delivers it to another one by LMTP. Getmail's other ways to deliver lose the word that
/// their child has ended when it ends early.
fn getmail<'a>(server: &'a Server, user: &str, retriever: &str, option: &str) -> impl Fn() + use<'a> {
    let home = server.home().join(user);
    std::fs::create_dir_all(&home).expect("the home can be written");
    server.add_user(&format!("{user}-got"), &format!("{user}-got@example.org"), "secret");
    let commands = format!(
        "[retriever]\ntype = {retriever}\nserver = 127.0.0.1\nusername = {user}\npassword = secret\n\
         [destination]\ntype = MDA_lmtp\nhost = 127.0.0.1\nport = {}\noverride = {user}-got@example.org\n\
         [options]\nread_all = false\n{option}\n",
        server.lmtp_address().port()
    );
    std::fs::write(home.join("rc"), commands).expect("the home can be written");
    move || {
        let folder = home.to_string_lossy();
        run("getmail", &["--getmaildir", &folder, "--rcfile", &home.join("rc").to_string_lossy()]);
    }
}

/// The subjects of what a user has in the INBOX.
fn subjects(server: &Server, user: &str) -> Vec<String> {
    let mut imap = server.imap(user, "secret");
    imap.ok("SELECT INBOX").expect("SELECT");
    let told = imap.ok("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]").expect("FETCH");
    let subject =
        |octets: &[u8]| String::from_utf8_lossy(octets).trim().trim_start_matches("Subject: ").to_owned();
    told.iter().filter_map(|response| response.literal().map(subject)).collect()
}

#[test]
fn imapfilter_searches_flags_and_moves() {
    let Some(server) = server_for("imapfilter", "imapfilter") else { return };
    let port = format!("PORT={}", server.imap_address().port());
    let home = format!("HOME={}", server.home().display());
    let script = session("imapfilter_session.lua");
    let output =
        run("env", &[&port, &home, "LOGIN=imapfilter", "PASSWORD=secret", "imapfilter", "-c", &script]);
    assert!(text(&output).ends_with("all well\n"), "{}", text(&output));
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

//! Programs that keep a copy of the mail, and carry changes both ways: mbsync, offlineimap.

use std::path::{Path, PathBuf};

use super::{messages, run, server_for, text};
use crate::support::Server;

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
fn offlineimap_mirrors_both_ways() {
    let Some(server) = server_for("offlineimap", "offline") else { return };
    let home = server.home().join("offline");
    std::fs::create_dir_all(&home).expect("the home can be written");
    let rc = home.join("rc");
    let commands = format!(
        "[general]\naccounts = aox\nmetadata = {0}/metadata\nui = basic\n[Account aox]\nlocalrepository = near\n\
         remoterepository = far\n[Repository near]\ntype = Maildir\nlocalfolders = {0}/mail\n[Repository far]\n\
         type = IMAP\nremotehost = 127.0.0.1\nremoteport = {1}\nremoteuser = offline\nremotepass = secret\nssl = no\n\
         starttls = no\n",
        home.display(),
        server.imap_address().port(),
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    let mirror = || drop(run("offlineimap", &["-1", "-o", "-c", &rc.to_string_lossy()]));
    let mut imap = server.imap("offline", "secret");
    // It sends such a name without quotes.
    imap.ok("CREATE \"50%\"").expect("CREATE");
    imap.ok("SELECT INBOX").expect("SELECT");
    mirror();
    let inbox = home.join("mail/INBOX");
    assert_eq!(files(&inbox).len(), 2);
    assert!(home.join("mail/50%").is_dir());
    conflict(&server, &inbox);
    mirror();
    mirror();
    assert_eq!(messages(&server, "offline", "INBOX"), 2);
    let flags = imap.ok("UID FETCH 1 FLAGS").expect("FETCH");
    let flags: Vec<String> = flags.iter().map(|told| told.text().to_owned()).collect();
    assert!(flags.iter().any(|told| told.contains("\\Flagged") && told.contains("\\Seen")), "{flags:?}");
    let kept = files(&inbox);
    assert!(kept.iter().any(|file| file.ends_with("FS")) && kept.len() == 2, "{kept:?}");
}

/// Changes one message here and there, deletes the other there, and makes a new one here.
fn conflict(server: &Server, inbox: &Path) {
    let mut imap = server.imap("offline", "secret");
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.ok("STORE 1 +FLAGS (\\Flagged)").expect("STORE");
    imap.ok("STORE 2 +FLAGS (\\Deleted)").expect("STORE");
    imap.ok("EXPUNGE").expect("EXPUNGE");
    let here = files(inbox);
    let first = here.iter().find(|file| file.contains(",U=1,")).expect("it names files by uids");
    let base = Path::new(first).file_name().expect("a file has a name").to_string_lossy().into_owned();
    let base = base.split(':').next().unwrap_or_default().to_owned();
    std::fs::rename(first, inbox.join(format!("cur/{base}:2,S"))).expect("a file can be renamed");
    std::fs::write(inbox.join("cur/1.local:2,S"), "Subject: local\n\nMade here.\n")
        .expect("it can be written");
}

/// The messages of a Maildir.
fn files(maildir: &Path) -> Vec<String> {
    let entries = |folder: &str| std::fs::read_dir(maildir.join(folder)).into_iter().flatten().flatten();
    let paths = entries("cur").chain(entries("new")).map(|entry: std::fs::DirEntry| entry.path());
    paths.map(|path: PathBuf| path.to_string_lossy().into_owned()).collect()
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |entries| entries.count())
}

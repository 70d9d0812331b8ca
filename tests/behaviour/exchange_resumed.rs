//! An export that is killed anywhere goes on where it was, and ends with the files of one that was not disturbed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::support::Server;

#[test]
fn an_export_that_is_killed_goes_on_where_it_was() {
    let server = Server::start();
    fill(&server);
    for format in ["maildir", "eml", "mbox"] {
        let arguments =
            |to: &str| vec!["export".to_owned(), format.to_owned(), "karla".to_owned(), to.to_owned()];
        interrupt(&server, format, arguments);
    }
    let single = |to: &str| ["export", "mbox", "/users/karla/INBOX", to].map(str::to_owned).to_vec();
    interrupt(&server, "single", single);
    let searched =
        |to: &str| ["export", "eml", "karla", to, "subject", "7", "unseen"].map(str::to_owned).to_vec();
    interrupt(&server, "searched", searched);
}

#[test]
fn an_export_of_a_hold_that_is_killed_goes_on_where_it_was() {
    let server = Server::start();
    fill(&server);
    server.aox_ok(&["add", "hold", "case 9", "--user", "karla"]);
    let mut imap = server.imap("karla", PASSWORD);
    imap.ok("SELECT Archive/2026").expect("SELECT");
    imap.ok("STORE 1:300 +FLAGS.SILENT (\\Deleted)").expect("STORE");
    imap.ok("EXPUNGE").expect("EXPUNGE");
    let hold = |to: &str| ["export", "hold", "case 9", to].map(str::to_owned).to_vec();
    interrupt(&server, "hold", hold);
    let mut sums = std::process::Command::new("sha256sum");
    sums.args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(server.home().join("hold-killed"));
    let output = sums.output().expect("sha256sum runs");
    assert!(output.status.success(), "{output:?}");
}

/// Exports to two places: to one without a break; to the other with the program killed, then the server, then both again.
fn interrupt(server: &Server, name: &str, arguments: impl Fn(&str) -> Vec<String>) {
    let [whole, killed] = ["whole", "killed"].map(|how| server.home().join(format!("{name}-{how}")));
    let said = run(server, &arguments(text(&whole)));
    let count = said["exported"].as_i64().expect("a number");
    assert!(count > 0 && said["resumed_after"] == 0, "{said}");
    let arguments = arguments(text(&killed));
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut before = 0;
    for kill_server in [false, true, false] {
        let mut child = server.command(&words).spawn().expect("aox runs");
        let begin = Instant::now();
        // Some more of it is there than when it was begun.
        while size(&killed) < before + size(&whole) / 5 && begin.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if kill_server {
            server.kill();
        } else {
            child.kill().expect("it runs");
        }
        let _ = child.wait();
        if kill_server {
            server.serve();
        }
        before = size(&killed);
        assert!(journal(&killed).exists(), "{name} was interrupted");
    }
    // What is unfinished belongs to this command, and to no other.
    let other = ["export", "mbox", "karla", text(&killed), "subject", "nothing else"];
    let refused = server.aox(&other);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = run(server, &arguments);
    assert_eq!(said["exported"].as_i64(), Some(count), "{said}");
    let (whole, killed) = (files(&whole), files(&killed));
    assert_eq!(whole.keys().collect::<Vec<_>>(), killed.keys().collect::<Vec<_>>(), "{name}");
    for (file, content) in &whole {
        assert!(killed[file] == *content, "{name}: {} differs", file.display());
    }
}

/// A user with some thousand messages in three mailboxes.
fn fill(server: &Server) {
    server.add_user("karla", "karla@example.org", PASSWORD);
    let mail = |n: usize| {
        let status = if n.is_multiple_of(3) { "Status: RO\nX-Keywords: $Work k3" } else { "X-Keywords: k1" };
        let text = "A line of some sixty letters, so that there is something in it.\n".repeat(40);
        format!("From a@b Thu Jan  1 00:00:10 1970\nSubject: {n}\n{status}\n\n{text}\n")
    };
    let file = server.home().join("box");
    for mailbox in ["INBOX", "Archive/2026", "Archive/.odd name"] {
        fs::write(&file, (0..MESSAGES).map(mail).collect::<String>()).expect("a file");
        server.aox_ok(&["import", "mbox", text(&file), &format!("/users/karla/{mailbox}"), "--again"]);
    }
}

fn run(server: &Server, arguments: &[String]) -> serde_json::Value {
    let words: Vec<&str> = arguments.iter().map(String::as_str).chain(["--json"]).collect();
    serde_json::from_str(&server.aox_ok(&words)).expect("--json prints JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths are ASCII here")
}

/// Where an export notes how far it is.
fn journal(target: &Path) -> PathBuf {
    let inside = target.join(".aox-export");
    if target.is_dir() { inside } else { PathBuf::from(format!("{}.aox-export", target.display())) }
}

/// How many octets are there, without the journal.
fn size(path: &Path) -> u64 {
    match fs::metadata(path) {
        Ok(data) if data.is_dir() => {
            let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
            entries.filter(|path| !path.ends_with(".aox-export")).map(|path| size(&path)).sum()
        }
        Ok(data) => data.len(),
        Err(_) => 0,
    }
}

/// Every file below a path, or the file itself: what is in it, and when a message came.
fn files(path: &Path) -> BTreeMap<PathBuf, (Vec<u8>, Option<u64>)> {
    let mut found = BTreeMap::new();
    let mut rest = vec![path.to_owned()];
    while let Some(next) = rest.pop() {
        if next.is_dir() {
            let entries = fs::read_dir(&next).expect("a folder").flatten().map(|entry| entry.path());
            rest.extend(entries);
            continue;
        }
        let modified = fs::metadata(&next).and_then(|data| data.modified()).expect("a time");
        let seconds = modified.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        // Other files have the time at which they were written.
        let came = (seconds < 1_000_000).then_some(seconds);
        let name = next.strip_prefix(path).expect("it is below").to_owned();
        found.insert(name, (fs::read(&next).expect("a file"), came));
    }
    found
}

const MESSAGES: usize = 900;
const PASSWORD: &str = "secret";

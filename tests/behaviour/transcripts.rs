//! Every behaviour has a transcript, and every transcript is played against the real server.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::Server;
use crate::support::transcript::names::Names;
use crate::support::transcript::pattern::{self, Captures};
use crate::support::transcript::{Step, Transcript, play};

/// `TRANSCRIPT=word` plays only those whose names hold the word; `UPDATE_TRANSCRIPTS=1` rewrites what differs.
#[test]
fn every_transcript_is_what_the_server_says() {
    let files = files();
    if files.is_empty() {
        return;
    }
    let server = Server::start();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PLAYERS {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let number = files.iter().position(|other| other == file).expect("it is one of them");
                    let played = std::panic::catch_unwind(|| play_file(&server, file, number));
                    let played = played.unwrap_or_else(|_| Err("the player panicked".to_string()));
                    if let Err(difference) = played {
                        failures.lock().expect("no player panics here").push((file.clone(), difference));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no player panics here");
    failures.sort();
    for (file, difference) in &failures {
        eprintln!("{}\n{difference}\n", file.display());
    }
    assert!(
        failures.is_empty(),
        "{} of {} transcripts differ\n{}",
        failures.len(),
        files.len(),
        server.log()
    );
}

#[test]
fn a_transcript_is_read_into_steps() {
    let text = "# It is read.\nuser anna\nmail 1 hello.eml\n\nanna C: a1 NOOP  # why\nanna C: a2 LOGIN {4}\n\
                anna C> anna x\nanna S: * 1 FETCH {3}\nanna S> abc)\nbob S! * 1 EXISTS\nclose anna\n";
    let transcript = Transcript::parse("it", text).expect("it can be read");
    assert_eq!(transcript.steps.len(), 5);
    let Step::Say { commands, .. } = &transcript.steps[2] else { panic!("{:?}", transcript.steps) };
    assert_eq!(commands, &["a1 NOOP", "a2 LOGIN {4}\r\nanna x"]);
    let Step::Hear { expectations } = &transcript.steps[3] else { panic!("{:?}", transcript.steps) };
    assert_eq!(expectations[0].patterns, ["* 1 FETCH {3}", "abc)"]);
    assert!(expectations[1].forbidden);
}

#[test]
fn a_line_that_is_none_is_refused() {
    assert!(Transcript::parse("it", "# It fails.\nnonsense\n").is_err());
    assert!(Transcript::parse("it", "user anna\n").is_err(), "the first line tells the behaviour");
}

#[test]
fn patterns_match_and_capture() {
    let mut captures = Captures::new();
    let mut matches =
        |pattern: &str, line: &str| pattern::matches(&lines(pattern), &lines(line), &mut captures);
    assert!(matches("a1 OK ...", "a1 OK [READ-WRITE] done"));
    assert!(!matches("a1 OK ...", "a1 NO ..."));
    assert!(matches("* LIST (...) \"/\" INBOX", "* LIST (\\HasNoChildren) \"/\" INBOX"));
    assert!(matches("* OK [UIDNEXT $next]...", "* OK [UIDNEXT 17] predicted"));
    assert!(matches("* 1 FETCH (UID $next)", "* 1 FETCH (UID 17)"));
    assert!(!matches("* 1 FETCH (UID $next)", "* 1 FETCH (UID 18)"));
    assert!(matches("* 1 FETCH (FLAGS ($Forwarded))", "* 1 FETCH (FLAGS ($Forwarded))"));
    assert!(matches("* 1 FETCH {9}\n...\nend)", "* 1 FETCH {9}\na\nb\nend)"));
    assert!(!matches("* 1 FETCH {9}\nother)", "* 1 FETCH {9}\na)"));
    assert_eq!(
        pattern::filled("a2 UID FETCH $next FLAGS", &captures).as_deref(),
        Ok("a2 UID FETCH 17 FLAGS")
    );
}

#[test]
fn names_keep_their_length_and_come_back() {
    let mut names = Names::new(40);
    names.add("anna");
    let secret = names.to_server(b"RCPT TO:<anna@example.org> ANNA+lists annabel");
    assert_eq!(secret.len(), 45);
    assert!(!secret.windows(5).any(|window| window == b"anna@"));
    assert!(secret.ends_with(b" annabel"));
    assert_eq!(names.as_server_said(&secret), b"RCPT TO:<anna@example.org> ANNA+lists annabel");
}

fn play_file(server: &Server, file: &Path, number: usize) -> Result<(), String> {
    let transcript = Transcript::read(file)?;
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        let text = play::rewrite(server, &transcript, number)?;
        return std::fs::write(file, text).map_err(|error| error.to_string());
    }
    play::play(server, &transcript, number)
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let wanted = std::env::var("TRANSCRIPT").unwrap_or_default();
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.retain(|file| file.to_string_lossy().contains(&wanted));
    files.sort();
    files
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_string).collect()
}

/// Transcripts that are played at the same time: most of them only wait.
const PLAYERS: usize = 4;

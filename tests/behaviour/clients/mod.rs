//! Programs and libraries that people use, against the real server. What is not installed is skipped, and said;
//! `scripts/clients` installs them all.

mod fetchers;
mod libraries;
mod mirrors;
mod readers;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::Server;

/// A server with a user who has two messages; None when the program is not installed.
fn server_for(program: &str, user: &str) -> Option<std::sync::Arc<Server>> {
    if !is_installed(program) {
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

fn is_installed(program: &str) -> bool {
    let find = format!("command -v '{program}'");
    let found = Command::new("sh").args(["-c", &find]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Whether what an interpreter is to play a session with is installed, which `look` finds out.
fn has(interpreter: &str, look: &[&str]) -> bool {
    let found = Command::new(interpreter).args(look).stdin(Stdio::null()).output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: {interpreter} {look:?} fails; scripts/clients installs what is missing");
    }
    found
}

/// What `scripts/clients` has installed below `target/clients`, when it has.
fn library(path: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients").join(path);
    if !path.exists() {
        println!("skipped: {} is not there; scripts/clients installs it", path.display());
        return None;
    }
    Some(path.to_string_lossy().into_owned())
}

/// Where the script of a session is.
fn session(script: &str) -> String {
    format!("{}/tests/support/clients/{script}", env!("CARGO_MANIFEST_DIR"))
}

/// How many messages a user has in a mailbox.
fn messages(server: &Server, user: &str, mailbox: &str) -> u32 {
    let told = server.imap(user, "secret").ok(&format!("STATUS \"{mailbox}\" (MESSAGES)")).expect("STATUS");
    let told = told[0].text();
    let number = told.rsplit(' ').next().unwrap_or_default().trim_end_matches(')');
    number.parse().unwrap_or_else(|_| panic!("{told}"))
}

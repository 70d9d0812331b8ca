//! Libraries that other programs are made with, each in a session that does all that it can.

use super::{all_is_well, has, library, run, server_for, session, text};

#[test]
fn python_imaplib_does_everything_it_can() {
    let Some(server) = server_for("python3", "python") else { return };
    let port = server.imap_address().port().to_string();
    all_is_well("imaplib_session.py", &[&port, "python", "secret"]);
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
fn imapclient_does_everything_it_can() {
    plays("venv/bin/python", "imapclient_session.py", "imapclient");
}

#[test]
fn imap_tools_does_everything_it_can() {
    plays("venv/bin/python", "imap_tools_session.py", "imaptools");
}

#[test]
fn aioimaplib_does_everything_it_can() {
    plays("venv/bin/python", "aioimaplib_session.py", "aioimaplib");
}

#[test]
fn imapflow_does_everything_it_can() {
    if library("node_modules/imapflow").is_some() {
        plays("node", "imapflow_session.js", "imapflow");
    }
}

#[test]
fn node_imap_does_everything_it_can() {
    if library("node_modules/imap").is_some() {
        plays("node", "node_imap_session.js", "nodeimap");
    }
}

#[test]
fn ruby_net_imap_does_everything_it_can() {
    plays("ruby", "net_imap_session.rb", "netimap");
}

#[test]
fn php_imap_does_everything_it_can() {
    if has("php", &["-r", "exit(extension_loaded('imap') && extension_loaded('mbstring') ? 0 : 1);"]) {
        plays("php", "php_imap_session.php", "phpimap");
    }
}

#[test]
fn perls_mail_imapclient_does_everything_it_can() {
    if has("perl", &["-MMail::IMAPClient", "-MIO::Socket::SSL", "-MCompress::Zlib", "-e1"]) {
        plays("perl", "mail_imapclient_session.pl", "mailimapclient");
    }
}

#[test]
fn evolutions_camel_does_everything_it_can() {
    // The system's Python has it, which need not be the first one in the path.
    let look = "import gi; gi.require_version('Camel', '1.2'); from gi.repository import Camel";
    if has("/usr/bin/python3", &["-c", look]) {
        plays("/usr/bin/python3", "camel_session.py", "camel");
    }
}

/// Plays a session with what is installed on the machine, or by `scripts/clients`.
fn plays(interpreter: &str, script: &str, user: &str) {
    let interpreter = match interpreter.starts_with("venv/") {
        true => library(interpreter),
        false => Some(interpreter.to_owned()),
    };
    let Some(interpreter) = interpreter else { return };
    let Some(server) = server_for(&interpreter, user) else { return };
    for odd in ["broken", "bare", "group", "german", "utf8", "multipart", "forwarded", "alternative", "dots"]
    {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
        let message = std::fs::read(folder.join(format!("{odd}.eml"))).expect("the message is there");
        server.deliver(&format!("{user}@example.org"), &message);
    }
    let port = server.imap_address().port().to_string();
    let modules = format!("NODE_PATH={}/target/clients/node_modules", env!("CARGO_MANIFEST_DIR"));
    let output = run("env", &[&modules, &interpreter, &session(script), &port, user, "secret"]);
    assert!(text(&output).ends_with("all well\n"), "{}", text(&output));
}

//! A real authorization server for tests: a process that speaks HTTP and signs by openssl.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A running authorization server; it ends when this is dropped.
pub struct AuthorizationServer {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl AuthorizationServer {
    /// Starts one that keeps its keys in `folder`, which must exist. None, and a sentence why, when a program that it
    /// needs is not installed.
    pub fn start(folder: &Path) -> Option<AuthorizationServer> {
        for (program, question) in [("python3", "--version"), ("openssl", "version"), ("curl", "--version")] {
            let asked = Command::new(program).arg(question).stdout(Stdio::null()).status();
            if !asked.is_ok_and(|status| status.success()) {
                println!("skipped: {program} is not installed");
                return None;
            }
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/authorization_server.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(folder).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("python can be run");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut line).expect("it says its port");
        let port = line.trim().parse().expect("a port is a number");
        Some(AuthorizationServer { process, folder: folder.to_owned(), port })
    }

    /// The address of one of its pages.
    pub fn url(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}/{page}", self.port)
    }

    /// A token with these claims, signed by this key. `header` is added to the token's header.
    pub fn issue(&self, algorithm: &str, key: &str, claims: &Value, header: &Value) -> String {
        self.post(
            "issue",
            &json!({"alg": algorithm, "kid": key, "claims": claims, "header": header}).to_string(),
        )
    }

    /// Replaces the RSA key by one with another name.
    pub fn rotate(&self) {
        self.post("rotate", "");
    }

    /// Makes a token inactive.
    pub fn revoke(&self, token: &str) {
        self.post("revoke", token);
    }

    /// How often a page was asked for.
    pub fn count(&self, page: &str) -> u64 {
        let counts: Value = serde_json::from_str(&curl(&[&self.url("counts")])).expect("counts are JSON");
        counts[format!("/{page}")].as_u64().unwrap_or(0)
    }

    /// The public half of a key, in PEM.
    pub fn public_key(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{name}.public.pem"))).expect("the key was written")
    }

    /// Ends it.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    fn post(&self, page: &str, body: &str) -> String {
        curl(&["--data-binary", body, &self.url(page)])
    }
}

impl Drop for AuthorizationServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["-sSf", "--noproxy", "*"]).args(arguments).output();
    let output = output.expect("curl can be run");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("answers are text")
}

//! `aox anonymise FILE`: makes a message unreadable, and leaves its form; needs no server.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use archiveopteryx::limits;
use archiveopteryx::message::{anonymise, canonical};
use clap::Args;

use crate::control_client::complain;

/// `aox anonymise`.
#[derive(Debug, Args)]
pub struct Anonymise {
    /// The message; - is the standard input
    pub file: PathBuf,
}

impl Anonymise {
    /// Prints the message as it is to be sent along with a report.
    pub fn run(&self, json: bool) -> ExitCode {
        match self.read().and_then(unreadable) {
            Ok(message) => {
                let printed = match json {
                    true => {
                        let text = String::from_utf8_lossy(&message);
                        format!("{}\n", serde_json::json!({"octets": message.len(), "message": text}))
                            .into_bytes()
                    }
                    false => message,
                };
                match io::stdout().write_all(&printed) {
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                        complain("refused", &format!("the message cannot be written: {error}"), json, 1)
                    }
                    _ => ExitCode::SUCCESS,
                }
            }
            Err(error) => complain("refused", &error, json, 1),
        }
    }

    fn read(&self) -> Result<Vec<u8>, String> {
        let read = || {
            let mut message = Vec::new();
            let most = limits::ANONYMISED_BYTES_MAX + 1;
            match self.file.as_os_str() == "-" {
                true => io::stdin().take(most).read_to_end(&mut message)?,
                false => std::fs::File::open(&self.file)?.take(most).read_to_end(&mut message)?,
            };
            Ok::<_, io::Error>(message)
        };
        let message = read().map_err(|error| format!("{} cannot be read: {error}", self.file.display()))?;
        match message.len() as u64 > limits::ANONYMISED_BYTES_MAX {
            true => Err(format!("{} is too large to be a message", self.file.display())),
            false => Ok(message),
        }
    }
}

/// The message under a key that nobody keeps. Lines end as they did.
fn unreadable(message: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut key = [0; 8];
    getrandom::fill(&mut key).map_err(|error| format!("this system gives no random numbers: {error}"))?;
    let has_bare_ends = !message.windows(2).any(|two| two == b"\r\n");
    let mut covered = anonymise(&canonical(message).bytes, u64::from_ne_bytes(key));
    if has_bare_ends {
        covered.retain(|octet| *octet != b'\r');
    }
    Ok(covered)
}

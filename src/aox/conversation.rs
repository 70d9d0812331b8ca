//! One administrator's connection: lines in, plans out. Knows no socket.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Reply};
use super::command::Command;
use crate::error::Error;
use crate::mailbox::{AccountId, Change};
use crate::plan::Plan;
use crate::settings::Settings;

/// What a command may know of the server it runs in.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: Timestamp,
    pub facts: Facts,
    pub settings: Arc<Settings>,
    /// What the command has changed in mailboxes, for those who have them open.
    pub changes: Vec<Change>,
    /// The accounts that nobody may stay logged in to.
    pub dismissed: Vec<AccountId>,
    /// Who is to be sent away from this server.
    pub farewell: Farewell,
}

/// Connections whose clients have to go, by their numbers, and what they are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Farewell {
    pub connections: Vec<u64>,
    /// The same of other servers, by the names under which these listen.
    pub elsewhere: BTreeMap<String, Vec<u64>>,
    pub why: String,
}

/// The state of the server, as `status` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    pub version: &'static str,
    pub process: u32,
    pub uptime_seconds: u64,
    /// True for a PostgreSQL of our own.
    pub private_database: bool,
    pub doors: Vec<DoorFacts>,
    /// The certificates of TLS.
    pub certificates: Vec<CertificateFacts>,
    /// Who is connected, in the order in which they came.
    pub connections: Vec<ConnectionFacts>,
    /// Who is connected to the other servers of the database, for the commands that are about them.
    pub elsewhere: Elsewhere,
    pub queue: QueueFacts,
    /// Every setting.
    pub configuration: Vec<SettingFacts>,
    /// The end of the file in which the heads of the audit log are written, for the command that compares them.
    pub audit_heads: Option<String>,
}

/// Who is connected to other servers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Elsewhere {
    /// By the name under which a server listens, and the one that it has for people.
    pub connections: Vec<(String, String, Vec<ConnectionFacts>)>,
    /// How many servers have not answered.
    pub silent: usize,
}

/// A client that is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionFacts {
    /// No other connection of this server has it while it runs.
    pub number: u64,
    pub door: String,
    /// Its address and port.
    pub client: String,
    pub user: Option<String>,
    /// The administrator who acts for that user.
    pub by: Option<String>,
    pub tls: bool,
    #[serde(with = "as_text")]
    pub since: Timestamp,
    /// When it said something last.
    #[serde(with = "as_text")]
    pub heard: Timestamp,
    /// The mailbox that it has open.
    pub mailbox: Option<String>,
}

/// Times as RFC 3339 writes them.
mod as_text {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What waits in this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueFacts {
    /// Deliveries that are not committed yet.
    pub deliveries: usize,
    /// Passwords that are being checked, or stand in line for that.
    pub password_checks: usize,
}

/// A setting as it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFacts {
    pub key: String,
    /// As a file would give it; a secret is not shown.
    pub value: String,
    /// The same for what it is without being set.
    pub default: String,
    /// Where it comes from.
    pub source: String,
}

impl SettingFacts {
    /// Whether it is other than without a file and an environment.
    pub fn is_changed(&self) -> bool {
        self.value != self.default
    }
}

/// One door of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorFacts {
    pub name: &'static str,
    pub addresses: Vec<String>,
    /// Where TLS comes first.
    pub tls_addresses: Vec<String>,
    pub connections: usize,
    pub connections_max: usize,
}

/// A certificate that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The file it was read from.
    pub file: PathBuf,
    /// The hosts it is for.
    pub names: Vec<String>,
    /// When it ends.
    pub ends: Timestamp,
}

/// What a command's plan ends with.
pub type Outcome = Result<Answer, Error>;

/// The protocol version. A program and a server of different versions tell each other so instead of guessing.
pub const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Request {
    version: u32,
    #[serde(flatten)]
    command: serde_json::Value,
}

/// One request as it is sent.
pub fn request(command: &Command) -> Vec<u8> {
    let mut value = serde_json::to_value(command).expect("a command holds nothing that JSON cannot say");
    if let Some(fields) = value.as_object_mut() {
        fields.insert("version".to_owned(), VERSION.into());
    }
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// A command as the audit log tells it: all that was asked, but for what is secret in it.
pub fn told(command: &Command) -> serde_json::Value {
    let mut value = serde_json::to_value(command).expect("a command holds nothing that JSON cannot say");
    if let Some(fields) = value.as_object_mut() {
        for secret in ["password", "verifiers"] {
            if fields.get(secret).is_some_and(|value| !value.is_null()) {
                fields.insert(secret.to_owned(), "hidden".into());
            }
        }
        // Of long lists, how long they are.
        for (_, list) in fields.iter_mut().filter(|(name, _)| ["messages", "items"].contains(&name.as_str()))
        {
            if let Some(length) = list.as_array().map(Vec::len) {
                *list = length.into();
            }
        }
        // A file of heads is long, and says nothing of what was asked.
        fields.remove("heads");
    }
    value
}

/// parse: the command in `line`, or the reply that says why there is none.
pub fn parse(line: &[u8]) -> Result<Command, Reply> {
    let wrong = |error: serde_json::Error| Reply::Wrong(format!("this is no request: {error}"));
    let request: Request = serde_json::from_slice(line).map_err(wrong)?;
    if request.version != VERSION {
        return Err(Reply::Wrong(format!(
            "the server speaks version {VERSION} of the control protocol, and this program version {}; \
             use the aox that belongs to the server",
            request.version
        )));
    }
    serde_json::from_value(request.command).map_err(wrong)
}

/// plan: what carries the command out.
pub fn plan(command: Command, context: &Context) -> Plan<Context, Outcome> {
    command.plan(context)
}

/// respond: the last line.
pub fn respond(outcome: Outcome) -> Reply {
    match outcome {
        Ok(answer) => Reply::Done(answer),
        Err(Error::Bad(text)) => Reply::Wrong(text),
        Err(Error::No { text, .. }) => Reply::Refused(text),
        Err(Error::Bug(_)) => {
            Reply::Refused("the server met an error of its own; its log says more".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aox::command::{ListUsers, Status};

    #[test]
    fn a_request_is_read_as_it_was_sent() {
        for command in [Command::Status(Status {}), Command::ListUsers(ListUsers::default())] {
            assert_eq!(parse(&request(&command)).unwrap(), command);
        }
    }

    #[test]
    fn what_is_told_of_a_command_has_no_secret() {
        let line = br#"{"version":1,"command":"add-app-password","login":"anna","name":"phone","password":"hunter2"}"#;
        let told = told(&parse(line).unwrap()).to_string();
        assert!(told.contains("phone") && told.contains("hidden") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn another_version_and_nonsense_are_told_apart() {
        let Err(Reply::Wrong(why)) = parse(b"{\"version\":9,\"command\":\"status\"}") else {
            panic!("accepted")
        };
        assert!(why.contains("version 9"), "{why}");
        for bad in [&b"hello"[..], b"{}", b"{\"version\":1,\"command\":\"dance\"}"] {
            assert!(matches!(parse(bad), Err(Reply::Wrong(_))));
        }
    }
}

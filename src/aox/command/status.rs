//! `aox status`: whether the server is ready, and what it holds.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, counted, counted_as, octets};
use crate::aox::conversation::{Context, DoorFacts, Facts, Outcome};
use crate::db;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {}

impl Status {
    /// Asks the database, so that "ready" means that mail can be read.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ReadStatus, |stored, context| Ok(respond(&stored, &context.facts)))
    }
}

fn respond(stored: &db::StoredStatus, facts: &Facts) -> Answer {
    let database = if facts.private_database { "its own PostgreSQL" } else { "the site's PostgreSQL" };
    let mut sentences = vec![
        format!(
            "aox {} is ready (process {}, {}).",
            facts.version,
            facts.process,
            uptime(facts.uptime_seconds)
        ),
        format!(
            "It uses {database} {}, schema revision {}, {} on disk.",
            stored.server_version,
            stored.revision,
            octets(stored.disk_octets)
        ),
        format!(
            "{}, {}, {}, {} of mail.",
            counted(stored.users, "user"),
            counted(stored.messages, "message"),
            counted_as(stored.mailboxes, "mailbox", "mailboxes"),
            octets(stored.octets)
        ),
    ];
    sentences.push(index(stored));
    sentences.extend(facts.doors.iter().map(|door| {
        format!(
            "{} listens on {} ({} of {} connections).",
            door.name,
            places(door),
            door.connections,
            door.connections_max
        )
    }));
    sentences.extend(facts.certificates.iter().map(|certificate| {
        format!(
            "The certificate for {} ends at {} ({}).",
            if certificate.names.is_empty() { "no host".to_owned() } else { certificate.names.join(", ") },
            certificate.ends,
            certificate.file.display()
        )
    }));
    let doors: Vec<_> = facts
        .doors
        .iter()
        .map(|door| {
            json!({"name": door.name, "addresses": door.addresses, "tls_addresses": door.tls_addresses,
                   "connections": door.connections, "connections_max": door.connections_max})
        })
        .collect();
    let certificates: Vec<_> = facts
        .certificates
        .iter()
        .map(|certificate| {
            json!({"names": certificate.names, "ends": certificate.ends.to_string(),
                   "file": certificate.file.display().to_string()})
        })
        .collect();
    let json = json!({
        "ready": true, "version": facts.version, "process": facts.process,
        "uptime_seconds": facts.uptime_seconds, "private_database": facts.private_database,
        "postgresql": stored.server_version, "schema_revision": stored.revision,
        "disk_octets": stored.disk_octets, "users": stored.users, "mailboxes": stored.mailboxes,
        "messages": stored.messages, "octets": stored.octets,
        "text_index": {"octets": stored.index_octets, "waiting_messages": stored.waiting}, "doors": doors,
        "certificates": certificates,
    });
    Answer { sentences, table: None, json, good: true }
}

/// How the text index is.
fn index(stored: &db::StoredStatus) -> String {
    let index = format!("The text index takes {}", octets(stored.index_octets));
    match stored.waiting {
        0 => format!("{index}, and no message waits for it."),
        1 => format!("{index}, and 1 message waits for it."),
        waiting => format!("{index}, and {waiting} messages wait for it."),
    }
}

/// Where a door listens.
fn places(door: &DoorFacts) -> String {
    let with_tls = door.tls_addresses.iter().map(|address| format!("{address} (TLS)"));
    let all: Vec<String> = door.addresses.iter().cloned().chain(with_tls).collect();
    if all.is_empty() { "no address".to_owned() } else { all.join(", ") }
}

fn uptime(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("up for {seconds} s"),
        (0, 0, minutes) => format!("up for {minutes} min"),
        (0, hours, minutes) => format!("up for {hours} h {minutes} min"),
        (days, hours, _) => format!("up for {days} d {hours} h"),
    }
}

//! Many clients at work in a few mailboxes at once. Each believes only what it is told and checks every word of it; at
//! the end all of them must know the same, and nothing may be lost or doubled.
//!
//! `AOX_STRESS_SECONDS` says how long it goes on, `AOX_STRESS_SEED` what the clients do.

mod client;
mod ledger;
mod noise;
mod view;

use std::time::{Duration, Instant};

use client::Client;
use ledger::Ledger;

use crate::fuzz::engine::Random;
use crate::support::{Imap, Server};

/// How much is done.
pub struct Plan {
    pub seconds: u64,
    pub seed: u64,
    /// Clients of one user, in the same mailboxes.
    pub clients: usize,
    /// Clients of another user, who say anything.
    pub noise: usize,
}

impl Plan {
    /// A short one, unless the environment asks for more.
    pub fn from_environment() -> Plan {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let seconds = number("AOX_STRESS_SECONDS").unwrap_or(8);
        Plan { seconds, seed: number("AOX_STRESS_SEED").unwrap_or(1), clients: 6, noise: 3 }
    }
}

/// Runs it against a fresh server. Panics with all that was found wrong.
pub fn run(server: &Server, plan: &Plan) {
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.add_user("mallory", "mallory@example.org", PASSWORD);
    let mut imap = server.imap("anna", PASSWORD);
    for mailbox in MAILBOXES.iter().skip(1) {
        imap.ok(&format!("CREATE {mailbox}")).expect("CREATE");
    }
    let ledger = Ledger::default();
    let until = Instant::now() + Duration::from_secs(plan.seconds);
    let mut clients: Vec<Client<'_>> = Vec::new();
    for number in 0..plan.clients {
        let imap = server.imap("anna", PASSWORD);
        clients.push(Client::new(number, imap, &ledger, Random::new(plan.seed * 1000 + number as u64)));
    }
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(move || client.work(until));
        }
        for number in 0..plan.noise {
            let (ledger, seed) = (&ledger, plan.seed * 7777 + number as u64);
            scope.spawn(move || noise::make(server, ledger, seed, until));
        }
    });
    for client in &mut clients {
        client.check();
    }
    compare(&mut clients, &ledger);
    account(server, &ledger);
    let log = server.log();
    if log.contains("panicked") {
        ledger.fault(format!("the server's log tells of a panic:\n{log}"));
    }
    println!("{}", ledger.summary());
    ledger.assert_none(plan.seed);
}

/// Those who have the same mailbox open know the same of it, and what a client knows that opens it now.
fn compare(clients: &mut [Client<'_>], ledger: &Ledger) {
    for mailbox in MAILBOXES {
        let mut known = clients.iter().filter(|client| client.mailbox() == Some(mailbox)).map(Client::known);
        let Some((name, first)) = known.next() else { continue };
        for (other, second) in known {
            if first != second {
                ledger.fault(format!("{mailbox}: client {name} knows {first:?}, client {other} {second:?}"));
            }
        }
    }
    for client in clients.iter_mut() {
        let (name, before) = client.known();
        client.open_again();
        let (_, after) = client.known();
        if before != after {
            ledger.fault(format!(
                "client {name} knew {before:?}, and is told {after:?} when it opens the mailbox again"
            ));
        }
    }
}

/// Messages that are never expunged, but moved and copied, are there as often as they have to be.
fn account(server: &Server, ledger: &Ledger) {
    let mut found = std::collections::BTreeMap::<String, usize>::new();
    let mut imap: Imap = server.imap("anna", PASSWORD);
    for mailbox in MAILBOXES {
        imap.ok(&format!("EXAMINE {mailbox}")).expect("EXAMINE");
        for response in imap.ok("UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (X-Kept)]").expect("UID FETCH") {
            let header = response.literal().map(|octets| String::from_utf8_lossy(octets).into_owned());
            if let Some((_, name)) = header.as_deref().and_then(|header| header.trim().split_once(": ")) {
                *found.entry(name.to_string()).or_default() += 1;
            }
        }
    }
    ledger.check_kept(&found);
}

pub const PASSWORD: &str = "secret";
pub const MAILBOXES: [&str; 3] = ["INBOX", "Work", "Play"];

//! Many clients at work in a few mailboxes at once. Each believes only what it is told and checks every word of it; at
//! the end all of them must know the same, and nothing may be lost or doubled.
//!
//! `AOX_STRESS_SECONDS` says how long it goes on, `AOX_STRESS_SEED` what the clients do.

pub mod client;
pub mod ledger;
mod resync;
mod view;

use std::time::{Duration, Instant};

use client::Client;
use ledger::Ledger;

use crate::fuzz::engine::Random;
use crate::storm::Place;
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
        Plan { seconds, seed: number("AOX_STRESS_SEED").unwrap_or(1), clients: 9, noise: 3 }
    }
}

/// Runs it against fresh servers over one database. Panics with all that was found wrong.
pub fn run(servers: &[&Server], plan: &Plan) {
    let first = servers[0];
    first.add_user("anna", "anna@example.org", PASSWORD);
    for login in ["mallory", "trent"] {
        first.add_user(login, &format!("{login}@example.org"), PASSWORD);
    }
    let mut imap = first.imap("anna", PASSWORD);
    for mailbox in MAILBOXES.iter().skip(1) {
        imap.ok(&format!("CREATE {mailbox}")).expect("CREATE");
    }
    let ledger = Ledger::default();
    let until = Instant::now() + Duration::from_secs(plan.seconds);
    let mut clients: Vec<Client<'_>> = Vec::new();
    for number in 0..plan.clients {
        // Each kind of client comes to each host.
        let host = number / 3 % servers.len();
        let imap = servers[host].imap("anna", PASSWORD);
        clients.push(Client::new(number, host, imap, &ledger, Random::new(plan.seed * 1000 + number as u64)));
    }
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(move || client.work(until));
        }
        for number in 0..plan.noise {
            let (ledger, seed) = (&ledger, plan.seed * 7777 + number as u64);
            let server = servers[number % servers.len()];
            scope.spawn(move || noise(server, ledger, seed, until));
        }
    });
    agree(clients, servers.len() > 1, &ledger);
    account(first, &ledger);
    for server in servers {
        let log = server.log();
        if log.contains("panicked") {
            ledger.fault(format!("the server's log tells of a panic:\n{log}"));
        }
    }
    println!("{}", ledger.summary());
    ledger.assert_none(plan.seed);
}

/// Clients who say anything, right and wrong, until then.
fn noise(server: &Server, ledger: &Ledger, seed: u64, until: Instant) {
    let place = Place::new(server);
    for number in seed << 32.. {
        if Instant::now() >= until || ledger.is_over() {
            break;
        }
        match place.converse(number) {
            Ok(_) => ledger.noise(),
            Err(why) => ledger.fault(why),
        }
    }
}

/// All of them know the same in the end, and what is true.
pub fn agree(mut clients: Vec<Client<'_>>, of_two_hosts: bool, ledger: &Ledger) {
    // What another host has changed is heard a moment later.
    let begun = Instant::now();
    loop {
        clients.iter_mut().for_each(Client::check);
        let differences = differences(&clients);
        if differences.is_empty() {
            break;
        }
        if !of_two_hosts || begun.elapsed() > HEARD_WITHIN {
            differences.into_iter().for_each(|difference| ledger.fault(difference));
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    for client in &mut clients {
        open_again(client, ledger);
    }
}

/// Those who have the same mailbox open know the same of it.
fn differences(clients: &[Client<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for mailbox in MAILBOXES {
        let mut known = clients.iter().filter(|client| client.mailbox() == Some(mailbox)).map(Client::known);
        let Some((name, first)) = known.next() else { continue };
        let others = known.filter(|(_, second)| *second != first);
        found.extend(others.map(|(other, second)| {
            format!("{mailbox}: client {name} knows {first:?}, client {other} {second:?}")
        }));
    }
    found
}

/// What a client knows is what it is told when it opens the mailbox again.
fn open_again(client: &mut Client<'_>, ledger: &Ledger) {
    let (name, before) = client.known();
    client.open_again();
    let (_, after) = client.known();
    if before != after {
        ledger.fault(format!(
            "client {name} knew {before:?}, and is told {after:?} when it opens the mailbox again"
        ));
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
const HEARD_WITHIN: Duration = Duration::from_secs(20);
pub const MAILBOXES: [&str; 3] = ["INBOX", "Work", "Play"];

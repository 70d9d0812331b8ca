//! What all clients together know: what each message is, which uids are taken, and what was found wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by all clients.
#[derive(Default)]
pub struct Ledger {
    /// By mailbox, uid and item: what was first fetched, which never changes.
    constants: Mutex<HashMap<(String, u32, String), u64>>,
    /// By mailbox and uid: the client for whom the message was \Recent.
    recent: Mutex<HashMap<(String, u32), usize>>,
    /// By mailbox: uids that APPENDUID and COPYUID have told.
    given: Mutex<BTreeMap<String, BTreeSet<u32>>>,
    /// By mailbox and uid: the name of a message that is never expunged, or None for one that may be.
    placed: Mutex<HashMap<(String, u32), Option<String>>>,
    /// How often each message that is kept has to be there.
    kept: Mutex<BTreeMap<String, usize>>,
    faults: Mutex<Vec<String>>,
    commands: AtomicU64,
    responses: AtomicU64,
    /// Connections of those who say anything.
    noise: AtomicU64,
}

impl Ledger {
    pub fn fault(&self, what: String) {
        let mut faults = self.faults.lock().expect("no client panics with it");
        if faults.len() < FAULTS_MAX {
            faults.push(what);
        }
    }

    /// Whether enough is wrong already.
    pub fn is_over(&self) -> bool {
        self.faults.lock().expect("no client panics with it").len() >= FAULTS_MAX
    }

    pub fn count(&self, responses: usize) {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.responses.fetch_add(responses as u64, Ordering::Relaxed);
    }

    /// A noisy connection is over.
    pub fn noise(&self) {
        self.noise.fetch_add(1, Ordering::Relaxed);
    }

    /// What `item` of a message is: the same for everybody, and for ever.
    pub fn constant(&self, mailbox: &str, uid: u32, item: &str, value: &[u8]) {
        let hash = hash(value);
        let key = (mailbox.to_string(), uid, item.to_ascii_uppercase());
        let mut constants = self.constants.lock().expect("no client panics with it");
        let first = *constants.entry(key).or_insert(hash);
        drop(constants);
        if first != hash {
            let value = String::from_utf8_lossy(value);
            self.fault(format!("{mailbox}: {item} of uid {uid} is not what it was: {value}"));
        }
    }

    /// A message is \Recent for one session only (RFC 3501 §2.3.2).
    pub fn recent(&self, mailbox: &str, uid: u32, session: usize) {
        let mut recent = self.recent.lock().expect("no client panics with it");
        let first = *recent.entry((mailbox.to_string(), uid)).or_insert(session);
        drop(recent);
        if first != session {
            self.fault(format!("{mailbox}: uid {uid} is recent in sessions {first} and {session}"));
        }
    }

    /// The server says that a message got this uid: it is given once.
    pub fn given(&self, mailbox: &str, uid: u32) {
        let mut given = self.given.lock().expect("no client panics with it");
        let new = given.entry(mailbox.to_string()).or_default().insert(uid);
        drop(given);
        if !new {
            self.fault(format!("{mailbox}: uid {uid} was given twice"));
        }
    }

    /// A new message is there, with a name if it is kept.
    pub fn place(&self, mailbox: &str, uid: u32, name: Option<String>) {
        if let Some(name) = &name {
            *self.kept.lock().expect("no client panics with it").entry(name.clone()).or_default() += 1;
        }
        self.placed.lock().expect("no client panics with it").insert((mailbox.to_string(), uid), name);
    }

    /// What is in one place is now in another one too, or there only.
    pub fn moved(&self, from: (&str, u32), to: (&str, u32), is_copy: bool) {
        let mut constants = self.constants.lock().expect("no client panics with it");
        for item in ["BODY[]", "RFC822.SIZE", "ENVELOPE", "INTERNALDATE", "BODYSTRUCTURE"] {
            if let Some(hash) = constants.get(&(from.0.to_string(), from.1, item.to_string())).copied() {
                constants.entry((to.0.to_string(), to.1, item.to_string())).or_insert(hash);
            }
        }
        drop(constants);
        let placed =
            self.placed.lock().expect("no client panics with it").get(&(from.0.to_string(), from.1)).cloned();
        let Some(name) = placed else { return };
        if is_copy {
            return self.place(to.0, to.1, name);
        }
        self.placed.lock().expect("no client panics with it").insert((to.0.to_string(), to.1), name);
    }

    /// Whether this message is known here. What has just come may not be.
    pub fn knows(&self, mailbox: &str, uid: u32) -> bool {
        self.placed.lock().expect("no client panics with it").contains_key(&(mailbox.to_string(), uid))
    }

    /// Whether this message may be expunged.
    pub fn is_disposable(&self, mailbox: &str, uid: u32) -> bool {
        self.placed.lock().expect("no client panics with it").get(&(mailbox.to_string(), uid)) == Some(&None)
    }

    /// Compares what has to be there with what was found.
    pub fn check_kept(&self, found: &BTreeMap<String, usize>) {
        let kept = self.kept.lock().expect("no client panics with it").clone();
        if kept != *found {
            let missing: Vec<_> =
                kept.iter().filter(|(name, count)| found.get(*name) != Some(count)).collect();
            let names: Vec<_> =
                missing.iter().map(|(name, count)| (name, *count, found.get(*name))).collect();
            let others: Vec<_> = found.keys().filter(|name| !kept.contains_key(*name)).collect();
            self.fault(format!(
                "messages that are kept, how often, and found how often: {names:?}; and {others:?}"
            ));
        }
    }

    pub fn summary(&self) -> String {
        let (commands, responses) =
            (self.commands.load(Ordering::Relaxed), self.responses.load(Ordering::Relaxed));
        let kept: usize = self.kept.lock().expect("no client panics with it").values().sum();
        let noisy = self.noise.load(Ordering::Relaxed);
        format!("{commands} commands, {responses} responses, {kept} kept messages; {noisy} noisy connections")
    }

    pub fn assert_none(&self, seed: u64) {
        let faults = self.faults.lock().expect("no client panics with it");
        assert!(faults.is_empty(), "AOX_STRESS_SEED={seed}\n{}", faults.join("\n"));
    }
}

/// FNV-1a.
fn hash(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

const FAULTS_MAX: usize = 10;

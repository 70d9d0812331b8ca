//! Who is connected to this server: one entry for each client, as long as its connection lives.
//!
//! Connections write down what becomes of them, and an administrator may read it, or send one of them away.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archiveopteryx::aox::conversation::ConnectionFacts;
use archiveopteryx::login::Authenticated;
use jiff::Timestamp;

/// Everybody who is connected; clones are the same roll.
#[derive(Clone, Default)]
pub struct Roll {
    entries: Arc<Mutex<BTreeMap<u64, Arc<Entry>>>>,
    last: Arc<AtomicU64>,
}

/// One connection on the roll; it is taken off when this is dropped.
pub struct Listed {
    roll: Roll,
    entry: Arc<Entry>,
}

/// What is known of one connection.
pub struct Entry {
    number: u64,
    door: &'static str,
    client: SocketAddr,
    since: Timestamp,
    state: Mutex<State>,
}

/// What may change.
struct State {
    tls: bool,
    heard: Timestamp,
    user: Option<String>,
    by: Option<String>,
    mailbox: Option<String>,
    farewell: Option<Farewell>,
}

/// How a connection is told to go, and why.
type Farewell = Arc<dyn Fn(&str) + Send + Sync>;

impl Roll {
    /// A client that has just come.
    pub fn enter(&self, door: &'static str, client: SocketAddr) -> Listed {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let now = Timestamp::now();
        let state = State { tls: false, heard: now, user: None, by: None, mailbox: None, farewell: None };
        let entry = Arc::new(Entry { number, door, client, since: now, state: Mutex::new(state) });
        locked(&self.entries).insert(number, entry.clone());
        Listed { roll: self.clone(), entry }
    }

    /// All of them, in the order in which they came.
    pub fn facts(&self) -> Vec<ConnectionFacts> {
        let entries: Vec<Arc<Entry>> = locked(&self.entries).values().cloned().collect();
        entries.iter().map(|entry| entry.facts()).collect()
    }

    /// Tells those that are still here to go.
    pub fn send_away(&self, numbers: &[u64], why: &str) {
        for number in numbers {
            let entry = locked(&self.entries).get(number).cloned();
            let farewell = entry.and_then(|entry| locked(&entry.state).farewell.clone());
            if let Some(farewell) = farewell {
                farewell(why);
            }
        }
    }
}

impl Entry {
    /// No other connection of this server has it while it runs.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The client has said something.
    pub fn heard(&self) {
        locked(&self.state).heard = Timestamp::now();
    }

    /// TLS has begun.
    pub fn secured(&self) {
        locked(&self.state).tls = true;
    }

    /// The client has shown who it is.
    pub fn logged_in(&self, who: &Authenticated) {
        let mut state = locked(&self.state);
        state.user = Some(who.account.login.clone());
        state.by = who.by.as_ref().map(|by| by.login.clone());
    }

    /// Which mailbox is open now.
    pub fn opened(&self, mailbox: Option<String>) {
        locked(&self.state).mailbox = mailbox;
    }

    /// How the connection is told to go.
    pub fn leaves_by(&self, farewell: impl Fn(&str) + Send + Sync + 'static) {
        locked(&self.state).farewell = Some(Arc::new(farewell));
    }

    fn facts(&self) -> ConnectionFacts {
        let state = locked(&self.state);
        ConnectionFacts {
            number: self.number,
            door: self.door.to_owned(),
            client: self.client.to_string(),
            user: state.user.clone(),
            by: state.by.clone(),
            tls: state.tls,
            since: self.since,
            heard: state.heard,
            mailbox: state.mailbox.clone(),
        }
    }
}

impl Listed {
    /// Where to write down what becomes of it.
    pub fn entry(&self) -> Arc<Entry> {
        self.entry.clone()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        locked(&self.roll.entries).remove(&self.entry.number);
    }
}

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Listed").field(&self.entry.number).finish()
    }
}

/// What a mutex guards. A panic elsewhere cannot have left it half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_gone_is_not_on_the_roll_and_hears_nothing() {
        let roll = Roll::default();
        let client: SocketAddr = "192.0.2.7:1000".parse().unwrap();
        let (first, second) = (roll.enter("imap", client), roll.enter("pop3", client));
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        for listed in [&first, &second] {
            let told = told.clone();
            listed.entry().leaves_by(move |why| told.lock().unwrap().push(why.to_owned()));
        }
        second.entry().opened(Some("INBOX".to_owned()));
        drop(first);
        let facts = roll.facts();
        assert_eq!(facts.len(), 1);
        assert_eq!((facts[0].door.as_str(), facts[0].mailbox.as_deref()), ("pop3", Some("INBOX")));
        roll.send_away(&[1, 2, 3], "enough");
        assert_eq!(*told.lock().unwrap(), ["enough"]);
    }
}

//! # Watches - who wants to hear of mailboxes that he does not have open
//!
//! Hears:  Watch, Unwatch, Changed
//! Says:   Look → Notifiers
//! Lives:  the server's life
//! Knows:  for each client that uses NOTIFY, which mailboxes it watches
//! Limits: limits::NOTIFY_MAILBOXES_MAX
//!
//! Changes of this host come by way of the registry, those of other hosts from the listener. That names, subscriptions
//! or rights are other ones the database says by itself, whoever has changed them and wherever. What is told here is a
//! hint: whoever hears it reads how things are.

use std::collections::{HashMap, HashSet};

use actix::AsyncContext;
use archiveopteryx::mailbox::{AccountId, MailboxKey};

use crate::db_listener::{self, DbListener, Heard};

/// From now on, somebody wants to hear of these mailboxes, in place of those before.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Watch {
    pub id: WatchId,
    /// Whose mailboxes they are, for the most part.
    pub account: AccountId,
    pub keys: HashSet<MailboxKey>,
    /// Mailboxes of others may come to be among them.
    pub sees_others: bool,
    pub notifier: actix::Recipient<Look>,
}

/// Names one client that watches, as long as the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WatchId(u64);

impl WatchId {
    /// One that nobody had before.
    pub fn new() -> WatchId {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        WatchId(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }
}

/// Somebody watches nothing any more.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Unwatch(pub WatchId);

/// Something has changed, and is committed.
#[derive(actix::Message, Debug, Default)]
#[rtype(result = "()")]
pub struct Changed {
    /// What is in these mailboxes.
    pub keys: Vec<MailboxKey>,
    /// The names of these accounts' mailboxes, or what they have subscribed to.
    pub names: Vec<AccountId>,
    /// Rights of somebody in something that is not his own.
    pub rights: bool,
    /// Anything, anywhere.
    pub anything: bool,
}

/// To a client's notifier: look again at these mailboxes, or at all there is.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Look {
    pub keys: Vec<MailboxKey>,
    pub all: bool,
}

/// The actor. One per server.
pub struct Watches {
    listener: actix::Addr<DbListener>,
    watches: HashMap<WatchId, Watch>,
    /// Who watches each mailbox.
    watchers: HashMap<MailboxKey, HashSet<WatchId>>,
}

impl Watches {
    pub fn new(listener: actix::Addr<DbListener>) -> Watches {
        Watches { listener, watches: HashMap::new(), watchers: HashMap::new() }
    }

    fn remove(&mut self, id: WatchId) {
        let Some(watch) = self.watches.remove(&id) else { return };
        for key in watch.keys {
            if let Some(watchers) = self.watchers.get_mut(&key) {
                watchers.remove(&id);
                if watchers.is_empty() {
                    self.watchers.remove(&key);
                }
            }
        }
    }
}

impl Watch {
    /// Whether that may change what it watches.
    fn is_about(&self, changed: &Changed, accounts: &HashSet<AccountId>) -> bool {
        changed.anything
            || accounts.contains(&self.account)
            || self.sees_others
                && (changed.rights || self.keys.iter().any(|key| accounts.contains(&key.account)))
    }
}

impl actix::Actor for Watches {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1024);
        let myself = ctx.address();
        let tell = move |heard: &Heard| {
            let changed = match heard {
                Heard::Signalled(changes) => {
                    Changed { keys: changes.iter().map(|(key, _)| *key).collect(), ..Changed::default() }
                }
                Heard::Names(accounts) => Changed { names: accounts.clone(), ..Changed::default() },
                Heard::Rights => Changed { rights: true, ..Changed::default() },
                Heard::MayHaveMissed => Changed { anything: true, ..Changed::default() },
                Heard::DeletePolicies
                | Heard::Dismissed(_)
                | Heard::Ended
                | Heard::Asked(_)
                | Heard::Metadata(_) => {
                    return true;
                }
            };
            myself.try_send(changed).is_ok()
        };
        self.listener.do_send(db_listener::Attach(Box::new(tell)));
    }
}

impl actix::Handler<Watch> for Watches {
    type Result = ();

    fn handle(&mut self, watch: Watch, _: &mut Self::Context) {
        self.remove(watch.id);
        for key in &watch.keys {
            self.watchers.entry(*key).or_default().insert(watch.id);
        }
        self.watches.insert(watch.id, watch);
    }
}

impl actix::Handler<Unwatch> for Watches {
    type Result = ();

    fn handle(&mut self, Unwatch(id): Unwatch, _: &mut Self::Context) {
        self.remove(id);
    }
}

impl actix::Handler<Changed> for Watches {
    type Result = ();

    fn handle(&mut self, changed: Changed, _: &mut Self::Context) {
        if self.watches.is_empty() {
            return;
        }
        let mut looks: HashMap<WatchId, Look> = HashMap::new();
        let look = || Look { keys: Vec::new(), all: false };
        for key in &changed.keys {
            for id in self.watchers.get(&key.of_kept()).into_iter().flatten() {
                looks.entry(*id).or_insert_with(look).keys.push(key.of_kept());
            }
        }
        if changed.anything || changed.rights || !changed.names.is_empty() {
            let accounts: HashSet<AccountId> = changed.names.iter().copied().collect();
            for (id, _) in self.watches.iter().filter(|(_, watch)| watch.is_about(&changed, &accounts)) {
                looks.entry(*id).or_insert_with(look).all = true;
            }
        }
        for (id, look) in looks {
            // A notifier takes it at once, whatever its client does: it only notes what it has to look at.
            self.watches[&id].notifier.do_send(look);
        }
    }
}

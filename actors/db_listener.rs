//! # DbListener - what servers on one database tell each other.
//!
//! Hears:  Announce, Attach, Connected, Lost, Notified, Sent, Tick
//! Says:   Heard, through what Attach brought; in a Company, whether other servers are there
//! Lives:  the server's life; its connection comes and goes
//! Knows:  which mailboxes came how far, and who has to go, until the others have been told
//! Limits: PAYLOAD_BYTES_MAX, SAFETY_PERIOD
//!
//! A connection of its own listens. Signals go out coalesced: one is on its way, and whatever is announced meanwhile
//! goes into the next. A signal is a hint only; after a lost connection, and now and then, everything is compared.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use actix::{Actor, AsyncContext};
use archiveopteryx::db::LISTENER;
use archiveopteryx::mailbox::{AccountId, MailboxKey, ModSeq};
use tokio_postgres::{AsyncMessage, Client};

use crate::company::Company;
use crate::postgres::{self, Socket, Target};
use crate::signals::{read_payload, sorted};

/// The other servers shall hear of this.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Announce(pub News);

/// What servers tell each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// A mailbox has come so far.
    Changed(MailboxKey, ModSeq),
    /// Nobody may stay logged in to this account.
    Dismissed(AccountId),
    /// Others may delete than before; the database says so by itself.
    DeletePolicies,
    /// An account has mailboxes of other names, or other subscriptions; the database says so by itself.
    Names(AccountId),
    /// Somebody has other rights; the database says so by itself.
    Rights,
    /// Somebody wants to know something: the number of the question.
    Asked(i64),
    /// The metadata of an account was changed so often; the database says this by itself, too.
    Metadata(AccountId, i64),
    /// The vacuum has ended deleted mail; the database says so by itself.
    Ended,
    /// A server listens from now on.
    Arrived,
}

/// From now on, tell this, too, what the others say.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Attach(pub Listening);

/// Takes what the others say; returns false when it could not take it now.
pub type Listening = Box<dyn Fn(&Heard) -> bool + Send>;

/// What is told to who attached.
pub enum Heard {
    /// Others have brought these mailboxes so far.
    Signalled(Vec<(MailboxKey, ModSeq)>),
    /// Nobody may stay logged in to these accounts.
    Dismissed(Vec<AccountId>),
    /// Others may delete than before.
    DeletePolicies,
    /// These accounts have mailboxes of other names, or other subscriptions.
    Names(Vec<AccountId>),
    /// Somebody has other rights.
    Rights,
    /// Somebody wants to know something.
    Asked(Vec<i64>),
    /// The metadata of these accounts was changed so often.
    Metadata(Vec<(AccountId, i64)>),
    /// Deleted mail has ended.
    Ended,
    /// Something may have been missed.
    MayHaveMissed,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Connected(Client);

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Lost;

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Notified(String);

/// The signal that was on its way has left, or not.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Sent(Result<(), Vec<News>>);

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Tick;

/// See the module.
pub struct DbListener {
    target: Target,
    /// Begins each payload, so that we know our own signals.
    name: String,
    client: Option<Rc<Client>>,
    company: Company,
    pending: Pending,
    on_its_way: bool,
    attached: Vec<Listening>,
    /// One who attached could not take something, and so has to compare.
    owes: bool,
    ticks: u32,
}

impl DbListener {
    /// Starts it; it connects by itself. `name` must differ between all servers of a database, and have letters and digits
    /// only.
    pub fn start_for(target: Target, name: String, company: Company) -> actix::Addr<DbListener> {
        DbListener {
            target,
            name,
            client: None,
            company,
            pending: Pending::default(),
            on_its_way: false,
            attached: Vec::new(),
            owes: false,
            ticks: 0,
        }
        .start()
    }

    fn tell(&mut self, heard: Heard) {
        for listening in &self.attached {
            self.owes |= !listening(&heard);
        }
    }

    /// Sees whether other servers are there.
    fn look_around(&self) {
        if let Some(client) = self.client.clone() {
            actix_rt::spawn(self.company.clone().look(client, self.name.clone()));
        }
    }

    /// Sends what is pending, unless a signal is on its way already.
    fn send(&mut self, ctx: &mut actix::Context<Self>) {
        let Some(client) = self.client.clone() else { return };
        if self.on_its_way || self.pending.is_empty() {
            return;
        }
        self.on_its_way = true;
        let (payload, batch) = self.pending.take_payload(&self.name);
        let me = ctx.address();
        actix_rt::spawn(async move {
            // Nothing in a payload has to be quoted, and this way nothing has to be prepared.
            let sent = client.batch_execute(&format!("notify aox_changes, '{payload}'")).await;
            me.do_send(Sent(sent.map_err(|_| batch)));
        });
    }
}

impl actix::Actor for DbListener {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(QUEUE_MAX);
        actix_rt::spawn(connect(self.target.clone(), self.name.clone(), ctx.address().downgrade()));
        ctx.run_interval(TICK, |_, ctx| ctx.notify(Tick));
    }
}

impl actix::Handler<Announce> for DbListener {
    type Result = ();

    fn handle(&mut self, Announce(news): Announce, ctx: &mut Self::Context) {
        self.pending.add(news);
        self.send(ctx);
    }
}

impl actix::Handler<Attach> for DbListener {
    type Result = ();

    fn handle(&mut self, Attach(attached): Attach, _: &mut Self::Context) {
        self.owes |= !attached(&Heard::MayHaveMissed);
        self.attached.push(attached);
    }
}

impl actix::Handler<Connected> for DbListener {
    type Result = ();

    fn handle(&mut self, Connected(client): Connected, ctx: &mut Self::Context) {
        self.client = Some(Rc::new(client));
        self.look_around();
        self.tell(Heard::MayHaveMissed);
        self.send(ctx);
    }
}

impl actix::Handler<Lost> for DbListener {
    type Result = ();

    fn handle(&mut self, Lost: Lost, ctx: &mut Self::Context) {
        // A connection that ended before it listened is tried again by who opened it.
        if self.client.take().is_some() {
            self.company.has_come();
            actix_rt::spawn(connect(self.target.clone(), self.name.clone(), ctx.address().downgrade()));
        }
    }
}

impl actix::Handler<Notified> for DbListener {
    type Result = ();

    fn handle(&mut self, Notified(payload): Notified, _: &mut Self::Context) {
        match read_payload(&self.name, &payload) {
            Some(news) => {
                if news.contains(&News::Arrived) {
                    self.company.has_come();
                }
                if news.contains(&News::DeletePolicies) {
                    self.tell(Heard::DeletePolicies);
                }
                if news.contains(&News::Ended) {
                    self.tell(Heard::Ended);
                }
                if news.contains(&News::Rights) {
                    self.tell(Heard::Rights);
                }
                let names = news.iter().filter_map(|news| match news {
                    News::Names(account) => Some(*account),
                    _ => None,
                });
                let names: Vec<AccountId> = names.collect();
                if !names.is_empty() {
                    self.tell(Heard::Names(names));
                }
                let asked =
                    |news: &News| if let News::Asked(question) = news { Some(*question) } else { None };
                let asked: Vec<i64> = news.iter().filter_map(asked).collect();
                if !asked.is_empty() {
                    self.tell(Heard::Asked(asked));
                }
                let metadata: Vec<_> = news.iter().filter_map(News::of_metadata).collect();
                if !metadata.is_empty() {
                    self.tell(Heard::Metadata(metadata));
                }
                let (changes, dismissed) = sorted(news);
                if !changes.is_empty() {
                    self.tell(Heard::Signalled(changes));
                }
                if !dismissed.is_empty() {
                    self.tell(Heard::Dismissed(dismissed));
                }
            }
            None => self.tell(Heard::MayHaveMissed),
        }
    }
}

impl actix::Handler<Sent> for DbListener {
    type Result = ();

    fn handle(&mut self, Sent(outcome): Sent, ctx: &mut Self::Context) {
        for news in outcome.err().unwrap_or_default() {
            self.pending.add(news);
        }
        ctx.run_later(SIGNAL_PAUSE, |listener, ctx| {
            listener.on_its_way = false;
            // What failed is sent again when there is a connection again, or at the next announcement.
            if listener.client.as_ref().is_some_and(|client| !client.is_closed()) {
                listener.send(ctx);
            }
        });
    }
}

impl actix::Handler<Tick> for DbListener {
    type Result = ();

    fn handle(&mut self, Tick: Tick, ctx: &mut Self::Context) {
        self.ticks += 1;
        if self.ticks >= SAFETY_TICKS || self.owes {
            (self.ticks, self.owes) = (0, false);
            self.look_around();
            self.tell(Heard::MayHaveMissed);
        }
        match &self.client {
            // Its end was reported before it was known here.
            Some(client) if client.is_closed() => ctx.notify(Lost),
            _ => self.send(ctx),
        }
    }
}

/// Connects and listens, trying until it succeeds, then carries the connection until it ends.
async fn connect(target: Target, name: String, actor: actix::WeakAddr<DbListener>) {
    let mut pause = RECONNECT_PAUSE_MIN;
    while let Some(actor) = actor.upgrade() {
        match target.connect().await {
            Ok((client, socket)) => {
                let carried = actix_rt::spawn(carry(socket, actor.downgrade()));
                // By its name others know that we are there to answer; nothing in it has to be quoted.
                let listen = format!(
                    "set application_name = '{LISTENER}{name}'; {LISTEN}; notify aox_changes, '{name} ^'"
                );
                match client.batch_execute(&listen).await {
                    Ok(()) => {
                        actor.do_send(Connected(client));
                        drop(actor);
                        // The socket's own task reports its end.
                        return;
                    }
                    Err(error) => {
                        carried.abort();
                        tracing::warn!(%error, "cannot listen for other servers");
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "cannot connect to listen for other servers"),
        }
        drop(actor);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT_PAUSE_MAX);
    }
}

async fn carry(mut socket: Socket, actor: actix::WeakAddr<DbListener>) {
    while let Some(Ok(message)) = postgres::next_message(&mut socket).await {
        let AsyncMessage::Notification(notification) = message else { continue };
        let Some(actor) = actor.upgrade() else { return };
        if actor.send(Notified(notification.payload().to_owned())).await.is_err() {
            return;
        }
    }
    if let Some(actor) = actor.upgrade() {
        actor.do_send(Lost);
    }
}

/// What the other servers have not been told yet.
#[derive(Default)]
struct Pending {
    mailboxes: HashMap<MailboxKey, ModSeq>,
    dismissed: HashSet<AccountId>,
    asked: HashSet<i64>,
}

impl Pending {
    fn add(&mut self, news: News) {
        match news {
            News::Changed(key, modseq) => {
                let known = self.mailboxes.entry(key).or_default();
                *known = modseq.max(*known);
            }
            News::Dismissed(account) => {
                self.dismissed.insert(account);
            }
            News::Asked(question) => {
                self.asked.insert(question);
            }
            _ => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.mailboxes.is_empty() && self.dismissed.is_empty() && self.asked.is_empty()
    }

    /// Takes as much as one signal may carry: `NAME ?question -account account.mailbox.modseq account.mailbox.modseq…`.
    fn take_payload(&mut self, name: &str) -> (String, Vec<News>) {
        let mut payload = name.to_owned();
        let mut batch = Vec::new();
        let changed = self.mailboxes.iter().map(|(key, modseq)| News::Changed(*key, *modseq));
        let asked = self.asked.iter().copied().map(News::Asked);
        for news in asked.chain(self.dismissed.iter().copied().map(News::Dismissed)).chain(changed) {
            let item = match news {
                News::Changed(key, modseq) => format!(" {}.{}.{modseq}", key.account, key.mailbox),
                News::Dismissed(account) => format!(" -{account}"),
                News::Asked(question) => format!(" ?{question}"),
                _ => {
                    continue;
                }
            };
            if payload.len() + item.len() > PAYLOAD_BYTES_MAX {
                break;
            }
            payload.push_str(&item);
            batch.push(news);
        }
        for news in &batch {
            match news {
                News::Changed(key, _) => drop(self.mailboxes.remove(key)),
                News::Dismissed(account) => drop(self.dismissed.remove(account)),
                News::Asked(question) => drop(self.asked.remove(question)),
                _ => {}
            }
        }
        (payload, batch)
    }
}

/// A signal need not outlive a crash, which ends all connections, and so makes everybody compare everything. Without
/// this, each signal would wait for the disk like a commit, and the next commit behind it.
const LISTEN: &str = "set synchronous_commit = off; listen aox_changes";
/// PostgreSQL takes less than 8000 octets.
const PAYLOAD_BYTES_MAX: usize = 7900;
/// How long the next signal gathers what it says, at least: a server that is busy would otherwise send one for each
/// commit, and every other server would have to hear it.
const SIGNAL_PAUSE: Duration = Duration::from_millis(10);
const TICK: Duration = Duration::from_secs(1);
/// A signal that got lost in some way nobody thought of is made good after this many ticks.
const SAFETY_TICKS: u32 = 30;
const RECONNECT_PAUSE_MIN: Duration = Duration::from_millis(50);
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(2);
/// One announcement is small, and each writer sends one at a time.
const QUEUE_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use archiveopteryx::mailbox::MailboxId;

    use super::*;

    fn key(n: i64) -> MailboxKey {
        MailboxKey { account: AccountId(n), mailbox: MailboxId(n + 1) }
    }

    #[test]
    fn what_one_writes_another_reads_and_itself_skips() {
        let mut pending = Pending::default();
        let all = [
            News::Changed(key(1), ModSeq(5)),
            News::Changed(key(2), ModSeq(6)),
            News::Dismissed(AccountId(7)),
            News::Asked(8),
        ];
        for news in all {
            pending.add(news);
        }
        let (payload, mut batch) = pending.take_payload("me");
        assert!(pending.is_empty());
        let mut read = read_payload("you", &payload).unwrap();
        read.sort();
        batch.sort();
        assert_eq!(read, batch);
        assert_eq!(read_payload("me", &payload), Some(vec![]));
        assert_eq!(read_payload("me", "database !"), Some(vec![News::DeletePolicies]));
        assert_eq!(read_payload("me", "database ~7"), Some(vec![News::Names(AccountId(7))]));
        assert_eq!(read_payload("me", "database ="), Some(vec![News::Rights]));
        let metadata = News::Metadata(AccountId(7), 12);
        assert_eq!(read_payload("me", "database @7.12"), Some(vec![metadata]));
        assert_eq!(metadata.of_metadata(), Some((AccountId(7), 12)));
        assert_eq!(read_payload("me", "database +"), Some(vec![News::Ended]));
        assert_eq!(read_payload("me", "you ^"), Some(vec![News::Arrived]));
    }

    #[test]
    fn a_payload_stays_within_what_postgresql_takes() {
        let mut pending = Pending::default();
        for n in 0..2000 {
            pending.add(News::Changed(key(n + (1 << 40)), ModSeq(1 << 50)));
        }
        let mut signals = 0;
        while !pending.is_empty() {
            assert!(pending.take_payload("0123456789abcdef").0.len() < 8000);
            signals += 1;
        }
        assert!(signals > 1);
    }

    #[test]
    fn nonsense_is_not_understood() {
        for bad in ["x 1.2", "x a.b.c", "x 1.2.3.4", "x ", "x -", "x -a", "x ?", "x @1", "x @a.1"] {
            assert_eq!(read_payload("me", bad), None, "{bad}");
        }
    }
}

//! # Delivery - group commit: gathers what is ready, writes one transaction, then answers each.
//!
//! Hears:  Deliver, Heard, Unheard, Ended, Reserved, Wake
//! Says:   Run → Database · Delivered → MailboxRegistry
//! Lives:  the server's life
//! Knows:  what waits in which lane, which receipts have served, and which belong to clients that are still here
//! Limits: limits::DELIVERY_GROUP_MESSAGES_MAX, limits::DELIVERY_GROUP_BYTES_MAX, PATIENCE
//!
//! A lane has one group on its way at most; whatever has come when that ends is the next group, so the slower the
//! disk, the larger the groups. An account belongs to one lane, so that its deliveries never wait for each other in
//! the database, and a delivery always sees the receipts of those before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::db::reserve_message_ids::BLOCK;
use archiveopteryx::db::{self, Delivering, Group, Receipt, ReserveMessageIds, WarnOfQuota};
use archiveopteryx::limits;
use archiveopteryx::mailbox::{AccountId, Change, MessageId};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::database::{self, Database};
use crate::delivery_lane::{Answer, GroupEnded, Job, Lane, Presence, Stored};
use crate::mailbox_registry;

/// Store these messages. Answered with one outcome for each, when they are committed.
pub struct Deliver {
    /// What is to be stored; it has no id yet.
    pub messages: Vec<Delivering>,
    /// Whether the client is still there to hear the answer.
    pub presence: Presence,
}

impl actix::Message for Deliver {
    type Result = Vec<Answer>;
}

/// The client has evidently read the answer to these.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Heard(pub Vec<Receipt>);

/// The client has left, and whether it has read the answer to these nobody knows.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Unheard(pub Vec<Receipt>);

/// The group of one lane is committed, or failed.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Ended {
    lane: usize,
    outcome: Result<Group, db::Error>,
}

/// More message ids are there.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Reserved(Result<MessageId, db::Error>);

/// Look whether a lane has something to do.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Wake(usize);

/// Where connections bring their mail.
#[derive(Clone)]
pub struct Intake {
    pub delivery: actix::Addr<Delivery>,
    waiting: Waiting,
    /// What large mail may take up, in KiB.
    room: Arc<Semaphore>,
}

impl Intake {
    /// The way to `delivery`, which counts what waits there in `waiting`.
    pub fn new(delivery: actix::Addr<Delivery>, waiting: Waiting) -> Intake {
        Intake { delivery, waiting, room: Arc::new(Semaphore::new(limits::LMTP_LARGE_BYTES_IN_ALL / 1024)) }
    }

    /// How many deliveries are not committed yet.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits until a mail of `octets` may be held in memory; that ends when what this returns is dropped.
    pub async fn room_for(&self, octets: u64) -> Option<OwnedSemaphorePermit> {
        let all = limits::LMTP_LARGE_BYTES_IN_ALL / 1024;
        let wanted = usize::try_from(octets / 1024 + 1).unwrap_or(all).min(all);
        self.room.clone().acquire_many_owned(wanted as u32).await.ok()
    }
}

/// How many deliveries wait, for whoever wants to know.
pub type Waiting = Arc<AtomicUsize>;

/// See the module.
pub struct Delivery {
    database: actix::Addr<Database>,
    registry: actix::Recipient<mailbox_registry::Delivered>,
    lanes: Vec<Lane>,
    ids: std::ops::Range<i64>,
    reserving: bool,
    /// The server's name, which stands below what it writes to users.
    hostname: String,
    waiting: Waiting,
}

impl Delivery {
    /// Starts it in `arbiter`, whose `database` must have a connection for each lane.
    pub fn start_in(
        arbiter: &actix::ArbiterHandle,
        database: actix::Addr<Database>,
        registry: actix::Recipient<mailbox_registry::Delivered>,
        hostname: String,
        waiting: Waiting,
    ) -> actix::Addr<Delivery> {
        Delivery::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(QUEUE_REQUESTS_MAX);
            let lanes = (0..LANES).map(|_| Lane::default()).collect();
            Delivery { database, registry, lanes, ids: 0..0, reserving: false, hostname, waiting }
        })
    }

    fn lane(&mut self, receipt: &Receipt) -> &mut Lane {
        let lane = lane_of(receipt.account.0);
        &mut self.lanes[lane]
    }

    /// Sends the next group of a lane on its way, if there is one and the lane is free.
    fn advance(&mut self, lane: usize, ctx: &mut actix::Context<Self>) {
        self.reserve(ctx);
        self.waiting.store(self.lanes.iter().map(Lane::len).sum(), Ordering::Relaxed);
        let Some(unit) = self.lanes[lane].next_group(Timestamp::now(), &mut self.ids) else { return };
        let (database, myself) = (self.database.clone(), ctx.address());
        actix_rt::spawn(async move {
            let outcome = database::run(&database, unit).await;
            // The queue takes it in any case: there is one for each lane.
            myself.do_send(Ended { lane, outcome });
        });
    }

    /// Asks for more ids before they run out.
    fn reserve(&mut self, ctx: &mut actix::Context<Self>) {
        if self.reserving || self.ids.end - self.ids.start > BLOCK / 2 {
            return;
        }
        self.reserving = true;
        let (database, myself) = (self.database.clone(), ctx.address());
        actix_rt::spawn(async move {
            myself.do_send(Reserved(database::run(&database, ReserveMessageIds).await));
        });
    }

    /// Answers those whose mail is stored, when the registry has taken the changes: whoever looks after a 250 sees what
    /// has come. The next group does not wait for that.
    fn answer(&mut self, stored: Vec<Stored>, changes: Vec<Change>, ctx: &mut actix::Context<Self>) {
        if changes.is_empty() {
            return self.tell(stored);
        }
        // One for each commit, so this cannot fill the registry's queue.
        let taken = self.registry.send(mailbox_registry::Delivered { changes });
        // When there is no registry any more, there is nobody who looks.
        ctx.spawn(taken.into_actor(self).map(|_, delivery, _| delivery.tell(stored)));
    }

    fn tell(&mut self, stored: Vec<Stored>) {
        for receipt in stored.into_iter().filter_map(Stored::tell) {
            self.lane(&receipt).unheard(&receipt);
        }
    }

    /// Tells a user that a quota is nearly used up. If that fails, the next delivery finds it due again.
    fn warn(&self, account: AccountId) {
        let (database, registry, hostname) =
            (self.database.clone(), self.registry.clone(), self.hostname.clone());
        actix_rt::spawn(async move {
            let unit = WarnOfQuota { account, hostname, now: Timestamp::now() };
            match database::run(&database, unit).await {
                Ok(change) => {
                    let changes: Vec<_> = change.into_iter().collect();
                    registry.do_send(mailbox_registry::Delivered { changes });
                }
                Err(error) => tracing::warn!(%account, %error, "a warning about a quota could not be sent"),
            }
        });
    }

    fn wake_later(lane: usize, after: Duration, ctx: &mut actix::Context<Self>) {
        ctx.notify_later(Wake(lane), after);
    }
}

impl actix::Actor for Delivery {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.reserve(ctx);
    }
}

impl actix::Handler<Deliver> for Delivery {
    type Result = actix::ResponseFuture<Vec<Answer>>;

    fn handle(&mut self, Deliver { messages, presence }: Deliver, ctx: &mut Self::Context) -> Self::Result {
        let mut answers = Vec::with_capacity(messages.len());
        for delivering in messages {
            let lane = lane_of(delivering.key.account.0);
            let (job, answer) = Job::new(delivering, presence.clone(), PATIENCE);
            self.lanes[lane].push(job);
            answers.push(answer);
        }
        (0..self.lanes.len()).for_each(|lane| self.advance(lane, ctx));
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(answers.len());
            for answer in answers {
                outcomes
                    .push(answer.await.unwrap_or_else(|_| Err(db::Error::Unavailable("forgotten".into()))));
            }
            outcomes
        })
    }
}

impl actix::Handler<Heard> for Delivery {
    type Result = ();

    fn handle(&mut self, Heard(receipts): Heard, ctx: &mut Self::Context) {
        for receipt in receipts {
            let lane = lane_of(receipt.account.0);
            if self.lane(&receipt).heard(receipt) {
                // Under load it goes with the next group; when nothing comes it goes alone.
                Self::wake_later(lane, CLEAR_AFTER, ctx);
            }
        }
    }
}

impl actix::Handler<Unheard> for Delivery {
    type Result = ();

    fn handle(&mut self, Unheard(receipts): Unheard, _: &mut Self::Context) {
        for receipt in receipts {
            self.lane(&receipt).unheard(&receipt);
        }
    }
}

impl actix::Handler<Ended> for Delivery {
    type Result = ();

    fn handle(&mut self, Ended { lane, outcome }: Ended, ctx: &mut Self::Context) {
        let GroupEnded { stored, changes, warnings, pause } = self.lanes[lane].ended(outcome);
        self.answer(stored, changes, ctx);
        warnings.into_iter().for_each(|account| self.warn(account));
        match pause {
            true => Self::wake_later(lane, RETRY_AFTER, ctx),
            false => self.advance(lane, ctx),
        }
    }
}

impl actix::Handler<Reserved> for Delivery {
    type Result = ();

    fn handle(&mut self, Reserved(outcome): Reserved, ctx: &mut Self::Context) {
        self.reserving = false;
        match outcome {
            Ok(first) => {
                self.ids = first.0..first.0 + BLOCK;
                (0..self.lanes.len()).for_each(|lane| self.advance(lane, ctx));
            }
            Err(error) => {
                tracing::warn!(%error, "no message ids");
                (0..self.lanes.len()).for_each(|lane| Self::wake_later(lane, RETRY_AFTER, ctx));
            }
        }
    }
}

impl actix::Handler<Wake> for Delivery {
    type Result = ();

    fn handle(&mut self, Wake(lane): Wake, ctx: &mut Self::Context) {
        self.lanes[lane].awake();
        self.advance(lane, ctx);
    }
}

fn lane_of(account: i64) -> usize {
    account.rem_euclid(LANES as i64) as usize
}

/// Groups that may be on their way at the same time: while one waits for the disk, the other computes.
pub const LANES: usize = 1;
/// How long a delivery is tried while the database is not available; then the client is told to come back.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a lane rests when the database is not available.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How long receipts that have served wait for a group that takes them along.
const CLEAR_AFTER: Duration = Duration::from_millis(250);
/// Requests queued before their senders wait.
const QUEUE_REQUESTS_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use archiveopteryx::db::{Delivered, Mark, NewMessage};
    use archiveopteryx::mailbox::{MailboxId, MailboxKey, ModSeq};
    use futures_util::FutureExt;
    use tokio::sync::{Notify, mpsc};

    use super::*;
    use crate::db_connection::Keeping;
    use crate::postgres::Target;

    /// A registry that takes its time.
    struct Slow {
        has_heard: mpsc::UnboundedSender<()>,
        may_go_on: Arc<Notify>,
    }

    impl actix::Actor for Slow {
        type Context = actix::Context<Self>;
    }

    impl actix::Handler<mailbox_registry::Delivered> for Slow {
        type Result = actix::ResponseFuture<()>;

        fn handle(&mut self, _: mailbox_registry::Delivered, _: &mut Self::Context) -> Self::Result {
            self.has_heard.send(()).expect("the test listens");
            let may_go_on = self.may_go_on.clone();
            Box::pin(async move { may_go_on.notified().await })
        }
    }

    #[actix_rt::test]
    async fn nobody_is_answered_before_watchers_can_see_the_mail() {
        let (has_heard, mut heard) = mpsc::unbounded_channel();
        let may_go_on = Arc::new(Notify::new());
        let registry = Slow { has_heard, may_go_on: may_go_on.clone() }.start();
        // What a database would say, the test says.
        let keeping = Keeping { caches: Arc::default(), quota_warn_percent: 0, hides_deleted: false };
        let here = actix::Arbiter::current();
        let nowhere = Target::local(Path::new("/nonexistent"), "aox_server", "aox");
        let database = Database::start_in(&here, nowhere, keeping, 1);
        let delivery =
            Delivery::start_in(&here, database, registry.recipient(), String::new(), Waiting::default());
        delivery.do_send(Reserved(Ok(MessageId(1))));
        let account = AccountId(1);
        let message = NewMessage::prepare(account, b"a: b\r\n\r\n".to_vec(), Timestamp::UNIX_EPOCH);
        let mark = Mark { digest: message.digest, recipient: String::new(), sender: String::new() };
        let key = MailboxKey { account, mailbox: MailboxId(1) };
        let delivering = Delivering { key, message, mark, client: "".into(), others: Vec::new() };
        let deliver = Deliver { messages: vec![delivering], presence: Presence::new() };
        let mut answer = Box::pin(delivery.send(deliver));
        let changes = vec![Change::new(key, ModSeq(1), ModSeq(2))];
        let group = Group { delivered: vec![Delivered::New], changes, ..Group::default() };
        assert!((&mut answer).now_or_never().is_none());
        delivery.do_send(Ended { lane: 0, outcome: Ok(group) });
        heard.recv().await.expect("the registry hears of it");
        delivery.send(Heard(Vec::new())).await.expect("all before has been dealt with");
        assert!((&mut answer).now_or_never().is_none());
        may_go_on.notify_one();
        let answers = answer.await.expect("it is answered");
        assert_eq!(answers[0].as_ref().expect("it is stored").message, MessageId(1));
    }
}

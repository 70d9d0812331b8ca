//! One lane of `Delivery`: what waits, what is on its way, and what becomes of a group that failed.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use archiveopteryx::db::{self, Deliver, Delivered, Delivering, Group, Mark, Receipt};
use archiveopteryx::error;
use archiveopteryx::limits;
use archiveopteryx::mailbox::{AccountId, Change, MessageId};
use jiff::Timestamp;
use tokio::sync::oneshot;

/// Whether a client is still connected; shared by all that it waits for.
#[derive(Debug, Clone)]
pub struct Presence(Arc<AtomicBool>);

impl Presence {
    /// It is there.
    pub fn new() -> Presence {
        Presence(Arc::new(AtomicBool::new(true)))
    }

    /// It has gone; a delivery of the same mail by another connection is a second try.
    pub fn end(&self) {
        self.0.store(false, Ordering::Release);
    }

    fn is_here(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What became of one delivery: its receipt, or why there is none.
pub type Answer = Result<Receipt, db::Error>;

/// One delivery that waits or is on its way.
pub struct Job {
    delivering: Arc<Delivering>,
    presence: Presence,
    answer: oneshot::Sender<Answer>,
    /// When its client is told to come back later.
    deadline: Instant,
    /// It was tried before, so it may have been delivered.
    again: bool,
    /// A group with it failed, so it is tried alone.
    alone: bool,
}

impl Job {
    /// The job, and where its answer will come.
    pub fn new(
        delivering: Delivering,
        presence: Presence,
        patience: Duration,
    ) -> (Job, oneshot::Receiver<Answer>) {
        let (answer, wait) = oneshot::channel();
        let deadline = Instant::now() + patience;
        (
            Job { delivering: Arc::new(delivering), presence, answer, deadline, again: false, alone: false },
            wait,
        )
    }

    fn mark(&self) -> (AccountId, Mark) {
        (self.delivering.key.account, self.delivering.mark.clone())
    }

    fn bytes(&self) -> usize {
        let message = &self.delivering.message;
        message.header.len() + message.bodies.iter().map(|body| body.stored_bytes()).sum::<usize>()
    }

    fn give_up(self) {
        self.finish(Err(db::Error::Unavailable("the database was not available for too long".into())));
    }

    /// Whether anybody has heard the answer.
    fn finish(self, answer: Answer) -> bool {
        self.answer.send(answer).is_ok()
    }
}

/// See the module.
#[derive(Default)]
pub struct Lane {
    waiting: VecDeque<Job>,
    on_its_way: Option<(Vec<Job>, Vec<Receipt>)>,
    /// Receipts that have served.
    clear: Vec<Receipt>,
    /// Deliveries whose clients have not evidently heard of them, and are still here.
    held: HashMap<(AccountId, Mark), Vec<(MessageId, Presence)>>,
    /// The same by message, to find them again.
    marks: HashMap<MessageId, (AccountId, Mark)>,
    /// Somebody will wake the lane; until then receipts wait for company.
    asleep: bool,
    paused: bool,
}

/// What follows from the end of a group.
pub struct GroupEnded {
    /// What watchers must hear of.
    pub changes: Vec<Change>,
    /// The database is not available; try again a little later.
    pub pause: bool,
}

impl Lane {
    /// Puts a job at the end.
    pub fn push(&mut self, job: Job) {
        self.waiting.push_back(job);
    }

    /// A receipt has served. Returns whether the lane must be woken for it.
    pub fn heard(&mut self, receipt: Receipt) -> bool {
        self.unheard(&receipt);
        self.clear.push(receipt);
        !std::mem::replace(&mut self.asleep, true)
    }

    /// The client of a receipt has left: it stays, and the next delivery of the same mark is a second try.
    pub fn unheard(&mut self, receipt: &Receipt) {
        let Some(mark) = self.marks.remove(&receipt.message) else { return };
        if let Some(held) = self.held.get_mut(&mark) {
            held.retain(|(message, _)| *message != receipt.message);
            if held.is_empty() {
                self.held.remove(&mark);
            }
        }
    }

    /// The time that was waited for has come.
    pub fn awake(&mut self) {
        self.asleep = false;
        self.paused = false;
        let (late, waiting) = self.waiting.drain(..).partition(|job| Instant::now() >= job.deadline);
        self.waiting = waiting;
        let late: VecDeque<Job> = late;
        late.into_iter().for_each(Job::give_up);
    }

    /// The next group, if the lane is free and something waits. Takes the ids of new messages out of `ids`.
    pub fn next_group(&mut self, now: Timestamp, ids: &mut Range<i64>) -> Option<Deliver> {
        if self.on_its_way.is_some() || self.paused {
            return None;
        }
        let mut jobs = self.gather((ids.end - ids.start).unsigned_abs() as usize);
        if jobs.is_empty() && (self.clear.is_empty() || self.asleep) {
            return None;
        }
        for job in &mut jobs {
            let others = self.others(job);
            let delivering = Arc::make_mut(&mut job.delivering);
            delivering.others = others;
            if delivering.message.id == UNNUMBERED {
                delivering.message.id = MessageId(ids.start);
                ids.start += 1;
            }
        }
        let messages = jobs.iter().map(|job| job.delivering.clone()).collect();
        let clear = std::mem::take(&mut self.clear);
        let cautious = jobs.iter().any(|job| job.again);
        self.on_its_way = Some((jobs, clear.clone()));
        Some(Deliver { saved_at: now, messages, clear, cautious })
    }

    /// Answers the jobs of the group that was on its way, or puts them back.
    pub fn ended(&mut self, outcome: Result<Group, db::Error>) -> GroupEnded {
        let (jobs, clear) = self.on_its_way.take().unwrap_or_default();
        match outcome {
            Ok(group) => {
                for (job, delivered) in jobs.into_iter().zip(group.delivered) {
                    self.answer(job, delivered);
                }
                GroupEnded { changes: group.changes, pause: false }
            }
            Err(error) => {
                self.clear.extend(clear);
                GroupEnded { changes: Vec::new(), pause: self.retry(jobs, error) }
            }
        }
    }

    /// Takes what fits into one group. Two deliveries of one mark never share a group: the second shall see the
    /// receipt of the first.
    fn gather(&mut self, ids: usize) -> Vec<Job> {
        let (mut jobs, mut marks, mut bytes) = (Vec::<Job>::new(), HashSet::new(), 0);
        let mut later = VecDeque::new();
        while jobs.len() < limits::DELIVERY_GROUP_MESSAGES_MAX.min(ids) {
            let Some(job) = self.waiting.pop_front() else { break };
            bytes += job.bytes();
            let full = !jobs.is_empty() && (bytes > limits::DELIVERY_GROUP_BYTES_MAX || job.alone);
            if full {
                self.waiting.push_front(job);
                break;
            }
            if !marks.insert(job.mark()) {
                later.push_back(job);
                continue;
            }
            let alone = job.alone;
            jobs.push(job);
            if alone {
                break;
            }
        }
        while let Some(job) = later.pop_back() {
            self.waiting.push_front(job);
        }
        jobs
    }

    /// Deliveries with the mark of `job` that are others for sure: their clients are here, and wait for more.
    fn others(&self, job: &Job) -> Vec<MessageId> {
        let held = self.held.get(&job.mark());
        held.into_iter()
            .flatten()
            .filter(|(_, presence)| presence.is_here())
            .map(|(message, _)| *message)
            .collect()
    }

    fn answer(&mut self, job: Job, delivered: Delivered) {
        let mark = job.mark();
        let message = match delivered {
            Delivered::New => job.delivering.message.id,
            Delivered::Before(message) => message,
        };
        let receipt = Receipt { account: mark.0, digest: mark.1.digest, message };
        let presence = job.presence.clone();
        // Whoever gets the receipt will say Heard or Unheard.
        if job.finish(Ok(receipt)) {
            self.held.entry(mark.clone()).or_default().push((message, presence));
            self.marks.insert(message, mark);
        }
    }

    /// Puts jobs back whose group failed; one that failed alone is refused. Returns whether to pause.
    fn retry(&mut self, jobs: Vec<Job>, error: db::Error) -> bool {
        let pause = matches!(error, db::Error::Unavailable(_));
        let met =
            matches!(&error, db::Error::Refused(error::Error::No { code: error::Code::AlreadyExists, .. }));
        let last_try = jobs.len() == 1 && jobs.iter().all(|job| job.again) && !pause;
        let mut error = Some(error);
        for mut job in jobs.into_iter().rev() {
            if pause && Instant::now() >= job.deadline {
                job.give_up();
            } else if last_try {
                let error = error.take().unwrap_or_else(|| db::Error::Unavailable(String::new()));
                job.finish(Err(error));
            } else {
                job.again = true;
                job.alone = job.alone || !(pause || met);
                self.waiting.push_front(job);
            }
        }
        self.paused = pause;
        pause
    }
}

/// The id of a message that has none yet.
pub const UNNUMBERED: MessageId = MessageId(0);

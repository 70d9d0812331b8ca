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
        let shared: usize = message.bodies.iter().map(|body| body.stored_bytes()).sum();
        message.header.len() + message.recipe.len() + shared
    }

    fn give_up(self) {
        self.finish(Err(db::Error::Unavailable("the database was not available for too long".into())));
    }

    fn finish(self, answer: Answer) {
        // Whoever does not wait any more has gone.
        let _ = self.answer.send(answer);
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

/// Somebody whose mail is stored, and who is to hear of it.
pub struct Stored {
    answer: oneshot::Sender<Answer>,
    receipt: Receipt,
}

impl Stored {
    /// Tells it. The receipt comes back when nobody is there any more to hear of it.
    pub fn tell(self) -> Option<Receipt> {
        self.answer.send(Ok(self.receipt)).err()?.ok()
    }
}

/// What follows from the end of a group.
pub struct GroupEnded {
    /// Who is to be answered when the watchers can see what has come.
    pub stored: Vec<Stored>,
    /// What watchers must hear of.
    pub changes: Vec<Change>,
    /// Who is to be told that a quota is nearly used up.
    pub warnings: Vec<AccountId>,
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

    /// How many deliveries are not committed yet.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.on_its_way.as_ref().map_or(0, |(jobs, _)| jobs.len())
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

    /// Settles the jobs of the group that was on its way, or puts them back.
    pub fn ended(&mut self, outcome: Result<Group, db::Error>) -> GroupEnded {
        let (jobs, clear) = self.on_its_way.take().unwrap_or_default();
        match outcome {
            Ok(group) => {
                let outcomes = jobs.into_iter().zip(group.delivered);
                let stored = outcomes.filter_map(|(job, delivered)| self.stored(job, delivered)).collect();
                GroupEnded { stored, changes: group.changes, warnings: group.warnings, pause: false }
            }
            Err(error) => {
                self.clear.extend(clear);
                let pause = self.retry(jobs, error);
                GroupEnded { stored: Vec::new(), changes: Vec::new(), warnings: Vec::new(), pause }
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

    /// Holds what is stored, until its client has evidently heard of it; who has no room is told so.
    fn stored(&mut self, job: Job, delivered: Delivered) -> Option<Stored> {
        let mark = job.mark();
        let message = match delivered {
            Delivered::New => job.delivering.message.id,
            Delivered::Before(message) => message,
            Delivered::OverQuota(error) => {
                job.finish(Err(error.into()));
                return None;
            }
        };
        let receipt = Receipt { account: mark.0, digest: mark.1.digest, message };
        self.held.entry(mark.clone()).or_default().push((message, job.presence));
        self.marks.insert(message, mark);
        // Whoever gets the receipt will say Heard or Unheard.
        Some(Stored { answer: job.answer, receipt })
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

#[cfg(test)]
mod tests {
    use archiveopteryx::db::NewMessage;
    use archiveopteryx::error::{Code, Error};
    use archiveopteryx::mailbox::{MailboxId, MailboxKey};

    use super::*;

    fn job(text: &str, presence: &Presence) -> (Job, oneshot::Receiver<Answer>) {
        let account = AccountId(1);
        let message = NewMessage::prepare(account, text.as_bytes().to_vec(), Timestamp::UNIX_EPOCH);
        let mark =
            Mark { digest: message.digest, recipient: "anna@example.org".into(), sender: String::new() };
        let key = MailboxKey { account, mailbox: MailboxId(1) };
        Job::new(
            Delivering { key, message, mark, client: "192.0.2.1".into(), others: Vec::new() },
            presence.clone(),
            Duration::from_secs(20),
        )
    }

    fn all_new(group: &Deliver) -> Result<Group, db::Error> {
        Ok(Group { delivered: vec![Delivered::New; group.messages.len()], ..Group::default() })
    }

    fn told(lane: &mut Lane, outcome: Result<Group, db::Error>) {
        let unheard = lane.ended(outcome).stored.into_iter().filter_map(Stored::tell).count();
        assert_eq!(unheard, 0);
    }

    fn lane(texts: &[&str], presence: &Presence) -> (Lane, Vec<oneshot::Receiver<Answer>>) {
        let mut lane = Lane::default();
        let answers = texts.iter().map(|text| {
            let (job, answer) = job(text, presence);
            lane.push(job);
            answer
        });
        let answers = answers.collect();
        (lane, answers)
    }

    #[test]
    fn what_waits_shares_a_group_and_one_group_is_on_its_way() {
        let (mut lane, mut answers) = lane(&["a", "b", "c"], &Presence::new());
        let mut ids = 5..100;
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("three wait");
        assert_eq!(group.messages.iter().map(|m| m.message.id.0).collect::<Vec<_>>(), [5, 6, 7]);
        assert!(!group.cautious);
        lane.push(job("d", &Presence::new()).0);
        assert!(lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).is_none());
        told(&mut lane, all_new(&group));
        let receipt = answers[1].try_recv().expect("it is answered").expect("it is stored");
        assert_eq!(receipt.message, MessageId(6));
        assert_eq!(lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("d waits").messages.len(), 1);
    }

    #[test]
    fn the_same_octets_wait_for_the_receipt_before_them() {
        let here = Presence::new();
        let (mut lane, _answers) = lane(&["a", "a", "a"], &here);
        let mut ids = 1..100;
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("three wait");
        assert_eq!(group.messages.len(), 1);
        told(&mut lane, all_new(&group));
        // The first client is still here: this is another delivery.
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("two wait");
        assert_eq!(group.messages[0].others, [MessageId(1)]);
        told(&mut lane, all_new(&group));
        // It has left, so this may be its second try.
        here.end();
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("one waits");
        assert!(group.messages[0].others.is_empty());
    }

    #[test]
    fn one_bad_message_does_not_take_its_neighbours_down() {
        let (mut lane, mut answers) = lane(&["a", "bad", "c"], &Presence::new());
        let bad_one = job("bad", &Presence::new()).0.delivering.mark.digest;
        let mut ids = 1..100;
        let mut groups = 0;
        while let Some(group) = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids) {
            groups += 1;
            let bad = group.messages.iter().any(|delivering| delivering.mark.digest == bad_one);
            assert_eq!(group.cautious, groups > 1);
            let outcome = if bad { Err(Error::no(Code::Cannot, "bad").into()) } else { all_new(&group) };
            let ended = lane.ended(outcome);
            assert!(!ended.pause);
            ended.stored.into_iter().for_each(|stored| assert!(stored.tell().is_none()));
        }
        assert_eq!(groups, 4);
        let stored: Vec<bool> =
            answers.iter_mut().map(|answer| answer.try_recv().expect("it is answered").is_ok()).collect();
        assert_eq!(stored, [true, false, true]);
    }

    #[test]
    fn a_second_try_is_recognized_and_keeps_the_group_together() {
        let (mut lane, mut answers) = lane(&["a", "b"], &Presence::new());
        let mut ids = 1..100;
        lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("two wait");
        lane.ended(Err(Error::no(Code::AlreadyExists, "met").into()));
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("both wait again");
        assert!(group.cautious && group.messages.len() == 2);
        let delivered = vec![Delivered::Before(MessageId(77)), Delivered::New];
        told(&mut lane, Ok(Group { delivered, ..Group::default() }));
        let receipt = answers[0].try_recv().expect("it is answered").expect("it is stored");
        assert_eq!(receipt.message, MessageId(77));
    }

    #[test]
    fn who_has_no_room_is_told_and_the_others_are_answered() {
        let (mut lane, mut answers) = lane(&["a", "b"], &Presence::new());
        let mut ids = 1..100;
        lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("two wait");
        let full = Error::no(Code::OverQuota, "full");
        let delivered = vec![Delivered::OverQuota(full), Delivered::New];
        told(&mut lane, Ok(Group { delivered, ..Group::default() }));
        let refused = answers[0].try_recv().expect("it is answered").expect_err("it is refused");
        assert!(matches!(refused, db::Error::Refused(Error::No { code: Code::OverQuota, .. })));
        assert!(answers[1].try_recv().expect("it is answered").is_ok());
        assert!(lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).is_none());
    }

    #[test]
    fn without_a_database_jobs_wait_and_keep_their_ids() {
        let (mut lane, mut answers) = lane(&["a"], &Presence::new());
        let mut ids = 1..100;
        lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("one waits");
        assert!(lane.ended(Err(db::Error::Unavailable("down".into()))).pause);
        assert!(lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).is_none());
        lane.awake();
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("it still waits");
        assert_eq!((group.messages[0].message.id, group.cautious), (MessageId(1), true));
        lane.waiting.extend(lane.on_its_way.take().expect("it is on its way").0);
        lane.waiting[0].deadline = Instant::now();
        lane.awake();
        assert!(answers[0].try_recv().expect("it is answered").is_err());
    }

    #[test]
    fn receipts_that_have_served_go_with_the_next_group_or_alone() {
        let (mut lane, mut answers) = lane(&["a"], &Presence::new());
        let mut ids = 1..100;
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("one waits");
        told(&mut lane, all_new(&group));
        let receipt = answers[0].try_recv().expect("it is answered").expect("it is stored");
        assert!(lane.heard(receipt.clone()));
        assert!(lane.held.is_empty() && lane.marks.is_empty());
        assert!(lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).is_none());
        lane.awake();
        let group = lane.next_group(Timestamp::UNIX_EPOCH, &mut ids).expect("nothing else came");
        assert!(group.messages.is_empty());
        assert_eq!(group.clear, [receipt]);
    }
}

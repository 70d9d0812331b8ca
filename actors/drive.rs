//! Carries out what a pure conversation planned: database work one unit after the other, output as the client takes it.

use std::pin::pin;

use archiveopteryx::db::{self, ErasedUnit};
use archiveopteryx::error::Error;
use archiveopteryx::plan::{Computation, Overlap, Plan, Step};
use futures_util::future::{self, Either, select};

use crate::database::{self, Database};
use crate::outbox::{Gone, Outbox};
use crate::pulse::Pulse;

/// Carries out `plan` to its answer. Ends early, with [`Gone`], when output has no reader any more. `at_work` is what a
/// client hears who waits for long, if that is anything.
pub async fn drive<C, A>(
    at_work: Option<Vec<u8>>,
    plan: Plan<C, A>,
    context: &mut C,
    database: &actix::Addr<Database>,
    outbox: &Outbox,
) -> Result<A, Gone> {
    drive_with(&AsPlanned { at_work }, plan, context, database, outbox).await
}

/// Who has a say in how a plan is carried out.
pub trait Guide {
    /// Whether to go on: that is asked before each step, so that none is left half done.
    fn is_wanted(&self) -> bool {
        true
    }

    /// The unit that runs in the place of one that was planned.
    fn prepare(&self, unit: Box<dyn ErasedUnit>) -> Box<dyn ErasedUnit> {
        unit
    }

    /// What a client hears who waits for long.
    fn at_work(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Everything is carried out as it was planned.
struct AsPlanned {
    at_work: Option<Vec<u8>>,
}

impl Guide for AsPlanned {
    fn at_work(&self) -> Option<Vec<u8>> {
        self.at_work.clone()
    }
}

/// The same, with a guide.
pub async fn drive_with<C, A>(
    guide: &impl Guide,
    mut plan: Plan<C, A>,
    context: &mut C,
    database: &actix::Addr<Database>,
    outbox: &Outbox,
) -> Result<A, Gone> {
    let mut pulse = Pulse::new(outbox, guide.at_work());
    loop {
        if !matches!(plan, Plan::Done(_)) && !guide.is_wanted() {
            return Err(Gone);
        }
        plan = match plan {
            Plan::Done(answer) => return Ok(answer),
            Plan::Run(Step { unit, then }) if unit.is_abandonable() => {
                let running = pin!(database::run_erased(database, guide.prepare(unit)));
                match pulse.wait(select(running, pin!(outbox.reader_left()))).await {
                    Either::Left((outcome, _)) => then(outcome, context),
                    Either::Right(_) => return Err(Gone),
                }
            }
            Plan::Run(Step { unit, then }) => {
                then(pulse.wait(database::run_erased(database, guide.prepare(unit))).await, context)
            }
            Plan::Overlap(Overlap { unit, meanwhile }) => {
                pulse.heard();
                let running = database::run_erased(database, guide.prepare(unit));
                let writing = async {
                    // The request has a way to go in this thread before PostgreSQL has it: first things first.
                    for _ in 0..TURNS_TO_SOCKET {
                        tokio::task::yield_now().await;
                    }
                    let (octets, then) = meanwhile(context);
                    outbox.send(octets).await.map(|()| then)
                };
                let (outcome, then) = future::join(running, writing).await;
                then?(outcome, context)
            }
            Plan::Compute(Computation { work, then }) => {
                let outcome = pulse.wait(tokio::task::spawn_blocking(work)).await;
                // The work panicked: that costs this command, and nobody else.
                let outcome = outcome.map_err(|error| db::Error::from(Error::bug(error.to_string())));
                then(outcome, context)
            }
            Plan::Emit(octets, next) => {
                outbox.send(octets).await?;
                pulse.heard();
                next(context)
            }
            Plan::Progress(line, next) => {
                pulse.tell(line).await?;
                next(context)
            }
        };
    }
}

/// Turns of this thread's tasks until a request is on its way: `Database`, `DbConnection`, its socket.
const TURNS_TO_SOCKET: usize = 4;

#[cfg(test)]
mod tests {
    use archiveopteryx::db::SearchPage;
    use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey};
    use archiveopteryx::search::Collation;

    use super::*;
    use crate::db_connection::Keeping;
    use crate::postgres::Target;

    #[actix_rt::test]
    async fn a_search_ends_when_its_client_leaves() {
        // A database that is not there is tried for much longer than this test may take.
        let nowhere = Target::local(std::path::Path::new("/nonexistent"), "aox_server", "aox");
        let keeping = Keeping { caches: Default::default(), quota_warn_percent: 0, hides_deleted: false };
        let database = Database::start_in(&actix::Arbiter::current(), nowhere, keeping, 1);
        let (outbox, queue) = Outbox::new();
        let key = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };
        let unit = SearchPage {
            key,
            messages: vec![],
            leaves: vec![],
            collation: Collation::default(),
            reader: None,
        };
        let plan: Plan<(), ()> = Plan::run(unit, |_, _| Plan::Done(()));
        let left = queue.reader_left();
        actix_rt::spawn(async move { left.tell() });
        let begun = std::time::Instant::now();
        assert_eq!(drive(None, plan, &mut (), &database, &outbox).await, Err(Gone));
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }
}

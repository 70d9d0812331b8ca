//! Carries out what a pure conversation planned: database work one unit after the other, output as the client takes it.

use std::pin::pin;
use std::time::{Duration, Instant};

use archiveopteryx::db::{self, ErasedUnit};
use archiveopteryx::error::Error;
use archiveopteryx::limits;
use archiveopteryx::plan::{Computation, Overlap, Plan, Step};
use futures_util::future::{self, Either, select};

use crate::database::{self, Database};
use crate::outbox::{Gone, Outbox};

/// Carries out `plan` to its answer. Ends early, with [`Gone`], when output has no reader any more.
pub async fn drive<C, A>(
    plan: Plan<C, A>,
    context: &mut C,
    database: &actix::Addr<Database>,
    outbox: &Outbox,
) -> Result<A, Gone> {
    drive_with(&AsPlanned, plan, context, database, outbox).await
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
}

/// Everything is carried out as it was planned.
struct AsPlanned;

impl Guide for AsPlanned {}

/// The same, with a guide.
pub async fn drive_with<C, A>(
    guide: &impl Guide,
    mut plan: Plan<C, A>,
    context: &mut C,
    database: &actix::Addr<Database>,
    outbox: &Outbox,
) -> Result<A, Gone> {
    // When the client heard of its command last.
    let mut heard = Instant::now();
    loop {
        if !matches!(plan, Plan::Done(_)) && !guide.is_wanted() {
            return Err(Gone);
        }
        plan = match plan {
            Plan::Done(answer) => return Ok(answer),
            Plan::Run(Step { unit, then }) if unit.is_abandonable() => {
                let running = pin!(database::run_erased(database, guide.prepare(unit)));
                match select(running, pin!(outbox.reader_left())).await {
                    Either::Left((outcome, _)) => then(outcome, context),
                    Either::Right(_) => return Err(Gone),
                }
            }
            Plan::Run(Step { unit, then }) => {
                then(database::run_erased(database, guide.prepare(unit)).await, context)
            }
            Plan::Overlap(Overlap { unit, meanwhile }) => {
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
                let outcome = tokio::task::spawn_blocking(work).await;
                // The work panicked: that costs this command, and nobody else.
                let outcome = outcome.map_err(|error| db::Error::from(Error::bug(error.to_string())));
                then(outcome, context)
            }
            Plan::Emit(octets, next) => {
                outbox.send(octets).await?;
                heard = Instant::now();
                next(context)
            }
            Plan::Progress(octets, next) => {
                if outbox.is_closed() {
                    return Err(Gone);
                }
                if heard.elapsed() >= Duration::from_secs(limits::PROGRESS_SECONDS) {
                    outbox.send(octets).await?;
                    heard = Instant::now();
                }
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
        let unit = SearchPage { key, messages: vec![], leaves: vec![] };
        let plan: Plan<(), ()> = Plan::run(unit, |_, _| Plan::Done(()));
        let left = queue.reader_left();
        actix_rt::spawn(async move { left.tell() });
        let begun = std::time::Instant::now();
        assert_eq!(drive(plan, &mut (), &database, &outbox).await, Err(Gone));
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }
}

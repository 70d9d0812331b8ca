//! Carries out what a pure conversation planned: database work one unit after the other, output as the client takes it.

use archiveopteryx::db;
use archiveopteryx::error::Error;
use archiveopteryx::plan::{Computation, Plan, Step};

use crate::database::{self, Database};
use crate::outbox::{Gone, Outbox};

/// Carries out `plan` to its answer. Ends early, with [`Gone`], when output has no reader any more.
pub async fn drive<C, A>(
    mut plan: Plan<C, A>,
    context: &mut C,
    database: &actix::Addr<Database>,
    outbox: &Outbox,
) -> Result<A, Gone> {
    loop {
        plan = match plan {
            Plan::Done(answer) => return Ok(answer),
            Plan::Run(Step { unit, then }) => then(database::run_erased(database, unit).await, context),
            Plan::Compute(Computation { work, then }) => {
                let outcome = tokio::task::spawn_blocking(work).await;
                // The work panicked: that costs this command, and nobody else.
                let outcome = outcome.map_err(|error| db::Error::from(Error::bug(error.to_string())));
                then(outcome, context)
            }
            Plan::Emit(octets, next) => {
                outbox.send(octets).await?;
                next(context)
            }
        };
    }
}

//! # DbConnection - one PostgreSQL connection.
//!
//! Hears:  Run, SocketEnded
//! Says:   nothing; it answers its asker
//! Lives:  from connect until its socket ends, a unit was broken off, or the pool lets it go
//! Knows:  the statements it has prepared; nothing about mail
//! Limits: the deadlines of `PrepareConnection`
//!
//! One unit of work at a time: this is the only actor that may answer by an `AtomicResponse`. The socket is polled by
//! a task of its own, which ends the actor when the socket ends, so that `Addr::connected` tells the truth.

use std::any::Any;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext};
use archiveopteryx::db::migrate::PrepareConnection;
use archiveopteryx::db::{self, Access, Caches, ErasedUnit, Kept, Lent};
use futures_util::future::{self, Either, select};
use tokio_postgres::{AsyncMessage, Client};

use crate::database::Abandoned;
use crate::postgres::{self, Socket, Target};

/// Do this unit of work, in a transaction of its own when it writes. One that only reads is broken off when nobody waits
/// for it any more.
#[derive(actix::Message)]
#[rtype(result = "Outcome")]
pub struct Run(pub Box<dyn ErasedUnit>, pub Option<Abandoned>);

/// What a unit returned.
pub type Outcome = Result<Box<dyn Any + Send>, db::Error>;

/// The socket has ended, so this actor must.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct SocketEnded;

/// What a new connection is given to keep.
#[derive(Clone)]
pub struct Keeping {
    /// What was read lately, by any connection.
    pub caches: Arc<Caches>,
    /// How much of a quota may be used before its users are warned, in percent; 0 for never.
    pub quota_warn_percent: u8,
    /// Users do not see what was deleted.
    pub hides_deleted: bool,
}

/// See the module.
pub struct DbConnection {
    target: Target,
    client: Rc<Client>,
    kept: Rc<Kept>,
}

impl DbConnection {
    /// Connects, and starts the actor in `arbiter`, which must be where this is called.
    pub async fn open(
        target: &Target,
        keeping: &Keeping,
        arbiter: &actix::ArbiterHandle,
    ) -> Result<actix::Addr<DbConnection>, db::Error> {
        let (client, socket) = target.connect().await?;
        let kept = Kept::new(keeping.caches.clone(), keeping.quota_warn_percent)
            .hiding_deleted(keeping.hides_deleted);
        let target = target.clone();
        let address = DbConnection::start_in_arbiter(arbiter, move |ctx| {
            actix_rt::spawn(carry(socket, ctx.address().downgrade()));
            DbConnection { target, client: Rc::new(client), kept: Rc::new(kept) }
        });
        match address.send(Run(Box::new(PrepareConnection), None)).await {
            Ok(outcome) => outcome.map(|_| address),
            Err(closed) => Err(db::Error::Unavailable(closed.to_string())),
        }
    }
}

impl actix::Actor for DbConnection {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Run> for DbConnection {
    type Result = actix::AtomicResponse<Self, Outcome>;

    fn handle(&mut self, Run(unit, abandoned): Run, _: &mut Self::Context) -> Self::Result {
        let (target, client) = (self.target.clone(), self.client.clone());
        let work = run(client.clone(), self.kept.clone(), unit, abandoned);
        let work = async move {
            let outcome = work.await;
            if outcome.is_none() {
                break_off(&target, &client).await;
            }
            outcome
        };
        let work = actix::fut::wrap_future::<_, Self>(work).map(|outcome, _, ctx: &mut Self::Context| {
            outcome.unwrap_or_else(|| {
                // The word to cancel may come at any later time, and would hit whatever is done then: for somebody else.
                actix::ActorContext::stop(ctx);
                Err(db::Error::Unavailable("broken off".to_owned()))
            })
        });
        actix::AtomicResponse::new(Box::pin(work))
    }
}

impl actix::Handler<SocketEnded> for DbConnection {
    type Result = ();

    fn handle(&mut self, SocketEnded: SocketEnded, ctx: &mut Self::Context) {
        actix::ActorContext::stop(ctx);
    }
}

/// Runs `unit` on its own or between BEGIN and COMMIT, as it asks. None: it was broken off.
async fn run(
    client: Rc<Client>,
    kept: Rc<Kept>,
    unit: Box<dyn ErasedUnit>,
    abandoned: Option<Abandoned>,
) -> Option<Outcome> {
    let (name, access) = (unit.name(), unit.access());
    let started = std::time::Instant::now();
    let lent = Lent::new(&client, &kept);
    let outcome = match access {
        Access::Read => match until(abandoned, unit.run_erased(&lent)).await {
            Some(outcome) => outcome,
            None => {
                tracing::debug!(unit = name, "broken off: nobody waits for it any more");
                return None;
            }
        },
        Access::ReadAtOnce => transaction(&lent, BEGIN_READING, unit.run_erased(&lent)).await,
        Access::Write => transaction(&lent, "BEGIN", unit.run_erased(&lent)).await,
    };
    let spent = started.elapsed();
    match &outcome {
        Ok(_) => tracing::trace!(unit = name, ?spent, "done"),
        Err(db::Error::Refused(why)) => tracing::debug!(unit = name, ?spent, %why, "refused"),
        Err(error) => tracing::warn!(unit = name, ?spent, error = %in_full(error), "failed"),
    }
    Some(outcome)
}

/// Ends the statement of a unit that was broken off.
async fn break_off(target: &Target, client: &Client) {
    match tokio::time::timeout(CANCEL_PATIENCE, target.cancel(client)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a statement cannot be cancelled, and goes on to its end"),
        Err(_) => tracing::warn!("PostgreSQL takes no word to cancel a statement, which goes on to its end"),
    }
}

/// `work`, as long as somebody waits for it. What PostgreSQL still answers to its statement is passed over.
async fn until(abandoned: Option<Abandoned>, work: impl Future<Output = Outcome>) -> Option<Outcome> {
    let Some(abandoned) = abandoned else { return Some(work.await) };
    match select(pin!(work), abandoned).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}

/// `work` between BEGIN and COMMIT.
async fn transaction(lent: &Lent<'_>, begin: &str, work: impl Future<Output = Outcome>) -> Outcome {
    let client = lent.client();
    // BEGIN need not be waited for: the first statement goes out behind it. Only a broken connection lets it fail.
    let (begun, outcome) = future::join(client.batch_execute(begin), work).await;
    let outcome = match begun.map_err(db::Error::from).and(outcome) {
        Ok(value) if lent.has_committed() => Ok(value),
        Ok(value) => lent.commit().await.map(|()| value),
        Err(error) => Err(error),
    };
    if outcome.is_err() && !client.is_closed() {
        // After a failed COMMIT there may be no transaction left; PostgreSQL only warns about that. When ROLLBACK
        // fails the connection has ended, and the transaction with it; the first error says more.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    outcome
}

/// Moves the octets of one connection until it ends.
async fn carry(mut socket: Socket, actor: actix::WeakAddr<DbConnection>) {
    loop {
        match postgres::next_message(&mut socket).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                tracing::debug!(severity = notice.severity(), "PostgreSQL says: {}", notice.message());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::debug!(%error, "a database connection has broken");
                break;
            }
            None => break,
        }
    }
    if let Some(actor) = actor.upgrade() {
        actor.do_send(SocketEnded);
    }
}

/// What is committed by others from the first statement on is not seen.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Asking PostgreSQL to break off a statement is one connection and a word.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// The error with what PostgreSQL added to it; for the log only.
fn in_full(error: &db::Error) -> String {
    let db::Error::Sql(sql) = error else { return error.to_string() };
    let Some(told) = sql.as_db_error() else { return sql.to_string() };
    let mut text = format!("{} (SQLSTATE {})", told.message(), told.code().code());
    for (word, extra) in
        [("where", told.where_()), ("constraint", told.constraint()), ("table", told.table())]
    {
        if let Some(extra) = extra {
            text.push_str(&format!(", {word} {extra}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn work_is_broken_off_when_nobody_waits_for_it() {
        let (waits, abandoned) = tokio::sync::oneshot::channel();
        drop(waits);
        assert!(until(Some(abandoned), future::pending()).await.is_none());
        let (_waits, abandoned) = tokio::sync::oneshot::channel();
        let done = async { Ok(Box::new(()) as Box<dyn Any + Send>) };
        assert!(until(Some(abandoned), done).await.is_some());
    }
}

//! # Database - the connections of one arbiter.
//!
//! Hears:  Run
//! Says:   Run → DbConnection
//! Lives:  the server's life
//! Knows:  a bb8 pool whose connections are actors
//! Limits: CHECKOUT_TIMEOUT, and the number of connections it was given
//!
//! A connection that broke is never lent again, and the pool opens new ones, so a restart of PostgreSQL heals by
//! itself; until then each request fails with `Unavailable`, which every door tells as a temporary failure.

use std::future::Future;
use std::time::Duration;

use actix::Actor;
use archiveopteryx::db::{self, ErasedUnit, Unit};
use tokio::sync::oneshot;

use crate::db_connection::{self, DbConnection, Keeping, Outcome};
use crate::postgres::Target;

/// Do this unit of work on any free connection, as long as somebody waits for it if it only reads.
#[derive(actix::Message)]
#[rtype(result = "Outcome")]
pub struct Run(pub Box<dyn ErasedUnit>, pub Abandoned);

/// Becomes ready when nobody waits for the outcome any more.
pub type Abandoned = oneshot::Receiver<()>;

/// Does `unit` on `database`, and gives its outcome the type that the unit promised.
pub async fn run<U: Unit>(database: &actix::Addr<Database>, unit: U) -> Result<U::Output, db::Error> {
    let outcome = run_erased(database, Box::new(unit)).await?;
    Ok(*outcome.downcast::<U::Output>().expect("a unit returns what it promises"))
}

/// Does `unit` on `database`.
pub async fn run_erased(database: &actix::Addr<Database>, unit: Box<dyn ErasedUnit>) -> Outcome {
    // Dropped with this future, when its client has left.
    let (_waits, abandoned) = oneshot::channel();
    match database.send(Run(unit, abandoned)).await {
        Ok(outcome) => outcome,
        Err(closed) => Err(db::Error::Unavailable(closed.to_string())),
    }
}

/// See the module.
pub struct Database {
    target: Target,
    keeping: Keeping,
    connections_max: u32,
    pool: Option<bb8::Pool<Opener>>,
}

impl Database {
    /// A pool for `target` in `arbiter`, with up to `connections_max` connections, which begin with `keeping`.
    pub fn start_in(
        arbiter: &actix::ArbiterHandle,
        target: Target,
        keeping: Keeping,
        connections_max: u32,
    ) -> actix::Addr<Database> {
        Database::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(QUEUE_REQUESTS_MAX);
            Database { target, keeping, connections_max: connections_max.max(1), pool: None }
        })
    }
}

impl actix::Actor for Database {
    type Context = actix::Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        let (target, keeping) = (self.target.clone(), self.keeping.clone());
        let opener = Opener { target, keeping, arbiter: actix::Arbiter::current() };
        let pool = bb8::Pool::builder()
            .max_size(self.connections_max)
            .min_idle(Some(1))
            // The one that was used last has everything at hand, and those that are not needed become idle.
            .queue_strategy(bb8::QueueStrategy::Lifo)
            .connection_timeout(CHECKOUT_TIMEOUT)
            .idle_timeout(Some(IDLE_TIMEOUT))
            .max_lifetime(Some(CONNECTION_LIFETIME))
            .error_sink(Box::new(Log))
            .build_unchecked(opener);
        self.pool = Some(pool);
    }
}

impl actix::Handler<Run> for Database {
    type Result = actix::ResponseFuture<Outcome>;

    fn handle(&mut self, Run(unit, abandoned): Run, _: &mut Self::Context) -> Self::Result {
        let pool = self.pool.clone().expect("the pool is made before the first request");
        Box::pin(async move {
            let connection = pool.get().await.map_err(unavailable)?;
            match connection.send(db_connection::Run(unit, Some(abandoned))).await {
                Ok(outcome) => outcome,
                Err(closed) => Err(db::Error::Unavailable(format!("the connection ended: {closed}"))),
            }
        })
    }
}

/// Opens connections for bb8, in the arbiter of their [`Database`].
struct Opener {
    target: Target,
    keeping: Keeping,
    arbiter: actix::ArbiterHandle,
}

impl bb8::ManageConnection for Opener {
    type Connection = actix::Addr<DbConnection>;
    type Error = db::Error;

    async fn connect(&self) -> Result<Self::Connection, db::Error> {
        DbConnection::open(&self.target, &self.keeping, &self.arbiter).await
    }

    fn is_valid(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), db::Error>> + Send {
        let alive = connection.connected();
        std::future::ready(
            alive.then_some(()).ok_or_else(|| db::Error::Unavailable("the connection has ended".to_owned())),
        )
    }

    fn has_broken(&self, connection: &mut Self::Connection) -> bool {
        !connection.connected()
    }
}

/// Tells the log why a connection could not be opened.
#[derive(Debug, Clone)]
struct Log;

impl bb8::ErrorSink<db::Error> for Log {
    fn sink(&self, error: db::Error) {
        tracing::warn!(%error, "cannot open a database connection");
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<db::Error>> {
        Box::new(self.clone())
    }
}

fn unavailable(error: bb8::RunError<db::Error>) -> db::Error {
    match error {
        bb8::RunError::User(error) => db::Error::Unavailable(error.to_string()),
        bb8::RunError::TimedOut => db::Error::Unavailable("no connection became free in time".to_owned()),
    }
}

/// How long a request waits for a connection: long enough for a restart of PostgreSQL, shorter than any client waits.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that a quiet server does not need are given back.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// A backend's caches only grow, so it is renewed now and then.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(3600);
/// Requests queued before their senders wait.
const QUEUE_REQUESTS_MAX: usize = 256;

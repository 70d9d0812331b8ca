//! # LoginLog - writes down who has logged in.
//!
//! Hears:  Entered, Flush
//! Says:   Run → Database
//! Lives:  the server's life
//! Knows:  the logins of the last moment
//! Limits: limits::LOGIN_RECORDS_MAX, GATHER_INTERVAL
//!
//! A login is answered before it is written down, and many are written at once: otherwise each would cost a commit. What
//! failed is not gathered here, but written by who has to know the count of failures.

use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::db::{self, LoginRecord};
use archiveopteryx::limits;
use jiff::{Timestamp, ToSpan};

use crate::database::{self, Database};

/// Somebody has logged in.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Entered(pub LoginRecord);

/// Write down what was gathered; answered when that is done.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Flush;

/// See the module.
pub struct LoginLog {
    database: actix::Addr<Database>,
    keep_days: u32,
    gathered: Vec<LoginRecord>,
    /// Whether a batch is on its way.
    writing: bool,
}

impl LoginLog {
    /// Starts in `arbiter`, with the database of that arbiter.
    pub fn start_in(
        arbiter: &actix::ArbiterHandle,
        database: actix::Addr<Database>,
        keep_days: u32,
    ) -> actix::Addr<LoginLog> {
        LoginLog::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(QUEUE_RECORDS_MAX);
            LoginLog { database, keep_days, gathered: Vec::new(), writing: false }
        })
    }

    /// Begins to write what was gathered, unless a batch is on its way.
    fn write(&mut self, ctx: &mut actix::Context<Self>) {
        if self.writing || self.gathered.is_empty() {
            return;
        }
        self.writing = true;
        let written = write(self.database.clone(), std::mem::take(&mut self.gathered));
        ctx.spawn(written.into_actor(self).map(|(), log, _| log.writing = false));
    }

    /// Forgets what is too old.
    fn forget(&mut self, ctx: &mut actix::Context<Self>) {
        let hours_ago = |hours: i64| Timestamp::now() - hours.hours();
        let forget = db::ForgetLogins {
            records_before: hours_ago(i64::from(self.keep_days) * 24),
            failures_before: hours_ago(FAILURES_HOURS),
            places_before: hours_ago(PLACES_HOURS),
        };
        let database = self.database.clone();
        let forgotten = async move {
            if let Err(error) = database::run(&database, forget).await {
                tracing::warn!(%error, "old logins could not be forgotten; that is tried again");
            }
        };
        ctx.spawn(forgotten.into_actor(self));
    }
}

async fn write(database: actix::Addr<Database>, records: Vec<LoginRecord>) {
    let count = records.len();
    let unit = db::RecordLogins { records, failed: vec![], forgiven: vec![], now: Timestamp::now() };
    if let Err(error) = database::run(&database, unit).await {
        tracing::warn!(%error, count, "logins could not be written down");
    }
}

impl actix::Actor for LoginLog {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(GATHER_INTERVAL, LoginLog::write);
        ctx.run_later(FIRST_FORGET, LoginLog::forget);
        ctx.run_interval(FORGET_INTERVAL, LoginLog::forget);
    }
}

impl actix::Handler<Entered> for LoginLog {
    type Result = ();

    fn handle(&mut self, Entered(record): Entered, _: &mut Self::Context) {
        if self.gathered.len() < limits::LOGIN_RECORDS_MAX {
            self.gathered.push(record);
        } else {
            // Only a database that is away for long lets so many gather.
            tracing::warn!(login = record.login, "a login was not written down");
        }
    }
}

impl actix::Handler<Flush> for LoginLog {
    type Result = actix::ResponseFuture<()>;

    fn handle(&mut self, Flush: Flush, _: &mut Self::Context) -> Self::Result {
        let (database, records) = (self.database.clone(), std::mem::take(&mut self.gathered));
        Box::pin(async move {
            if !records.is_empty() {
                write(database, records).await;
            }
        })
    }
}

/// How long a login waits for others before it is written down; a server that is killed forgets those of this time.
const GATHER_INTERVAL: Duration = Duration::from_millis(100);
/// A server that is started anew often forgets as well, and not while everybody comes back.
const FIRST_FORGET: Duration = Duration::from_secs(120);
const FORGET_INTERVAL: Duration = Duration::from_secs(3600);
/// By then a failure counts for nothing; see `limits::LOGIN_FAILURES_HALVE_SECONDS`.
const FAILURES_HOURS: i64 = 2;
/// A place that was not used for 90 days is new again.
const PLACES_HOURS: i64 = 90 * 24;
/// Logins on their way here.
const QUEUE_RECORDS_MAX: usize = 4096;

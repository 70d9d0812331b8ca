//! # Indexer - fills the text index in the background.
//!
//! Hears:  nothing; it looks by itself whether messages wait
//! Says:   Run → Database
//! Lives:  the server's life
//! Knows:  a `search::index::Pace`, and how far it has come; nothing about mail
//! Limits: limits::INDEX_UNIT_MESSAGES, limits::INDEX_UNIT_BYTES, STRETCH
//!
//! It has a thread and a connection of its own, so that no client waits for it. Each piece of work is one transaction, and
//! takes the lock of the index: of several programs, on whichever host, one is at it. What was interrupted is done again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, WrapFuture};
use archiveopteryx::db::{self, CheckTextBlock, CountWaiting, IndexTexts, Indexing};
use archiveopteryx::mailbox::MailboxKey;
use archiveopteryx::search::index::pace::{Next, Pace};
use archiveopteryx::settings::Settings;
use jiff::{Timestamp, ToSpan};

use crate::database::{self, Database};
use crate::db_connection::Keeping;
use crate::postgres::Target;

/// See the module.
pub struct Indexer {
    database: actix::Addr<Database>,
}

impl Indexer {
    /// Starts in `arbiter`, with one connection to `target`.
    pub fn start_in(
        arbiter: &actix::ArbiterHandle,
        target: Target,
        settings: &Settings,
    ) -> actix::Addr<Indexer> {
        let quota_warn_percent = settings.quota.warn_percent;
        let keeping = Keeping { caches: Arc::default(), quota_warn_percent, hides_deleted: true };
        let database = Database::start_in(arbiter, target, keeping, 1);
        Indexer::start_in_arbiter(arbiter, move |_| Indexer { database })
    }
}

impl actix::Actor for Indexer {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(index(self.database.clone()).into_actor(self));
    }
}

/// Indexes what waits, and rests, until the arbiter ends.
async fn index(database: actix::Addr<Database>) {
    let mut pace = Pace::default();
    let mut looked = Instant::now();
    let mut after = None;
    loop {
        let outcome = match database::run(&database, CountWaiting).await {
            Ok(waiting) => {
                match pace.looked(waiting, std::mem::replace(&mut looked, Instant::now()).elapsed()) {
                    Next::Work => work(&database, &mut after).await.map(|()| STRETCH_PAUSE),
                    Next::Rest(time) => check(&database).await.map(|()| time),
                }
            }
            Err(error) => Err(error),
        };
        let rest = outcome.unwrap_or_else(|error| {
            tracing::warn!(%error, "the text index cannot be filled now; that is tried again");
            FAILURE_PAUSE
        });
        tokio::time::sleep(rest).await;
    }
}

/// Indexes for a while, or until nothing waits.
async fn work(database: &actix::Addr<Database>, after: &mut Option<MailboxKey>) -> Result<(), db::Error> {
    let begun = Instant::now();
    while begun.elapsed() < STRETCH {
        let started = Instant::now();
        match database::run(database, IndexTexts { after: *after }).await? {
            Indexing::Done { mailbox, messages } => {
                *after = Some(mailbox);
                let spent = started.elapsed();
                tracing::debug!(?spent, messages, "indexed");
                tokio::time::sleep(Pace::breather(spent)).await;
            }
            Indexing::Nothing => return Ok(()),
            Indexing::Elsewhere => {
                tokio::time::sleep(ELSEWHERE_PAUSE).await;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Looks at blocks that may have messages which are not there any more.
async fn check(database: &actix::Addr<Database>) -> Result<(), db::Error> {
    let begun = Instant::now();
    while begun.elapsed() < STRETCH {
        let now = Timestamp::now();
        let started = Instant::now();
        if !database::run(database, CheckTextBlock { before: now - CHECK_HOURS.hours(), now }).await? {
            return Ok(());
        }
        tokio::time::sleep(Pace::breather(started.elapsed())).await;
    }
    Ok(())
}

/// How long it works before it looks whether mail pours in.
const STRETCH: Duration = Duration::from_secs(2);
/// Others have their turn between two stretches, too.
const STRETCH_PAUSE: Duration = Duration::from_millis(50);
/// By then the other program has done something, or is gone.
const ELSEWHERE_PAUSE: Duration = Duration::from_secs(5);
/// A database that is away is asked again after this.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);
/// A message that has ended is out of the index after so long.
const CHECK_HOURS: i64 = 24;

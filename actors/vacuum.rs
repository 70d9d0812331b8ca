//! # Vacuum - ends, in the background, what has ended by rule.
//!
//! Hears:  nothing; looks once a second whether it is time, or somebody wants it
//! Says:   Run → Database · Delivered → MailboxRegistry
//! Lives:  the server's life
//! Knows:  where its run is
//! Limits: LOOK_INTERVAL, and the settings in `vacuum`
//!
//! Who wants it to run says so in the database, as `aox vacuum` does, and so it does not matter on which host. One run
//! is at work at a time; if its server is killed, another run begins, and every step is whole or has not happened. What
//! may end, the database decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, WrapFuture};
use archiveopteryx::db::{self, TakenRun, UndeleteScope, VacuumStep};
use archiveopteryx::settings::Settings;
use tokio::sync::watch;

use crate::database::{self, Database};
use crate::mailbox_registry::{self, MailboxRegistry};

/// See the module.
pub struct Vacuum {
    work: Option<Work>,
}

/// What it needs to work.
#[derive(Clone)]
struct Work {
    settings: Arc<Settings>,
    database: actix::Addr<Database>,
    registry: actix::Addr<MailboxRegistry>,
    stopping: watch::Receiver<bool>,
}

impl Vacuum {
    /// Starts in `arbiter`, with the database of that arbiter.
    pub fn start_in(
        arbiter: &actix::ArbiterHandle,
        settings: Arc<Settings>,
        database: actix::Addr<Database>,
        registry: actix::Addr<MailboxRegistry>,
        stopping: watch::Receiver<bool>,
    ) -> actix::Addr<Vacuum> {
        let work = Work { settings, database, registry, stopping };
        Vacuum::start_in_arbiter(arbiter, move |_| Vacuum { work: Some(work) })
    }
}

impl actix::Actor for Vacuum {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(work) = self.work.take() {
            ctx.spawn(work.go_on_for_ever().into_actor(self));
        }
    }
}

impl Work {
    /// A panic ends the work, and nothing else: it begins anew, after a while, since it may well meet the same again.
    async fn go_on_for_ever(self) {
        while let Err(error) = actix_rt::spawn(self.clone().go_on()).await {
            tracing::error!(%error, "the vacuum has met an error of its own");
            tokio::time::sleep(FIRST_RUN).await;
        }
    }

    async fn go_on(mut self) {
        let started = Instant::now();
        while let Err(error) = self.tell_undelete_time().await {
            tracing::warn!(%error, "the undelete time is not known to the database yet");
            tokio::time::sleep(FIRST_RUN).await;
        }
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            // Servers that are started anew often, and clients that all come back then, are not kept waiting.
            let is_early = started.elapsed() < FIRST_RUN;
            let interval_minutes = if is_early { 0 } else { self.settings.vacuum.interval_minutes };
            let take = db::TakeVacuumRun { host: self.settings.hostname.clone(), interval_minutes };
            match database::run(&self.database, take).await {
                Ok(Some(run)) => self.carry_out(run).await,
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "the vacuum cannot look for work"),
            }
        }
    }

    /// What the settings say counts as said now; the database decides for what.
    async fn tell_undelete_time(&self) -> Result<(), db::Error> {
        let days = self.settings.vacuum.undelete_days;
        let by = format!("the settings of {}", self.settings.hostname);
        let unit = db::SetUndeleteTime { scope: UndeleteScope::Site, days: Some(days), by };
        if database::run(&self.database, unit).await? {
            tracing::info!(days, "the undelete time was set");
        }
        Ok(())
    }

    /// One run, from its first step to its last.
    async fn carry_out(&mut self, run: TakenRun) {
        let begun = Instant::now();
        let mut step = Some(VacuumStep::Begin);
        let mut is_hurried = run.is_hurried;
        let mut error = None;
        while let Some(next) = step {
            let took = Instant::now();
            if *self.stopping.borrow() {
                error = Some("the server was stopped".to_owned());
                break;
            }
            match self.step(run.id, next).await {
                Ok(done) => {
                    step = done.next;
                    is_hurried |= done.is_hurried;
                    self.tell(done.changes).await;
                    self.rest(is_hurried, done.tally != db::VacuumTally::default(), took.elapsed()).await;
                }
                Err(failure) => {
                    tracing::warn!(error = %failure, "the vacuum stops early, and begins anew later");
                    error = Some(failure.to_string());
                    break;
                }
            }
        }
        tracing::info!(run = run.id, spent = ?begun.elapsed(), error = ?error, "the vacuum has run");
        let end = db::EndVacuumRun { id: run.id, error };
        if let Err(error) = database::run(&self.database, end).await {
            tracing::warn!(%error, "the end of a run of the vacuum could not be written down");
        }
    }

    async fn step(&self, run: i64, step: VacuumStep) -> Result<db::Vacuumed, db::Error> {
        let (batch, now) = (self.settings.vacuum.batch_messages, jiff::Timestamp::now());
        database::run(&self.database, db::Vacuum { run, step, batch, now }).await
    }

    /// Tells those who have the mailboxes open what policies have deleted there.
    async fn tell(&self, changes: Vec<archiveopteryx::mailbox::Change>) {
        if !changes.is_empty() {
            // Without a registry there is nobody to tell.
            let _ = self.registry.send(mailbox_registry::Delivered { changes }).await;
        }
    }

    /// Leaves the database to others for at least as long as it was kept busy.
    async fn rest(&self, is_hurried: bool, has_written: bool, took: Duration) {
        let least = Duration::from_millis(self.settings.vacuum.pause_milliseconds.into());
        match (is_hurried, has_written) {
            (true, _) => tokio::task::yield_now().await,
            (false, true) => tokio::time::sleep(took.max(least).min(REST_MAX)).await,
            (false, false) => tokio::time::sleep(took.min(REST_MAX)).await,
        }
    }
}

/// How soon a run that somebody wants begins.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// After the start of the server, until then only what somebody wants is done.
const FIRST_RUN: Duration = Duration::from_secs(60);
/// Longer silence would look like the end of a run.
const REST_MAX: Duration = Duration::from_secs(10);

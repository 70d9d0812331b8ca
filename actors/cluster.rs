//! # Cluster - the private PostgreSQL of this server.
//!
//! Hears:  Stop
//! Says:   nothing
//! Lives:  from before the first connection to after the last
//! Knows:  its process; nothing about mail
//! Limits: RESTART_PAUSE_MAX
//!
//! A PostgreSQL that dies is started again; meanwhile clients hear of a temporary failure.

use std::path::Path;
use std::time::Duration;

use actix::Actor;
use archiveopteryx::db::migrate::CreateRoles;
use archiveopteryx::settings::Settings;
use futures_util::future::{Either, select};
use tokio::process::Child;
use tokio::sync::oneshot;

use crate::migrations;
use crate::postgres::Target;
use crate::postgres_home::PostgresHome;
use crate::postmaster;

/// Stop PostgreSQL; the answer comes when it has stopped.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Stop;

/// See the module.
pub struct Cluster {
    stop: Option<oneshot::Sender<oneshot::Sender<()>>>,
}

/// A cluster that runs, and the ways into it.
pub struct Started {
    pub cluster: actix::Addr<Cluster>,
    pub server: Target,
    pub owner: Target,
}

impl Cluster {
    /// Starts the PostgreSQL below `home`, which must be locked; makes it when it is not there yet.
    pub async fn start_in(home: &Path, settings: &Settings) -> Result<Started, String> {
        postmaster::end_orphan(&home.join("postgres/data")).await?;
        let (place, wishes) = (home.to_owned(), settings.clone());
        let prepare = move || PostgresHome::prepare(&place, &wishes);
        let prepared = actix_rt::task::spawn_blocking(prepare).await.map_err(|error| error.to_string())??;
        let mut child = postmaster::start(&prepared).await?;
        let superuser = Target::local(prepared.socket(), "postgres", "postgres");
        if let Err(error) = migrations::run_once(&superuser, CreateRoles).await {
            postmaster::stop(&mut child).await;
            return Err(format!("the database cannot be created: {error}"));
        }
        let (stop, stopped) = oneshot::channel();
        let server = Target::local(prepared.socket(), "aox_server", "aox");
        let owner = Target::local(prepared.socket(), "aox_owner", "aox");
        actix_rt::spawn(keep(prepared, child, stopped));
        Ok(Started { cluster: Cluster { stop: Some(stop) }.start(), server, owner })
    }
}

impl actix::Actor for Cluster {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Stop> for Cluster {
    type Result = actix::ResponseFuture<()>;

    fn handle(&mut self, Stop: Stop, _: &mut Self::Context) -> Self::Result {
        let (done, wait) = oneshot::channel();
        let asked = self.stop.take().map(|stop| stop.send(done));
        Box::pin(async move {
            if let Some(Ok(())) = asked {
                // The keeper answers, or it has ended and nothing is left to stop.
                let _ = wait.await;
            }
        })
    }
}

/// Keeps PostgreSQL running until it is asked to stop it.
async fn keep(home: PostgresHome, mut child: Child, mut stop: oneshot::Receiver<oneshot::Sender<()>>) {
    let asked = loop {
        match select(Box::pin(child.wait()), &mut stop).await {
            Either::Right((asked, _)) => break asked,
            Either::Left((ended, _)) => {
                tracing::error!(?ended, "PostgreSQL ended by itself; starting it again");
            }
        }
        match select(Box::pin(restarted(&home)), &mut stop).await {
            Either::Left((again, _)) => child = again,
            Either::Right((asked, _)) => break asked,
        }
    };
    // Without an asker the server has gone without a word; PostgreSQL must not stay alone.
    postmaster::stop(&mut child).await;
    // One that was just being started again is not that child.
    if let Err(error) = postmaster::end_orphan(&home.data()).await {
        tracing::error!(%error, "PostgreSQL may still run");
    }
    if let Ok(done) = asked {
        // The asker may have lost its patience.
        let _ = done.send(());
    }
}

/// Starts PostgreSQL again. While processes of the dead one hold its shared memory, it refuses; so this tries on.
async fn restarted(home: &PostgresHome) -> Child {
    let mut pause = RESTART_PAUSE_MIN;
    loop {
        match postmaster::start(home).await {
            Ok(child) => return child,
            Err(error) => tracing::warn!(%error, "PostgreSQL does not start yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RESTART_PAUSE_MAX);
    }
}

const RESTART_PAUSE_MIN: Duration = Duration::from_millis(50);
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(5);

//! # Server - the program: everything started in order, and stopped in reverse.
//!
//! Hears:  IsWhole, Reload, Configured, Stop
//! Says:   Reload → Keyring · Close → Listener · Flush → LoginLog, Sealer · Stop → Cluster
//! Lives:  from the start of the process to its end
//! Knows:  who must be told when it is time to go
//! Limits: DRAIN_PATIENCE
//!
//! The order: the lock of the home, PostgreSQL, its schema, an arbiter for each core with its own connections to the
//! database, the certificates, what all connections share, the doors, the indexer, and last the control socket: who can connect
//! there finds a server that is ready.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Actor;
use archiveopteryx::aox::conversation::{DoorFacts, Elsewhere, Facts, SettingFacts};
use archiveopteryx::db;
use archiveopteryx::settings::{self, Settings};
use tokio::sync::watch;

use crate::backends::Backends;
use crate::cluster::{self, Cluster};
use crate::control_connection;
use crate::database;
use crate::doors::{self, OpenDoor};
use crate::home::{Home, Lock};
use crate::indexer::Indexer;
use crate::keyring::{self, Keyring};
use crate::listener;
use crate::login_log;
use crate::migrations;
use crate::postgres::Target;
use crate::sealer;
use crate::services::{Lane, Services};
use crate::settings_load::Loaded;

/// Stop: accept nothing more, let everyone finish what is under way, say goodbye. The answer comes when all is done.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Stop;

/// TLS is configured so from now on. The answer says why it cannot be, and then nothing has changed.
#[derive(actix::Message)]
#[rtype(result = "Result<(), String>")]
pub struct Reload(pub settings::Tls);

/// These settings are in use from now on.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Configured(pub Vec<SettingFacts>);

/// Is everybody there whom all clients need? If not, only a new start helps.
#[derive(actix::Message)]
#[rtype(result = "bool")]
pub struct IsWhole;

/// See the module.
pub struct Server {
    running: Option<Running>,
}

/// What has been started, in the order of its start.
struct Running {
    home: Home,
    _lock: Lock,
    cluster: Option<actix::Addr<Cluster>>,
    arbiters: Vec<actix::Arbiter>,
    /// Where the indexer is at work.
    background: actix::Arbiter,
    lanes: Vec<Lane>,
    keyring: actix::Addr<Keyring>,
    stopping: watch::Sender<bool>,
    configuration: watch::Sender<Vec<SettingFacts>>,
    doors: Vec<OpenDoor>,
    control: actix_rt::task::JoinHandle<()>,
}

impl Server {
    /// Starts everything. What was started before something failed is stopped again.
    pub async fn start_in(
        home: Home,
        Loaded { settings, facts }: Loaded,
        backends: Backends,
    ) -> Result<actix::Addr<Server>, String> {
        home.create()?;
        let lock = home.lock()?;
        let started = Instant::now();
        let (cluster, target) = open_database(&home, &settings).await?;
        let (settings, configuration) = (Arc::new(settings), watch::channel(facts).0);
        let begin = Begin { home, lock, settings, configuration, cluster: cluster.clone(), started };
        let outcome = Running::start(begin, backends, &target).await;
        match (outcome, cluster) {
            (Ok(running), _) => {
                tracing::info!(spent = ?started.elapsed(), "ready");
                Ok(Server { running: Some(running) }.start())
            }
            (Err(error), Some(cluster)) => {
                // The first error is the one to tell.
                let _ = cluster.send(cluster::Stop).await;
                Err(error)
            }
            (Err(error), None) => Err(error),
        }
    }
}

/// The database that the settings name, ready to serve; or else the private one, brought to the newest schema.
async fn open_database(
    home: &Home,
    settings: &Settings,
) -> Result<(Option<actix::Addr<Cluster>>, Target), String> {
    if !settings.database.url.is_empty() {
        let target =
            Target::from_url(&settings.database.url).map_err(|error| format!("database.url: {error}"))?;
        migrations::check_fit(&target).await?;
        return Ok((None, target));
    }
    let started = Cluster::start_in(home.path(), settings).await?;
    let outcome = migrations::migrate(&started.owner).await;
    if let Err(error) = outcome {
        // The error is what matters; the next start ends what could not be stopped.
        let _ = started.cluster.send(cluster::Stop).await;
        return Err(format!("the schema cannot be brought up to date: {error}"));
    }
    Ok((Some(started.cluster), started.server))
}

/// What is there before anything else is started.
struct Begin {
    home: Home,
    lock: Lock,
    settings: Arc<Settings>,
    configuration: watch::Sender<Vec<SettingFacts>>,
    cluster: Option<actix::Addr<Cluster>>,
    started: Instant,
}

impl Running {
    async fn start(begin: Begin, backends: Backends, target: &Target) -> Result<Running, String> {
        let Begin { home, lock, settings, configuration, cluster, started } = begin;
        let (stopping, stop_seen) = watch::channel(false);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let arbiters: Vec<actix::Arbiter> = (0..cores).map(|_| actix::Arbiter::new()).collect();
        let (keyring, tls) = Keyring::start_for(&settings, &home)?;
        let lanes = Services::start(settings.clone(), backends, &arbiters, target, &tls, stop_seen)?;
        adopt(&settings, &lanes[0].1).await?;
        let doors = doors::open(&settings, &lanes).await?;
        let background = actix::Arbiter::new();
        Indexer::start_in(&background.handle(), target.clone(), &settings);
        let services = lanes[0].1.clone();
        let told =
            Told { configuration: configuration.subscribe(), private_database: cluster.is_some(), started };
        let facts = told.facts(&doors, services.clone());
        let control = control_connection::listen(&home.control_socket(), services, facts)
            .map_err(|error| format!("{} cannot be made: {error}", home.control_socket().display()))?;
        Ok(Running {
            home,
            _lock: lock,
            cluster,
            arbiters,
            background,
            lanes,
            keyring,
            stopping,
            configuration,
            doors,
            control,
        })
    }

    /// In reverse. Clients that do not leave in time are cut off; what they were promised is committed already.
    async fn stop(self) {
        let started = Instant::now();
        self.control.abort();
        // What is under way there is not committed, and done again.
        self.background.stop();
        for listener in self.doors.iter().flat_map(|door| &door.listeners) {
            // One that has ended accepts nothing either.
            let _ = listener.send(listener::Close).await;
        }
        // Without receivers there is nobody left to tell.
        let _ = self.stopping.send(true);
        while started.elapsed() < DRAIN_PATIENCE && self.doors.iter().any(|door| door.places.taken() > 0) {
            tokio::time::sleep(DRAIN_POLL).await;
        }
        for door in self.doors.iter().filter(|door| door.places.taken() > 0) {
            tracing::warn!(door = door.door.protocol.name(), connections = door.places.taken(), "cut off");
        }
        // One that has panicked has nothing left to write.
        let _ = self.lanes[0].1.login_log.send(login_log::Flush).await;
        let _ = self.lanes[0].1.sealer.send(sealer::Flush).await;
        if let Some(cluster) = self.cluster {
            // It answers when PostgreSQL has stopped; if it has ended, there is nothing to stop.
            let _ = cluster.send(cluster::Stop).await;
        }
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
        for arbiter in self.arbiters.into_iter().chain([self.background]) {
            // An arbiter that panicked has stopped, too.
            let _ = arbiter.join();
        }
        // Whoever connects now shall see that nobody is there.
        let _ = std::fs::remove_file(self.home.control_socket());
        tracing::info!(spent = ?started.elapsed(), "stopped");
    }
}

impl actix::Actor for Server {
    type Context = actix::Context<Self>;
}

impl actix::Handler<IsWhole> for Server {
    type Result = bool;

    fn handle(&mut self, IsWhole: IsWhole, _: &mut Self::Context) -> bool {
        self.running.as_ref().is_some_and(|running| running.lanes.iter().all(|(_, lane)| lane.are_whole()))
    }
}

impl actix::Handler<Reload> for Server {
    type Result = actix::ResponseFuture<Result<(), String>>;

    fn handle(&mut self, Reload(settings): Reload, _: &mut Self::Context) -> Self::Result {
        let keyring = self.running.as_ref().map(|running| running.keyring.clone());
        Box::pin(async move {
            let Some(keyring) = keyring else { return Ok(()) };
            let reloaded = keyring.send(keyring::Reload(settings)).await;
            reloaded.unwrap_or_else(|error| Err(error.to_string()))
        })
    }
}

impl actix::Handler<Configured> for Server {
    type Result = ();

    fn handle(&mut self, Configured(facts): Configured, _: &mut Self::Context) {
        if let Some(running) = &self.running {
            running.configuration.send_replace(facts);
        }
    }
}

impl actix::Handler<Stop> for Server {
    type Result = actix::ResponseFuture<()>;

    fn handle(&mut self, Stop: Stop, _: &mut Self::Context) -> Self::Result {
        let running = self.running.take();
        Box::pin(async move {
            if let Some(running) = running {
                running.stop().await;
            }
        })
    }
}

/// Tells the database what it has to know of the settings to say who may delete.
async fn adopt(settings: &Settings, services: &Services) -> Result<(), String> {
    let unit = db::AdoptSettings {
        delete: settings.policy.delete,
        administrators_group: settings.login.administrators_group.clone(),
    };
    let adopted = database::run(&services.database, unit).await;
    adopted.map_err(|error| format!("the database cannot be told what the settings say: {error}"))
}

/// What the server tells of itself beside its doors.
struct Told {
    configuration: watch::Receiver<Vec<SettingFacts>>,
    private_database: bool,
    started: Instant,
}

impl Told {
    /// How the server answers when it is asked for its state.
    fn facts(self, doors: &[OpenDoor], services: Services) -> control_connection::AskFacts {
        let door = |open: &OpenDoor| {
            let text = |addresses: &[SocketAddr]| addresses.iter().map(ToString::to_string).collect();
            let facts = DoorFacts {
                name: open.door.protocol.name(),
                addresses: text(&open.addresses),
                tls_addresses: text(&open.tls_addresses),
                connections: 0,
                connections_max: open.places.max(),
            };
            (facts, open.places.clone())
        };
        let doors: Vec<_> = doors.iter().map(door).collect();
        Arc::new(move || Facts {
            version: env!("CARGO_PKG_VERSION"),
            process: std::process::id(),
            uptime_seconds: self.started.elapsed().as_secs(),
            private_database: self.private_database,
            doors: doors
                .iter()
                .map(|(facts, places)| DoorFacts { connections: places.taken(), ..facts.clone() })
                .collect(),
            certificates: services.tls.certificates(),
            connections: services.roll.facts(),
            elsewhere: Elsewhere::default(),
            queue: services.queue(),
            configuration: self.configuration.borrow().clone(),
            audit_heads: None,
        })
    }
}

/// How long clients have to leave. With PostgreSQL's own stop, all of it takes less than ten seconds.
const DRAIN_PATIENCE: Duration = Duration::from_secs(3);
const DRAIN_POLL: Duration = Duration::from_millis(20);

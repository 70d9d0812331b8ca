//! What a connection is given when it starts: the settings, and the addresses of those it may talk to.

use std::sync::Arc;

use actix::Actor;
use archiveopteryx::db::MessageCache;
use archiveopteryx::settings::Settings;
use tokio::sync::watch;

use crate::database::Database;
use crate::db_listener::DbListener;
use crate::delivery::{self, Delivery, Intake};
use crate::mailbox_registry::MailboxRegistry;
use crate::passwords::Passwords;
use crate::postgres::Target;

/// The services of one arbiter. The database is that arbiter's own, so that a request need not cross threads.
#[derive(Clone)]
pub struct Services {
    pub settings: Arc<Settings>,
    pub database: actix::Addr<Database>,
    pub registry: actix::Addr<MailboxRegistry>,
    pub intake: Intake,
    pub passwords: Passwords,
    /// Becomes true when the server wants to stop: a connection says goodbye then, and ends.
    pub stopping: watch::Receiver<bool>,
}

/// An arbiter for connections, with its services.
pub type Lane = (actix::ArbiterHandle, Services);

impl Services {
    /// Starts what all connections share, and gives each of `arbiters` its services. There must be one at least.
    pub fn start(
        settings: Arc<Settings>,
        arbiters: &[actix::Arbiter],
        target: &Target,
        stopping: watch::Receiver<bool>,
    ) -> Result<Vec<Lane>, String> {
        let share =
            (settings.database.connections_max / arbiters.len() as u32).max(delivery::LANES as u32 + 1);
        let messages = Arc::new(MessageCache::default());
        let start = |arbiter: &actix::Arbiter| {
            Database::start_in(&arbiter.handle(), target.clone(), messages.clone(), share)
        };
        let databases: Vec<_> = arbiters.iter().map(start).collect();
        let name = random().map_err(|error| format!("this system gives no random numbers: {error}"))?;
        let listener = DbListener::start_for(target.clone(), name);
        let database = databases[0].clone();
        let registry = MailboxRegistry::start_in_arbiter(&arbiters[0].handle(), move |_| {
            MailboxRegistry::new(database, listener)
        });
        // The last arbiter has the fewest other tasks of this kind; with one core it is the first as well.
        let last = arbiters.len() - 1;
        let delivery = Delivery::start_in(
            &arbiters[last].handle(),
            databases[last].clone(),
            registry.clone().recipient(),
        );
        let intake = Intake::new(delivery);
        let passwords = Passwords::new().map_err(|error| error.to_string())?;
        let lanes = arbiters.iter().zip(databases).map(|(arbiter, database)| {
            let services = Services {
                settings: settings.clone(),
                database,
                registry: registry.clone(),
                intake: intake.clone(),
                passwords: passwords.clone(),
                stopping: stopping.clone(),
            };
            (arbiter.handle(), services)
        });
        Ok(lanes.collect())
    }
}

fn random() -> Result<u64, getrandom::Error> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets)?;
    Ok(u64::from_ne_bytes(octets))
}

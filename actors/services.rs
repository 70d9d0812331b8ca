//! What a connection is given when it starts: the settings, and the addresses of those it may talk to.

use std::sync::Arc;

use actix::Actor;
use archiveopteryx::aox::conversation::QueueFacts;
use archiveopteryx::db::Caches;
use archiveopteryx::error::{Code, Error};
use archiveopteryx::imap::language::Language;
use archiveopteryx::imap::limited::MessageLimit;
use archiveopteryx::login::{self, Authenticated, Channel, Origin};
use archiveopteryx::mailbox::AccountId;
use archiveopteryx::settings::{HumanLanguage, Settings};
use archiveopteryx::wire::sasl::{Question, Terms};
use tokio::sync::watch;

use crate::attendance::{Attendance, Dismissed, Seat, SignIn};
use crate::authenticator::Authenticator;
use crate::backends::Backends;
use crate::census::Census;
use crate::client_socket::TlsFacts;
use crate::company::Company;
use crate::database::Database;
use crate::db_connection::Keeping;
use crate::db_listener::DbListener;
use crate::delivery::{self, Delivery, Intake};
use crate::guests::Guests;
use crate::login_log::LoginLog;
use crate::mailbox_registry::MailboxRegistry;
use crate::metadata_watch::MetadataWatch;
use crate::postgres::Target;
use crate::recents::Recents;
use crate::roll::{self, Roll};
use crate::sealer::Sealer;
use crate::tally::{Counted, Tally};
use crate::tls::Tls;
use crate::vacuum::Vacuum;
use crate::watches::Watches;

/// The services of one arbiter. The database is that arbiter's own, so that a request need not cross threads.
#[derive(Clone)]
pub struct Services {
    pub settings: Arc<Settings>,
    pub database: actix::Addr<Database>,
    pub registry: actix::Addr<MailboxRegistry>,
    pub guests: actix::Addr<Guests>,
    pub watches: actix::Addr<Watches>,
    pub attendance: actix::Addr<Attendance>,
    pub intake: Intake,
    pub authenticator: Authenticator,
    pub login_log: actix::Addr<LoginLog>,
    pub sealer: actix::Addr<Sealer>,
    pub tls: Tls,
    /// Who is connected.
    pub roll: Roll,
    /// Who is connected to the other servers.
    pub census: Census,
    /// Connections of each user.
    users: Tally<AccountId>,
    listener: actix::Addr<DbListener>,
    pub metadata_watch: actix::Addr<MetadataWatch>,
    /// Differs between all servers of a database, as far as chance can tell.
    number: u64,
    _vacuum: actix::Addr<Vacuum>,
    /// Becomes true when the server wants to stop: a connection says goodbye then, and ends.
    pub stopping: watch::Receiver<bool>,
}

/// One of the connections that a user may have, as long as it lives.
pub struct UserPlace {
    _counted: Counted<AccountId>,
    /// Of the user, and of the administrator who acts for the user.
    _seats: Vec<Seat>,
}

/// An arbiter for connections, with its services.
pub type Lane = (actix::ArbiterHandle, Services);

impl Services {
    /// Starts what all connections share, and gives each of `arbiters` its services. There must be one at least.
    pub fn start(
        settings: Arc<Settings>,
        backends: Backends,
        arbiters: &[actix::Arbiter],
        target: &Target,
        tls: &Tls,
        stopping: watch::Receiver<bool>,
    ) -> Result<Vec<Lane>, String> {
        let caches = Arc::<Caches>::default();
        let databases = databases(&settings, &caches, arbiters, target);
        let (number, name) = name()?;
        let company = Company::default();
        let listener = DbListener::start_for(target.clone(), name.clone(), company.clone());
        let recents = Recents::new(databases[0].clone(), caches, company);
        let (guests, watches, registry) =
            registry(&arbiters[0].handle(), databases[0].clone(), recents, listener.clone());
        let metadata_watch =
            MetadataWatch::start_in(&arbiters[0].handle(), databases[0].clone(), listener.clone());
        let (db, heard) = (databases[0].clone(), listener.clone());
        let attendance = Attendance::start_in_arbiter(&arbiters[0].handle(), |_| Attendance::new(db, heard));
        // The last arbiter has the fewest other tasks of this kind; with one core it is the first as well.
        let last = arbiters.len() - 1;
        let intake = intake(&settings, &arbiters[last], databases[last].clone(), registry.clone());
        let login_log =
            LoginLog::start_in(&arbiters[0].handle(), databases[0].clone(), settings.login.keep_days);
        let sealer = Sealer::start_in(&arbiters[0].handle(), databases[0].clone(), settings.audit.clone());
        let vacuum = Vacuum::start_in(
            &arbiters[last].handle(),
            settings.clone(),
            databases[last].clone(),
            registry.clone(),
            stopping.clone(),
        );
        // An arbiter that has ended takes nothing: the server stops.
        arbiters[0].spawn(backends.clone().look());
        let authenticator = Authenticator::new(settings.login.clone(), backends, login_log.clone());
        let authenticator = authenticator.map_err(|error| error.to_string())?;
        let (users, roll) = (Tally::new(settings.limits.connections_per_user), Roll::default());
        let database = databases[0].clone();
        let census = Census::start(database, listener.clone(), roll.clone(), name, &settings.hostname);
        let lanes = arbiters.iter().zip(databases).map(|(arbiter, database)| {
            let services = Services {
                settings: settings.clone(),
                database,
                registry: registry.clone(),
                guests: guests.clone(),
                watches: watches.clone(),
                attendance: attendance.clone(),
                intake: intake.clone(),
                authenticator: authenticator.clone(),
                login_log: login_log.clone(),
                sealer: sealer.clone(),
                tls: tls.clone(),
                roll: roll.clone(),
                census: census.clone(),
                users: users.clone(),
                listener: listener.clone(),
                metadata_watch: metadata_watch.clone(),
                number,
                _vacuum: vacuum.clone(),
                stopping: stopping.clone(),
            };
            (arbiter.handle(), services)
        });
        Ok(lanes.collect())
    }

    /// A number for a connection of this server that no other connection has, at any server of the database.
    pub fn number_for(&self, entry: &roll::Entry) -> i64 {
        self.number.wrapping_add(entry.number()) as i64
    }

    /// How many messages one command may be about.
    pub fn message_limit(&self) -> MessageLimit {
        MessageLimit::new(self.settings.imap.message_limit, self.settings.imap.save_limit)
    }

    /// The language of texts for people that the site prefers.
    pub fn language(&self) -> Language {
        match self.settings.imap.language {
            HumanLanguage::En => Language::English,
            HumanLanguage::De => Language::German,
        }
    }

    /// How a client may show who it is: `plaintext` says whether its door takes passwords in the clear, and `tls` what TLS
    /// has shown of it.
    pub fn terms(&self, plaintext: bool, origin: &Origin, tls: Option<&TlsFacts>) -> Terms {
        let certificate = tls.and_then(|tls| tls.client_certificate.as_deref());
        let channel = Channel {
            loopback: origin.address.is_loopback(),
            tls: tls.is_some(),
            channel_binding: tls.map(|tls| tls.exporter),
            certificate_identity: certificate.and_then(|der| self.authenticator.named_by(der)),
        };
        self.authenticator.terms(plaintext, &channel)
    }

    /// The authenticator's answer to `question`. Who is let in by it gets a place among the connections of that user, to
    /// be kept as long as `connection` lives, which hears when nobody may stay logged in; who has too many is refused. Who
    /// it is, is written down in `entry`.
    pub async fn ask(
        &self,
        (origin, entry): (&Origin, &roll::Entry),
        question: Question,
        connection: actix::Recipient<Dismissed>,
    ) -> (login::Answer, Option<UserPlace>) {
        match self.authenticator.answer(&self.database, origin, question).await {
            login::Answer::Verdict(Ok(who)) => match self.place(&who, connection).await {
                Ok(place) => {
                    entry.logged_in(&who);
                    (login::Answer::Verdict(Ok(who)), Some(place))
                }
                Err(error) => {
                    tracing::info!(user = who.account.login, %error, "refused");
                    (login::Answer::Verdict(Err(error)), None)
                }
            },
            answer => (answer, None),
        }
    }

    /// What waits here.
    pub fn queue(&self) -> QueueFacts {
        QueueFacts {
            deliveries: self.intake.waiting(),
            password_checks: self.authenticator.password_checks(),
        }
    }

    async fn place(
        &self,
        who: &Authenticated,
        connection: actix::Recipient<Dismissed>,
    ) -> Result<UserPlace, Error> {
        let full = || Error::no(Code::Limit, "you have too many connections open");
        let counted = self.users.enter(who.account.id).ok_or_else(full)?;
        let mut seats = Vec::new();
        for account in [Some(&who.account), who.by.as_ref()].into_iter().flatten() {
            let sign_in = SignIn { account: account.id, connection: connection.clone() };
            let seat = self.attendance.send(sign_in).await;
            seats.push(seat.map_err(|_| Error::no(Code::Unavailable, "the server is stopping"))?);
        }
        Ok(UserPlace { _counted: counted, _seats: seats })
    }

    /// Whether everybody whom connections depend on is there. An actor that has panicked is not, and does not come
    /// back: `actix::Supervisor` restarts an actor that stopped, never one that panicked.
    pub fn are_whole(&self) -> bool {
        let Services { database, registry, guests, attendance, intake, listener, login_log, sealer, .. } =
            self;
        login_log.connected()
            && sealer.connected()
            && database.connected()
            && registry.connected()
            && guests.connected()
            && self.metadata_watch.connected()
            && attendance.connected()
            && intake.delivery.connected()
            && listener.connected()
    }
}

/// Starts who knows what is new in which mailbox, and who has to hear of it.
fn registry(
    arbiter: &actix::ArbiterHandle,
    database: actix::Addr<Database>,
    recents: Recents,
    listener: actix::Addr<DbListener>,
) -> (actix::Addr<Guests>, actix::Addr<Watches>, actix::Addr<MailboxRegistry>) {
    let (db, heard) = (database.clone(), listener.clone());
    let guests = Guests::start_in_arbiter(arbiter, move |_| Guests::new(db));
    let watches = Watches::start_in_arbiter(arbiter, move |_| Watches::new(heard));
    let (told, watchers) = (guests.clone(), watches.clone());
    let registry = MailboxRegistry::start_in_arbiter(arbiter, move |_| {
        MailboxRegistry::new(database, recents, listener, told, watchers)
    });
    (guests, watches, registry)
}

/// What takes mail in.
fn intake(
    settings: &Settings,
    arbiter: &actix::Arbiter,
    database: actix::Addr<Database>,
    registry: actix::Addr<MailboxRegistry>,
) -> Intake {
    let waiting = delivery::Waiting::default();
    let hostname = settings.hostname.clone();
    let delivery =
        Delivery::start_in(&arbiter.handle(), database, registry.recipient(), hostname, waiting.clone());
    Intake::new(delivery, waiting)
}

/// A pool of connections to the database for each arbiter; with more arbiters than connections, some share one.
fn databases(
    settings: &Settings,
    caches: &Arc<Caches>,
    arbiters: &[actix::Arbiter],
    target: &Target,
) -> Vec<actix::Addr<Database>> {
    let start = |(arbiter, share): (&actix::Arbiter, u32)| {
        let keeping = Keeping {
            caches: caches.clone(),
            quota_warn_percent: settings.quota.warn_percent,
            hides_deleted: !settings.undelete.for_users,
        };
        Database::start_in(&arbiter.handle(), target.clone(), keeping, share)
    };
    let shares = shares(settings.database.connections_max, arbiters.len());
    let pools: Vec<_> = arbiters.iter().zip(shares).map(start).collect();
    pools.iter().cycle().take(arbiters.len()).cloned().collect()
}

/// How many connections each pool has: they are as many in all as they may be. There is a pool for each arbiter, or
/// fewer, which several arbiters share, when that leaves too few connections to one: a delivery that waits for the disk
/// holds one, and somebody must be able to read meanwhile.
fn shares(connections_max: u32, arbiters: usize) -> Vec<u32> {
    let arbiters = u32::try_from(arbiters).unwrap_or(u32::MAX);
    let pools = (connections_max / (delivery::LANES as u32 + 1)).clamp(1, arbiters.max(1));
    let share = |pool| connections_max / pools + u32::from(pool < connections_max % pools);
    (0..pools).map(share).collect()
}

/// What no other server has, and what none is called.
fn name() -> Result<(u64, String), String> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).map_err(|error| format!("this system gives no random numbers: {error}"))?;
    let number = u64::from_ne_bytes(octets);
    Ok((number, format!("{number:016x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_as_many_in_all_as_they_may_be() {
        assert_eq!(shares(16, 4), [4, 4, 4, 4]);
        assert_eq!(shares(16, 3), [6, 5, 5]);
        assert_eq!(shares(16, 64), [2; 8]);
        assert_eq!(shares(3, 2), [3]);
        for (connections_max, arbiters) in (2..40).flat_map(|max| (1..20).map(move |cores| (max, cores))) {
            assert_eq!(shares(connections_max, arbiters).iter().sum::<u32>(), connections_max);
        }
    }

    struct Panic;

    impl actix::Message for Panic {
        type Result = ();
    }

    impl actix::Handler<Panic> for MailboxRegistry {
        type Result = ();

        fn handle(&mut self, _: Panic, _: &mut Self::Context) {
            panic!("a bug, for the test");
        }
    }

    #[actix_rt::test]
    async fn a_panic_of_what_all_share_is_noticed() {
        let nowhere = Target::local(std::path::Path::new("/nonexistent"), "aox_server", "aox");
        let (_stop, stopping) = watch::channel(false);
        let tls = Tls::new(watch::channel(None).1);
        let arbiters = [actix::Arbiter::new()];
        let (settings, backends) = (Arc::default(), Backends::default());
        let lanes = Services::start(settings, backends, &arbiters, &nowhere, &tls, stopping).unwrap();
        let (_, services) = &lanes[0];
        assert!(services.are_whole());
        assert!(services.registry.send(Panic).await.is_err());
        while services.are_whole() {
            tokio::task::yield_now().await;
        }
    }
}

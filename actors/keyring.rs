//! # Keyring - the certificates and keys: what TLS is configured with, kept up to date with its files
//!
//! Hears:  Reload
//! Says:   nothing; the doors see what is new when the next client comes
//! Lives:  the server's life
//! Knows:  the files, what they were when they were read, and when a certificate of our own has to be renewed
//! Limits: limits::TLS_FILES_LOOK_SECONDS

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix::{Actor, AsyncContext};
use archiveopteryx::aox::conversation::CertificateFacts;
use archiveopteryx::limits;
use archiveopteryx::settings::{self, Settings};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::home::Home;
use crate::self_signed;
use crate::tls::{Configs, Tls};
use crate::tls_files;

/// Read the files again, with these settings from now on. What cannot be used changes nothing, and the answer says why.
#[derive(actix::Message)]
#[rtype(result = "Result<(), String>")]
pub struct Reload(pub settings::Tls);

/// See the module.
pub struct Keyring {
    settings: settings::Tls,
    hostname: String,
    home: Home,
    configs: watch::Sender<Option<Arc<Configs>>>,
    /// The files, as they were when they were looked at last.
    seen: Vec<Option<Seen>>,
    /// The next time to say that a certificate ends soon.
    warn_at: Timestamp,
}

/// What changes when a file does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    modified: Option<SystemTime>,
    octets: u64,
    inode: u64,
}

impl Keyring {
    /// Reads the files that `settings` name, or makes a certificate in `home`; then watches them.
    pub fn start_for(settings: &Settings, home: &Home) -> Result<(actix::Addr<Keyring>, Tls), String> {
        let (configs, read) = watch::channel(None);
        let mut keyring = Keyring {
            settings: settings.tls.clone(),
            hostname: settings.hostname.clone(),
            home: home.clone(),
            configs,
            seen: Vec::new(),
            warn_at: Timestamp::MIN,
        };
        keyring.load(settings.tls.clone(), Timestamp::now())?;
        Ok((keyring.start(), Tls::new(read)))
    }

    /// Puts what the files hold now into use.
    fn load(&mut self, settings: settings::Tls, now: Timestamp) -> Result<(), String> {
        if settings.certificates.is_empty() && self.own_is_due(now) {
            self_signed::make(self.home.path(), &self.hostname, now)?;
        }
        // Before they are read: a change meanwhile is seen at the next look.
        let seen = self.look(&settings);
        let (config, facts) = tls_files::load(&settings, &self.files(&settings))?;
        (self.settings, self.seen) = (settings, seen);
        self.warn_at = Timestamp::MIN;
        self.warn(&facts, now);
        self.configs.send_replace(Some(Arc::new(Configs::of(&config, facts))));
        Ok(())
    }

    /// The certificates' files.
    fn files(&self, settings: &settings::Tls) -> Vec<PathBuf> {
        match settings.certificates.as_slice() {
            [] => vec![self_signed::path(self.home.path())],
            files => files.iter().map(PathBuf::from).collect(),
        }
    }

    /// Whether our own certificate has to be made: it is not there, cannot be read, ends soon, or is for another host.
    fn own_is_due(&self, now: Timestamp) -> bool {
        let own = tls_files::look(&self_signed::path(self.home.path()));
        let fits = |own: CertificateFacts| {
            own.ends > now + RENEWED_BEFORE && own.names.contains(&self_signed::name(&self.hostname))
        };
        !own.is_ok_and(fits)
    }

    fn look(&self, settings: &settings::Tls) -> Vec<Option<Seen>> {
        use std::os::unix::fs::MetadataExt;
        let files = self.files(settings);
        let others = settings.keys.iter().chain(&settings.client_authorities).map(PathBuf::from);
        let look = |file: PathBuf| {
            let found = std::fs::metadata(file).ok()?;
            Some(Seen { modified: found.modified().ok(), octets: found.len(), inode: found.ino() })
        };
        files.into_iter().chain(others).map(look).collect()
    }

    /// Reads the files again when they have changed, or when our own certificate ends soon.
    fn keep_up(&mut self, now: Timestamp) {
        let facts = self.configs.borrow().as_ref().map(|configs| configs.facts().to_vec());
        self.warn(&facts.unwrap_or_default(), now);
        let own_is_due = self.settings.certificates.is_empty() && self.own_is_due(now);
        let seen = self.look(&self.settings);
        if seen == self.seen && !own_is_due {
            return;
        }
        // What cannot be used now is tried again when it changes once more.
        self.seen = seen;
        match self.load(self.settings.clone(), now) {
            Ok(()) => tracing::info!("the files of TLS have changed, and were read again"),
            Err(error) => tracing::error!("the files of TLS have changed, and stay unused: {error}"),
        }
    }

    /// Tells once a day of what ends soon: the server cannot renew what it has not made.
    fn warn(&mut self, facts: &[CertificateFacts], now: Timestamp) {
        if now < self.warn_at {
            return;
        }
        self.warn_at = now + SignedDuration::from_hours(24);
        for certificate in facts.iter().filter(|certificate| certificate.ends < now + WARNED_BEFORE) {
            let (file, ends) = (certificate.file.display(), certificate.ends);
            match ends < now {
                true => tracing::error!("the certificate in {file} has ended, at {ends}"),
                false => tracing::warn!("the certificate in {file} ends soon, at {ends}"),
            }
        }
    }
}

impl actix::Actor for Keyring {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let interval = Duration::from_secs(limits::TLS_FILES_LOOK_SECONDS);
        ctx.run_interval(interval, |keyring, _| keyring.keep_up(Timestamp::now()));
    }
}

impl actix::Handler<Reload> for Keyring {
    type Result = Result<(), String>;

    fn handle(&mut self, Reload(settings): Reload, _: &mut Self::Context) -> Self::Result {
        self.load(settings, Timestamp::now())
    }
}

/// Before our own certificate ends, a new one is made.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Before any certificate ends, the log says so.
const WARNED_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 14);

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(home: &std::path::Path) -> Keyring {
        Keyring {
            settings: settings::Tls::default(),
            hostname: "mail.example.org".to_owned(),
            home: Home::new(home).unwrap(),
            configs: watch::channel(None).0,
            seen: Vec::new(),
            warn_at: Timestamp::MIN,
        }
    }

    fn ends(keyring: &Keyring) -> Timestamp {
        keyring.configs.borrow().as_ref().unwrap().facts()[0].ends
    }

    #[test]
    fn our_own_certificate_is_kept_until_it_ends_soon() {
        let home = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut keyring = keyring(home.path());
        keyring.load(settings::Tls::default(), start).unwrap();
        let first = ends(&keyring);
        for (days, renewed) in [(1, false), (300, false), (340, true)] {
            let now = start + SignedDuration::from_hours(24 * days);
            keyring.keep_up(now);
            assert_eq!(ends(&keyring) > first, renewed, "after {days} days");
        }
        keyring.hostname = "imap.example.org".to_owned();
        keyring.keep_up(start + SignedDuration::from_hours(24 * 341));
        let names = keyring.configs.borrow().as_ref().unwrap().facts()[0].names.clone();
        assert!(names.contains(&"imap.example.org".to_owned()), "{names:?}");
    }

    #[test]
    fn what_cannot_be_used_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let mut keyring = keyring(home.path());
        keyring.load(settings::Tls::default(), now).unwrap();
        let first = ends(&keyring);
        let file = home.path().join("broken.pem");
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        let broken =
            settings::Tls { certificates: vec![file.display().to_string()], ..settings::Tls::default() };
        let error = keyring.load(broken, now).unwrap_err();
        assert!(error.contains("broken.pem"), "{error}");
        assert_eq!(ends(&keyring), first);
        assert_eq!(keyring.settings, settings::Tls::default());
    }
}

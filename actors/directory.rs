//! Checks passwords by binding to an LDAP directory, over a few connections that are kept open.
//!
//! A connection that searches is bound as the site's own user; one that checks passwords is bound as whoever came last,
//! which means nothing. Each does one thing at a time (RFC 4511 §4.2.1). What the directory has accepted is remembered
//! for a moment, so that a client that connects again and again costs it nothing; a refusal never is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use archiveopteryx::error::{Code, Error};
use archiveopteryx::identity::directory::{self, Entry, Verdict};
use archiveopteryx::limits;
use archiveopteryx::settings;
use ldap3::{DerefAliases, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions};
use tokio::sync::Semaphore;

use crate::secrets::{self, Remembered};
use crate::trust;

/// Shared by all connections of the server.
#[derive(Clone)]
pub struct Directory {
    shared: Arc<Shared>,
}

struct Shared {
    settings: settings::Ldap,
    urls: Vec<String>,
    /// The address that answered last.
    preferred: AtomicUsize,
    password: String,
    tls: Arc<rustls::ClientConfig>,
    places: Semaphore,
    idle: Mutex<Vec<Line>>,
    known: Remembered<Entry>,
}

/// An open connection.
struct Line {
    ldap: ldap3::Ldap,
    role: Role,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Bound as the user who may search.
    Search,
    /// For binds with other names.
    Bind,
}

/// Why the directory did not say whether a password is right.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Ldap(#[from] LdapError),
    #[error("{0}")]
    Refused(String),
}

impl Directory {
    /// Reads what the settings name. What is wrong about them is said with the name of the setting.
    pub fn new(settings: &settings::Ldap) -> Result<Directory, String> {
        let ca_file = Some(settings.ca_file.as_str()).filter(|file| !file.is_empty());
        let tls = trust::client_config(ca_file).map_err(|error| format!("ldap.ca_file: {error}"))?;
        if settings.dn_template.is_empty()
            && ldap3::parse_filter(directory::filter(&settings.filter, "anna")).is_err()
        {
            return Err(format!("ldap.filter is \"{}\", which is no filter of RFC 4515", settings.filter));
        }
        if settings.is_readable_on_the_way() {
            tracing::warn!(url = %settings.url, "passwords go to the directory in the clear; use ldaps or ldap.starttls");
        }
        let shared = Shared {
            urls: settings.urls().map(str::to_owned).collect(),
            preferred: AtomicUsize::new(0),
            password: secrets::read(
                &settings.bind_password,
                &settings.bind_password_file,
                "ldap.bind_password_file",
            )?,
            tls: Arc::new(tls),
            places: Semaphore::new(settings.connections_max as usize),
            idle: Mutex::default(),
            known: Remembered::new(limits::KNOWN_BINDS_MAX).map_err(|error| error.to_string())?,
            settings: settings.clone(),
        };
        Ok(Directory { shared: Arc::new(shared) })
    }

    /// Says in the log whether the directory can be asked now. That stops nothing: it is tried again for each login.
    pub async fn look(&self) {
        let role = if self.shared.settings.dn_template.is_empty() { Role::Search } else { Role::Bind };
        match tokio::time::timeout(self.patience(), self.shared.open(role)).await {
            Ok(Ok(line)) => {
                tracing::info!(url = %self.shared.settings.url, "the directory answers");
                self.shared.keep(line);
            }
            Ok(Err(error)) => {
                tracing::warn!(url = %self.shared.settings.url, %error, "the directory cannot be asked")
            }
            Err(_) => {
                tracing::warn!(url = %self.shared.settings.url, "the directory does not answer in time")
            }
        }
    }

    /// The entry that `login` and `password` open; none when the directory refuses them. An error when it cannot be
    /// asked now, which says nothing about the password.
    pub async fn check(&self, login: &str, password: &[u8]) -> Result<Option<Entry>, Error> {
        // RFC 4513 §5.1.2: a bind with an empty password succeeds for every name, and proves nothing.
        let Some(password) = std::str::from_utf8(password).ok().filter(|password| !password.is_empty())
        else {
            return Ok(None);
        };
        let key = [login.as_bytes(), password.as_bytes()];
        if let Some(entry) = self.shared.known.get(&key) {
            return Ok(Some(entry));
        }
        let outcome = tokio::time::timeout(self.patience(), self.shared.ask(login, password)).await;
        match outcome {
            Ok(Ok(entry)) => {
                if let Some(entry) = &entry {
                    let keep = Duration::from_secs(self.shared.settings.cache_seconds.into());
                    self.shared.known.put(&key, entry.clone(), keep);
                }
                Ok(entry)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the directory cannot be asked");
                Err(unavailable())
            }
            Err(_) => {
                tracing::warn!("the directory does not answer in time");
                Err(unavailable())
            }
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.shared.settings.timeout_seconds.into())
    }
}

impl Shared {
    async fn ask(&self, login: &str, password: &str) -> Result<Option<Entry>, Failure> {
        let _place = self.places.acquire().await.map_err(|error| Failure::Refused(error.to_string()))?;
        let template = &self.settings.dn_template;
        if template.is_empty() {
            let search = async |line: &mut Line| self.search(line, login).await;
            let Some(entry) = self.with(Role::Search, search).await? else { return Ok(None) };
            let bind = async |line: &mut Line| line.bind(&entry.name, password).await;
            return Ok(self.with(Role::Bind, bind).await?.then_some(entry));
        }
        let name = directory::distinguished_name(template, login);
        let bind = async |line: &mut Line| {
            // The entry is read with the user's own rights.
            if line.bind(&name, password).await? { self.read(line, &name).await.map(Some) } else { Ok(None) }
        };
        self.with(Role::Bind, bind).await
    }

    /// Does `work` on an open connection, and once more on a new one when that had been closed by the other side.
    async fn with<T>(
        &self,
        role: Role,
        work: impl AsyncFn(&mut Line) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        while let Some(mut line) = self.idle(role) {
            match work(&mut line).await {
                Err(Failure::Ldap(error)) => {
                    tracing::debug!(%error, "a connection to the directory has ended")
                }
                outcome => {
                    self.keep(line);
                    return outcome;
                }
            }
        }
        let mut line = self.open(role).await?;
        let done = work(&mut line).await?;
        self.keep(line);
        Ok(done)
    }

    /// A connection that waits for work.
    fn idle(&self, role: Role) -> Option<Line> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain_mut(|line| !line.ldap.is_closed());
        let at = idle.iter().position(|line| line.role == role)?;
        Some(idle.swap_remove(at))
    }

    fn keep(&self, line: Line) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Opens a connection to the first address that answers, beginning with the one that did so last.
    async fn open(&self, role: Role) -> Result<Line, Failure> {
        let first = self.preferred.load(Ordering::Relaxed);
        let count = self.urls.len();
        let mut failure = Failure::Refused("ldap.url names no server".to_owned());
        for at in (first..first + count).map(|at| at % count) {
            match self.open_at(&self.urls[at], role).await {
                Ok(line) => {
                    self.preferred.store(at, Ordering::Relaxed);
                    return Ok(line);
                }
                Err(error) => {
                    tracing::debug!(url = %self.urls[at], %error, "no connection to the directory");
                    failure = error;
                }
            }
        }
        Err(failure)
    }

    async fn open_at(&self, url: &str, role: Role) -> Result<Line, Failure> {
        let Shared { settings, tls, .. } = self;
        // Each address has its share of the time, so that one that is silent leaves some for the next.
        let patience = Duration::from_secs(settings.timeout_seconds.into()) / (self.urls.len() as u32 + 1);
        let how = LdapConnSettings::new()
            .set_conn_timeout(patience)
            .set_starttls(settings.starttls)
            .set_config(tls.clone());
        let (connection, mut ldap) = LdapConnAsync::with_settings(how, url).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "a connection to the directory broke");
            }
        });
        if role == Role::Search && !settings.bind_dn.is_empty() {
            let result = ldap.with_timeout(patience).simple_bind(&settings.bind_dn, &self.password).await?;
            if result.rc != 0 {
                return Err(Failure::Refused(format!(
                    "{} may not bind: {}",
                    settings.bind_dn,
                    told(&result)
                )));
            }
        }
        Ok(Line { ldap, role })
    }

    /// The only entry that the filter finds.
    async fn search(&self, line: &mut Line, login: &str) -> Result<Option<Entry>, Failure> {
        let filter = directory::filter(&self.settings.filter, login);
        let (mut entries, code) = self.entries(line, &self.settings.base, Scope::Subtree, &filter).await?;
        if entries.len() > 1 || code == SIZE_LIMIT_EXCEEDED {
            tracing::warn!(%filter, "several entries fit one user, so none of them does");
            return Ok(None);
        }
        Ok(entries.pop())
    }

    /// The entry of that name, as far as its owner may see it.
    async fn read(&self, line: &mut Line, name: &str) -> Result<Entry, Failure> {
        let (entries, _) = self.entries(line, name, Scope::Base, "(objectClass=*)").await?;
        let unseen = Entry { name: name.to_owned(), login: None, addresses: Vec::new(), display_name: None };
        Ok(entries.into_iter().next().unwrap_or(unseen))
    }

    async fn entries(
        &self,
        line: &mut Line,
        base: &str,
        scope: Scope,
        filter: &str,
    ) -> Result<(Vec<Entry>, u32), Failure> {
        let settings::Ldap { login_attribute, address_attribute, name_attribute, .. } = &self.settings;
        let wanted = [login_attribute, address_attribute, name_attribute];
        let wanted: Vec<&str> =
            wanted.into_iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        let options = SearchOptions::new().sizelimit(2).deref(DerefAliases::Finding);
        let found = line.ldap.with_search_options(options).search(base, scope, filter, wanted).await?;
        let ldap3::SearchResult(entries, result) = found;
        if ![0, SIZE_LIMIT_EXCEEDED].contains(&result.rc) {
            return Err(Failure::Refused(format!("a search below \"{base}\" failed: {}", told(&result))));
        }
        let entries = entries.into_iter().map(|entry| self.entry(SearchEntry::construct(entry))).collect();
        Ok((entries, result.rc))
    }

    fn entry(&self, found: SearchEntry) -> Entry {
        let values = |attribute: &str| {
            // Names of attributes know no case (RFC 4512 §2.5), and servers write them as they like.
            let values = found.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
            values.map(|(_, values)| values.clone()).unwrap_or_default()
        };
        Entry {
            login: values(&self.settings.login_attribute).into_iter().next(),
            addresses: values(&self.settings.address_attribute),
            display_name: values(&self.settings.name_attribute).into_iter().next(),
            name: found.dn,
        }
    }
}

impl Line {
    /// Whether the directory takes this password for that entry.
    async fn bind(&mut self, name: &str, password: &str) -> Result<bool, Failure> {
        let result = self.ldap.simple_bind(name, password).await?;
        match directory::verdict(result.rc) {
            Verdict::Right => Ok(true),
            Verdict::Refused => {
                tracing::debug!(name, reason = told(&result), "the directory refuses a password");
                Ok(false)
            }
            Verdict::Unknown => Err(Failure::Refused(format!("a bind failed: {}", told(&result)))),
        }
    }
}

/// The result as the directory gave it, for the log.
fn told(result: &ldap3::LdapResult) -> String {
    match result.text.as_str() {
        "" => format!("result code {}", result.rc),
        text => format!("result code {}, {text}", result.rc),
    }
}

fn unavailable() -> Error {
    Error::no(Code::Unavailable, "the directory of users cannot be asked now, try again later")
}

const SIZE_LIMIT_EXCEEDED: u32 = 4;

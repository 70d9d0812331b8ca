//! Everything that can be configured, with its type and its default. `conf/aox.toml` describes each setting.

mod accounts;
mod audit;
mod certificate_identity;
mod ldap;
mod login;
mod oauth;
mod policy;
mod pop3;
mod quota;
mod secret;
mod size;
mod tls;
mod undelete;
mod vacuum;

use std::net::SocketAddr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

pub use accounts::Accounts;
pub use audit::Audit;
pub use certificate_identity::CertificateIdentity;
pub use ldap::Ldap;
pub use login::Login;
pub use oauth::{Algorithm, Oauth};
pub use policy::Policy;
pub use pop3::{Pop3, Utf8Headers};
pub use quota::{OverReply, Quota};
pub use secret::Secret;
pub use size::Size;
pub use tls::{Tls, TlsVersion};
pub use undelete::Undelete;
pub use vacuum::Vacuum;

/// The settings of one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The name by which this host calls itself; empty means the name that the system gives.
    pub hostname: String,
    pub accounts: Accounts,
    pub imap: Imap,
    pub pop3: Pop3,
    pub lmtp: Lmtp,
    pub tls: Tls,
    pub limits: Limits,
    pub delivery: Delivery,
    pub login: Login,
    pub ldap: Ldap,
    pub oauth: Oauth,
    pub policy: Policy,
    pub quota: Quota,
    pub undelete: Undelete,
    pub audit: Audit,
    pub vacuum: Vacuum,
    pub database: Database,
    pub postgres: Postgres,
    pub log: Log,
}

/// The door for those who read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Imap {
    #[serde(deserialize_with = "addresses")]
    pub listen: Vec<SocketAddr>,
    /// Where TLS comes first.
    #[serde(deserialize_with = "addresses")]
    pub tls_listen: Vec<SocketAddr>,
    pub connections_max: u32,
    /// Whether passwords may come in the clear from elsewhere than this machine.
    pub plaintext_login: bool,
    /// Whether clients may have what is said compressed.
    pub compress: bool,
    /// Whether literals of any size may come without asking, and not only small ones.
    pub literal_plus: bool,
    /// Messages that one command may be about, and messages that one may make; 0 means any number.
    pub message_limit: u32,
    pub save_limit: u32,
    /// What clients get that ask for the language of the site.
    pub language: HumanLanguage,
}

/// A language in which people are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HumanLanguage {
    En,
    De,
}

/// The door for the MTA that delivers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lmtp {
    #[serde(deserialize_with = "addresses")]
    pub listen: Vec<SocketAddr>,
    /// Where TLS comes first.
    #[serde(deserialize_with = "addresses")]
    pub tls_listen: Vec<SocketAddr>,
    pub connections_max: u32,
}

/// How much of the server one client may take; the bounds that need no choice are in [`crate::limits`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections to one door from one address; 0 means any number.
    pub connections_per_address: u32,
    /// Connections of one user to all doors together; 0 means any number.
    pub connections_per_user: u32,
}

/// How mail comes in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// The largest message, in octets as it is transferred.
    pub size_max: Size,
    /// The characters each of which parts `anna+lists` into the recipient and a mailbox of hers; empty turns that off.
    pub subaddress_separator: String,
}

/// Which database, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// A PostgreSQL that the site runs itself; empty means the private one.
    pub url: String,
    /// The same database as the role that may change its tables.
    pub owner_url: String,
    /// Connections that this server opens at most, for all its threads together.
    pub connections_max: u32,
}

/// The private PostgreSQL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Postgres {
    /// The directory of `initdb` and `postgres`; empty means the newest that is found.
    pub programs: String,
    /// PostgreSQL's own cache; zero means an eighth of the memory found.
    pub shared_buffers: Size,
}

/// What is told about the server's work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// error, warn, info, debug or trace, or directives such as `info,aox::lmtp=debug`.
    pub level: String,
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Imap {
    fn default() -> Imap {
        Imap {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 1143))],
            tls_listen: vec![SocketAddr::from(([127, 0, 0, 1], 1993))],
            connections_max: 20_000,
            plaintext_login: false,
            compress: true,
            literal_plus: true,
            message_limit: 0,
            save_limit: 0,
            language: HumanLanguage::En,
        }
    }
}

impl Default for Lmtp {
    fn default() -> Lmtp {
        Lmtp {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 1024))],
            tls_listen: Vec::new(),
            connections_max: 200,
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connections_per_address: 500, connections_per_user: 1000 }
    }
}

impl Default for Delivery {
    fn default() -> Delivery {
        Delivery { size_max: Size(64_000_000), subaddress_separator: "+".to_owned() }
    }
}

impl Default for Database {
    fn default() -> Database {
        Database { url: String::new(), owner_url: String::new(), connections_max: 16 }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log { level: "info".to_owned(), format: LogFormat::Text }
    }
}

impl Settings {
    /// What is wrong with the values, each alone well formed: the key, and what was wanted instead.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.hostname.chars().any(|c| c.is_whitespace() || c.is_control()) {
            faults.push(("hostname", "a host name, without spaces".to_owned()));
        }
        let separators = &self.delivery.subaddress_separator;
        if separators.len() > 8 || !separators.chars().all(|c| SUBADDRESS_SEPARATORS.contains(c)) {
            let wanted = format!("some of {SUBADDRESS_SEPARATORS}, each of which separates, or nothing");
            faults.push(("delivery.subaddress_separator", wanted));
        }
        faults.extend(self.accounts.faults());
        let size = self.delivery.size_max.octets();
        if !(65_536..=2_000_000_000).contains(&size) {
            // RFC 5321 §4.5.3.1.7: a server must take messages of 64K at least; PostgreSQL keeps less than 2 GB.
            faults.push(("delivery.size_max", "a size from 64 KiB to 2 GB".to_owned()));
        }
        faults.extend(self.quota.faults());
        faults.extend(self.audit.faults());
        self.vacuum.faults(&mut faults);
        if self.database.connections_max < 2 {
            faults.push(("database.connections_max", "at least 2".to_owned()));
        }
        if self.database.url.is_empty() && !self.database.owner_url.is_empty() {
            faults.push(("database.owner_url", "nothing, as long as database.url is empty".to_owned()));
        }
        if self.tls.certificates.is_empty() && !self.tls.keys.is_empty() {
            faults.push(("tls.keys", "nothing, as long as there are no tls.certificates".to_owned()));
        }
        if !is_log_level(&self.log.level) {
            faults.push(("log.level", wanted("log.level").expect("it is a setting").to_owned()));
        }
        faults.extend(self.login.faults());
        for (key, max) in [
            ("imap.connections_max", self.imap.connections_max),
            ("pop3.connections_max", self.pop3.connections_max),
            ("lmtp.connections_max", self.lmtp.connections_max),
        ] {
            if max == 0 {
                faults.push((key, "at least 1 (an empty listen list turns a door off)".to_owned()));
            }
        }
        for (key, limit) in
            [("imap.message_limit", self.imap.message_limit), ("imap.save_limit", self.imap.save_limit)]
        {
            if (1..1000).contains(&limit) {
                // RFC 9738 §3
                faults.push((key, "0, or at least 1000".to_owned()));
            }
        }
        self.ldap.faults(&mut faults);
        self.oauth.faults(&mut faults);
        faults
    }
}

/// What may part a local-part: all that can stand in one without quotes, but letters and digits.
const SUBADDRESS_SEPARATORS: &str = "!#$%&'*+-./=?^_`{|}~";

/// Whether each directive has a level. A word alone that is none would mean the part of the program with that name, so
/// that a misspelt level would turn the log off.
fn is_log_level(directives: &str) -> bool {
    let levels = ["error", "warn", "info", "debug", "trace", "off"];
    directives.split(',').all(|directive| {
        let level = directive.rsplit('=').next().unwrap_or(directive).trim();
        levels.iter().any(|known| level.eq_ignore_ascii_case(known))
    })
}

/// The value of a setting as it may be shown, given as TOML: without what is secret in it.
pub fn shown(key: &str, value: &str) -> String {
    let word = key.rsplit('.').next().unwrap_or(key);
    let is_secret = ["password", "secret"].iter().any(|secret| word.ends_with(secret));
    if is_secret && value != "\"\"" {
        return "hidden".to_owned();
    }
    match key {
        "database.url" | "database.owner_url" => without_password(value),
        _ => value.to_owned(),
    }
}

/// The address of a database without the password in it, in either of the forms that there are.
fn without_password(url: &str) -> String {
    if let Some((scheme, rest)) = url.split_once("://") {
        let authority = rest.split(['/', '?']).next().unwrap_or(rest);
        let user = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        let shown = match user {
            Some((user, password)) => {
                let after = &rest[user.len() + 1 + password.len()..];
                format!("{scheme}://{user}:hidden{after}")
            }
            None => url.to_owned(),
        };
        return without_word(&shown, &['&', '"']);
    }
    without_word(url, &[' ', '"'])
}

/// Hides what follows `password=`, up to one of `ends`.
fn without_word(url: &str, ends: &[char]) -> String {
    match url.split_once("password=") {
        Some((before, after)) => {
            // A quoted password may hold anything.
            let quoted = after.strip_prefix('\'').and_then(|rest| rest.find('\'')).map(|end| end + 2);
            let end = quoted.or_else(|| after.find(ends)).unwrap_or(after.len());
            format!("{before}password=hidden{}", &after[end..])
        }
        None => url.to_owned(),
    }
}

/// What a setting may be, for the error about one that is not; None when there is no such setting.
pub fn wanted(key: &str) -> Option<&'static str> {
    if let Some((section, word)) = key.split_once('.') {
        match section {
            "ldap" => return ldap::wanted(word),
            "oauth" => return oauth::wanted(word),
            _ => (),
        }
    }
    Some(match key {
        "hostname" => "a host name",
        "accounts.first_mailboxes" => {
            "a list of names, each with its use behind a colon if it has one, such as [\"Sent:sent\", \"Notes\"]"
        }
        "imap.listen" | "imap.tls_listen" | "lmtp.listen" | "lmtp.tls_listen" | "pop3.listen"
        | "pop3.tls_listen" => "a list of addresses with ports, such as [\"127.0.0.1:1143\", \"[::1]:1143\"]",
        "tls.certificates" | "tls.keys" | "tls.client_authorities" => {
            "a list of files, such as [\"/etc/ssl/mail.pem\"]"
        }
        "tls.version_min" => "\"1.2\" or \"1.3\"",
        "imap.plaintext_login"
        | "imap.compress"
        | "imap.literal_plus"
        | "pop3.plaintext_login"
        | "pop3.mark_seen"
        | "undelete.for_users" => "true or false",
        "imap.connections_max"
        | "imap.message_limit"
        | "imap.save_limit"
        | "pop3.connections_max"
        | "lmtp.connections_max"
        | "database.connections_max"
        | "limits.connections_per_address"
        | "limits.connections_per_user" => "a number",
        "imap.language" => "\"en\" or \"de\"",
        "pop3.utf8_headers" => "\"send\" or \"refuse\"",
        "delivery.size_max" | "postgres.shared_buffers" => "a size, such as \"50 MB\"",
        "delivery.subaddress_separator" => "the characters that separate, such as \"+\" or \"+-\"",
        "login.mechanisms" => "a list of names, such as [\"SCRAM-SHA-256\", \"PLAIN\"]",
        "login.administrators_group" | "login.submission_group" => "the name of a group",
        "login.anonymous" => "the login of a user",
        "login.shared_addresses" => "a list of addresses, such as [\"192.0.2.7\", \"2001:db8::7\"]",
        "login.keep_days" => "a number of days",
        "quota.warn_percent" => "a number from 0 to 100",
        "policy.delete" => "\"allowed\", \"own-mailboxes\" or \"never\"",
        "vacuum.undelete_days" => "a number of days",
        "vacuum.interval_minutes" => "a number of minutes",
        "vacuum.batch_messages" => "a number of messages",
        "vacuum.pause_milliseconds" => "a number of milliseconds",
        "quota.over_reply" => "\"temporary\" or \"permanent\"",
        "database.url" | "database.owner_url" => "an address, such as \"postgres://aox_server@host/aox\"",
        "login.certificate_identity" => "\"off\", \"email\", \"cn\", \"subject\" or \"map\"",
        "login.certificate_map" | "audit.head_file" | "audit.syslog_socket" => "a file",
        "audit.head_syslog" => "true or false",
        "audit.interval" => "a number of seconds",
        "postgres.programs" => "a directory",
        "log.level" => "error, warn, info, debug or trace, or directives such as \"info,aox::lmtp=debug\"",
        "log.format" => "\"text\" or \"json\"",
        _ => return None,
    })
}

/// A list of addresses. Empty items are skipped: that is how the environment gives an empty list.
fn addresses<'de, D: Deserializer<'de>, A: std::str::FromStr>(deserializer: D) -> Result<Vec<A>, D::Error> {
    let items = Vec::<String>::deserialize(deserializer)?;
    let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    items
        .map(|item| item.parse().map_err(|_| de::Error::custom(format!("\"{item}\" is no address"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_faults() {
        assert_eq!(Settings::default().faults(), vec![]);
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        for (key, value, wanted) in [
            ("imap.listen", "[]", "[]"),
            ("ldap.bind_password", "\"hunter2\"", "hidden"),
            ("ldap.bind_password", "\"\"", "\"\""),
            ("ldap.bind_password_file", "\"/etc/p\"", "\"/etc/p\""),
            ("oauth.client_secret", "\"x\"", "hidden"),
            ("database.url", "\"postgres://u:p:w@d@h/aox?a=b\"", "\"postgres://u:hidden@h/aox?a=b\""),
            (
                "database.url",
                "\"postgres://u@h/aox?password=x&a=b\"",
                "\"postgres://u@h/aox?password=hidden&a=b\"",
            ),
            ("database.url", "\"host=h password='a b' user=u\"", "\"host=h password=hidden user=u\""),
            ("database.url", "\"host=h password=ab\"", "\"host=h password=hidden\""),
        ] {
            assert_eq!(shown(key, value), wanted);
        }
    }

    #[test]
    fn each_fault_is_reported() {
        let mut settings = Settings::default();
        settings.delivery.size_max = Size(5);
        settings.database.connections_max = 0;
        let keys: Vec<_> = settings.faults().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["delivery.size_max", "database.connections_max"]);
    }

    #[test]
    fn a_misspelt_log_level_is_a_fault() {
        for (level, is_one) in [
            ("INFO", true),
            ("info,aox::lmtp=debug", true),
            ("loud", false),
            ("info,aox::lmtp", false),
            ("", false),
        ] {
            assert_eq!(is_log_level(level), is_one, "{level}");
        }
    }
}

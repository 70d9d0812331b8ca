//! A directory that knows the site's people and their passwords.

use serde::{Deserialize, Serialize};

use super::Secret;

/// How to ask the directory, and what its entries mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ldap {
    /// Its addresses, separated by spaces; the first that answers is asked. Empty means that there is no directory.
    pub url: String,
    pub starttls: bool,
    /// The authorities that may vouch for it; empty means those that the system trusts.
    pub ca_file: String,
    /// Who searches; empty means anonymously.
    pub bind_dn: String,
    pub bind_password: Secret,
    pub bind_password_file: String,
    /// Below what entry users are searched.
    pub base: String,
    /// What finds the entry of one user.
    pub filter: String,
    /// The name of a user's entry, where it follows from the login and need not be searched.
    pub dn_template: String,
    pub login_attribute: String,
    pub address_attribute: String,
    pub name_attribute: String,
    /// Whether somebody whom only the directory knows gets an account at the first login.
    pub create_accounts: bool,
    pub connections_max: u32,
    pub timeout_seconds: u32,
    /// How long a password that the directory has accepted is not asked about again.
    pub cache_seconds: u32,
}

impl Default for Ldap {
    fn default() -> Ldap {
        Ldap {
            url: String::new(),
            starttls: false,
            ca_file: String::new(),
            bind_dn: String::new(),
            bind_password: Secret::default(),
            bind_password_file: String::new(),
            base: String::new(),
            filter: "(uid=%u)".to_owned(),
            dn_template: String::new(),
            login_attribute: "uid".to_owned(),
            address_attribute: "mail".to_owned(),
            name_attribute: "displayName".to_owned(),
            create_accounts: false,
            connections_max: 4,
            timeout_seconds: 10,
            cache_seconds: 60,
        }
    }
}

impl Ldap {
    /// Whether there is a directory.
    pub fn is_on(&self) -> bool {
        !self.url.trim().is_empty()
    }

    /// The addresses, in the order in which they are tried.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.url.split_whitespace()
    }

    /// Whether passwords would cross a network where they can be read.
    pub fn is_readable_on_the_way(&self) -> bool {
        let in_the_clear = |url: &str| {
            let host = url.strip_prefix("ldap://").unwrap_or("localhost");
            !["localhost", "127.", "[::1]"].iter().any(|near| host.starts_with(near))
        };
        !self.starttls && self.urls().any(in_the_clear)
    }

    pub(super) fn faults(&self, faults: &mut Vec<(&'static str, String)>) {
        if !self.is_on() {
            return;
        }
        let mut fault = |key, wanted: &str| faults.push((key, wanted.to_owned()));
        if !self.urls().all(is_url) {
            fault("ldap.url", WANTED_URL);
        }
        if self.starttls && self.urls().any(|url| !url.starts_with("ldap://")) {
            fault("ldap.starttls", "false, unless each ldap.url begins with ldap://");
        }
        if !self.bind_password.is_empty() && !self.bind_password_file.is_empty() {
            fault("ldap.bind_password_file", "empty, as long as ldap.bind_password is set");
        }
        if self.bind_dn.is_empty() && !(self.bind_password.is_empty() && self.bind_password_file.is_empty()) {
            fault("ldap.bind_dn", "the name to which the password belongs");
        }
        if !self.bind_dn.is_empty() && self.bind_password.is_empty() && self.bind_password_file.is_empty() {
            // RFC 4513 §5.1.2: a name without a password would be an anonymous bind that looks like another.
            fault("ldap.bind_password", "a password, as long as ldap.bind_dn is set");
        }
        if self.dn_template.is_empty() {
            if self.base.is_empty() {
                fault(
                    "ldap.base",
                    "the entry below which users are searched, or else ldap.dn_template is set",
                );
            }
            if !is_filter(&self.filter) {
                fault("ldap.filter", WANTED_FILTER);
            }
        } else if !names_the_user(&self.dn_template) || !self.dn_template.contains('=') {
            fault("ldap.dn_template", WANTED_TEMPLATE);
        }
        if self.login_attribute.is_empty() {
            fault("ldap.login_attribute", "the name of an attribute");
        }
        if self.create_accounts && self.address_attribute.is_empty() {
            fault(
                "ldap.address_attribute",
                "the name of an attribute, as long as ldap.create_accounts is true",
            );
        }
        if !(1..=100).contains(&self.connections_max) {
            fault("ldap.connections_max", "a number from 1 to 100");
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            fault("ldap.timeout_seconds", "a number from 1 to 60");
        }
        if self.cache_seconds > 3600 {
            fault("ldap.cache_seconds", "a number up to 3600");
        }
    }
}

/// What a setting of this section may be.
pub(super) fn wanted(key: &str) -> Option<&'static str> {
    Some(match key {
        "url" => WANTED_URL,
        "starttls" | "create_accounts" => "true or false",
        "ca_file" | "bind_password_file" => "a file",
        "bind_dn" | "base" => "the name of an entry, such as \"dc=example,dc=org\"",
        "bind_password" => "a password",
        "filter" => WANTED_FILTER,
        "dn_template" => WANTED_TEMPLATE,
        "login_attribute" | "address_attribute" | "name_attribute" => "the name of an attribute",
        "connections_max" | "timeout_seconds" | "cache_seconds" => "a number",
        _ => return None,
    })
}

fn is_url(url: &str) -> bool {
    let host = ["ldap://", "ldaps://", "ldapi://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', ':', '?']))
}

/// Whether it has the form of RFC 4515, as far as parentheses go, and depends on the user.
fn is_filter(filter: &str) -> bool {
    let mut depth = 0i32;
    let mut whole = true;
    for (at, c) in filter.char_indices() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        whole &= depth > 0 || depth == 0 && at + 1 == filter.len();
    }
    whole && depth == 0 && filter.starts_with('(') && names_the_user(filter)
}

/// Whether the template differs from user to user.
fn names_the_user(template: &str) -> bool {
    let plain = template.replace("%%", "");
    plain.contains("%u") || plain.contains("%n")
}

const WANTED_URL: &str = "an address, such as \"ldap://ldap.example.org\", \"ldaps://ldap.example.org\" or \"ldapi://%2Frun%2Fldapi\"";
const WANTED_FILTER: &str = "a filter with %u or %n for the user, such as \"(uid=%u)\"";
const WANTED_TEMPLATE: &str =
    "the name of an entry with %u or %n for the user, such as \"uid=%u,ou=people,dc=example,dc=org\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut Ldap)) -> Vec<&'static str> {
        let base = "dc=example,dc=org".to_owned();
        let mut ldap = Ldap { url: "ldap://localhost".to_owned(), base, ..Ldap::default() };
        change(&mut ldap);
        let mut faults = Vec::new();
        ldap.faults(&mut faults);
        faults.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn each_fault_names_its_key() {
        assert!(faults(|_| ()).is_empty());
        assert!(faults(|ldap| *ldap = Ldap::default()).is_empty());
        assert_eq!(faults(|ldap| ldap.url = "ldap.example.org".to_owned()), ["ldap.url"]);
        assert_eq!(faults(|ldap| ldap.url = "ldap://a ldap:///".to_owned()), ["ldap.url"]);
        assert_eq!(faults(|ldap| ldap.base.clear()), ["ldap.base"]);
        for filter in ["uid=%u", "(uid=anna)", "(uid=%%u)", "((uid=%u)", "(uid=%u))", "(uid=%u)(a=b)"] {
            assert_eq!(faults(|ldap| ldap.filter = filter.to_owned()), ["ldap.filter"], "{filter}");
        }
        assert_eq!(faults(|ldap| ldap.dn_template = "%u".to_owned()), ["ldap.dn_template"]);
        assert_eq!(faults(|ldap| ldap.bind_dn = "cn=a".to_owned()), ["ldap.bind_password"]);
        assert_eq!(faults(|ldap| ldap.bind_password = Secret("a".to_owned())), ["ldap.bind_dn"]);
        assert_eq!(faults(|ldap| ldap.connections_max = 0), ["ldap.connections_max"]);
        let both = |ldap: &mut Ldap| {
            ldap.url = "ldaps://a".to_owned();
            ldap.starttls = true;
        };
        assert_eq!(faults(both), ["ldap.starttls"]);
    }

    #[test]
    fn it_is_known_when_passwords_can_be_read_on_the_way() {
        for (url, readable) in [
            ("ldap://ldap.example.org", true),
            ("ldaps://ldap.example.org", false),
            ("ldap://127.0.0.1:389", false),
            ("ldapi://%2Frun%2Fldapi", false),
        ] {
            let ldap = Ldap { url: url.to_owned(), ..Ldap::default() };
            assert_eq!(ldap.is_readable_on_the_way(), readable, "{url}");
        }
    }
}

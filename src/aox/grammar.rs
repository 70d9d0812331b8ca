//! What an administrator may write as an address, an alias, the path of a mailbox, or a name for people.

use std::fmt;

use crate::db::{Alias, AliasTarget, MailboxOf};
use crate::error::{Code, Error};
use crate::limits;
use crate::mailbox::{Login, MailboxName};
use crate::policy::deletion::Scope;
use crate::policy::quota::Root;
use crate::wire::address::{self, Address};

/// An address of a user.
pub fn address(text: &str) -> Result<Address, Error> {
    let refused = || Error::no(Code::Cannot, format!("\"{text}\" is no address such as anna@example.org"));
    Address::parse(text).ok_or_else(refused)
}

/// The address of an alias; `@example.org` is all of a domain that nothing else takes, and has no local-part here.
pub fn alias_address(text: &str) -> Result<Address, Error> {
    match text.trim().strip_prefix('@') {
        Some(name) => Ok(Address { localpart: String::new(), domain: domain(name)? }),
        None => address(text),
    }
}

/// A domain, in lower case and U-labels.
pub fn domain(text: &str) -> Result<String, Error> {
    let refused = || Error::no(Code::Cannot, format!("\"{text}\" is no domain such as example.org"));
    address::parse_domain(text.trim()).ok_or_else(refused)
}

/// Where an alias leads: a path, a login for its INBOX, or an address. A login with an @ is written as a path.
pub fn alias_target(text: &str) -> Result<AliasTarget, Error> {
    if !text.starts_with('/') && text.contains('@') {
        return address(text).map(AliasTarget::Address);
    }
    let path = MailboxPath::parse(text)?;
    let name = path.mailbox.as_str().to_owned();
    Ok(AliasTarget::Mailbox(MailboxOf { login: path.login, name }))
}

/// A name or a description for people; an empty one is none.
pub fn display_name(text: &str) -> Result<Option<String>, Error> {
    let text = text.trim();
    if text.len() > limits::DISPLAY_NAME_BYTES_MAX || text.chars().any(char::is_control) {
        let most = limits::DISPLAY_NAME_BYTES_MAX;
        let why = format!("a name for people has {most} octets at most, all in one line");
        return Err(Error::no(Code::Cannot, why));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// An alias as the administrator writes it.
pub fn alias_name(address: &Address) -> String {
    match address.localpart.is_empty() {
        true => format!("@{}", address.domain),
        false => address.to_string(),
    }
}

/// What a quota belongs to: `user/anna`, `group/staff`, `domain/example.org` or `default`.
pub fn quota_root(text: &str) -> Result<Root, Error> {
    let wrong = || Error::bad(format!("\"{text}\" is no quota such as user anna, group staff or default"));
    Root::parse(text).ok_or_else(wrong)
}

/// What a policy about deleting is about: `site`, `domain/example.org`, `group/staff`, `user/anna` or `mailbox/` and a
/// path.
pub fn delete_scope(text: &str) -> Result<Scope, Error> {
    let (kind, name) = text.split_once('/').unwrap_or((text, ""));
    match (kind, name) {
        ("site", "") => Ok(Scope::Site),
        ("domain", _) => Ok(Scope::Domain(domain(name)?)),
        ("group", _) => Ok(Scope::Group(name.strip_prefix('$').unwrap_or(name).to_owned())),
        ("user", _) => Ok(Scope::User(login(name)?)),
        ("mailbox", _) => MailboxPath::parse(name).map(|path| Scope::Mailbox(path.login, path.mailbox)),
        _ => Err(Error::bad(format!("\"{text}\" is no site, domain, group, user or mailbox"))),
    }
}

/// The same as it is written; what the settings say cannot be read so.
pub fn delete_scope_name(scope: &Scope) -> String {
    match scope {
        Scope::Settings => "settings".to_owned(),
        Scope::Site => "site".to_owned(),
        Scope::Domain(name) => format!("domain/{name}"),
        Scope::Group(name) => format!("group/{name}"),
        Scope::User(login) => format!("user/{login}"),
        Scope::Mailbox(login, name) => format!("mailbox/{}", mailbox_path(login, name.as_str())),
    }
}

/// Where an alias leads, as the administrator writes it.
pub fn target_name(target: &AliasTarget) -> String {
    match target {
        AliasTarget::Address(address) => address.to_string(),
        AliasTarget::Mailbox(MailboxOf { login, name }) => mailbox_path(login, name),
    }
}

/// Where each of the aliases leads, as a list in a sentence.
pub fn target_names(aliases: &[Alias]) -> String {
    aliases.iter().map(|alias| target_name(&alias.target)).collect::<Vec<_>>().join(", ")
}

/// A mailbox as the administrator names it.
pub fn mailbox_path(login: &str, mailbox: &str) -> String {
    match login == SHARED {
        true => format!("{SHARED}/{mailbox}"),
        false => format!("/users/{login}/{mailbox}"),
    }
}

/// A mailbox as an administrator names it: `/users/anna/lists`, `anna` for her INBOX, `/shared/team` for one that
/// belongs to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxPath {
    pub login: String,
    pub mailbox: MailboxName,
}

impl MailboxPath {
    /// Reads any of the forms.
    pub fn parse(text: &str) -> Result<MailboxPath, Error> {
        let shared = text.strip_prefix(SHARED).and_then(|rest| rest.strip_prefix('/'));
        if let Some(name) = shared {
            return Ok(MailboxPath { login: SHARED.to_owned(), mailbox: MailboxName::new(name)? });
        }
        let Some(rest) = text.strip_prefix("/users/") else {
            if text.starts_with('/') {
                let forms = "/users/LOGIN/NAME, /shared/NAME, or LOGIN for that user's INBOX";
                return Err(Error::bad(format!("\"{text}\" is no mailbox; a mailbox is {forms}")));
            }
            return Ok(MailboxPath { login: login(text)?, mailbox: MailboxName::inbox() });
        };
        let (user, name) = rest.split_once('/').unwrap_or((rest, "INBOX"));
        Ok(MailboxPath { login: login(user)?, mailbox: MailboxName::new(name)? })
    }
}

impl fmt::Display for MailboxPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mailbox_path(&self.login, self.mailbox.as_str()))
    }
}

fn login(text: &str) -> Result<String, Error> {
    Ok(Login::new(text)?.as_str().to_owned())
}

/// The login of the account to which shared mailboxes belong; no user can have it.
const SHARED: &str = "/shared";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_a_user_and_a_mailbox() {
        for (text, path) in [
            ("anna", "/users/anna/INBOX"),
            ("/users/anna", "/users/anna/INBOX"),
            ("/users/anna/a/b", "/users/anna/a/b"),
            ("/users/anna@example.org/inbox", "/users/anna@example.org/INBOX"),
            ("/shared/team/2026", "/shared/team/2026"),
        ] {
            assert_eq!(MailboxPath::parse(text).unwrap().to_string(), path);
            assert_eq!(MailboxPath::parse(path).unwrap().to_string(), path);
        }
        for bad in ["/anna", "/shared", "/shared/", "/users/", "", "/sharedx/a"] {
            assert!(MailboxPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_alias_leads_to_mailboxes_and_addresses() {
        let name = |text: &str| alias_target(text).map(|target| target_name(&target));
        assert_eq!(name("anna").unwrap(), "/users/anna/INBOX");
        assert_eq!(name("Anna@Example.ORG").unwrap(), "Anna@example.org");
        assert!(name("@example.org").is_err());
        let all = alias_address("@XN--mller-kva.example").unwrap();
        assert_eq!(alias_name(&all), "@müller.example");
        assert!(alias_address("@").is_err());
    }

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        let name = |text: &str| delete_scope(text).map(|scope| delete_scope_name(&scope));
        for text in ["site", "domain/example.org", "group/staff", "user/anna", "mailbox//users/anna/a/b"] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
        assert_eq!(name("mailbox/anna").unwrap(), "mailbox//users/anna/INBOX");
        assert_eq!(name("group/$staff").unwrap(), "group/staff");
        for wrong in ["", "settings", "site/a", "user", "user/", "host/a", "Site", "mailbox//anna"] {
            assert!(delete_scope(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_name_is_none() {
        assert_eq!(display_name("  ").unwrap(), None);
        assert_eq!(display_name(" Anna Example ").unwrap().as_deref(), Some("Anna Example"));
        assert!(display_name("a\nb").is_err());
    }
}

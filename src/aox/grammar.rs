//! What an administrator may write as a login, an address, or the path of a mailbox.

use crate::error::{Code, Error};
use crate::mailbox::MailboxName;

/// A login: it appears in paths, in IMAP strings and in logs, so it is plain text without spaces and slashes.
pub fn login(text: &str) -> Result<&str, Error> {
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"/\"\\%*".contains(c));
    if text.is_empty() || text.len() > LOGIN_BYTES_MAX || !plain {
        return Err(Error::no(
            Code::Cannot,
            format!(
                "\"{text}\" cannot be a login: it needs 1 to {LOGIN_BYTES_MAX} octets, without spaces, quotes, /, \\, % and *"
            ),
        ));
    }
    Ok(text)
}

/// An address, as its local-part, unquoted, and its domain in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub localpart: String,
    pub domain: String,
}

impl Address {
    /// `local-part@domain`; the local-part may be a quoted string (RFC 5321 §4.1.2).
    pub fn parse(text: &str) -> Result<Address, Error> {
        let refused =
            || Error::no(Code::Cannot, format!("\"{text}\" is no address such as anna@example.org"));
        let (localpart, domain) = text.trim().rsplit_once('@').ok_or_else(refused)?;
        let localpart = unquoted(localpart).ok_or_else(refused)?;
        let labels = domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        });
        let literal = domain.starts_with('[') && domain.ends_with(']');
        if !(labels || literal) || domain.len() > 255 || localpart.len() > 255 {
            return Err(refused());
        }
        Ok(Address { localpart, domain: domain.to_lowercase() })
    }

    /// The local-part as it is compared when no exact match is found.
    pub fn localpart_key(&self) -> String {
        self.localpart.to_lowercase()
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", quoted(&self.localpart), self.domain)
    }
}

/// A mailbox as an administrator names it: `/users/anna/lists`, or `anna` for her INBOX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxPath {
    pub login: String,
    pub mailbox: MailboxName,
}

impl MailboxPath {
    /// Reads either form.
    pub fn parse(text: &str) -> Result<MailboxPath, Error> {
        let Some(rest) = text.strip_prefix("/users/") else {
            return Ok(MailboxPath { login: login(text)?.to_owned(), mailbox: MailboxName::inbox() });
        };
        let (user, name) = rest.split_once('/').unwrap_or((rest, "INBOX"));
        Ok(MailboxPath { login: login(user)?.to_owned(), mailbox: MailboxName::new(name)? })
    }
}

impl std::fmt::Display for MailboxPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/users/{}/{}", self.login, self.mailbox)
    }
}

/// A local-part without its quotes; None when it is none.
fn unquoted(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('"') {
        let inner = inner.strip_suffix('"')?;
        let mut out = String::new();
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.push(chars.next()?),
                '"' => return None,
                c if c.is_control() => return None,
                c => out.push(c),
            }
        }
        return (!out.is_empty()).then_some(out);
    }
    let atoms = text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    atoms.then(|| text.to_owned())
}

/// A local-part with quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext)) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// RFC 5322 §3.2.3, and RFC 6531 §3.3 for what is not ASCII.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control())
}

/// Longer logins would not fit IMAP clients' own limits.
const LOGIN_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_printed() {
        for (text, localpart, domain) in [
            ("Anna@Example.ORG", "Anna", "example.org"),
            ("\"a b\"@x.y", "a b", "x.y"),
            ("jürgen@müller.example", "jürgen", "müller.example"),
            ("a+b@[127.0.0.1]", "a+b", "[127.0.0.1]"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.localpart.as_str(), address.domain.as_str()), (localpart, domain));
            assert_eq!(Address::parse(&address.to_string()).unwrap(), address);
        }
        for bad in ["", "anna", "@x", "a@", "a b@x", "a@x..y", "a..b@x", "\"a@x", "a@x y"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_name_a_user_and_a_mailbox() {
        assert_eq!(MailboxPath::parse("anna").unwrap().to_string(), "/users/anna/INBOX");
        assert_eq!(MailboxPath::parse("/users/anna").unwrap().to_string(), "/users/anna/INBOX");
        assert_eq!(MailboxPath::parse("/users/anna/a/b").unwrap().to_string(), "/users/anna/a/b");
        assert!(MailboxPath::parse("/anna").is_err());
    }
}

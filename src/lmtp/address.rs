//! An address of an envelope, as RFC 5321 §2.3.11 has it.

use std::fmt;

/// A mailbox in the words of RFC 5321: who, and in which domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The local-part as it is meant: without quotes. Its case is kept (RFC 5321 §2.4).
    pub localpart: String,
    /// The domain in lower case, or an address literal in its brackets. Empty only for `<postmaster>`.
    pub domain: String,
}

impl Address {
    /// Lowers the domain, and takes the dot off its end.
    pub fn new(localpart: &str, domain: &str) -> Address {
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        Address { localpart: localpart.to_owned(), domain: domain.to_lowercase() }
    }

    /// Whether it needs SMTPUTF8 (RFC 6531).
    pub fn is_international(&self) -> bool {
        !self.localpart.is_ascii() || !self.domain.is_ascii()
    }

    /// The local-part in two at the first `separator`: who, and which mailbox is wished. None when there is no such
    /// separator, or nothing on one of its sides.
    pub fn subaddress(&self, separator: &str) -> Option<(&str, &str)> {
        if separator.is_empty() {
            return None;
        }
        self.localpart.split_once(separator).filter(|(who, detail)| !who.is_empty() && !detail.is_empty())
    }
}

/// Prints what [`grammar::mailbox`](super::grammar::mailbox) reads, with quotes where they are needed.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.localpart) {
            f.write_str(&self.localpart)?;
        } else {
            f.write_str("\"")?;
            for c in self.localpart.chars() {
                if c == '"' || c == '\\' {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
            f.write_str("\"")?;
        }
        if self.domain.is_empty() { Ok(()) } else { write!(f, "@{}", self.domain) }
    }
}

/// Whether a local-part can stand without quotes.
fn is_dot_string(localpart: &str) -> bool {
    !localpart.is_empty()
        && localpart.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(super::grammar::is_atext))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_printed_where_they_are_needed() {
        assert_eq!(Address::new("anna.b", "Example.ORG.").to_string(), "anna.b@example.org");
        assert_eq!(Address::new("a b\"c", "x").to_string(), "\"a b\\\"c\"@x");
        assert_eq!(Address::new("a..b", "x").to_string(), "\"a..b\"@x");
        assert_eq!(Address::new("postmaster", "").to_string(), "postmaster");
    }

    #[test]
    fn a_subaddress_has_two_sides() {
        let split = |localpart: &str| {
            let address = Address::new(localpart, "x");
            address.subaddress("+").map(|(who, detail)| (who.to_owned(), detail.to_owned()))
        };
        assert_eq!(split("anna+lists+rust"), Some(("anna".into(), "lists+rust".into())));
        assert_eq!(split("anna"), None);
        assert_eq!(split("+lists"), None);
        assert_eq!(split("anna+"), None);
        assert_eq!(Address::new("anna+x", "y").subaddress(""), None);
    }
}

//! An address of an envelope, of a user or of an alias, as RFC 5321 §2.3.11 has it, with the UTF-8 of RFC 6531 §3.3.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::limits;

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

    /// `local-part@domain` as an administrator writes it, in the form in which it is stored: normalized, the domain in
    /// U-labels. The local-part may be a quoted string (RFC 5321 §4.1.2).
    pub fn parse(text: &str) -> Option<Address> {
        let (localpart, domain) = text.trim().rsplit_once('@')?;
        let localpart: String = unquoted(localpart)?.nfc().collect();
        if localpart.len() > limits::ADDRESS_LOCALPART_BYTES_MAX {
            return None;
        }
        Some(Address { localpart, domain: parse_domain(domain)? })
    }

    /// The local-part as it is compared where no address is written exactly so.
    pub fn localpart_key(&self) -> String {
        localpart_key(&self.localpart)
    }

    /// The domain as it is compared: A-labels and U-labels of one name are the same (RFC 5891 §3.1).
    pub fn domain_key(&self) -> String {
        domain_key(&self.domain)
    }

    /// Whether both lead to the same place whatever the aliases are.
    pub fn is_same_as(&self, other: &Address) -> bool {
        self.localpart == other.localpart && self.domain_key() == other.domain_key()
    }

    /// Whether it needs SMTPUTF8 (RFC 6531).
    pub fn is_international(&self) -> bool {
        !self.localpart.is_ascii() || !self.domain.is_ascii()
    }

    /// The ways to part the local-part at one of the characters in `separators` into who, and which mailbox is
    /// wished; `anna+` wishes none. Who has the longest name comes first: `anna-maria+lists` is rather Anna-Maria than Anna.
    pub fn subaddresses(&self, separators: &str) -> Vec<(&str, &str)> {
        let parted = self.localpart.rmatch_indices(|c| separators.contains(c));
        let parted =
            parted.map(|(at, separator)| (&self.localpart[..at], &self.localpart[at + separator.len()..]));
        parted.filter(|(who, _)| !who.is_empty()).take(limits::SUBADDRESSES_MAX).collect()
    }
}

/// Prints what [`Address::parse`] and LMTP read, with quotes where they are needed.
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

/// A local-part as it is compared.
pub fn localpart_key(localpart: &str) -> String {
    if localpart.is_ascii() {
        return localpart.to_ascii_lowercase();
    }
    localpart.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// A domain as it is compared: in lower case and in U-labels. What is no domain of the DNS stays as it is.
pub fn domain_key(domain: &str) -> String {
    if domain.is_ascii() && !domain.contains("xn--") && !domain.contains("XN--") {
        return domain.to_ascii_lowercase();
    }
    match idna::domain_to_unicode(domain) {
        (key, Ok(())) => key,
        _ => domain.to_lowercase(),
    }
}

/// A domain as an administrator writes it, in lower case and U-labels; None when it is none. An address literal in
/// brackets is one, too.
pub fn parse_domain(text: &str) -> Option<String> {
    if text.len() > 2 && text.starts_with('[') && text.ends_with(']') {
        let inside = &text[1..text.len() - 1];
        let plain = inside.chars().all(|c| c.is_ascii_alphanumeric() || ".:-".contains(c));
        return plain.then(|| text.to_ascii_lowercase());
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    let (domain, Ok(())) = idna::domain_to_unicode(text) else { return None };
    let plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !domain.chars().all(plain) {
        return None;
    }
    let ascii = idna::domain_to_ascii(&domain).ok()?;
    // RFC 1035 §2.3.4.
    let labels = ascii.split('.').all(|label| !label.is_empty() && label.len() <= 63);
    (labels && ascii.len() <= 253).then_some(domain)
}

/// A local-part without its quotes; None when it is none.
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return is_dot_string(text).then(|| text.to_owned());
    };
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
    (!out.is_empty()).then_some(out)
}

/// Whether a local-part can stand without quotes.
fn is_dot_string(localpart: &str) -> bool {
    !localpart.is_empty()
        && !localpart.chars().any(char::is_control)
        && localpart.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// `atext` of RFC 5322 §3.2.3, and every octet of UTF-8 beyond ASCII (RFC 6531 §3.3).
pub fn is_atext(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c >= 0x80 || b"!#$%&'*+-/=?^_`{|}~".contains(&c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_are_printed_where_they_are_needed() {
        assert_eq!(Address::new("anna.b", "Example.ORG.").to_string(), "anna.b@example.org");
        assert_eq!(Address::new("a b\"c", "x").to_string(), "\"a b\\\"c\"@x");
        assert_eq!(Address::new("a..b", "x").to_string(), "\"a..b\"@x");
        assert_eq!(Address::new("postmaster", "").to_string(), "postmaster");
    }

    #[test]
    fn addresses_are_read_as_they_are_meant() {
        for (text, localpart, domain) in [
            ("Anna@Example.ORG", "Anna", "example.org"),
            ("\"a b\"@x.y", "a b", "x.y"),
            ("jürgen@müller.example", "jürgen", "müller.example"),
            ("ju\u{308}rgen@MU\u{308}LLER.example.", "jürgen", "müller.example"),
            ("a@xn--mller-kva.Example", "a", "müller.example"),
            ("a@_mail.example", "a", "_mail.example"),
            ("a+b@[127.0.0.1]", "a+b", "[127.0.0.1]"),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!((address.localpart.as_str(), address.domain.as_str()), (localpart, domain));
            assert_eq!(Address::parse(&address.to_string()), Some(address));
        }
        let long = format!("a@{}.example", "ü".repeat(60));
        for bad in [
            "",
            "anna",
            "@x",
            "a@",
            "a b@x",
            "a@x..y",
            "a..b@x",
            "\"a@x",
            "a@x y",
            "a@xn--a.example",
            "a@[]",
            &long,
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_labels_and_u_labels_are_the_same() {
        assert_eq!(domain_key("XN--MLLER-KVA.example"), "müller.example");
        assert_eq!(domain_key("MÜLLER.example"), "müller.example");
        assert_eq!(domain_key("[IPv6:::1]"), "[ipv6:::1]");
        assert_eq!(domain_key("xn--\u{0}"), "xn--\u{0}");
        let same = |one: &str, other: &str| Address::new("a", one).is_same_as(&Address::new("a", other));
        assert!(same("xn--mller-kva.example", "müller.example"));
        assert!(!same("muller.example", "müller.example"));
    }

    #[test]
    fn a_subaddress_has_two_sides() {
        let parted = |localpart: &str, separators: &str| {
            let address = Address::new(localpart, "x");
            let parted = address.subaddresses(separators);
            parted.iter().map(|(who, detail)| format!("{who} {detail}")).collect::<Vec<_>>()
        };
        assert_eq!(parted("anna+lists+rust", "+"), ["anna+lists rust", "anna lists+rust"]);
        assert_eq!(parted("anna-maria+lists", "+-"), ["anna-maria lists", "anna maria+lists"]);
        assert_eq!(parted("anna+", "+"), ["anna "]);
        for none in ["anna", "+lists"] {
            assert!(parted(none, "+").is_empty(), "{none}");
        }
        assert!(parted("anna+x", "").is_empty());
        assert_eq!(parted(&"a+".repeat(100), "+").len(), limits::SUBADDRESSES_MAX);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(localpart in "[ -~äß]{1,20}", domain in "[a-z0-9]{1,9}(\\.[a-zü]{1,5}){0,3}") {
            let address = Address { localpart, domain };
            prop_assert_eq!(Address::parse(&address.to_string()), Some(address));
        }

        #[test]
        fn keys_are_their_own_keys(text in "\\PC{0,30}") {
            prop_assert_eq!(localpart_key(&localpart_key(&text)), localpart_key(&text));
            if let Some(domain) = parse_domain(&text) {
                prop_assert_eq!(&domain_key(&domain), &domain);
                prop_assert_eq!(parse_domain(&domain), Some(domain));
            }
        }
    }
}

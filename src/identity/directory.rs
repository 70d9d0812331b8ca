//! What is asked of an LDAP directory, and what its answers mean.

/// A search filter (RFC 4515) in which the user stands for `%u`, or only the part before `@` for `%n` and the part
/// behind it for `%d`.
pub fn filter(template: &str, login: &str) -> String {
    fill(template, login, escape_filter)
}

/// The same for the name of an entry (RFC 4514).
pub fn distinguished_name(template: &str, login: &str) -> String {
    fill(template, login, escape_name)
}

/// A value inside a filter: RFC 4515 §3 wants these five escaped, so that nobody's login is a filter of its own.
pub fn escape_filter(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\0' => escaped.push_str("\\00"),
            '(' => escaped.push_str("\\28"),
            ')' => escaped.push_str("\\29"),
            '*' => escaped.push_str("\\2a"),
            '\\' => escaped.push_str("\\5c"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A value inside a distinguished name (RFC 4514 §2.4).
pub fn escape_name(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '\0' => escaped.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => escaped.extend(['\\', c]),
            '#' if at == 0 => escaped.push_str("\\#"),
            ' ' if at == 0 || at == last => escaped.push_str("\\ "),
            other => escaped.push(other),
        }
    }
    escaped
}

/// What the result code of a bind says about the password (RFC 4511 appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Right,
    /// The directory does not let this user in: a wrong password, no such entry, an account that is locked.
    Refused,
    /// Nothing was said about the password: the directory, or how we ask it, does not work now.
    Unknown,
}

/// The verdict of a bind with a user's name and password.
pub fn verdict(code: u32) -> Verdict {
    match code {
        SUCCESS => Verdict::Right,
        // constraintViolation is how several servers say that too many attempts have locked the entry.
        CONSTRAINT_VIOLATION
        | NO_SUCH_OBJECT
        | INVALID_DN_SYNTAX
        | INAPPROPRIATE_AUTHENTICATION
        | INVALID_CREDENTIALS
        | INSUFFICIENT_ACCESS_RIGHTS
        | UNWILLING_TO_PERFORM => Verdict::Refused,
        _ => Verdict::Unknown,
    }
}

/// An entry, as far as it concerns us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The login, as the directory writes it.
    pub login: Option<String>,
    pub addresses: Vec<String>,
    pub display_name: Option<String>,
}

/// `template` with what stands for percent signs put in, each value escaped.
fn fill(template: &str, login: &str, escape: impl Fn(&str) -> String) -> String {
    let (local, domain) = login.rsplit_once('@').unwrap_or((login, ""));
    let mut filled = String::with_capacity(template.len() + login.len());
    let mut rest = template.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            filled.push(c);
            continue;
        }
        match rest.next() {
            Some('u') => filled.push_str(&escape(login)),
            Some('n') => filled.push_str(&escape(local)),
            Some('d') => filled.push_str(&escape(domain)),
            Some('%') => filled.push('%'),
            Some(other) => filled.extend(['%', other]),
            None => filled.push('%'),
        }
    }
    filled
}

const SUCCESS: u32 = 0;
const CONSTRAINT_VIOLATION: u32 = 19;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_DN_SYNTAX: u32 = 34;
const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
const INVALID_CREDENTIALS: u32 = 49;
const INSUFFICIENT_ACCESS_RIGHTS: u32 = 50;
const UNWILLING_TO_PERFORM: u32 = 53;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_login_cannot_change_the_filter() {
        let template = "(&(uid=%u)(mail=%n@%d)(rate=5%%))";
        assert_eq!(
            filter(template, "anna@example.org"),
            "(&(uid=anna@example.org)(mail=anna@example.org)(rate=5%))"
        );
        assert_eq!(filter("(uid=%u)", "*)(uid=*"), "(uid=\\2a\\29\\28uid=\\2a)");
        assert_eq!(filter("(uid=%u)", "%u\\"), "(uid=%u\\5c)");
        assert_eq!(filter("(uid=%x%", "anna"), "(uid=%x%");
    }

    #[test]
    fn a_login_cannot_change_the_name() {
        let template = "uid=%u,dc=example,dc=org";
        assert_eq!(distinguished_name(template, "anna"), "uid=anna,dc=example,dc=org");
        assert_eq!(distinguished_name(template, "x,cn=admin"), "uid=x\\,cn=admin,dc=example,dc=org");
        // RFC 4514 §4.
        assert_eq!(escape_name("James \"Jim\" Smith, III"), "James \\\"Jim\\\" Smith\\, III");
        assert_eq!(escape_name("# a "), "\\# a\\ ");
    }

    #[test]
    fn only_what_the_directory_said_about_the_password_counts() {
        assert_eq!(verdict(0), Verdict::Right);
        assert_eq!(verdict(49), Verdict::Refused);
        for code in [1, 2, 8, 10, 13, 51, 52, 80, 91] {
            assert_eq!(verdict(code), Verdict::Unknown, "{code}");
        }
    }

    /// The opposite of escaping: hex pairs, or the character itself.
    fn unescape(escaped: &str) -> String {
        let mut octets = Vec::new();
        let mut rest = escaped.bytes().peekable();
        while let Some(octet) = rest.next() {
            if octet != b'\\' {
                octets.push(octet);
                continue;
            }
            let next = rest.next().unwrap();
            match char::from(next).to_digit(16) {
                Some(high) => {
                    let low = char::from(rest.next().unwrap()).to_digit(16).unwrap();
                    octets.push((high * 16 + low) as u8);
                }
                None => octets.push(next),
            }
        }
        String::from_utf8(octets).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_escaped_can_be_read_again(value in "[ -~\u{0}\u{e4}]{0,12}") {
            prop_assert_eq!(unescape(&escape_filter(&value)), value.clone());
            prop_assert_eq!(unescape(&escape_name(&value)), value.clone());
            let special = |c: char| "()*\0".contains(c);
            prop_assert!(!escape_filter(&value).contains(special));
        }
    }
}

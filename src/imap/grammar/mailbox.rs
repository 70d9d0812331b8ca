//! Names of mailboxes, and patterns for them.

use std::borrow::Cow;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::combinator::map;
use nom::error::context;

use super::Parsed;
use super::core::{astring, is_astring_char, string};
use super::fault::fail;
use crate::error::Error;
use crate::mailbox::MailboxName;
use crate::wire::utf7;

/// `mailbox = "INBOX" / astring`, in modified UTF-7 (RFC 3501 §5.1.3)
pub fn mailbox(input: &[u8]) -> Parsed<'_, MailboxName> {
    named(input, MailboxName::new)
}

/// The same for CREATE, which takes a separator at the end (RFC 3501 §6.3.3).
pub fn mailbox_to_create(input: &[u8]) -> Parsed<'_, MailboxName> {
    named(input, MailboxName::to_create)
}

/// A name that no mailbox can have is refused rather than called a syntax error.
fn named(input: &[u8], check: fn(&str) -> Result<MailboxName, Error>) -> Parsed<'_, MailboxName> {
    let (rest, octets) = context("a mailbox name", astring).parse(input)?;
    match check(&utf7::decode(&octets)) {
        Ok(name) => Ok((rest, name)),
        Err(error) => fail(input, error),
    }
}

/// The first argument of LIST: a mailbox name of which nothing is asked, since it need not be one.
pub fn reference(input: &[u8]) -> Parsed<'_, String> {
    let octets = context("a reference name", astring);
    map(octets, |octets| utf7::decode(&octets)).parse(input)
}

/// `list-mailbox = 1*list-char / string`, `list-char = ATOM-CHAR / list-wildcards / resp-specials`
pub fn list_mailbox(input: &[u8]) -> Parsed<'_, String> {
    let list_char = |octet| is_astring_char(octet) || octet == b'%' || octet == b'*';
    let octets = alt((map(take_while1(list_char), Cow::Borrowed), string));
    map(context("a mailbox pattern", octets), |octets: Cow<[u8]>| utf7::decode(&octets)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn names_are_decoded() {
        let read = |input: &str| complete(input.as_bytes(), mailbox).map(|name| name.to_string());
        assert_eq!(read("inbox").as_deref(), Ok("INBOX"));
        assert_eq!(read("\"Entw&APw-rfe\"").as_deref(), Ok("Entwürfe"));
        assert_eq!(read("Entwürfe").as_deref(), Ok("Entwürfe"));
        assert!(matches!(read("a//b"), Err(Error::No { .. })));
        assert!(matches!(read("a b"), Err(Error::Bad(_))));
        assert_eq!(complete(b"a/b/", mailbox_to_create).unwrap().as_str(), "a/b");
    }

    #[test]
    fn patterns_keep_their_wildcards() {
        assert_eq!(complete(b"a/%/*", list_mailbox).unwrap(), "a/%/*");
        assert_eq!(complete(b"\"\"", list_mailbox).unwrap(), "");
        assert_eq!(complete(b"\"Entw&APw-%\"", list_mailbox).unwrap(), "Entwü%");
        assert!(complete(b"a%", mailbox).is_err());
    }
}

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
use crate::error::{Code, Error};
use crate::imap::enabled::Enabled;
use crate::mailbox::MailboxName;
use crate::wire::utf7;

/// `mailbox = "INBOX" / astring`, in modified UTF-7 (RFC 3501 §5.1.3), or in UTF-8 when that is enabled
pub fn mailbox<'a>(enabled: Enabled) -> impl FnMut(&'a [u8]) -> Parsed<'a, MailboxName> {
    move |input| named(input, enabled, quirk_separator_at_the_end)
}

/// Thunderbird asks so for the children of a mailbox, and then for the mailbox itself, when it takes the server for one that
/// keeps a folder and its messages apart (Dovecot's tb-extra-mailbox-sep; 2026-11). CREATE alone may do that
/// (RFC 3501 §6.3.3).
fn quirk_separator_at_the_end(name: &str) -> Result<MailboxName, Error> {
    MailboxName::to_create(name)
}

/// The same for CREATE, which takes a separator at the end (RFC 3501 §6.3.3), and for the new name of RENAME: a name that is
/// not in modified UTF-7 gets no mailbox, though one may have it already (§5.1: 8-bit names, too).
pub fn mailbox_to_create<'a>(enabled: Enabled) -> impl FnMut(&'a [u8]) -> Parsed<'a, MailboxName> {
    move |input| {
        let (_, octets) = context("a mailbox name", quirk_bare_wildcards).parse(input)?;
        if !enabled.utf8_names() && !utf7::is_valid(&octets) {
            return fail(input, Error::no(Code::Cannot, "A new name has to be in modified UTF-7"));
        }
        named(input, enabled, MailboxName::to_create)
    }
}

/// A name that no mailbox can have is refused rather than called a syntax error.
fn named(
    input: &[u8],
    enabled: Enabled,
    check: fn(&str) -> Result<MailboxName, Error>,
) -> Parsed<'_, MailboxName> {
    let (rest, octets) = context("a mailbox name", quirk_bare_wildcards).parse(input)?;
    if std::str::from_utf8(&octets).is_err() {
        return fail(input, Error::no(Code::Cannot, "No mailbox has a name in that character set"));
    }
    match check(&decode(&octets, enabled)) {
        Ok(name) => Ok((rest, name)),
        Err(error) => fail(input, error),
    }
}

/// The first argument of LIST: a mailbox name of which nothing is asked, since it need not be one.
pub fn reference<'a>(enabled: Enabled) -> impl FnMut(&'a [u8]) -> Parsed<'a, String> {
    move |input| {
        let octets = context("a reference name", astring);
        map(octets, |octets| decode(&octets, enabled)).parse(input)
    }
}

/// `list-mailbox = 1*list-char / string`
pub fn list_mailbox<'a>(enabled: Enabled) -> impl FnMut(&'a [u8]) -> Parsed<'a, String> {
    move |input| {
        let octets = alt((map(take_while1(is_list_char), Cow::Borrowed), string));
        map(context("a mailbox pattern", octets), |octets: Cow<[u8]>| decode(&octets, enabled)).parse(input)
    }
}

/// `list-char = ATOM-CHAR / list-wildcards / resp-specials`
fn is_list_char(octet: u8) -> bool {
    is_astring_char(octet) || octet == b'%' || octet == b'*'
}

/// `astring`, and a bare `50%` as well: offlineimap 7.3 and all else that uses Python's imaplib or imaplib2 quote a name only
/// for the sake of other characters (2026-11). LIST is the only command in which it would be a pattern.
fn quirk_bare_wildcards(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    alt((map(take_while1(is_list_char), Cow::Borrowed), string)).parse(input)
}

/// What octets mean as a name. RFC 9051 §5.1: where names are in UTF-8, an ampersand is nothing but that.
fn decode(octets: &[u8], enabled: Enabled) -> String {
    match enabled.utf8_names() {
        true => String::from_utf8_lossy(octets).into_owned(),
        false => utf7::decode(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn names_are_decoded() {
        let read = |input: &str| {
            complete(input.as_bytes(), mailbox(Enabled::default())).map(|name| name.to_string())
        };
        assert_eq!(read("inbox").as_deref(), Ok("INBOX"));
        assert_eq!(read("\"Entw&APw-rfe\"").as_deref(), Ok("Entwürfe"));
        assert_eq!(read("Entwürfe").as_deref(), Ok("Entwürfe"));
        assert_eq!(read("Entw&APw-rfe/").as_deref(), Ok("Entwürfe"));
        assert!(matches!(read("a//b"), Err(Error::No { .. })));
        assert!(matches!(read("a b"), Err(Error::Bad(_))));
        assert!(matches!(complete(b"\"Entw\xfcrfe\"", mailbox(Enabled::default())), Err(Error::No { .. })));
        let create = |input: &str| complete(input.as_bytes(), mailbox_to_create(Enabled::default()));
        assert_eq!(create("a/b/").unwrap().as_str(), "a/b");
        assert_eq!(create("Entw&APw-rfe").unwrap().as_str(), "Entwürfe");
        for refused in ["\"Entwürfe\"", "R&D", "&AGE-", "Entw&APw"] {
            assert!(matches!(create(refused), Err(Error::No { code: Code::Cannot, .. })), "{refused}");
        }
        let enabled = Enabled { imap4rev2: true, ..Enabled::default() };
        assert_eq!(complete(b"R&D", mailbox_to_create(enabled)).unwrap().as_str(), "R&D");
    }

    #[test]
    fn patterns_keep_their_wildcards() {
        let read = |input: &str| complete(input.as_bytes(), list_mailbox(Enabled::default()));
        assert_eq!(read("a/%/*").unwrap(), "a/%/*");
        assert_eq!(read("\"\"").unwrap(), "");
        assert_eq!(read("\"Entw&APw-%\"").unwrap(), "Entwü%");
    }

    #[test]
    fn a_bare_wildcard_is_a_part_of_a_name() {
        let read = |input: &[u8]| complete(input, mailbox(Enabled::default())).map(|name| name.to_string());
        assert_eq!(read(b"50%").as_deref(), Ok("50%"));
        assert_eq!(read(b"\"50%\"").as_deref(), Ok("50%"));
        assert_eq!(read(b"a*b").as_deref(), Ok("a*b"));
        assert!(read(b"a%(").is_err());
    }

    #[test]
    fn names_in_utf8_are_what_they_say() {
        let enabled = Enabled { imap4rev2: true, ..Enabled::default() };
        let read = |input: &str| complete(input.as_bytes(), mailbox(enabled)).map(|name| name.to_string());
        assert_eq!(read("\"Entwürfe\"").as_deref(), Ok("Entwürfe"));
        assert_eq!(read("Entw&APw-rfe").as_deref(), Ok("Entw&APw-rfe"));
        assert_eq!(complete(b"\"R&-D%\"", list_mailbox(enabled)).unwrap(), "R&-D%");
    }
}

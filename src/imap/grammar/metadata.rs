//! Entries of METADATA and their values (RFC 5464 §5).

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, peek};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::preceded;

use super::Parsed;
use super::core::{astring, literal, nstring, parenthesized, sp};
use super::fault::fail;
use super::mailbox::mailbox;
use crate::error::Error;
use crate::imap::enabled::Enabled;
use crate::mailbox::{MailboxName, MetadataEntry};

/// `mailbox`, where the empty string stands for the server
pub fn mailbox_or_server<'a>(enabled: Enabled) -> impl FnMut(&'a [u8]) -> Parsed<'a, Option<MailboxName>> {
    move |input| match astring(input) {
        Ok((rest, name)) if name.is_empty() => Ok((rest, None)),
        _ => map(mailbox(enabled), Some).parse(input),
    }
}

/// `entry = astring`, whose value is set
pub fn entry(input: &[u8]) -> Parsed<'_, MetadataEntry> {
    named(input, MetadataEntry::new)
}

/// `entry = astring`, which is looked at, and may only have others below it
pub fn entry_to_look_at(input: &[u8]) -> Parsed<'_, MetadataEntry> {
    named(input, MetadataEntry::to_look_at)
}

fn named(input: &[u8], check: fn(&str) -> Result<MetadataEntry, Error>) -> Parsed<'_, MetadataEntry> {
    let (rest, name) = context("the name of an entry", astring).parse(input)?;
    // What is not in UTF-8 is not in ASCII either, and is refused.
    match check(&String::from_utf8_lossy(&name)) {
        Ok(entry) => Ok((rest, entry)),
        Err(error) => fail(input, error),
    }
}

/// `entries = entry / "(" entry *(SP entry) ")"`
///
/// RFC 5464 §4.4.1 shows several entries without parentheses, too.
pub fn entries(input: &[u8]) -> Parsed<'_, Vec<MetadataEntry>> {
    alt((preceded(peek(char('(')), parenthesized(entry_to_look_at)), separated_list1(sp, entry_to_look_at)))
        .parse(input)
}

/// `value = nstring / literal8`
pub fn metadata_value(input: &[u8]) -> Parsed<'_, Option<Vec<u8>>> {
    let owned = |value: Option<std::borrow::Cow<'_, [u8]>>| value.map(std::borrow::Cow::into_owned);
    context("a value", alt((map(literal8, |octets| Some(octets.to_vec())), map(nstring, owned)))).parse(input)
}

/// `literal8 = "~{" number ["+"] "}" CRLF *OCTET` (RFC 3516 §7)
fn literal8(input: &[u8]) -> Parsed<'_, &[u8]> {
    preceded(char('~'), literal).parse(input)
}

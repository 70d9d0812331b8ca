//! GETMETADATA (RFC 5464 §4.2): what is written down about a mailbox, or about the server.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{map, opt, peek, value};
use nom::error::context;
use nom::sequence::{preceded, terminated};

use crate::db::{self, MetadataPlace, MetadataValue, MetadataWanted};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{number, parenthesized, sp, word};
use crate::imap::grammar::metadata::{entries, mailbox_or_server};
use crate::imap::response;
use crate::mailbox::{Depth, MailboxName, MetadataEntry};

/// Which entries of which mailbox; without a name, of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetMetadata {
    pub name: Option<MailboxName>,
    pub options: Options,
    pub entries: Vec<MetadataEntry>,
}

/// What follows from the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    pub maxsize: Option<u32>,
    pub depth: Depth,
}

/// `getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries`, from the first space on
///
/// All examples of RFC 5464 have the options behind the mailbox, where clients send them.
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, GetMetadata> {
    let (rest, before) = opt(preceded(sp, getmetadata_options)).parse(input)?;
    let (rest, name) = preceded(sp, mailbox_or_server(enabled)).parse(rest)?;
    // A list that no entries follow is the list of entries.
    let behind = terminated(preceded(sp, getmetadata_options), peek(sp));
    let (rest, behind) = if before.is_none() { opt(behind).parse(rest)? } else { (rest, None) };
    let (rest, entries) = preceded(sp, entries).parse(rest)?;
    let options = before.or(behind).unwrap_or_default();
    Ok((rest, GetMetadata { name, options, entries }))
}

/// `getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"`
fn getmetadata_options(input: &[u8]) -> Parsed<'_, Options> {
    map(parenthesized(getmetadata_option), |options| {
        let mut all = Options::default();
        options.into_iter().for_each(|set| match set {
            Set::MaxSize(octets) => all.maxsize = Some(octets),
            Set::Depth(depth) => all.depth = depth,
        });
        all
    })
    .parse(input)
}

/// One option.
#[derive(Clone, Copy)]
enum Set {
    MaxSize(u32),
    Depth(Depth),
}

/// `maxsize-opt = "MAXSIZE" SP number`, `scope-opt = "DEPTH" SP ("0" / "1" / "infinity")`
fn getmetadata_option(input: &[u8]) -> Parsed<'_, Set> {
    let depth = alt((
        value(Depth::Zero, word("0")),
        value(Depth::One, word("1")),
        value(Depth::Infinity, word("infinity")),
    ));
    context(
        "MAXSIZE or DEPTH",
        alt((
            map(preceded((word("MAXSIZE"), sp), number), Set::MaxSize),
            map(preceded((word("DEPTH"), sp), depth), Set::Depth),
        )),
    )
    .parse(input)
}

impl GetMetadata {
    /// Reads the entries.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let GetMetadata { name, options, entries } = self;
        let place = MetadataPlace::By(user.viewer(), name.clone());
        let octets_max = options.maxsize.unwrap_or(u32::MAX);
        let wanted = MetadataWanted { entries: entries.clone(), depth: options.depth, octets_max };
        let enabled = user.enabled;
        Plan::run(db::GetMetadata { place, wanted }, move |found, _| {
            let found = match found {
                Ok(found) => found,
                Err(error) => return Plan::Done(Answer::failed(&tag, error)),
            };
            let mut untagged = Vec::new();
            let asked = if options.depth == Depth::Zero { &entries[..] } else { &[] };
            write(&mut untagged, name.as_ref(), asked, &found, enabled);
            // RFC 5464 §4.2.1: "the size of the biggest entry value requested by the client that exceeded the MAXSIZE
            // limit".
            let longest = found.iter().filter(|value| value.value.is_none()).map(|value| value.octets).max();
            let code = longest.map(|octets| format!("METADATA LONGENTRIES {octets}"));
            let answer = Answer::ok_code(&tag, code.as_deref(), "GETMETADATA completed");
            Plan::Done(answer.with_untagged(untagged))
        })
    }
}

/// `metadata-resp = "METADATA" SP mailbox SP entry-values`, as a line of its own; nothing if there is nothing to say. Those
/// of `asked` that have no value are NIL.
pub(super) fn write(
    out: &mut Vec<u8>,
    name: Option<&MailboxName>,
    asked: &[MetadataEntry],
    found: &[MetadataValue],
    enabled: Enabled,
) {
    let is_missing = |entry: &&MetadataEntry| found.iter().all(|value| value.entry != entry.as_str());
    let missing = asked.iter().filter(is_missing).map(|entry| (entry.as_str(), None));
    let there = found.iter().filter_map(|value| Some((value.entry.as_str(), Some(value.value.as_deref()?))));
    let mut values: Vec<(&str, Option<&[u8]>)> = there.chain(missing).collect();
    values.sort();
    values.dedup();
    if values.is_empty() {
        return;
    }
    begin(out, name.map(MailboxName::as_str), enabled);
    out.push(b'(');
    for (at, (entry, value)) in values.into_iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"" } else { b" " });
        response::astring(out, entry.as_bytes());
        out.push(b' ');
        metadata_value(out, value);
    }
    out.extend_from_slice(b")\r\n");
}

/// `metadata-resp = "METADATA" SP mailbox SP entry-list`: these entries have changed (RFC 5464 §4.4.2).
pub fn write_changed<'a>(
    out: &mut Vec<u8>,
    name: Option<&str>,
    entries: impl IntoIterator<Item = &'a str>,
    enabled: Enabled,
) {
    begin(out, name, enabled);
    for (at, entry) in entries.into_iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"" } else { b" " });
        response::astring(out, entry.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

fn begin(out: &mut Vec<u8>, name: Option<&str>, enabled: Enabled) {
    out.extend_from_slice(b"* METADATA ");
    response::mailbox(out, name.unwrap_or_default(), enabled);
    out.push(b' ');
}

/// `value = nstring / literal8`
fn metadata_value(out: &mut Vec<u8>, value: Option<&[u8]>) {
    // No other string holds a NUL.
    if value.is_some_and(|octets| octets.contains(&0)) {
        out.push(b'~');
    }
    response::nstring(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;
    use crate::imap::grammar::metadata::{entry, metadata_value as read_value};
    use nom::sequence::separated_pair;
    use proptest::prelude::*;

    fn read(input: &str) -> Result<GetMetadata, crate::error::Error> {
        complete(input.as_bytes(), |input| parse(input, Enabled::default()))
    }

    #[test]
    fn options_are_read_on_either_side_of_the_mailbox() {
        let expected = read(" (MAXSIZE 1024 depth INFINITY) INBOX /shared/comment").unwrap();
        assert_eq!(expected.options, Options { maxsize: Some(1024), depth: Depth::Infinity });
        assert_eq!(read(" inbox (MAXSIZE 1024 DEPTH infinity) (/Shared/Comment)"), Ok(expected));
        let server = read(" \"\" (/shared/comment /shared/admin)").unwrap();
        assert_eq!((server.name, server.entries.len()), (None, 2));
        assert_eq!(read(" \"INBOX\" /private/comment /shared/comment").unwrap().entries.len(), 2);
        assert_eq!(read(" {0}\r\n /private").unwrap().name, None);
        for wrong in [
            " INBOX",
            " INBOX ()",
            " INBOX (DEPTH 2) /shared/a",
            " INBOX (DEPTH 1)",
            " INBOX /shared//a",
            " INBOX (X 1) /shared/a",
            " INBOX (MAXSIZE) /shared/a",
            " INBOX comment",
            " (DEPTH 1) (DEPTH 1) a /b",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_has_no_value_is_nil_where_it_was_named() {
        let asked = ["/shared/b", "/shared/a", "/shared/a"].map(|name| MetadataEntry::new(name).unwrap());
        let found = MetadataValue { entry: "/shared/b".into(), octets: 1, value: Some(b"x".to_vec()) };
        let long = MetadataValue { entry: "/shared/c".into(), octets: 9, value: None };
        let mut out = Vec::new();
        write(&mut out, None, &asked, &[found, long.clone()], Enabled::default());
        assert_eq!(String::from_utf8(out).unwrap(), "* METADATA \"\" (/shared/a NIL /shared/b \"x\")\r\n");
        let mut out = Vec::new();
        write(&mut out, None, &[], &[long], Enabled::default());
        assert!(out.is_empty());
        let name = MailboxName::new("a b").unwrap();
        write_changed(&mut out, Some(name.as_str()), ["/shared/b", "/shared/x y"], Enabled::default());
        assert_eq!(String::from_utf8(out).unwrap(), "* METADATA \"a b\" /shared/b \"/shared/x y\"\r\n");
    }

    proptest! {
        #[test]
        fn a_value_is_read_as_it_is_printed(octets in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40))) {
            let mut out = b"/shared/a ".to_vec();
            metadata_value(&mut out, octets.as_deref());
            let (_, (_, read)) = separated_pair(entry, sp, read_value).parse(&out).unwrap();
            prop_assert_eq!(read, octets);
        }
    }
}

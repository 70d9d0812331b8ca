//! Annotations: entries, attributes and values (RFC 5257 §5).

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, peek};
use nom::error::context;
use nom::sequence::{delimited, preceded, separated_pair};

use super::Parsed;
use super::core::{astring, parenthesized, sp, word};
use super::fault::fail;
use super::metadata::metadata_value;
use crate::error::Error;
use crate::imap::command::fetch::AnnotationItem;
use crate::mailbox::{Annotating, AnnotationEntry, Attribute, Scope};
use crate::search::grammar::entry_match;

/// `att-annotate = "ANNOTATION" SP "(" entry-att *(SP entry-att) ")"`
pub fn att_annotate(input: &[u8]) -> Parsed<'_, Vec<Annotating>> {
    let list = preceded((word("ANNOTATION"), sp), parenthesized(entry_att));
    map(list, |entries| entries.into_iter().flatten().collect()).parse(input)
}

/// `entry-att = entry SP "(" att-value *(SP att-value) ")"`, `att-value = attrib SP value`
///
/// RFC 5257 §3.2.2: a client "MUST specify either a ".priv" or ".shared" suffix when storing", and sizes are not stored.
fn entry_att(input: &[u8]) -> Parsed<'_, Vec<Annotating>> {
    let (rest, entry) = entry(input)?;
    let att_value = |input| separated_pair(scoped_value, sp, metadata_value).parse(input);
    let (rest, values) = preceded(sp, parenthesized(att_value)).parse(rest)?;
    let mut annotating = Vec::new();
    for (scope, value) in values {
        if let Err(error) = entry.check_value(value.as_deref()) {
            return fail(input, error);
        }
        annotating.push(Annotating { entry: entry.clone(), scope, value });
    }
    Ok((rest, annotating))
}

/// `entry = astring`
pub fn entry(input: &[u8]) -> Parsed<'_, AnnotationEntry> {
    let (rest, name) = context("the name of an entry", astring).parse(input)?;
    match AnnotationEntry::new(&String::from_utf8_lossy(&name)) {
        Ok(entry) => Ok((rest, entry)),
        Err(error) => fail(input, error),
    }
}

/// `att-sort = "value.priv" / "value.shared"`, and the attributes that can be stored
pub fn scoped_value(input: &[u8]) -> Parsed<'_, Scope> {
    let (rest, (attribute, scope)) = attrib(input)?;
    match (attribute, scope) {
        (Attribute::Value, Some(scope)) => Ok((rest, scope)),
        _ => fail(input, Error::bad("this is for value.priv and value.shared only")),
    }
}

/// `attrib = astring`, of which there are value and size, with a suffix or for both; RFC 5257 §3.2 has them case-sensitive
fn attrib(input: &[u8]) -> Parsed<'_, (Attribute, Option<Scope>)> {
    let (rest, name) = context("an attribute", astring).parse(input)?;
    let known = match &name[..] {
        b"value" => (Attribute::Value, None),
        b"value.priv" => (Attribute::Value, Some(Scope::Private)),
        b"value.shared" => (Attribute::Value, Some(Scope::Shared)),
        b"size" => (Attribute::Size, None),
        b"size.priv" => (Attribute::Size, Some(Scope::Private)),
        b"size.shared" => (Attribute::Size, Some(Scope::Shared)),
        _ => return fail(input, Error::bad("there is no such attribute")),
    };
    Ok((rest, known))
}

/// `fetch-att =/ "ANNOTATION" SP "(" entries SP attribs ")"`
pub fn fetch_annotation(input: &[u8]) -> Parsed<'_, AnnotationItem> {
    let list = |input| peek(char::<&[u8], super::Fault>('(')).parse(input);
    let entries = alt((preceded(list, parenthesized(entry_match)), map(entry_match, |one| vec![one])));
    let attribs = alt((preceded(list, parenthesized(attrib)), map(attrib, |one| vec![one])));
    let both = delimited(char('('), separated_pair(entries, sp, attribs), char(')'));
    map(preceded((word("ANNOTATION"), sp), both), |(entries, attributes)| AnnotationItem {
        entries,
        attributes,
    })
    .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn values_are_stored_with_whose_they_are() {
        let read = |input: &str| complete(input.as_bytes(), att_annotate);
        let all = read(
            "ANNOTATION (/comment (value.priv \"a\" value.shared NIL) /1/flags/seen (value.shared \"1\"))",
        );
        let all = all.unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].scope, all[0].value.as_deref()), (Scope::Private, Some(&b"a"[..])));
        assert_eq!((all[1].scope, all[1].value.as_deref()), (Scope::Shared, None));
        assert!(read("annotation (/a (value.priv ~{2}\r\n\0a))").is_ok());
        for wrong in [
            "ANNOTATION ()",
            "ANNOTATION (/comment)",
            "ANNOTATION (/comment (value \"a\"))",
            "ANNOTATION (/comment (size.priv \"1\"))",
            "ANNOTATION (/c* (value.priv \"a\"))",
            "ANNOTATION (/1/flags/seen (value.priv \"yes\"))",
            "ANNOTATION (/0/comment (value.priv \"a\"))",
            "ANNOTATION (/comment (VALUE.priv \"a\"))",
            "ANNOTATION (/flags/x (value.priv \"a\"))",
        ] {
            assert!(matches!(read(wrong), Err(Error::Bad(_))), "{wrong}");
        }
    }

    #[test]
    fn entries_and_attributes_come_alone_or_in_lists() {
        let read = |input: &str| complete(input.as_bytes(), fetch_annotation);
        let item = read("ANNOTATION (/comment value)").unwrap();
        assert_eq!((item.entries.len(), item.attributes), (1, vec![(Attribute::Value, None)]));
        let item = read("ANNOTATION ((/comment /%) (value.priv size))").unwrap();
        assert_eq!((item.entries.len(), item.attributes.len()), (2, 2));
        assert!(read("ANNOTATION (\"/*\" value)").is_ok());
        for wrong in
            ["ANNOTATION", "ANNOTATION (/comment)", "ANNOTATION (/comment x)", "ANNOTATION (comment value)"]
        {
            assert!(matches!(read(wrong), Err(Error::Bad(_))), "{wrong}");
        }
        assert!(complete(b"value", scoped_value).is_err());
    }
}

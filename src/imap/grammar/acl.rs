//! Identifiers and rights (RFC 4314 §7).

use nom::Parser;
use nom::combinator::map;
use nom::error::context;

use super::Parsed;
use super::core::astring;
use super::fault::fail;
use crate::error::Error;
use crate::policy::{Modification, Subject};

/// `identifier = astring`
pub fn identifier(input: &[u8]) -> Parsed<'_, Subject> {
    map(as_written, |(subject, _)| subject).parse(input)
}

/// The same with the octets that the client sent.
pub fn as_written(input: &[u8]) -> Parsed<'_, (Subject, Vec<u8>)> {
    let (rest, octets) = context("an identifier", astring).parse(input)?;
    match text(&octets).and_then(Subject::parse) {
        Ok(subject) => Ok((rest, (subject, octets.into_owned()))),
        Err(error) => fail(input, error),
    }
}

/// `mod-rights = astring`
pub fn mod_rights(input: &[u8]) -> Parsed<'_, Modification> {
    let (rest, octets) = context("rights", astring).parse(input)?;
    match text(&octets).and_then(Modification::parse) {
        Ok(modification) => Ok((rest, modification)),
        Err(error) => fail(input, error),
    }
}

fn text(octets: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(octets).map_err(|_| Error::bad("this is not UTF-8"))
}

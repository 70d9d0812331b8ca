//! COMPRESS (RFC 4978): what is said from now on is compressed, in both directions.

use nom::Parser;
use nom::sequence::preceded;

use crate::error::Error;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{sp, word};
use crate::imap::response;

/// Why compression does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// This server does not offer it.
    NotOffered,
    /// It has begun before.
    Active,
}

/// `compress = "COMPRESS" SP algorithm`, from the first space on; `algorithm = "DEFLATE"`
pub fn parse(input: &[u8]) -> Parsed<'_, ()> {
    preceded(sp, word("DEFLATE")).parse(input)
}

/// Whether compression can begin: it is `offered`, and not `active` yet.
pub fn check(offered: bool, active: bool) -> Result<(), Refused> {
    match (offered, active) {
        (_, true) => Err(Refused::Active),
        (false, _) => Err(Refused::NotOffered),
        (true, false) => Ok(()),
    }
}

impl Refused {
    /// Says so.
    pub fn respond(self, tag: &str) -> Vec<u8> {
        match self {
            Refused::NotOffered => response::failure(tag, &Error::bad("compression is not offered here")),
            Refused::Active => response::compression_active(tag),
        }
    }
}

/// The last words as they are.
pub fn respond(tag: &str) -> Vec<u8> {
    response::ok(tag, None, "DEFLATE begins now")
}

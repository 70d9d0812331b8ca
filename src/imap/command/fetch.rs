//! FETCH and UID FETCH (RFC 3501 §6.4.5): data of messages.

mod large;
mod plan;
mod respond;

use std::fmt;

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::fetch::fetch_atts;
use crate::imap::grammar::set::sequence_set;
use crate::mailbox::uid_set::SequenceSet;
use crate::message::section::{Section, SectionText};

/// What a client wants to have of which messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Sequence numbers, or uids in UID FETCH.
    pub set: SequenceSet,
    /// The items in the client's order; macros are written out. Never empty.
    pub items: Vec<Item>,
}

/// One thing to fetch. Displays as its name in the response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item {
    Flags,
    Uid,
    InternalDate,
    /// RFC822.SIZE
    Size,
    Envelope,
    /// BODY without a section: the structure without extension data.
    Body,
    BodyStructure,
    /// Octets of the message.
    Section(SectionItem),
}

/// A piece of the message itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SectionItem {
    pub section: Section,
    /// Does not set \Seen.
    pub peek: bool,
    pub partial: Option<Partial>,
    /// How the client named it, and so how it is answered.
    pub spelling: Spelling,
}

/// `<origin.length>`: at most `length` octets, from `origin` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partial {
    pub origin: u64,
    pub length: u64,
}

/// The two names that some sections have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// `BODY[...]`
    Body,
    /// `RFC822`, `RFC822.HEADER`, `RFC822.TEXT`
    Rfc822,
}

/// `fetch = "FETCH" SP sequence-set SP (...)`, from the space after the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Fetch> {
    let arguments = (preceded(sp, sequence_set), preceded(sp, fetch_atts));
    map(arguments, |(set, items)| Fetch { set, items }).parse(input)
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Item::Flags => "FLAGS",
            Item::Uid => "UID",
            Item::InternalDate => "INTERNALDATE",
            Item::Size => "RFC822.SIZE",
            Item::Envelope => "ENVELOPE",
            Item::Body => "BODY",
            Item::BodyStructure => "BODYSTRUCTURE",
            Item::Section(section) => return section.fmt(f),
        })
    }
}

/// `"BODY" section ["<" number ">"]` as msg-att-static has it, or the older name.
impl fmt::Display for SectionItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.spelling, &self.section.text) {
            (Spelling::Rfc822, Some(SectionText::Header)) => return f.write_str("RFC822.HEADER"),
            (Spelling::Rfc822, Some(SectionText::Text)) => return f.write_str("RFC822.TEXT"),
            (Spelling::Rfc822, _) => return f.write_str("RFC822"),
            (Spelling::Body, _) => write!(f, "BODY[{}]", self.section)?,
        }
        match self.partial {
            Some(partial) => write!(f, "<{}>", partial.origin),
            None => Ok(()),
        }
    }
}

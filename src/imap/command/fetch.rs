//! FETCH and UID FETCH (RFC 3501 §6.4.5): data of messages.

pub(in crate::imap) mod annotation;
mod binary;
mod large;
mod plan;
mod respond;

pub(in crate::imap) use binary::{Pieces, check_encoding, part_content, pieces};
pub(in crate::imap) use plan::tell_new;
pub(in crate::imap) use respond::{
    begin_response, literal_length, modseq as write_modseq, part_of, section_octets,
};

use std::fmt;

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::fetch::{FetchModifiers, fetch_atts, fetch_modifiers};
use crate::imap::grammar::returns::PartialRange;
use crate::imap::grammar::set::sequence_set;
use crate::mailbox::uid_set::SequenceSet;
use crate::mailbox::{Attribute, EntryMatch, ModSeq, Scope};
use crate::message::section::{Section, SectionText};

/// What a client wants to have of which messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Sequence numbers, or uids in UID FETCH.
    pub set: SequenceSet,
    /// The items in the client's order; macros are written out. Never empty.
    pub items: Vec<Item>,
    /// Only messages that have changed after this (RFC 7162 §3.1.4.1).
    pub changed_since: Option<ModSeq>,
    /// Which of the set have gone after that is to be told, too (RFC 7162 §3.2.6).
    pub vanished: bool,
    /// Only the messages at these places of the set (RFC 9394 §3.3).
    pub partial: Option<PartialRange>,
}

/// One thing to fetch. Displays as its name in the response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item {
    Flags,
    Uid,
    InternalDate,
    /// RFC822.SIZE
    Size,
    /// When the message changed last (RFC 7162 §3.1.4.2).
    ModSeq,
    Envelope,
    /// BODY without a section: the structure without extension data.
    Body,
    BodyStructure,
    /// Octets of the message.
    Section(SectionItem),
    /// The decoded content of a part (RFC 3516).
    Binary(BinaryItem),
    /// How many octets that has; the number of the part.
    BinarySize(Vec<u32>),
    /// What the message is called, wherever it is (RFC 8474).
    EmailId,
    /// What its conversation is called.
    ThreadId,
    /// When it came into this mailbox (RFC 8514).
    SaveDate,
    /// What the message begins with, for a list of messages (RFC 8970).
    Preview,
    /// Its annotations (RFC 5257).
    Annotation(AnnotationItem),
}

/// Attributes of entries of annotations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnnotationItem {
    pub entries: Vec<EntryMatch>,
    /// Each for one scope, or for both.
    pub attributes: Vec<(Attribute, Option<Scope>)>,
}

/// The decoded content of a part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BinaryItem {
    /// Its number; empty for the whole message.
    pub part: Vec<u32>,
    /// Does not set \Seen.
    pub peek: bool,
    /// Counted in what is decoded.
    pub partial: Option<Partial>,
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

/// `fetch = "FETCH" SP sequence-set SP (...) [fetch-modifiers]`, from the space after the word on (RFC 4466 §6).
pub fn parse(input: &[u8]) -> Parsed<'_, Fetch> {
    let arguments = (preceded(sp, sequence_set), preceded(sp, fetch_atts), fetch_modifiers);
    let fetch = |(set, items, modifiers)| {
        let FetchModifiers { changed_since, vanished, partial } = modifiers;
        Fetch { set, items, changed_since, vanished, partial }
    };
    map(arguments, fetch).parse(input)
}

impl Fetch {
    /// Whether a client that says this is to be told of mod-sequences from now on (RFC 7162 §3.1).
    pub fn enables_condstore(&self) -> bool {
        self.changed_since.is_some() || self.items.contains(&Item::ModSeq)
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Item::Flags => "FLAGS",
            Item::Uid => "UID",
            Item::InternalDate => "INTERNALDATE",
            Item::Size => "RFC822.SIZE",
            Item::ModSeq => "MODSEQ",
            Item::Envelope => "ENVELOPE",
            Item::Body => "BODY",
            Item::BodyStructure => "BODYSTRUCTURE",
            Item::Section(section) => return section.fmt(f),
            Item::Binary(binary) => return binary.fmt(f),
            Item::BinarySize(part) => return write!(f, "BINARY.SIZE[{}]", numbers(part)),
            Item::Preview => "PREVIEW",
            Item::EmailId => "EMAILID",
            Item::ThreadId => "THREADID",
            Item::SaveDate => "SAVEDATE",
            Item::Annotation(_) => "ANNOTATION",
        })
    }
}

/// `"BINARY" section-binary ["<" number ">"]` (RFC 3516 §7)
impl fmt::Display for BinaryItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BINARY[{}]", numbers(&self.part))?;
        match self.partial {
            Some(partial) => write!(f, "<{}>", partial.origin),
            None => Ok(()),
        }
    }
}

fn numbers(part: &[u32]) -> String {
    Section { part: part.to_vec(), text: None }.to_string()
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

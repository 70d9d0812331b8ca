//! CATENATE (RFC 4469): a message that is put together of what the client sends, and of what is here already.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::map;
use nom::sequence::preceded;

use super::message::{Data, literal8, place_of_literal, utf8_literal};
use crate::db;
use crate::error::{Code, Error};
use crate::imap::command::fetch::{SectionItem, Spelling, section_octets};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{astring, parenthesized, sp, word};
use crate::imap::grammar::url::{self, MessageUrl};
use crate::mailbox::MailboxName;
use crate::plan::Plan;
use crate::policy::Viewer;

/// A part of a message, as the command has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// It is in the command.
    Text(Data),
    /// It is what a URL leads to.
    Url(String),
}

/// `"CATENATE" SP "(" cat-part *(SP cat-part) ")"` (RFC 4469 §5)
pub fn catenate(input: &[u8], enabled: Enabled) -> Parsed<'_, Vec<Part>> {
    let part = move |input| cat_part(input, enabled);
    preceded((word("CATENATE"), sp), parenthesized(part)).parse(input)
}

/// `cat-part = text-literal / url`, `text-literal = "TEXT" SP literal`, `url = "URL" SP astring`,
/// `cat-part =/ utf8-literal` (RFC 6855 §4); a literal8 too, as wherever a message may come (RFC 3516 §4.4)
fn cat_part(input: &[u8], enabled: Enabled) -> Parsed<'_, Part> {
    let text = preceded((word("TEXT"), sp), alt((literal8, place_of_literal)));
    let url = preceded((word("URL"), sp), astring);
    let url = map(url, |url| Part::Url(String::from_utf8_lossy(&url).into_owned()));
    let utf8 = move |input| utf8_literal(input, enabled);
    alt((map(text, Part::Text), url, map(utf8, Part::Text))).parse(input)
}

/// A part with its octets, or with where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Octets(Vec<u8>),
    /// The URL as the client wrote it, and what it means, if anything.
    Url(String, Option<MessageUrl>),
}

impl Piece {
    /// What a URL leads to in this session; `open` is the mailbox that is open.
    pub fn of_url(url: String, open: Option<&MailboxName>) -> Piece {
        let meant = url::relative(url.as_bytes()).ok();
        let meant =
            meant.map(|meant| MessageUrl { mailbox: meant.mailbox.or_else(|| open.cloned()), ..meant });
        Piece::Url(url, meant)
    }
}

/// What comes of reading all that URLs lead to.
type Then<C, A> = Box<dyn FnOnce(Result<Vec<Vec<Piece>>, Error>, &mut C) -> Plan<C, A> + Send>;

/// Reads what the URLs of some messages lead to, one after the other, so that each message has its octets. None may have
/// more than `octets_max`.
pub fn read<C: 'static, A: 'static>(
    mut messages: Vec<Vec<Piece>>,
    viewer: Viewer,
    octets_max: u64,
    then: Then<C, A>,
    context: &mut C,
) -> Plan<C, A> {
    let is_url = |piece: &Piece| matches!(piece, Piece::Url(..));
    let next = messages.iter().enumerate().find_map(|(message, pieces)| {
        let size: u64 = pieces.iter().map(Piece::octets).sum();
        let too_large = size > octets_max && pieces.len() > 1;
        let next = pieces.iter().position(is_url);
        (too_large || next.is_some()).then_some((message, next.filter(|_| !too_large)))
    });
    let (message, piece) = match next {
        None => return then(Ok(messages), context),
        // RFC 4469 §4.2
        Some((_, None)) => return then(Err(too_big(octets_max)), context),
        Some((message, Some(piece))) => (message, piece),
    };
    let Piece::Url(url, meant) = messages[message][piece].clone() else {
        unreachable!("a URL was looked for")
    };
    let bad = move || Error::no(Code::BadUrl, url);
    let Some((meant, mailbox)) = meant.and_then(|meant| Some((meant.clone(), meant.mailbox?))) else {
        return then(Err(bad()), context);
    };
    let MessageUrl { uidvalidity, uid, section, partial, .. } = meant;
    let read_one = db::ReadReferenced {
        viewer,
        mailbox,
        uidvalidity,
        uid,
        section: section.clone(),
        structure: false,
        in_pieces: false,
    };
    Plan::run(read_one, move |found, context: &mut C| {
        let wanted = SectionItem { section, peek: true, partial, spelling: Spelling::Body };
        let octets = found.map_err(Error::from).and_then(|found| match &found {
            // It becomes a part of one message, which is in memory.
            Some(db::Referenced::Whole(stored)) => {
                section_octets(&wanted, stored)?.map(|octets| octets.into_owned()).ok_or_else(bad)
            }
            Some(db::Referenced::Large(..)) | None => Err(bad()),
        });
        match octets {
            Ok(octets) => {
                messages[message][piece] = Piece::Octets(octets);
                read(messages, viewer, octets_max, then, context)
            }
            Err(error) => then(Err(error), context),
        }
    })
}

impl Piece {
    /// How many octets are here.
    fn octets(&self) -> u64 {
        match self {
            Piece::Octets(octets) => octets.len() as u64,
            Piece::Url(..) => 0,
        }
    }
}

fn too_big(octets_max: u64) -> Error {
    Error::no(Code::TooBig, format!("a message may have {octets_max} octets"))
}

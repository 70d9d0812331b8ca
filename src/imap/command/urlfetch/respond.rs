//! What URLFETCH prints (RFC 4467 §8, RFC 5524 §3.2).

use super::{Content, Items, Wanted};
use crate::db::FetchedMessage;
use crate::error::{Code, Error};
use crate::imap::command::fetch::{
    BinaryItem, SectionItem, Spelling, literal_length, part_content, section_octets,
};
use crate::imap::grammar::url::MessageUrl;
use crate::imap::response;
use crate::message::structure_part::structure_of_part;

/// `urlfetch-data = "*" SP "URLFETCH" 1*(SP url-full SP nstring)`, or with metadata
pub(super) fn respond(wanted: &Wanted, url: &MessageUrl, stored: &FetchedMessage) -> Result<Vec<u8>, Error> {
    let section = SectionItem {
        section: url.section.clone(),
        peek: true,
        partial: url.partial,
        spelling: Spelling::Body,
    };
    let Some(octets) = section_octets(&section, stored)? else { return Ok(nothing(wanted)) };
    let mut out = begin(wanted);
    let Some(items) = wanted.items else {
        out.push(b' ');
        response::string(&mut out, &octets);
        out.extend_from_slice(b"\r\n");
        return Ok(out);
    };
    // Headers and the like have no encoding.
    let is_part = url.section.text.is_none();
    let binary = match items.content {
        Some(Content::Binary) if is_part => {
            let part = BinaryItem { part: url.section.part.clone(), peek: true, partial: url.partial };
            match part_content(&part, stored) {
                // RFC 5524 §3.2: NIL, and the structure as it is.
                Err(Error::No { code: Code::UnknownCte, .. }) => None,
                content => content?.map(|content| content.into_owned()),
            }
        }
        Some(Content::Binary) => Some(octets.to_vec()),
        _ => None,
    };
    if items.structure {
        let part = if is_part { Some(&url.section.part[..]) } else { None };
        let structure =
            part.and_then(|part| structure_of_part(&stored.bodystructure, part, binary.as_deref()));
        out.extend_from_slice(b" (BODYPARTSTRUCTURE ");
        out.extend(structure.unwrap_or_else(|| as_text(&octets)));
        out.push(b')');
    }
    match items.content {
        None => {}
        Some(Content::Body) => {
            out.extend_from_slice(b" (BODY ");
            response::string(&mut out, &octets);
            out.push(b')');
        }
        Some(Content::Binary) => {
            out.extend_from_slice(b" (BINARY ");
            match &binary {
                // RFC 5524 §3.1: a literal8 where a literal cannot hold it.
                Some(octets) if octets.contains(&0) => {
                    out.push(b'~');
                    response::literal(&mut out, octets);
                }
                octets => response::nstring(&mut out, octets.as_deref()),
            }
            out.push(b')');
        }
    }
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

/// `url-metadata-el = "BINARY" SP nil`, for what cannot be decoded (RFC 5524 §3.2)
pub(super) fn undecodable(wanted: &Wanted) -> Vec<u8> {
    let mut out = begin(wanted);
    out.extend_from_slice(b" (BINARY NIL)\r\n");
    out
}

/// The same up to content of so many octets that follows, and what ends it then. Nobody knows yet whether there is a NUL in
/// what is decoded, which only a literal8 may hold.
pub(super) fn announce(wanted: &Wanted, octets: u64) -> (Vec<u8>, &'static [u8]) {
    let mut out = begin(wanted);
    let (before, after): (&[u8], &'static [u8]) = match wanted.items {
        None => (b" ", b"\r\n"),
        Some(Items { content: Some(Content::Binary), .. }) => (b" (BINARY ~", b")\r\n"),
        Some(_) => (b" (BODY ", b")\r\n"),
    };
    out.extend_from_slice(before);
    literal_length(&mut out, octets);
    (out, after)
}

/// `urldata-error = SP url-full SP nil`
pub(super) fn nothing(wanted: &Wanted) -> Vec<u8> {
    let mut out = begin(wanted);
    out.extend_from_slice(b" NIL\r\n");
    out
}

fn begin(wanted: &Wanted) -> Vec<u8> {
    let mut out = b"* URLFETCH ".to_vec();
    response::astring(&mut out, &wanted.url);
    out
}

/// The structure of a header, or of the text of a message: lines of text, and no more is known.
fn as_text(octets: &[u8]) -> Vec<u8> {
    let lines = memchr::memchr_iter(b'\n', octets).count();
    format!("(\"TEXT\" \"PLAIN\" NIL NIL NIL \"8BIT\" {} {lines})", octets.len()).into_bytes()
}

//! Decoded content: BINARY, BINARY.SIZE (RFC 3516) and PREVIEW (RFC 8970).

use std::borrow::Cow;
use std::ops::Range;

use super::respond::{literal, literal_length, part_of};
use super::{BinaryItem, Item};
use crate::db::{Extent, FetchedMessage, Wants};
use crate::error::{Code, Error};
use crate::imap::print::number;
use crate::imap::response;
use crate::limits;
use crate::message::header::fields;
use crate::message::recipe::{Recipe, Source};
use crate::message::section::Section;
use crate::message::text::search_texts;
use crate::message::transfer::unknown_name;

/// The content that is needed for an item; None for items of other kinds.
pub(super) fn extent(item: &Item) -> Option<Extent> {
    let all = |part: &[u32], wants| {
        let section = Section { part: part.to_vec(), text: None };
        Extent { section, origin: 0, length: u64::MAX, wants }
    };
    match item {
        Item::Binary(BinaryItem { part, .. }) => Some(all(part, Wants::Decoded)),
        Item::BinarySize(part) => Some(all(part, Wants::DecodedSize)),
        Item::Preview => Some(Extent { length: limits::PREVIEW_SOURCE_BYTES, ..all(&[], Wants::Preview) }),
        _ => None,
    }
}

/// Writes the content of a part under its name: NIL when there is no such part.
pub(super) fn write(out: &mut Vec<u8>, wanted: &BinaryItem, stored: &FetchedMessage) -> Result<(), Error> {
    check_encoding(&wanted.part, stored)?;
    let content = content(&wanted.part, stored)?;
    out.extend_from_slice(wanted.to_string().as_bytes());
    out.push(b' ');
    let Some(content) = content else {
        out.extend_from_slice(b"NIL");
        return Ok(());
    };
    let range = part_of(0..content.len() as u64, wanted.partial);
    let octets = &content[range.start as usize..range.end as usize];
    // RFC 3516 §4.4: a literal8 where a literal cannot hold it.
    if octets.contains(&0) {
        out.push(b'~');
        literal_length(out, octets.len() as u64);
        out.extend_from_slice(octets);
    } else {
        literal(out, octets);
    }
    Ok(())
}

/// Where the decoded content of a part is, piece by piece: that of a large one needs not be in memory whole.
pub(in crate::imap) enum Pieces {
    /// In the message, as it is.
    Message(Range<u64>),
    /// In the body with this index.
    Body(usize, u64),
}

/// Where the content of a part is; None where it has to be decoded as a whole, or there is no such part.
pub(in crate::imap) fn pieces(part: &[u32], recipe: &Recipe) -> Option<Pieces> {
    if part.is_empty() {
        return Some(Pieces::Message(0..recipe.octets()));
    }
    let index = recipe.part(part)?;
    match recipe.source(index) {
        Some(Source::Body(body)) => Some(Pieces::Body(body, recipe.bodies.get(body)?.octets)),
        Some(Source::Range(range, encoding)) if encoding.is_identity() => Some(Pieces::Message(range)),
        Some(_) => None,
        None => Some(Pieces::Message(recipe.parts[index].body.clone())),
    }
}

/// Announces content that follows piece by piece. Nobody knows yet whether there is a NUL in it, which only a literal8 may
/// hold (RFC 3516 §4.4).
pub(super) fn announce(out: &mut Vec<u8>, wanted: &BinaryItem, octets: u64) {
    out.extend_from_slice(wanted.to_string().as_bytes());
    out.extend_from_slice(b" ~");
    literal_length(out, octets);
}

/// Writes how many octets the content of a part has; 0 when there is no such part.
pub(super) fn write_size(out: &mut Vec<u8>, part: &[u32], stored: &FetchedMessage) -> Result<(), Error> {
    check_encoding(part, stored)?;
    let recipe = recipe(stored);
    let size = match recipe.decoded_size(part) {
        Some(size) => size,
        None => content(part, stored)?.map_or(0, |content| content.len() as u64),
    };
    out.extend_from_slice(Item::BinarySize(part.to_vec()).to_string().as_bytes());
    out.push(b' ');
    number(out, size);
    Ok(())
}

/// Writes `"PREVIEW" SP nstring`, which is empty for a message without text.
pub(super) fn write_preview(out: &mut Vec<u8>, stored: &FetchedMessage) {
    out.extend_from_slice(b"PREVIEW ");
    response::string(out, preview(stored).as_bytes());
}

/// The first words of the first text.
fn preview(stored: &FetchedMessage) -> String {
    let recipe = recipe(stored);
    let Some(index) = recipe.first_text() else { return String::new() };
    let part = &recipe.parts[index];
    // Of encoded text less is known than was read; of packed text, more.
    let upto =
        [limits::PREVIEW_SOURCE_BYTES, limits::PREVIEW_SOURCE_BYTES / 2, limits::PREVIEW_SOURCE_BYTES / 4];
    let content = upto.into_iter().find_map(|upto| stored.decoded(index, upto)).unwrap_or_default();
    // Of HTML, what a person reads comes first.
    let texts = search_texts(&part.content_type.to_ascii_lowercase(), part.charset.as_deref(), &content);
    let text = texts.into_iter().next().unwrap_or_default();
    let mut preview = String::new();
    for word in text.split_whitespace() {
        if !preview.is_empty() {
            preview.push(' ');
        }
        preview.push_str(word);
        if preview.len() > 4 * PREVIEW_CHARACTERS {
            break;
        }
    }
    // The last character may have been cut in the middle.
    let preview = preview.trim_end_matches(char::REPLACEMENT_CHARACTER);
    preview.chars().filter(|c| !c.is_control()).take(PREVIEW_CHARACTERS).collect()
}

/// RFC 3516 §4.3: what is encoded in a way that is not known here cannot be given without its encoding. The header is asked
/// each time, as recipes do not tell.
pub(in crate::imap) fn check_encoding(numbers: &[u32], stored: &FetchedMessage) -> Result<(), Error> {
    let Some(header) = recipe(stored).declared_encoding(numbers) else { return Ok(()) };
    let header = stored.octets(header).ok_or_else(incomplete)?;
    let declared: Vec<&[u8]> = fields(&header)
        .filter(|field| field.is("Content-Transfer-Encoding"))
        .map(|field| field.value)
        .collect();
    match unknown_name(&declared) {
        Some(name) => {
            Err(Error::no(Code::UnknownCte, format!("the encoding {name} of a part is not known here")))
        }
        None => Ok(()),
    }
}

/// As much of the content of a part as is wanted, for who does not print it. None when there is no such part.
pub(in crate::imap) fn part_content<'m>(
    wanted: &BinaryItem,
    stored: &'m FetchedMessage,
) -> Result<Option<Cow<'m, [u8]>>, Error> {
    check_encoding(&wanted.part, stored)?;
    let Some(content) = content(&wanted.part, stored)? else { return Ok(None) };
    if wanted.partial.is_none() {
        return Ok(Some(content));
    }
    let range = part_of(0..content.len() as u64, wanted.partial);
    Ok(Some(Cow::Owned(content[range.start as usize..range.end as usize].to_vec())))
}

/// The content of a part; what contains other parts, and the whole message, is as it is.
fn content<'m>(numbers: &[u32], stored: &'m FetchedMessage) -> Result<Option<Cow<'m, [u8]>>, Error> {
    let recipe = recipe(stored);
    let range = match (numbers, recipe.part(numbers)) {
        ([], _) => 0..recipe.octets,
        (_, None) => return Ok(None),
        (_, Some(index)) => match recipe.source(index) {
            Some(_) => return stored.decoded(index, u64::MAX).map(Some).ok_or_else(incomplete),
            None => recipe.parts[index].body.clone(),
        },
    };
    stored.octets(range).map(|octets| Some(Cow::Owned(octets))).ok_or_else(incomplete)
}

fn incomplete() -> Error {
    Error::bug("the content of a part is incomplete")
}

fn recipe(stored: &FetchedMessage) -> &Recipe {
    stored.recipe.as_ref().expect("content comes with its recipe")
}

/// RFC 8970 §3.1: no preview is longer than this.
const PREVIEW_CHARACTERS: usize = 256;

//! What is known about a message beside its octets: what lists, searches and threads need, mended where it was broken.

use jiff::Timestamp;
use jiff::civil::Date;

use super::address::{Address, Entry, parse_addresses};
use super::charset;
use super::content::parameter;
use super::date::{self, Written};
use super::envelope::{self, Addresses, Fields};
use super::header::{self, unfold};
use super::parse::ParsedPart;
use super::recipe::Recipe;
use super::repair::Repairs;
use super::structure::{PartFields, Printer};
use super::subject::base_subject;
use super::text::decode_header_value_as;

/// Data derived from a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// The Subject as people read it; empty when there is none.
    pub subject: String,
    /// The base subject (RFC 5256 §2.1).
    pub base_subject: String,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// The day of the Date field as written, whatever its zone.
    pub sent_on: Option<Date>,
    /// The Message-Id with its angle brackets.
    pub message_id: Option<String>,
    /// The first message-id of In-Reply-To.
    pub in_reply_to: Option<String>,
    /// The message-ids of References, oldest first.
    pub references: Vec<String>,
    /// The message-id at the root of its thread: the first of References, else In-Reply-To, else its own.
    pub thread_root: Option<String>,
    /// The identifier of its mailing list (RFC 2919), without angle brackets.
    pub list_id: Option<String>,
    /// Every use of an address in its header.
    pub addresses: Vec<AddressUse>,
    /// ENVELOPE, ready to print.
    pub envelope: Vec<u8>,
    /// BODYSTRUCTURE, ready to print.
    pub bodystructure: Vec<u8>,
    /// The MIME parts, with the indices of [`Recipe::parts`].
    pub parts: Vec<PartInfo>,
    /// The date of the newest Received field.
    pub received_at: Option<Timestamp>,
    /// Names of the repair rules that fired.
    pub repairs: Vec<&'static str>,
}

/// One address in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressUse {
    /// The field.
    pub field: AddressField,
    /// Position in that field, from 0.
    pub position: i16,
    /// The display name, decoded.
    pub name: Option<String>,
    /// Left of the `@`, without quoting.
    pub localpart: String,
    /// Right of it, ASCII letters in lower case; empty when there is none.
    pub domain: String,
}

/// The fields that hold addresses; the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum AddressField {
    /// RFC 5322 §3.6.2.
    From = 1,
    /// RFC 5322 §3.6.2.
    Sender = 2,
    /// RFC 5322 §3.6.2.
    ReplyTo = 3,
    /// RFC 5322 §3.6.3.
    To = 4,
    /// RFC 5322 §3.6.3.
    Cc = 5,
    /// RFC 5322 §3.6.3.
    Bcc = 6,
    /// RFC 5322 §3.6.6.
    ResentFrom = 7,
    /// RFC 5322 §3.6.6.
    ResentSender = 8,
    /// RFC 5322 §3.6.6.
    ResentTo = 9,
    /// RFC 5322 §3.6.6.
    ResentCc = 10,
    /// RFC 5322 §3.6.6.
    ResentBcc = 11,
}

/// One part of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartInfo {
    /// The IMAP section whose octets are its body: `1.2`; `TEXT` for the text of a multipart message.
    pub section: String,
    /// Index of the part that contains it.
    pub parent: Option<usize>,
    /// Its type as `text/plain`, mended.
    pub content_type: String,
    /// Its charset, mended.
    pub charset: Option<String>,
    /// `attachment`, `inline` or another word, in lower case.
    pub disposition: Option<String>,
    /// Its file name, decoded.
    pub filename: Option<String>,
    /// Its transfer encoding, mended, in lower case.
    pub encoding: String,
    /// Octets of its body as sent.
    pub octets: u64,
    /// Lines of its body as sent; 0 where IMAP counts none.
    pub lines: u64,
    /// Index of the body that holds its content.
    pub body: Option<usize>,
}

/// Derives all that from a message that has been parsed.
pub(super) fn derive(
    message: &[u8],
    parsed: &[ParsedPart],
    recipe: &Recipe,
    mut repairs: Repairs,
) -> Derived {
    let message_header = &message[..recipe.header_octets as usize];
    let fields = Fields::of(message_header);
    let raw_charset = charset_of_texts(parsed);
    let raw_charset = raw_charset.as_deref();
    let sent = date::sent(message_header, &mut repairs);
    let addresses = fields.addresses(message_header, &mut repairs);
    let mut envelope = Vec::with_capacity(512);
    envelope::envelope(&mut envelope, &fields, &addresses, sent.as_ref(), &mut repairs);
    let part_fields: Vec<PartFields> =
        parsed.iter().map(|part| PartFields::of(&message[part.header.clone()])).collect();
    let printer = Printer::new(message, parsed, recipe, &part_fields, sent.as_ref());
    let mut bodystructure = Vec::with_capacity(160 * parsed.len());
    printer.body(&mut bodystructure, 0, &mut repairs);
    let subject = fields.subject(&mut Repairs::default());
    let subject = subject.map(|subject| decode_header_value_as(subject, raw_charset)).unwrap_or_default();
    let mut derived = Derived {
        base_subject: base_subject(&subject),
        subject,
        sent_at: sent.map(|sent: Written| sent.at),
        sent_on: sent.map(|sent| sent.on),
        list_id: header::first(message_header, "List-Id").and_then(list_id),
        addresses: address_uses(&addresses, message_header, raw_charset),
        envelope,
        bodystructure,
        parts: part_infos(parsed, recipe, &part_fields),
        received_at: newest_received(message_header),
        ..Derived::default()
    };
    thread(&mut derived, &fields, &mut repairs);
    derived.repairs = repairs.names;
    derived
}

/// The message-ids in a field value: `<x@y>`; all else in it is passed over.
pub(super) fn message_ids(value: &[u8]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some(open) = rest.iter().position(|&b| b == b'<') {
        rest = &rest[open..];
        let end = rest[1..].iter().position(|&b| b == b'>' || b == b'<').map(|end| end + 1);
        let Some(end) = end else { break };
        if rest[end] == b'>' && ids.len() < REFERENCES_MAX {
            // A fold within an id is the work of some mailers.
            let id: Vec<u8> = rest[..=end].iter().copied().filter(|b| !b"\r\n\t ".contains(b)).collect();
            let is_word = !rest[1..end].trim_ascii().contains(&b' ') || rest[..end].contains(&b'\n');
            if id.len() > 2 && id.len() <= MESSAGE_ID_OCTETS_MAX && id.contains(&b'@') && is_word {
                ids.push(charset::guess(&id));
            }
        }
        rest = &rest[end..];
    }
    ids
}

/// Message-Id, In-Reply-To, References, and what follows from them.
fn thread(derived: &mut Derived, fields: &Fields<'_>, repairs: &mut Repairs) {
    let first_valid = fields.message_id.iter().find_map(|value| message_ids(value).into_iter().next());
    derived.message_id = first_valid.or_else(|| {
        let value = fields.message_id.first()?;
        repair_message_id(value, repairs)
    });
    if fields.message_id.is_empty() {
        repairs.note("message-id-missing");
    }
    derived.in_reply_to = fields.in_reply_to.iter().find_map(|value| message_ids(value).into_iter().next());
    derived.references = fields
        .references
        .iter()
        .map(|value| message_ids(value))
        .find(|ids| !ids.is_empty())
        .unwrap_or_default();
    let root = derived.references.first().or(derived.in_reply_to.as_ref()).or(derived.message_id.as_ref());
    derived.thread_root = root.cloned();
}

/// A Message-Id without brackets, or without an `@`: still the name by which replies know it.
fn repair_message_id(value: &[u8], repairs: &mut Repairs) -> Option<String> {
    repairs.note("message-id-invalid");
    let value = unfold(value);
    let word = value.split(|b| b.is_ascii_whitespace()).find(|word| !word.is_empty())?;
    let word = word.strip_prefix(b"<").unwrap_or(word);
    let word = word.strip_suffix(b">").unwrap_or(word);
    let fits = !word.is_empty() && word.len() <= MESSAGE_ID_OCTETS_MAX;
    fits.then(|| format!("<{}>", charset::guess(word)))
}

/// RFC 2919 §2: the identifier in angle brackets; the phrase before it is dropped, broken or not.
fn list_id(value: &[u8]) -> Option<String> {
    let value = unfold(value);
    let open = value.iter().rposition(|&b| b == b'<').map_or(0, |open| open + 1);
    let end = value[open..].iter().position(|&b| b == b'>').map_or(value.len(), |end| open + end);
    let id: Vec<u8> = value[open..end].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let fits = !id.is_empty() && id.len() <= MESSAGE_ID_OCTETS_MAX && id.is_ascii();
    fits.then(|| String::from_utf8_lossy(&id).to_ascii_lowercase())
}

fn newest_received(message_header: &[u8]) -> Option<Timestamp> {
    let received = header::fields(message_header).filter(|field| field.is("Received"));
    received
        .take(RECEIVED_FIELDS_MAX)
        .find_map(|field| date::received_date(field.value))
        .map(|written| written.at)
}

/// The charset of the texts, if they agree: unlabelled octets of the header are probably in it too.
fn charset_of_texts(parsed: &[ParsedPart]) -> Option<String> {
    let texts = parsed.iter().filter(|part| part.content_type.main == "text");
    let mut charsets = texts.filter_map(|part| part.content_type.charset());
    let first = charsets.next()?;
    charsets.all(|charset| charset == first).then_some(first)
}

fn address_uses(addresses: &Addresses, message_header: &[u8], raw_charset: Option<&str>) -> Vec<AddressUse> {
    let mut uses = Vec::new();
    let mut add = |field, entries: &[Entry]| {
        let found = entries.iter().filter_map(|entry| match entry {
            Entry::Address(address) => Some(address),
            _ => None,
        });
        for (position, address) in found.enumerate() {
            let Ok(position) = i16::try_from(position) else { break };
            uses.push(address_use(field, position, address, raw_charset));
        }
    };
    add(AddressField::From, &addresses.from);
    add(AddressField::Sender, &addresses.sender);
    add(AddressField::ReplyTo, &addresses.reply_to);
    add(AddressField::To, &addresses.to);
    add(AddressField::Cc, &addresses.cc);
    add(AddressField::Bcc, &addresses.bcc);
    let is_resent = |name: &[u8]| name.len() > 7 && name[..7].eq_ignore_ascii_case(b"Resent-");
    let mut seen = Vec::new();
    for field in header::fields(message_header).filter(|field| is_resent(field.name)) {
        let resent = match field.name[7..].to_ascii_lowercase().as_slice() {
            b"from" => AddressField::ResentFrom,
            b"sender" => AddressField::ResentSender,
            b"to" => AddressField::ResentTo,
            b"cc" => AddressField::ResentCc,
            b"bcc" => AddressField::ResentBcc,
            _ => continue,
        };
        // RFC 5322 §3.6.6: the newest block comes first, and only that is derived.
        if !seen.contains(&resent) {
            seen.push(resent);
            add(resent, &parse_addresses(field.value, &mut Repairs::default()));
        }
    }
    uses
}

fn address_use(
    field: AddressField,
    position: i16,
    address: &Address,
    raw_charset: Option<&str>,
) -> AddressUse {
    let name = address.name.as_deref().map(|name| decode_header_value_as(name, raw_charset));
    AddressUse {
        field,
        position,
        name: name.filter(|name| !name.is_empty()),
        localpart: charset::guess(&address.localpart),
        domain: charset::guess(&address.domain).to_ascii_lowercase(),
    }
}

fn part_infos(parsed: &[ParsedPart], recipe: &Recipe, fields: &[PartFields]) -> Vec<PartInfo> {
    let infos = recipe.parts.iter().zip(parsed).zip(fields).enumerate();
    infos
        .map(|(index, ((part, parsed), fields))| {
            let disposition = fields.disposition.as_ref();
            let filename = disposition.and_then(|found| parameter(&found.parameters, "filename"));
            PartInfo {
                section: recipe.section_of(index).to_string(),
                parent: part.parent,
                content_type: part.content_type.clone(),
                charset: part.charset.clone(),
                disposition: disposition
                    .map(|found| String::from_utf8_lossy(&found.word).to_ascii_lowercase()),
                filename: filename.or_else(|| parameter(&parsed.content_type.parameters, "name")),
                encoding: parsed.encoding_name().to_ascii_lowercase(),
                octets: part.body.end - part.body.start,
                lines: part.lines,
                body: recipe.body_of(index),
            }
        })
        .collect()
}

/// Message-ids of one References field that are kept.
const REFERENCES_MAX: usize = 1000;

/// Longer ones would not fit into an index of the database.
const MESSAGE_ID_OCTETS_MAX: usize = 1000;

/// Received fields in which a date is looked for.
const RECEIVED_FIELDS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::take_apart;

    fn derived(message: &str) -> Derived {
        take_apart(message.as_bytes()).derived
    }

    #[test]
    fn subject_thread_and_list_are_derived() {
        let found = derived(
            "Subject: Re: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-Id: <c@x>\r\nIn-Reply-To: your mail of <some day> <b@x>\r\n\
             References: <a@x> junk\r\n <b@x>\r\nList-Id: a list <l.x.org>\r\n\r\n",
        );
        assert_eq!((found.subject.as_str(), found.base_subject.as_str()), ("Re: Grüße", "Grüße"));
        assert_eq!(found.in_reply_to.as_deref(), Some("<b@x>"));
        assert_eq!(found.references, ["<a@x>", "<b@x>"]);
        assert_eq!(found.thread_root.as_deref(), Some("<a@x>"));
        assert_eq!(found.list_id.as_deref(), Some("l.x.org"));
        assert_eq!(derived("Message-Id: x@y\r\n\r\n").thread_root.as_deref(), Some("<x@y>"));
    }

    #[test]
    fn addresses_have_decoded_names_and_lower_case_domains() {
        let found =
            derived("From: =?utf-8?b?QmrDtnJu?= <Bj@EXAMPLE.org>\r\nResent-To: a@b\r\n\r\n").addresses;
        assert_eq!(found[0].name.as_deref(), Some("Björn"));
        assert_eq!((found[0].localpart.as_str(), found[0].domain.as_str()), ("Bj", "example.org"));
        assert_eq!(found[1].field, AddressField::ResentTo);
    }

    #[test]
    fn parts_are_listed_with_their_sections_and_names() {
        let found = derived(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
             Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Disposition: attachment; filename*=utf-8''%C3%BC\r\n\r\n\
             two\r\n--c--\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nthree\r\n--b--\r\n",
        );
        let sections: Vec<_> = found.parts.iter().map(|part| part.section.as_str()).collect();
        assert_eq!(sections, ["TEXT", "1", "2", "2.TEXT", "2.1", "3", "3.1"]);
        assert_eq!(found.parts[4].filename.as_deref(), Some("ü"));
        assert_eq!(found.parts[4].disposition.as_deref(), Some("attachment"));
    }

    #[test]
    fn a_message_of_nothing_has_nothing() {
        let found = derived("");
        assert_eq!(found.subject, "");
        assert!(found.addresses.is_empty() && found.message_id.is_none() && found.sent_at.is_none());
    }
}

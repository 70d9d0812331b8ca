//! What FETCH prints (RFC 3501 §7.4.2).

use std::borrow::Cow;
use std::ops::Range;

use super::plan::OnPage;
use super::{Item, Partial, SectionItem, annotation, binary};
use crate::db::FetchedMessage;
use crate::error::Error;
use crate::imap::enabled::Enabled;
use crate::imap::print::{date_time, number};
use crate::imap::selected::Selected;
use crate::mailbox::object_id::email_id;
use crate::mailbox::{Entry, Msn, Placement, Uid, View};
use crate::message::section::{SectionBytes, SectionText, select_fields};
use crate::message::structure::body_from_bodystructure;

/// One whole response, of a message of which only what is in memory was asked for.
pub(super) fn from_memory(
    out: &mut Vec<u8>,
    items: &[Item],
    (msn, entry): (Msn, &Entry),
    view: &View,
    enabled: Enabled,
) {
    begin_response(out, msn, entry.uid, enabled);
    for item in items {
        match item {
            Item::Uid => uid(out, entry),
            Item::Flags => {
                out.extend_from_slice(b"FLAGS ");
                view.write_flags(out, entry);
            }
            Item::Size => size(out, entry),
            Item::ModSeq => modseq(out, entry),
            Item::InternalDate => internal_date(out, entry),
            _ => unreachable!("other items are not in memory"),
        }
        out.push(b' ');
    }
    // Every item left a space behind; there is one item at least.
    out.pop();
    out.extend_from_slice(b")\r\n");
}

/// `message-data = nz-number SP ("FETCH" SP msg-att)`, or `uniqueid SP "UIDFETCH" SP msg-att` (RFC 9586 §7), up to the
/// parenthesis.
pub(in crate::imap) fn begin_response(out: &mut Vec<u8>, msn: Msn, uid: Uid, enabled: Enabled) {
    out.extend_from_slice(b"* ");
    if enabled.uidonly {
        number(out, uid.get().into());
        out.extend_from_slice(b" UIDFETCH (");
    } else {
        number(out, msn.get().into());
        out.extend_from_slice(b" FETCH (");
    }
}

/// One response that is being written.
pub(super) struct Line<'a> {
    pub out: &'a mut Vec<u8>,
    start: usize,
    message: &'a OnPage,
    selected: &'a Selected,
}

impl<'a> Line<'a> {
    /// Writes what every response begins with.
    pub fn begin(out: &'a mut Vec<u8>, message: &'a OnPage, selected: &'a Selected) -> Line<'a> {
        let start = out.len();
        begin_response(out, message.msn, message.entry.uid, selected.enabled);
        Line { out, start, message, selected }
    }

    /// Goes on with a response whose beginning has left already.
    pub fn resume(out: &'a mut Vec<u8>, message: &'a OnPage, selected: &'a Selected) -> Line<'a> {
        let start = out.len();
        Line { out, start, message, selected }
    }

    /// Writes one item and a space.
    pub fn item(&mut self, item: &Item, stored: &FetchedMessage) -> Result<(), Error> {
        let out = &mut *self.out;
        match item {
            Item::Uid => uid(out, &self.message.entry),
            Item::Flags => self.flags(),
            Item::Size => size(out, &self.message.entry),
            Item::ModSeq => modseq(out, &self.message.entry),
            Item::EmailId => email(out, self.message),
            Item::ThreadId => thread(out, self.message),
            Item::SaveDate => save_date(out, self.message),
            Item::InternalDate => internal_date(out, &self.message.entry),
            Item::Envelope => {
                out.extend_from_slice(b"ENVELOPE ");
                out.extend_from_slice(&stored.envelope);
            }
            Item::BodyStructure => {
                out.extend_from_slice(b"BODYSTRUCTURE ");
                out.extend_from_slice(&stored.bodystructure);
            }
            Item::Body => {
                out.extend_from_slice(b"BODY ");
                out.extend(body_from_bodystructure(&stored.bodystructure));
            }
            Item::Section(wanted) => self.section(wanted, stored)?,
            Item::Binary(wanted) => binary::write(out, wanted, stored)?,
            Item::BinarySize(part) => binary::write_size(out, part, stored)?,
            Item::Preview => binary::write_preview(out, stored),
            Item::Annotation(wanted) => {
                let before = out.len();
                annotation::write(out, wanted, &self.message.annotations);
                if out.len() == before {
                    return Ok(());
                }
            }
        }
        self.out.push(b' ');
        Ok(())
    }

    /// Writes a section of the message under its name, as a literal, or NIL when there is no such part.
    fn section(&mut self, wanted: &SectionItem, stored: &FetchedMessage) -> Result<(), Error> {
        let octets = match section(wanted, stored)? {
            None => {
                self.name(wanted);
                self.out.extend_from_slice(b"NIL");
                return Ok(());
            }
            Some(octets) => octets,
        };
        self.name(wanted);
        match octets {
            Octets::These(octets) => literal(self.out, &octets),
            // What is there as it is goes straight into the answer.
            Octets::Range(range) => {
                literal_length(self.out, range.end - range.start);
                if !stored.write(range, self.out) {
                    return Err(incomplete());
                }
            }
        }
        Ok(())
    }

    /// Ends the response; flags that FETCH itself has changed are said even if they were not asked for.
    pub fn end(mut self, items: &[Item]) {
        if self.message.flags.is_some() && !items.contains(&Item::Flags) {
            self.flags();
            // RFC 7162 §3.1: flags that were not asked for come with it.
            if self.selected.enabled.condstore && !items.contains(&Item::ModSeq) {
                self.out.push(b' ');
                modseq(self.out, &self.message.entry);
            }
        } else {
            self.out.pop();
        }
        self.out.extend_from_slice(b")\r\n");
    }

    /// Whether no item has been written: there were no annotations, and nothing else was asked for.
    pub fn is_empty(&self) -> bool {
        self.message.flags.is_none() && self.out.ends_with(b"(")
    }

    /// Takes back what was written: the response cannot be finished.
    pub fn abandon(self) {
        self.out.truncate(self.start);
    }

    /// The name of a section and a space.
    pub fn name(&mut self, wanted: &SectionItem) {
        self.out.extend_from_slice(wanted.to_string().as_bytes());
        self.out.push(b' ');
    }

    fn flags(&mut self) {
        self.out.extend_from_slice(b"FLAGS ");
        match &self.message.flags {
            Some(flags) => self.selected.write_flag_set(self.out, self.message.entry.uid, flags),
            None => self.selected.view.write_flags(self.out, &self.message.entry),
        }
    }
}

/// What a section consists of.
enum Octets<'m> {
    These(Cow<'m, [u8]>),
    /// This range of the message.
    Range(Range<u64>),
}

/// The octets of a section; None when the message has no such part.
fn section<'m>(wanted: &SectionItem, stored: &'m FetchedMessage) -> Result<Option<Octets<'m>>, Error> {
    if wanted.is_header() {
        let header = match &wanted.section.text {
            Some(SectionText::HeaderFields(names)) => Cow::Owned(select_fields(&stored.header, names, false)),
            Some(SectionText::HeaderFieldsNot(names)) => {
                Cow::Owned(select_fields(&stored.header, names, true))
            }
            _ => Cow::Borrowed(&stored.header[..]),
        };
        return Ok(Some(Octets::These(cut(header, wanted.partial))));
    }
    let recipe = stored.recipe.as_ref().expect("sections come with their recipe");
    Ok(match recipe.section(&wanted.section) {
        SectionBytes::Missing => None,
        SectionBytes::Range(range) => Some(Octets::Range(part_of(range, wanted.partial))),
        SectionBytes::Fields { header, names, not } => {
            let fields = select_fields(&stored.octets(header).ok_or_else(incomplete)?, &names, not);
            Some(Octets::These(cut(Cow::Owned(fields), wanted.partial)))
        }
    })
}

/// The same octets in one piece, for who does not print them.
pub(in crate::imap) fn section_octets<'m>(
    wanted: &SectionItem,
    stored: &'m FetchedMessage,
) -> Result<Option<Cow<'m, [u8]>>, Error> {
    Ok(match section(wanted, stored)? {
        None => None,
        Some(Octets::These(octets)) => Some(octets),
        Some(Octets::Range(range)) => Some(Cow::Owned(stored.octets(range).ok_or_else(incomplete)?)),
    })
}

fn incomplete() -> Error {
    Error::bug("the content of a message is incomplete")
}

/// The octets of a partial fetch within those of the section; what lies beyond the end is nothing (RFC 3501 §6.4.5).
pub(in crate::imap) fn part_of(section: Range<u64>, partial: Option<Partial>) -> Range<u64> {
    let Some(Partial { origin, length }) = partial else { return section };
    let start = section.start.saturating_add(origin).min(section.end);
    start..start.saturating_add(length).min(section.end)
}

fn cut(octets: Cow<'_, [u8]>, partial: Option<Partial>) -> Cow<'_, [u8]> {
    if partial.is_none() {
        return octets;
    }
    let range = part_of(0..octets.len() as u64, partial);
    Cow::Owned(octets[range.start as usize..range.end as usize].to_vec())
}

/// `literal = "{" number "}" CRLF *CHAR8`
pub(super) fn literal(out: &mut Vec<u8>, octets: &[u8]) {
    literal_length(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

/// What announces a literal.
pub(in crate::imap) fn literal_length(out: &mut Vec<u8>, length: u64) {
    out.push(b'{');
    number(out, length);
    out.extend_from_slice(b"}\r\n");
}

fn uid(out: &mut Vec<u8>, entry: &Entry) {
    out.extend_from_slice(b"UID ");
    number(out, entry.uid.get().into());
}

/// `fetch-mod-resp = "MODSEQ" SP "(" permsg-modsequence ")"` (RFC 7162 §7)
pub(in crate::imap) fn modseq(out: &mut Vec<u8>, entry: &Entry) {
    out.extend_from_slice(b"MODSEQ (");
    number(out, entry.modseq.0);
    out.push(b')');
}

/// `"EMAILID" SP "(" objectid ")"` (RFC 8474 §7)
fn email(out: &mut Vec<u8>, message: &OnPage) {
    let id = message.placement.as_ref().map_or_else(|| email_id(message.entry.message), Placement::email_id);
    out.extend_from_slice(format!("EMAILID ({id})").as_bytes());
}

/// `"THREADID" SP ( "(" objectid ")" / nil )` (RFC 8474 §7)
fn thread(out: &mut Vec<u8>, message: &OnPage) {
    let Some(placement) = &message.placement else { return out.extend_from_slice(b"THREADID NIL") };
    out.extend_from_slice(format!("THREADID ({})", placement.thread_id()).as_bytes());
}

/// `"SAVEDATE" SP (date-time / nil)` (RFC 8514 §6)
fn save_date(out: &mut Vec<u8>, message: &OnPage) {
    out.extend_from_slice(b"SAVEDATE ");
    match message.placement.as_ref().and_then(Placement::save_date) {
        Some(save_date) => date_time(out, save_date),
        None => out.extend_from_slice(b"NIL"),
    }
}

fn size(out: &mut Vec<u8>, entry: &Entry) {
    out.extend_from_slice(b"RFC822.SIZE ");
    number(out, entry.size.into());
}

fn internal_date(out: &mut Vec<u8>, entry: &Entry) {
    out.extend_from_slice(b"INTERNALDATE ");
    date_time(out, entry.internal_date());
}

//! A message about to be stored: the plain values of its rows.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::body::StoredBody;
use crate::limits;
use crate::mailbox::{AccountId, MessageId};
use crate::message::{self, Body, Changes, Derived, Recipe, TakenApart, short_envelope};

/// A message of one account, with the bodies it refers to. What is shared between copies of one message is behind an
/// [`Arc`], so that a copy for another recipient costs its header only, and one for another mailbox of the same recipient not even that.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Whose it is.
    pub account: AccountId,
    /// The id that was reserved for it.
    pub id: MessageId,
    /// SHA-256 of the whole message in its canonical form.
    pub digest: [u8; 32],
    /// Length of the same.
    pub octets: u32,
    /// The header as it arrived, with the empty line.
    pub header: Bytes,
    /// The recipe, as `Recipe::to_bytes` gives it.
    pub recipe: Vec<u8>,
    /// Whether the recipe keeps the whole body as one piece.
    pub verbatim: bool,
    /// What was made canonical: 1 bare LF, 2 NUL, 4 binary parts.
    pub canonicalized: i16,
    /// When it came.
    pub arrived_at: Timestamp,
    /// What was derived from it.
    pub derived: Arc<NewDerived>,
    /// The bodies that it shares with other messages, each once.
    pub bodies: Vec<Arc<StoredBody>>,
}

/// What is derived from a message and stored beside it.
#[derive(Debug, Clone, Default)]
pub struct NewDerived {
    /// Decoded; None when there is no Subject field.
    pub subject: Option<String>,
    /// RFC 5256 §2.1; None when it is the subject itself.
    pub base_subject: Option<String>,
    /// The Date field as an instant.
    pub sent_at: Option<Timestamp>,
    /// The Date field as a date, in the sender's zone.
    pub sent_on: Option<jiff::civil::Date>,
    /// The Message-ID, with its angle brackets when it had them.
    pub message_id: Option<String>,
    /// The message it answers; empty when it is the last of `references`.
    pub in_reply_to: Option<String>,
    /// The conversation so far.
    pub references: Vec<String>,
    /// RFC 2919.
    pub list_id: Option<String>,
    /// ENVELOPE as IMAP prints it, shortened.
    pub envelope: Vec<u8>,
    /// BODYSTRUCTURE as IMAP prints it.
    pub bodystructure: Vec<u8>,
    /// The rules about broken mail that were needed.
    pub repairs: Vec<&'static str>,
    /// The MIME tree.
    pub parts: Vec<NewPart>,
    /// Who stands in which field.
    pub addresses: Vec<NewAddress>,
}

/// A row of the MIME tree; its position in the list is its ordinal.
#[derive(Debug, Clone, Default)]
pub struct NewPart {
    /// The ordinal of the part that holds this one.
    pub parent: Option<i32>,
    /// The IMAP part specifier.
    pub section: String,
    /// `type/subtype` in lower case.
    pub content_type: String,
    /// The declared charset.
    pub charset: Option<String>,
    /// The declared disposition.
    pub disposition: Option<String>,
    /// The decoded file name.
    pub filename: Option<String>,
    /// The declared transfer encoding.
    pub encoding: Option<String>,
    /// Length as transferred.
    pub octets: i64,
    /// Lines as transferred.
    pub lines: i64,
    /// The decoded content of a leaf.
    pub body: Option<[u8; 32]>,
}

/// An address in a field of the header.
#[derive(Debug, Clone)]
pub struct NewAddress {
    /// 1 From, 2 Sender, 3 Reply-To, 4 To, 5 Cc, 6 Bcc, from 7 Resent-.
    pub field: i16,
    /// From 0 within the field.
    pub position: i16,
    /// See [`address_id`].
    pub id: i64,
    /// The display name, decoded.
    pub name: Option<String>,
    /// Before the `@`.
    pub localpart: String,
    /// After it, in lower case.
    pub domain: String,
}

impl NewMessage {
    /// Takes an RFC 5322 message apart and packs its bodies: what can be done before the database is asked. The id is
    /// given later. Costs time in proportion to the message.
    pub fn prepare(account: AccountId, octets: Vec<u8>, arrived_at: Timestamp) -> NewMessage {
        let canonical = message::canonical(octets);
        let taken = message::take_apart(&canonical.bytes);
        NewMessage::from_taken_apart(account, taken, canonical.changes, arrived_at)
    }

    /// The same for a message whose parts may be binary (RFC 3516).
    pub fn prepare_binary(account: AccountId, octets: Vec<u8>, arrived_at: Timestamp) -> NewMessage {
        let canonical = message::canonical_binary(octets);
        let taken = message::take_apart(&canonical.bytes);
        NewMessage::from_taken_apart(account, taken, canonical.changes, arrived_at)
    }

    /// Packs the bodies of a message that was taken apart.
    pub fn from_taken_apart(
        account: AccountId,
        taken: TakenApart,
        changes: Changes,
        arrived_at: Timestamp,
    ) -> NewMessage {
        let hashes: Vec<[u8; 32]> = taken.bodies.iter().map(|body| body.hash).collect();
        let (recipe, shared) = with_small_texts(taken.recipe, taken.bodies, &taken.derived);
        NewMessage {
            account,
            id: MessageId(0),
            digest: taken.digest,
            octets: taken.size,
            header: taken.header.into(),
            recipe: recipe.to_bytes(),
            verbatim: recipe.verbatim,
            canonicalized: i16::from(changes.bare_lf)
                | i16::from(changes.nul) << 1
                | i16::from(changes.binary) << 2,
            arrived_at,
            derived: Arc::new(NewDerived::new(taken.derived, &hashes)),
            bodies: shared
                .into_iter()
                .map(|body| Arc::new(StoredBody::new(body.hash, body.content)))
                .collect(),
        }
    }
}

/// Moves small texts into the recipe, and returns it with the bodies that are left: those that messages share.
///
/// Most texts are in one message only. Beside the recipe one takes less room than a body of its own with a row, two
/// entries in indices and a note of its use, and the message is read at once. What many messages have in common (logos,
/// signatures of programs, attachments) is seldom a small text.
fn with_small_texts(mut recipe: Recipe, bodies: Vec<Body>, derived: &Derived) -> (Recipe, Vec<Body>) {
    let mut is_text = vec![false; bodies.len()];
    for part in derived.parts.iter().filter(|part| part.content_type.starts_with("text/")) {
        if let Some(body) = part.body.and_then(|body| is_text.get_mut(body)) {
            *body = true;
        }
    }
    let mut shared = Vec::new();
    for (index, body) in bodies.into_iter().enumerate() {
        if is_text[index] && recipe.small.len() + body.content.len() <= limits::SMALL_TEXTS_BYTES_MAX {
            recipe.keep_small(index, &body.content);
        } else {
            shared.push(body);
        }
    }
    (recipe, shared)
}

impl NewDerived {
    /// The rows' values of what was derived. `hashes` are those of the bodies that its parts refer to.
    fn new(derived: Derived, hashes: &[[u8; 32]]) -> NewDerived {
        let parts = derived.parts.into_iter().map(|part| NewPart {
            parent: part.parent.and_then(|parent| i32::try_from(parent).ok()),
            section: part.section,
            content_type: part.content_type,
            charset: part.charset,
            disposition: part.disposition,
            filename: part.filename,
            encoding: Some(part.encoding),
            octets: part.octets as i64,
            lines: part.lines as i64,
            body: part.body.and_then(|body| hashes.get(body).copied()),
        });
        let addresses = derived.addresses.into_iter().map(|address| NewAddress {
            field: address.field as i16,
            position: address.position,
            id: address_id(address.name.as_deref(), &address.localpart, &address.domain),
            name: address.name.filter(|name| !name.is_empty()),
            localpart: address.localpart,
            domain: address.domain,
        });
        NewDerived {
            base_subject: Some(derived.base_subject).filter(|base| *base != derived.subject),
            subject: Some(derived.subject).filter(|subject| !subject.is_empty()),
            sent_at: derived.sent_at,
            sent_on: derived.sent_on,
            message_id: derived.message_id,
            in_reply_to: unless_last(derived.in_reply_to, &derived.references),
            references: derived.references,
            list_id: derived.list_id,
            envelope: short_envelope::shorten(derived.envelope),
            bodystructure: derived.bodystructure,
            repairs: derived.repairs,
            parts: parts.collect(),
            addresses: addresses.collect(),
        }
    }
}

/// Most answers name the message that they answer twice; nothing stands for it where it need not be kept again.
fn unless_last(in_reply_to: Option<String>, references: &[String]) -> Option<String> {
    in_reply_to.map(|id| if references.last() == Some(&id) { String::new() } else { id })
}

/// The id of an address: the beginning of a digest, so that whoever meets the address knows its id without asking.
pub fn address_id(name: Option<&str>, localpart: &str, domain: &str) -> i64 {
    let mut hash = Sha256::new();
    // The lengths keep the three apart whatever octets they hold.
    for piece in [name.unwrap_or_default(), localpart, domain] {
        hash.update((piece.len() as u64).to_be_bytes());
        hash.update(piece);
    }
    let digest = hash.finalize();
    i64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 has 32 octets"))
}

/// PostgreSQL's text cannot hold NUL (U+0000); broken mail can, even after decoding.
pub(super) fn text(value: &str) -> Cow<'_, str> {
    if value.contains('\0') { value.replace('\0', "\u{fffd}").into() } else { value.into() }
}

/// [`text`] of what may be absent.
pub(super) fn text_opt(value: &Option<String>) -> Option<Cow<'_, str>> {
    value.as_deref().map(text)
}

/// Several texts as one, which the statement splits again; None when there are none.
pub(super) fn joined<S: AsRef<str>>(values: &[S]) -> Option<String> {
    if values.is_empty() {
        return None;
    }
    let values: Vec<String> = values.iter().map(|v| v.as_ref().replace(['\0', '\x1f'], "\u{fffd}")).collect();
    Some(values.join("\x1f"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_holds_no_nul_and_lists_keep_their_pieces_apart() {
        assert_eq!(text("a\0b"), "a\u{fffd}b");
        assert_eq!(joined(&["<a@b>", "<c\x1f@d>"]).as_deref(), Some("<a@b>\x1f<c\u{fffd}@d>"));
        assert_eq!(joined::<String>(&[]), None);
    }

    #[test]
    fn addresses_are_told_apart() {
        assert_ne!(address_id(None, "ab", "c"), address_id(None, "a", "bc"));
        assert_ne!(address_id(Some("a"), "", "c"), address_id(None, "a", "c"));
        assert_eq!(address_id(None, "a", "b"), address_id(Some(""), "a", "b"));
    }
}

//! Making a message ready to be stored: no waiting, but work in proportion to its size.

use std::sync::Arc;

use jiff::Timestamp;

use super::body::StoredBody;
use super::new_message::{NewAddress, NewDerived, NewMessage, NewPart, address_id};
use crate::mailbox::{AccountId, MessageId};
use crate::message::{AddressUse, Body, Changes, Derived, PartInfo, TakenApart, canonical, take_apart};

impl NewMessage {
    /// Takes a message apart as it arrived, and compresses what it is made of. It gets its id when it is stored.
    pub fn prepare(account: AccountId, message: Vec<u8>, arrived_at: Timestamp) -> NewMessage {
        let message = canonical(message);
        NewMessage::of(account, take_apart(&message.bytes), message.changes, arrived_at)
    }

    /// The rows of a message that has been taken apart.
    pub fn of(account: AccountId, apart: TakenApart, changes: Changes, arrived_at: Timestamp) -> NewMessage {
        let TakenApart { header, recipe, bodies, digest, size, derived } = apart;
        let hashes = recipe.hashes();
        let stored = |body: Body| Arc::new(StoredBody::new(body.hash, body.content));
        NewMessage {
            account,
            id: MessageId(0),
            digest,
            octets: size,
            header,
            recipe: recipe.to_bytes(),
            verbatim: recipe.verbatim,
            canonicalized: canonicalized(changes),
            arrived_at,
            derived: Arc::new(NewDerived::of(derived, &hashes)),
            bodies: bodies.into_iter().map(stored).collect(),
        }
    }
}

impl NewDerived {
    /// What was derived, as it is stored. Parts refer to bodies by their place in `hashes`.
    pub fn of(derived: Derived, hashes: &[[u8; 32]]) -> NewDerived {
        let base_differs = derived.base_subject != derived.subject;
        NewDerived {
            base_subject: base_differs.then_some(derived.base_subject),
            subject: Some(derived.subject).filter(|subject| !subject.is_empty()),
            sent_at: derived.sent_at,
            sent_on: derived.sent_on,
            message_id: derived.message_id,
            in_reply_to: derived.in_reply_to,
            references: derived.references,
            thread_root: derived.thread_root,
            list_id: derived.list_id,
            envelope: derived.envelope,
            bodystructure: derived.bodystructure,
            repairs: derived.repairs,
            parts: derived.parts.into_iter().map(|part| new_part(part, hashes)).collect(),
            addresses: derived.addresses.into_iter().map(new_address).collect(),
        }
    }
}

fn new_part(part: PartInfo, hashes: &[[u8; 32]]) -> NewPart {
    NewPart {
        parent: part.parent.and_then(|parent| i32::try_from(parent).ok()),
        section: part.section,
        content_type: part.content_type,
        charset: part.charset,
        disposition: part.disposition,
        filename: part.filename,
        encoding: Some(part.encoding.name().to_owned()),
        octets: part.octets as i64,
        lines: part.lines as i64,
        body: part.body.and_then(|body| hashes.get(body).copied()),
    }
}

fn new_address(used: AddressUse) -> NewAddress {
    let AddressUse { field, position, name, localpart, domain } = used;
    let id = address_id(name.as_deref(), &localpart, &domain);
    NewAddress { field: field as i16, position, id, name, localpart, domain }
}

/// The bits of the column messages.canonicalized.
fn canonicalized(changes: Changes) -> i16 {
    i16::from(changes.bare_lf) | i16::from(changes.nul) << 1 | i16::from(changes.binary) << 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_ready_to_be_stored() {
        let mail = b"From: Anna <anna@Example.org>\nSubject: Re: hello\n\nhi\n".to_vec();
        let octets = mail.len() + 4;
        let message = NewMessage::prepare(AccountId(7), mail, Timestamp::UNIX_EPOCH);
        assert_eq!((message.account, message.canonicalized, message.verbatim), (AccountId(7), 1, false));
        assert_eq!(message.derived.subject.as_deref(), Some("Re: hello"));
        assert_eq!(message.derived.base_subject.as_deref(), Some("hello"));
        assert_eq!(message.derived.addresses[0].domain, "example.org");
        assert_eq!(message.bodies.len(), 1);
        assert_eq!(message.derived.parts[0].body, Some(message.bodies[0].hash));
        assert_eq!(message.octets as usize, octets);
    }
}

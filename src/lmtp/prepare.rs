//! From what was received to what is stored: one message for each recipient, with its trace fields, taken apart.

use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::conversation::{Mail, Recipient};
use super::trace::{Arrival, trace_fields};
use crate::db::{Delivering, Mark, NewMessage};
use crate::mailbox::{AccountId, MailboxKey, MessageId};
use crate::message::{self, Recipe};
use crate::wire::address::Address;

/// Takes `mail` apart, and returns for each recipient of its envelope what goes to each of their mailboxes.
///
/// The message is read, checked and packed once. For every further recipient only the header differs, so only the
/// digest of the whole and the positions in the recipe are made anew. Costs time in proportion to the message.
pub fn prepare(mail: Mail, arrival: &Arrival) -> Vec<Vec<Delivering>> {
    let Mail { envelope, data } = mail;
    let received: [u8; 32] = Sha256::digest(&data).into();
    let sender = envelope.sender.as_ref().map(Address::to_string).unwrap_or_default();
    let Some(first) = envelope.recipients.first() else { return Vec::new() };
    let first_trace = trace_fields(arrival, &envelope, &first.address);

    let canonical = if envelope.binary { message::canonical_binary } else { message::canonical };
    let mut canonical = canonical(data);
    canonical.bytes.splice(0..0, first_trace.bytes());
    let taken = message::take_apart(&canonical.bytes);
    let first_message = NewMessage::from_taken_apart(AccountId(0), taken, canonical.changes, arrival.at);

    let client: Arc<str> = arrival.peer.as_str().into();
    let deliver = |recipient: &Recipient| {
        let message = if recipient == first {
            first_message.clone()
        } else {
            let trace = trace_fields(arrival, &envelope, &recipient.address);
            with_trace(&first_message, &trace, &canonical.bytes, first_trace.len())
        };
        let mark = |target: &MailboxKey| Mark {
            digest: received,
            recipient: mark_recipient(recipient, target),
            sender: sender.clone(),
        };
        let one = |target: &MailboxKey| Delivering {
            key: *target,
            message: NewMessage { account: target.account, id: MessageId(0), ..message.clone() },
            mark: mark(target),
            client: client.clone(),
            others: Vec::new(),
        };
        recipient.targets.iter().map(one).collect()
    };
    envelope.recipients.iter().map(deliver).collect()
}

/// The recipient as a receipt names it. Where an address has several mailboxes of one account, each has its own.
fn mark_recipient(recipient: &Recipient, target: &MailboxKey) -> String {
    let address = recipient.address.to_string();
    let same_account = recipient.targets.iter().filter(|other| other.account == target.account).count();
    if same_account > 1 { format!("{address} {}", target.mailbox) } else { address }
}

/// `model` with other trace fields: `whole` is the model's message, which begins with trace fields of `trace_octets`.
fn with_trace(model: &NewMessage, trace: &str, whole: &[u8], trace_octets: usize) -> NewMessage {
    let rest = &whole[trace_octets..];
    let header = [trace.as_bytes(), &model.header[trace_octets..]].concat().into();
    let digest = Sha256::new().chain_update(trace).chain_update(rest).finalize().into();
    let recipe = moved(&model.recipe, trace.len() as i64 - trace_octets as i64);
    let octets = u32::try_from(trace.len() + rest.len()).unwrap_or(u32::MAX);
    NewMessage { header, digest, recipe, octets, ..model.clone() }
}

/// The recipe of the same message with a header that is longer by `by` octets at its beginning.
fn moved(stored: &[u8], by: i64) -> Vec<u8> {
    let mut recipe = Recipe::from_bytes(stored).expect("it has just been made");
    let shift = |at: u64| at.saturating_add_signed(by);
    let shift_range = |range: &Range<u64>| shift(range.start)..shift(range.end);
    recipe.header_octets = shift(recipe.header_octets);
    recipe.octets = shift(recipe.octets);
    for (index, part) in recipe.parts.iter_mut().enumerate() {
        // The first part is the message itself: its header still begins where the message does.
        let start = if index == 0 { part.header.start } else { shift(part.header.start) };
        part.header = start..shift(part.header.end);
        part.body = shift_range(&part.body);
    }
    recipe.to_bytes_like(stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lmtp::conversation::Envelope;
    use crate::mailbox::MailboxId;

    fn arrival() -> Arrival {
        let at = "2026-11-23T14:05:06Z".parse().expect("it is a date");
        Arrival { hostname: "mail.example".into(), peer: "192.0.2.1".into(), id: "x1".into(), at }
    }

    fn recipient(localpart: &str, mailboxes: &[i64]) -> Recipient {
        let key = |id: &i64| MailboxKey { account: AccountId(*id / 10), mailbox: MailboxId(*id) };
        let targets = mailboxes.iter().map(key).collect();
        Recipient { address: Address::new(localpart, "example.org"), targets }
    }

    const MULTIPART: &[u8] =
        b"Subject: two\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n\
        --x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--x--\r\n";

    #[test]
    fn every_recipient_gets_what_taking_apart_would_give() {
        for data in [MULTIPART, b"", b"no header\nat all", b"\r\nbody", b" folded: x\r\n\r\ny"] {
            let recipients =
                vec![recipient("a", &[11]), recipient("a-much-longer-name", &[21]), recipient("b", &[31])];
            let envelope = Envelope { client: "mta".into(), recipients, ..Envelope::default() };
            let mail = Mail { envelope: envelope.clone(), data: data.to_vec() };
            let prepared = prepare(mail, &arrival());
            assert_eq!(prepared.len(), 3);
            for (recipient, delivering) in envelope.recipients.iter().zip(&prepared) {
                let trace = trace_fields(&arrival(), &envelope, &recipient.address);
                let whole = message::canonical([trace.as_bytes(), data].concat());
                let taken = message::take_apart(&whole.bytes);
                let single = NewMessage::from_taken_apart(AccountId(0), taken, whole.changes, arrival().at);
                let message = &delivering[0].message;
                assert_eq!(message.header, single.header);
                assert_eq!(message.digest, single.digest);
                assert_eq!(message.octets, single.octets);
                assert_eq!(message.recipe, single.recipe);
                assert_eq!(message.account, recipient.targets[0].account);
            }
            assert!(prepared.iter().all(|d| d[0].mark.digest == prepared[0][0].mark.digest));
        }
    }

    #[test]
    fn each_mailbox_of_an_address_has_its_own_mark() {
        let recipients = vec![recipient("a", &[11, 12, 21])];
        let mail =
            Mail { envelope: Envelope { recipients, ..Envelope::default() }, data: MULTIPART.to_vec() };
        let marks: Vec<String> = prepare(mail, &arrival())
            .remove(0)
            .into_iter()
            .map(|delivering| delivering.mark.recipient)
            .collect();
        assert_eq!(marks, ["a@example.org 11", "a@example.org 12", "a@example.org"]);
    }
}

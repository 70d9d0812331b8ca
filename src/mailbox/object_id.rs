//! The ids of RFC 8474: what mailboxes and messages are called for ever, wherever they go. They tell nothing else.

use sha2::{Digest, Sha256};

use super::{MailboxId, MessageId};

/// `objectid = 1*255(ALPHA / DIGIT / "_" / "-")`, of a mailbox.
pub fn mailbox_id(mailbox: MailboxId) -> String {
    format!("F{:016x}", scatter(mailbox.0))
}

/// The same of a message. Copies of a message within an account are the same message.
pub fn email_id(message: MessageId) -> String {
    format!("M{:016x}", scatter(message.0))
}

/// What a conversation is called: by the message-id that it begins with, as far as one of its messages tells. A message
/// that tells nothing is a conversation by itself.
pub fn thread_id(root: Option<&str>, message: MessageId) -> String {
    match root {
        Some(root) => {
            let digest: [u8; 32] = Sha256::digest(root.as_bytes()).into();
            let head: [u8; 8] = digest[..8].try_into().expect("a SHA-256 has 32 octets");
            format!("T{:016x}", u64::from_be_bytes(head))
        }
        None => format!("T{:016x}", scatter(message.0)),
    }
}

/// The message of that id; None when there can be none.
pub fn message_of(email_id: &str) -> Option<MessageId> {
    number_of(email_id, 'M')
}

fn number_of(id: &str, prefix: char) -> Option<MessageId> {
    let digits = id.strip_prefix(prefix).filter(|digits| digits.len() == 16)?;
    // Ids that differ in their case are different ones (RFC 8474 §7).
    let is_lower = digits.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
    let number = u64::from_str_radix(digits, 16).ok().filter(|_| is_lower)?;
    Some(MessageId(gather(number)))
}

/// Whether a text may be an id: `objectid = 1*255(ALPHA / DIGIT / "_" / "-")` (RFC 8474 §7).
pub fn is_object_id(text: &str) -> bool {
    let is_one = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-');
    (1..=255).contains(&text.len()) && text.bytes().all(is_one)
}

/// The message that would be a conversation of that id by itself, if there is such a message.
pub fn lone_message_of(thread_id: &str) -> Option<MessageId> {
    number_of(thread_id, 'T')
}

/// Numbers that follow each other become numbers that do not; none is met twice.
fn scatter(id: i64) -> u64 {
    (id as u64).wrapping_mul(ODD).rotate_left(32)
}

fn gather(number: u64) -> i64 {
    number.rotate_right(32).wrapping_mul(INVERSE) as i64
}

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
/// ODD · INVERSE = 1, modulo 2^64.
const INVERSE: u64 = 0xF1DE_83E1_9937_733D;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_objectids() {
        let id = mailbox_id(MailboxId(1));
        assert!(id.len() == 17 && id.bytes().all(|octet| octet.is_ascii_alphanumeric()), "{id}");
        for other in ["", "M", "M12", "F0000000000000000", "M000000000000000G", "M000000000000000A"] {
            assert_eq!(message_of(other), None, "{other}");
        }
        assert!(is_object_id("a_-9Z") && !is_object_id("") && !is_object_id("a.b"));
        assert!(is_object_id(&"x".repeat(255)) && !is_object_id(&"x".repeat(256)));
    }

    proptest! {
        #[test]
        fn an_id_leads_back(id in any::<i64>()) {
            prop_assert_eq!(message_of(&email_id(MessageId(id))), Some(MessageId(id)));
            prop_assert_eq!(lone_message_of(&thread_id(None, MessageId(id))), Some(MessageId(id)));
            prop_assert!(is_object_id(&mailbox_id(MailboxId(id))));
        }
    }
}

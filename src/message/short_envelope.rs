//! ENVELOPE as it is stored: what it says three times is kept once, and what all of them say not at all.
//!
//! Sender and Reply-To are From in most mail, because they are set from it when they are absent (RFC 3501 §7.4.2).

use super::list::Node;
use super::pack;

/// The envelope without the lists that repeat From, and packed, as far as either saves something.
pub fn shorten(printed: Vec<u8>) -> Vec<u8> {
    let shorter = shortened(&printed).unwrap_or(printed);
    let (Ok(length), Some(packed)) = (u16::try_from(shorter.len()), pack::pack(&shorter)) else {
        return shorter;
    };
    let mut stored = Vec::with_capacity(3 + packed.len());
    stored.push(PACKED);
    stored.extend_from_slice(&length.to_be_bytes());
    stored.extend_from_slice(&packed);
    stored
}

fn shortened(printed: &[u8]) -> Option<Vec<u8>> {
    let Node::List(items, ..) = Node::read(printed)? else { return None };
    let [_, _, from, sender, reply_to, ..] = items.as_slice() else { return None };
    let is_from = |list: &Node| list.octets(printed) == from.octets(printed);
    let (repeated, rest) = match (is_from(sender), is_from(reply_to)) {
        (true, true) => (BOTH, reply_to.range().end),
        (true, false) => (SENDER, sender.range().end),
        (false, _) => return None,
    };
    let from = from.range();
    let (start, end) = (u16::try_from(from.start).ok()?, u16::try_from(from.end).ok()?);
    let mut stored = Vec::with_capacity(printed.len());
    stored.push(repeated);
    stored.extend_from_slice(&start.to_be_bytes());
    stored.extend_from_slice(&end.to_be_bytes());
    stored.extend_from_slice(&printed[..from.end]);
    stored.extend_from_slice(&printed[rest..]);
    Some(stored)
}

/// The envelope as IMAP prints it. What was not shortened comes back as it is.
pub fn expand(stored: &[u8]) -> Vec<u8> {
    let [PACKED, a, b, packed @ ..] = stored else { return expanded(stored) };
    let mut shorter = Vec::new();
    match pack::unpack(packed, usize::from(u16::from_be_bytes([*a, *b])), &mut shorter) {
        true => expanded(&shorter),
        false => stored.to_vec(),
    }
}

fn expanded(shorter: &[u8]) -> Vec<u8> {
    let [repeated @ (SENDER | BOTH), a, b, c, d, printed @ ..] = shorter else { return shorter.to_vec() };
    let (start, end) = (usize::from(u16::from_be_bytes([*a, *b])), usize::from(u16::from_be_bytes([*c, *d])));
    let Some(from) = printed.get(start..end) else { return shorter.to_vec() };
    let mut out = Vec::with_capacity(printed.len() + 2 * from.len() + 2);
    out.extend_from_slice(&printed[..end]);
    for _ in 0..*repeated {
        out.push(b' ');
        out.extend_from_slice(from);
    }
    out.extend_from_slice(&printed[end..]);
    out
}

/// The first octet of an envelope without repetitions is how many lists follow From that repeat it; behind it is where
/// From begins and ends. An envelope as it is begins with a parenthesis.
const SENDER: u8 = 1;
const BOTH: u8 = 2;
/// The first octet of one that was packed: behind it are the length of what was packed, and that.
const PACKED: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::take_apart;
    use proptest::prelude::*;

    #[test]
    fn an_envelope_that_says_one_thing_three_times_is_stored_shorter() {
        for (header, shorter) in [
            ("From: Anna <anna@example.org>\r\nTo: b@c\r\n\r\n", 60),
            ("Subject: =?utf-8?q?(=C3=A4=22?= (\r\nFrom: a@b\r\nReply-To: c@d\r\n\r\n", 10),
            ("From: a@b\r\nSender: c@d\r\n\r\n", 0),
        ] {
            let printed = take_apart(header.as_bytes()).derived.envelope;
            let stored = shorten(printed.clone());
            assert!(stored.len() + shorter <= printed.len(), "{header}");
            assert_eq!(expand(&stored), printed);
        }
    }

    proptest! {
        #[test]
        fn every_envelope_comes_back(header in "((From|Sender|Reply-To|Subject|To|Date): [a-c@<>\\(\\)\"\u{e4} ]{0,12}\r\n){0,6}\r\n") {
            let printed = take_apart(header.as_bytes()).derived.envelope;
            prop_assert_eq!(expand(&shorten(printed.clone())), printed);
        }

        #[test]
        fn octets_of_any_kind_are_expanded(stored in proptest::collection::vec(any::<u8>(), 0..40), first in 0u8..4) {
            expand(&[&[first, 0][..], &stored].concat());
        }
    }
}

//! MOVE and UID MOVE (RFC 6851): messages into another mailbox instead of this one.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::set::sequence_set;
use crate::mailbox::MailboxName;
use crate::mailbox::uid_set::SequenceSet;

/// Which messages are to go to which mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Sequence numbers, or uids in UID MOVE.
    pub set: SequenceSet,
    pub mailbox: MailboxName,
}

/// `move = "MOVE" SP sequence-set SP mailbox`, from the space after the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Move> {
    let arguments = (preceded(sp, sequence_set), preceded(sp, mailbox));
    map(arguments, |(set, mailbox)| Move { set, mailbox }).parse(input)
}

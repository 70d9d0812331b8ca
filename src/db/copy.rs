//! COPY and UID COPY (RFC 3501 §6.4.7): messages into another mailbox as well.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::set::sequence_set;
use crate::mailbox::MailboxName;
use crate::mailbox::uid_set::SequenceSet;

/// Which messages are to be in which mailbox too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Sequence numbers, or uids in UID COPY.
    pub set: SequenceSet,
    pub mailbox: MailboxName,
}

/// `copy = "COPY" SP sequence-set SP mailbox`, from the space after the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Copy> {
    let arguments = (preceded(sp, sequence_set), preceded(sp, mailbox));
    map(arguments, |(set, mailbox)| Copy { set, mailbox }).parse(input)
}

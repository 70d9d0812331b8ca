//! EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1): messages marked \Deleted leave the mailbox.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::set::sequence_set;
use crate::mailbox::uid_set::SequenceSet;

/// Which of the messages marked \Deleted are to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expunge {
    /// Only these, in UID EXPUNGE; None means all.
    pub uids: Option<SequenceSet>,
}

/// `"EXPUNGE"`, which has no arguments.
pub fn parse(input: &[u8]) -> Parsed<'_, Expunge> {
    Ok((input, Expunge { uids: None }))
}

/// `uid-expunge = "UID" SP "EXPUNGE" SP sequence-set`, from the last space on.
pub fn parse_uid(input: &[u8]) -> Parsed<'_, Expunge> {
    map(preceded(sp, sequence_set), |uids| Expunge { uids: Some(uids) }).parse(input)
}

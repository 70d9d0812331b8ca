//! UIDBATCHES (RFC 10022): the uids of a mailbox in ranges of about as many messages each, the newest first.

use nom::Parser;
use nom::character::complete::char;
use nom::combinator::{map, opt};
use nom::sequence::{preceded, separated_pair};

use crate::error::{Code, Error};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{nz_number, sp};
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::{Msn, Snapshot, Uid};

/// How many messages a batch is to have, and which batches are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UidBatches {
    pub messages: u32,
    /// The first and the last of them, counted from 1 for the newest messages; all unless given.
    pub wanted: Option<(u32, u32)>,
}

/// `message-batches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]` (RFC 10022 §4), from behind the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, UidBatches> {
    let batches = separated_pair(nz_number, char(':'), nz_number);
    let arguments = (preceded(sp, nz_number), opt(preceded(sp, batches)));
    map(arguments, |(messages, wanted)| UidBatches { messages, wanted }).parse(input)
}

impl UidBatches {
    /// Tells the ranges of what the client knows. That takes two looks at the snapshot for each, so nobody is kept from asking
    /// again, or for many (§3.1.1 and §3.1.5 allow both to be refused).
    pub fn plan(self, mut running: Running, selected: &mut Selected) -> Step {
        if let Err(error) = self.check() {
            return running.failed(selected, error);
        }
        let ranges = self.ranges(selected.view.told());
        running.untagged.extend_from_slice(&response(&running.tag, &ranges));
        running.done(selected)
    }

    fn check(&self) -> Result<(), Error> {
        if self.messages < limits::UID_BATCH_MESSAGES_MIN {
            let text = format!("a batch has {} messages at least", limits::UID_BATCH_MESSAGES_MIN);
            return Err(Error::no(Code::TooFew, text));
        }
        match self.wanted {
            Some((first, last)) if first > last => {
                Err(Error::no(Code::ClientBug, "the first batch is named before the last"))
            }
            _ => Ok(()),
        }
    }

    /// The lowest and the highest uid of each batch that is wanted and there. They leave out no uid, and the last batch goes
    /// down to 1, by which a client sees that it is the last (§3.1.4).
    fn ranges(&self, told: &Snapshot) -> Vec<(u32, u32)> {
        let all = told.len().div_ceil(self.messages);
        let (first, last) = self.wanted.unwrap_or((1, all));
        let range = |batch| {
            let highest = match batch {
                1 => told.last_uid().map_or(1, Uid::get),
                _ => self.lowest(told, batch - 1) - 1,
            };
            (if batch < all { self.lowest(told, batch) } else { 1 }, highest)
        };
        (first..=last.min(all)).map(range).collect()
    }

    /// The uid of the oldest message in a batch that is full, and not the last one.
    fn lowest(&self, told: &Snapshot, batch: u32) -> u32 {
        let position = told.len() - self.messages * batch + 1;
        Msn::new(position).and_then(|msn| told.uid_of(msn)).map_or(1, Uid::get)
    }
}

/// `uidbatches-response = "UIDBATCHES" search-correlator [SP uid-range *("," uid-range) ]` (RFC 10022 §4). The ranges
/// descend; in each the lower uid comes first, as other servers say it: both orders mean the same (RFC 9051 §9). A tag has no
/// character that quotes cannot hold.
fn response(tag: &str, ranges: &[(u32, u32)]) -> Vec<u8> {
    let ranges: Vec<String> = ranges.iter().map(|(lowest, highest)| format!("{lowest}:{highest}")).collect();
    let space = if ranges.is_empty() { "" } else { " " };
    format!("* UIDBATCHES (TAG \"{tag}\"){space}{}\r\n", ranges.join(",")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;
    use crate::mailbox::{FlagSet, InternalDate, Loaded, MessageId, ModSeq, UidValidity};

    fn read(input: &str) -> Option<UidBatches> {
        complete(input.as_bytes(), parse).ok()
    }

    /// Messages whose uids are the even numbers up to twice as many.
    fn mailbox(messages: u32) -> Snapshot {
        let loaded = (1..=messages).map(|number| Loaded {
            uid: Uid::new(2 * number).unwrap(),
            message: MessageId(number.into()),
            modseq: ModSeq(1),
            size: 1,
            internal_date: InternalDate { seconds: 0, zone_minutes: 0 },
            flags: FlagSet::default(),
        });
        Snapshot::load(UidValidity::new(1).unwrap(), 1, ModSeq(1), loaded)
    }

    #[test]
    fn batches_begin_with_the_newest() {
        let said = |arguments: &str, messages| {
            let ranges = read(arguments).unwrap().ranges(&mailbox(messages));
            String::from_utf8(response("a", &ranges)).unwrap()
        };
        assert_eq!(said(" 500", 0), "* UIDBATCHES (TAG \"a\")\r\n");
        assert_eq!(said(" 500", 1), "* UIDBATCHES (TAG \"a\") 1:2\r\n");
        assert_eq!(said(" 500", 500), "* UIDBATCHES (TAG \"a\") 1:1000\r\n");
        assert_eq!(said(" 4294967295", 500), "* UIDBATCHES (TAG \"a\") 1:1000\r\n");
        assert_eq!(said(" 500", 501), "* UIDBATCHES (TAG \"a\") 4:1002,1:3\r\n");
        assert_eq!(said(" 500", 1700), "* UIDBATCHES (TAG \"a\") 2402:3400,1402:2401,402:1401,1:401\r\n");
        assert_eq!(said(" 500 2:3", 1700), "* UIDBATCHES (TAG \"a\") 1402:2401,402:1401\r\n");
        assert_eq!(said(" 500 4:4000000000", 1700), "* UIDBATCHES (TAG \"a\") 1:401\r\n");
        assert_eq!(said(" 500 5:8", 1700), "* UIDBATCHES (TAG \"a\")\r\n");
    }

    #[test]
    fn each_batch_has_as_many_messages_as_are_asked_for() {
        for messages in [1, 499, 500, 1250, 3000] {
            let told = mailbox(messages);
            let ranges = UidBatches { messages: 500, wanted: None }.ranges(&told);
            let counts = ranges.iter().map(|(lowest, highest)| {
                let uids = crate::mailbox::UidSet::from_ranges([(*lowest, *highest)]);
                told.by_uids(&uids).count() as u32
            });
            let counts: Vec<u32> = counts.collect();
            let (last, others) = counts.split_last().unwrap();
            assert!(others.iter().all(|count| *count == 500), "{counts:?}");
            assert_eq!(*last, messages - 500 * others.len() as u32);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let code = |arguments: &str| match read(arguments).unwrap().check() {
            Ok(()) => None,
            Err(Error::No { code, .. }) => Some(code),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(code(" 500 1:1"), None);
        assert_eq!(code(" 499"), Some(Code::TooFew));
        assert_eq!(code(" 500 4:1"), Some(Code::ClientBug));
        for wrong in ["", " 0", " 500 0:1", " 500 1", " 500 1:*", " 500:600"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

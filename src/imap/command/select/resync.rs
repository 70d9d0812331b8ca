//! What a client says that comes back to a mailbox (RFC 7162 §3.2.5), and how it is brought up to date.

use nom::Parser;
use nom::character::complete::char;
use nom::combinator::{map, opt, verify};
use nom::error::context;
use nom::sequence::{delimited, preceded};

use crate::imap::command::fetch::{Fetch, Item};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{nz_number, sp};
use crate::imap::grammar::modseq::mod_sequence_value;
use crate::imap::grammar::set::sequence_set;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::uid_set::SequenceSet;
use crate::mailbox::{ModSeq, UidValidity};

/// What the client knows of the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    pub uidvalidity: UidValidity,
    /// It knows all changes up to this one.
    pub since: ModSeq,
    /// The messages that it wants to hear of; None for all.
    pub known: Option<SequenceSet>,
    /// It also says at which places some of them were.
    pub by_place: bool,
}

/// `select-param =/ "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"`, from
/// behind the word on (RFC 7162 §7)
///
/// The sequence match data help servers that have forgotten what was expunged. This one has not, and reads past them.
pub fn select_param(input: &[u8]) -> Parsed<'_, Resync> {
    let uidvalidity = map(nz_number, |number| UidValidity::new(number).expect("it is not zero"));
    let known_uids = verify(sequence_set, |set: &SequenceSet| !set.has_star());
    let arguments = (
        uidvalidity,
        preceded(sp, mod_sequence_value),
        opt(preceded(sp, known_uids)),
        opt(preceded(sp, seq_match_data)),
    );
    let resync = map(arguments, |(uidvalidity, since, known, places)| {
        let by_place = places.is_some();
        Resync { uidvalidity, since, known, by_place }
    });
    context("what is known of the mailbox", preceded(sp, delimited(char('('), resync, char(')'))))
        .parse(input)
}

/// `seq-match-data = "(" known-sequence-set SP known-uid-set ")"`
fn seq_match_data(input: &[u8]) -> Parsed<'_, (SequenceSet, SequenceSet)> {
    let known = || verify(sequence_set, |set: &SequenceSet| !set.has_star());
    delimited(char('('), (known(), preceded(sp, known())), char(')')).parse(input)
}

impl Resync {
    /// The same as `UID FETCH known-uids (FLAGS) (CHANGEDSINCE since VANISHED)`, says RFC 7162 §3.2.5.1.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let fetch = Fetch {
            set: self.known.unwrap_or_else(SequenceSet::all),
            items: vec![Item::Uid, Item::Flags, Item::ModSeq],
            changed_since: Some(self.since),
            vanished: true,
            partial: None,
        };
        fetch.plan(running, selected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn what_is_known_is_read() {
        let read = |input: &str| complete(input.as_bytes(), select_param);
        let resync = read(" (67890007 20050715194045000 41,43:211,214:541 (1,3 41,43))").unwrap();
        assert_eq!(resync.since, ModSeq(20_050_715_194_045_000));
        assert_eq!(resync.known.unwrap().to_string(), "41,43:211,214:541");
        assert_eq!(read(" (1 2)").unwrap().known, None);
        assert_eq!(read(" (1 2 (1 2))").unwrap().known, None);
        for wrong in [" (1)", " (0 2)", " (1 0)", " (1 2 1:*)", " 1 2", " (1 2 3 4)", " (1 2 (1:* 2))"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

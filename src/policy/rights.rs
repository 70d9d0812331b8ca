//! The rights of RFC 4314 §2.1, as a set.

use std::fmt;

use crate::error::Error;
use crate::mailbox::flags::FlagMask;
use crate::mailbox::{FlagSet, System};

/// A set of rights in one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u16);

impl Rights {
    /// `l`: the mailbox is listed.
    pub const LOOKUP: Rights = Rights(1);
    /// `r`: SELECT, STATUS, and with them everything that reads.
    pub const READ: Rights = Rights(2);
    /// `s`: \Seen is kept.
    pub const SEEN: Rights = Rights(4);
    /// `w`: flags other than \Seen and \Deleted.
    pub const WRITE: Rights = Rights(8);
    /// `i`: messages come in, by APPEND, COPY and MOVE.
    pub const INSERT: Rights = Rights(16);
    /// `p`: mail may be sent to the mailbox's address. Nothing here asks for it: an alias is the site's own word.
    pub const POST: Rights = Rights(32);
    /// `k`: mailboxes below it are made.
    pub const CREATE: Rights = Rights(64);
    /// `x`: the mailbox itself is deleted or renamed.
    pub const DELETE: Rights = Rights(128);
    /// `t`: \Deleted is set and taken away.
    pub const MARK_DELETED: Rights = Rights(256);
    /// `e`: EXPUNGE, and what CLOSE expunges.
    pub const EXPUNGE: Rights = Rights(512);
    /// `n`: annotations of messages are written that all share (RFC 5257 §3.4).
    pub const ANNOTATE: Rights = Rights(2048);
    /// `a`: the rights themselves are read and changed.
    pub const ADMINISTER: Rights = Rights(1024);

    /// What one has in what was deleted in one's own mailboxes: to look at it, and to move it out again (RFC 6851 §4.2).
    pub const TAKING_BACK: Rights = Rights(1 | 2 | 256 | 512);
    /// Any of these, with `l`, lets somebody ask for what is written down about a mailbox (RFC 5464 §3.3).
    pub const ANNOTATING: Rights = Rights(2 | 4 | 8 | 16 | 32);
    /// What makes mail go away: the mailbox itself, \Deleted, and EXPUNGE.
    pub const DELETING: Rights = Rights(128 | 256 | 512);
    /// No right at all.
    pub const NONE: Rights = Rights(0);
    /// Every right.
    pub const ALL: Rights = Rights(0xfff);
    /// Any of these makes a mailbox more than read-only (RFC 4314 §5.2).
    pub const CHANGING: Rights = Rights(4 | 8 | 16 | 256 | 512 | 2048);
    /// Whoever has one of these may ask which rights he has (RFC 4314 §4, MYRIGHTS).
    pub const TELLING: Rights = Rights(1 | 2 | 16 | 64 | 128 | 1024);

    /// The virtual right `c` of RFC 2086: `k` and `x` (RFC 4314 §2.1.1).
    const OLD_CREATE: Rights = Rights(64 | 128);
    /// The virtual right `d`: `e` and `t`.
    const OLD_DELETE: Rights = Rights(256 | 512);

    /// Those that are given one by one, in the order of RFC 4314 §2.1.
    pub const EACH: [(char, Rights); 12] = [
        ('l', Rights::LOOKUP),
        ('r', Rights::READ),
        ('s', Rights::SEEN),
        ('w', Rights::WRITE),
        ('i', Rights::INSERT),
        ('p', Rights::POST),
        ('k', Rights::CREATE),
        ('x', Rights::DELETE),
        ('t', Rights::MARK_DELETED),
        ('e', Rights::EXPUNGE),
        ('n', Rights::ANNOTATE),
        ('a', Rights::ADMINISTER),
    ];

    /// The set as the database keeps it.
    pub fn bits(self) -> i32 {
        self.0.into()
    }

    /// The set that the database keeps so; what is no right is left out.
    pub fn from_bits(bits: i32) -> Rights {
        Rights(bits as u16 & Rights::ALL.0)
    }

    /// The rights that a client writes so. `c` and `d` stand for what RFC 2086 meant by them.
    pub fn parse(letters: &str) -> Result<Rights, Error> {
        letters.chars().try_fold(Rights::NONE, |rights, letter| Ok(rights.with(Rights::of_letter(letter)?)))
    }

    fn of_letter(letter: char) -> Result<Rights, Error> {
        match (letter, Rights::EACH.iter().find(|(known, _)| *known == letter)) {
            ('c', _) => Ok(Rights::OLD_CREATE),
            ('d', _) => Ok(Rights::OLD_DELETE),
            (_, Some((_, right))) => Ok(*right),
            // RFC 4314 §2 keeps capitals out, and §3.1 wants BAD for what is not known.
            (capital, _) if capital.is_ascii_uppercase() => Err(Error::bad("rights are lower case letters")),
            _ => Err(Error::bad(format!("there is no right \"{letter}\""))),
        }
    }

    /// Whether all of `others` are among these.
    pub fn contains(self, others: Rights) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether one of `others` is among these.
    pub fn has_any(self, others: Rights) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both together.
    pub const fn with(self, others: Rights) -> Rights {
        Rights(self.0 | others.0)
    }

    /// These without `others`.
    pub const fn without(self, others: Rights) -> Rights {
        Rights(self.0 & !others.0)
    }

    /// The letters, without those that are only virtual.
    pub fn letters(self) -> String {
        Rights::EACH.iter().filter(|(_, right)| self.contains(*right)).map(|(letter, _)| *letter).collect()
    }

    /// Which flags somebody with these rights may change (RFC 4314 §4).
    pub fn flags(self) -> FlagMask {
        let mut system = System::default();
        if self.contains(Rights::SEEN) {
            system = system.with(System::SEEN);
        }
        if self.contains(Rights::MARK_DELETED) {
            system = system.with(System::DELETED);
        }
        if self.contains(Rights::WRITE) {
            system = system.with(System::ANSWERED).with(System::FLAGGED).with(System::DRAFT);
        }
        FlagMask { system, keywords: self.contains(Rights::WRITE) }
    }

    /// The rights by which all flags of `mask` may be changed.
    pub fn to_change_any(mask: FlagMask) -> Rights {
        Rights::EACH
            .iter()
            .map(|(_, right)| *right)
            .filter(|right| {
                let flags = right.flags();
                !flags.is_empty() && flags.system.0 & !mask.system.0 == 0
            })
            .fold(Rights::NONE, Rights::with)
    }

    /// The rights that somebody needs who changes these flags.
    pub fn to_change(flags: &FlagSet) -> Rights {
        let of_flag = |(right, flag): (Rights, System)| match flags.system.0 & flag.0 {
            0 => Rights::NONE,
            _ => right,
        };
        let others = System::ANSWERED.with(System::FLAGGED).with(System::DRAFT);
        let keywords = if flags.keywords().is_empty() { Rights::NONE } else { Rights::WRITE };
        [(Rights::SEEN, System::SEEN), (Rights::MARK_DELETED, System::DELETED), (Rights::WRITE, others)]
            .into_iter()
            .fold(keywords, |needed, each| needed.with(of_flag(each)))
    }
}

/// Prints the rights as MYRIGHTS and ACL have them: with `c` and `d` for old clients, when one of those that they stand
/// for is there (RFC 4314 §2.1.1).
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without(Rights::ADMINISTER).letters())?;
        for (letter, members) in
            [('c', Rights::OLD_CREATE), ('d', Rights::OLD_DELETE), ('a', Rights::ADMINISTER)]
        {
            if self.has_any(members) {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

/// What becomes of the rights that somebody has (RFC 4314 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modification {
    /// He has these, and no others.
    Replace(Rights),
    /// He has these too.
    Add(Rights),
    /// He has these no longer.
    Remove(Rights),
}

impl Modification {
    /// `mod-rights = astring`, with an optional sign before the letters.
    pub fn parse(text: &str) -> Result<Modification, Error> {
        Ok(match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(added), _) => Modification::Add(Rights::parse(added)?),
            (_, Some(removed)) => Modification::Remove(Rights::parse(removed)?),
            _ => Modification::Replace(Rights::parse(text)?),
        })
    }

    /// What he has then.
    pub fn apply(self, before: Rights) -> Rights {
        match self {
            Modification::Replace(rights) => rights,
            Modification::Add(rights) => before.with(rights),
            Modification::Remove(rights) => before.without(rights),
        }
    }
}

impl fmt::Display for Modification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Modification::Replace(rights) => f.write_str(&rights.letters()),
            Modification::Add(rights) => write!(f, "+{}", rights.letters()),
            Modification::Remove(rights) => write!(f, "-{}", rights.letters()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn old_letters_are_understood_and_said() {
        let rights = Rights::parse("lrswida").unwrap();
        assert_eq!(rights.letters(), "lrswitea");
        assert_eq!(rights.to_string(), "lrswiteda");
        assert_eq!(Rights::parse("lrswikda").unwrap().to_string(), "lrswiktecda");
        assert_eq!(Rights::ALL.to_string(), "lrswipkxtencda");
        assert_eq!(Rights::parse("cda").unwrap(), Rights::parse("kxtea").unwrap());
        for wrong in ["lrQ", "lrq", "l r", "0", "ä"] {
            assert!(matches!(Rights::parse(wrong), Err(Error::Bad(_))), "{wrong}");
        }
    }

    #[test]
    fn flags_follow_from_rights() {
        let mask = Rights::parse("st").unwrap().flags();
        assert_eq!(mask.system, System::SEEN.with(System::DELETED));
        assert!(!mask.keywords);
        assert_eq!(Rights::ALL.flags(), FlagMask::ALL);
        assert_eq!(Rights::NONE.flags(), FlagMask::default());
    }

    fn rights() -> impl Strategy<Value = Rights> {
        (0..=Rights::ALL.0).prop_map(Rights)
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(rights in rights(), others in rights()) {
            prop_assert_eq!(Rights::parse(&rights.letters()).unwrap(), rights);
            // The virtual letters stand for more than what made them appear, as old clients mean them.
            prop_assert!(Rights::parse(&rights.to_string()).unwrap().contains(rights));
            prop_assert_eq!(Rights::from_bits(rights.bits()), rights);
            for change in [Modification::Replace(rights), Modification::Add(rights), Modification::Remove(rights)] {
                prop_assert_eq!(Modification::parse(&change.to_string()).unwrap(), change);
            }
            prop_assert!(Modification::Add(rights).apply(others).contains(rights.with(others)));
            prop_assert!(!Modification::Remove(rights).apply(others).has_any(rights));
        }

        #[test]
        fn flags_need_the_rights_that_allow_them(rights in rights(), bits in 0u8..32, keyword: bool) {
            let keywords = keyword.then(|| crate::mailbox::Keyword::new("$Work").unwrap());
            let flags = FlagSet::new(System(bits), keywords);
            let allowed = flags.within(rights.flags()) == flags;
            prop_assert_eq!(allowed, rights.contains(Rights::to_change(&flags)));
        }
    }
}

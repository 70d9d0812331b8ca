//! The numbers mail is known by, each a type of its own so that none is taken for another.

use std::fmt;
use std::num::NonZeroU32;

macro_rules! database_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

database_id! {
    /// An account: a user, or the owner of what belongs to everybody. First in the key of all that belongs to it.
    AccountId
}

impl AccountId {
    /// The account that owns the mailboxes of everybody.
    pub const SHARED: AccountId = AccountId(0);
}

database_id! {
    /// A mailbox, unique in the database; it survives RENAME.
    MailboxId
}
database_id! {
    /// A message of one account, unique in the database; COPY and MOVE keep it.
    MessageId
}

/// A mailbox together with the account that owns it: what every statement about a mailbox starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxKey {
    pub account: AccountId,
    pub mailbox: MailboxId,
}

impl MailboxKey {
    /// What has been deleted in this mailbox, as a mailbox of its own. Its number is the negative one, which no table
    /// has: a unit that does not know better finds nothing there and changes nothing.
    pub fn of_deleted(self) -> MailboxKey {
        MailboxKey { mailbox: MailboxId(-self.mailbox.0.abs()), ..self }
    }

    /// Whether this is what has been deleted in a mailbox.
    pub fn is_of_deleted(self) -> bool {
        self.mailbox.0 < 0
    }

    /// The mailbox in which it was, or is.
    pub fn of_kept(self) -> MailboxKey {
        MailboxKey { mailbox: MailboxId(self.mailbox.0.abs()), ..self }
    }
}

macro_rules! nz_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// None for zero, which RFC 9051 §9 (nz-number) does not allow.
            pub fn new(number: u32) -> Option<Self> {
                NonZeroU32::new(number).map(Self)
            }

            pub fn get(self) -> u32 {
                self.0.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

nz_number! {
    /// A unique identifier within one mailbox and uidvalidity (RFC 9051 §2.3.1.1).
    Uid
}
nz_number! {
    /// A message sequence number: a position in one client's view, from 1 (RFC 9051 §2.3.1.2).
    Msn
}
nz_number! {
    /// The uidvalidity of a mailbox (RFC 9051 §2.3.1.1).
    UidValidity
}

impl Uid {
    pub const MIN: Uid = Uid(NonZeroU32::MIN);
    pub const MAX: Uid = Uid(NonZeroU32::MAX);
}

/// A mod-sequence: each change of a mailbox gets the next one (RFC 7162 §3.1). 63 bits, so that it fits `bigint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ModSeq(pub u64);

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

//! CREATE (RFC 3501 §6.3.3): a new mailbox, with those above it that are missing.

use std::sync::Arc;

use jiff::Timestamp;
use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox_to_create;
use crate::mailbox::{FirstMailbox, MailboxName};

/// The name that the new mailbox is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    pub name: MailboxName,
}

/// `create = "CREATE" SP mailbox`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Create> {
    map(preceded(sp, mailbox_to_create(enabled)), |name| Create { name }).parse(input)
}

impl Create {
    /// Creates it, with the use that `uses` has for a mailbox of its name (RFC 6154).
    pub fn plan(self, tag: String, user: &User, uses: Arc<[FirstMailbox]>, now: Timestamp) -> Plan {
        let create = db::CreateMailbox { viewer: user.viewer(), name: self.name, uses, now };
        Plan::run(create, move |created, _| {
            Plan::Done(match created {
                Ok(()) => Answer::ok(&tag, "CREATE completed"),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

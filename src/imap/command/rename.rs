//! RENAME (RFC 3501 §6.3.5): a mailbox and all below it get another name; INBOX only gives its messages away.

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
use crate::imap::grammar::mailbox::{mailbox, mailbox_to_create};
use crate::mailbox::MailboxName;

/// Which mailbox gets which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    pub from: MailboxName,
    pub to: MailboxName,
}

/// `rename = "RENAME" SP mailbox SP mailbox`, from the first space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Rename> {
    map((preceded(sp, mailbox(enabled)), preceded(sp, mailbox_to_create(enabled))), |(from, to)| Rename {
        from,
        to,
    })
    .parse(input)
}

impl Rename {
    /// Renames it.
    pub fn plan(self, tag: String, user: &User, now: Timestamp) -> Plan {
        let Rename { from, to } = self;
        let own = [from.clone(), to.clone()];
        let by = user.culprit("RENAME");
        let rename = db::RenameMailbox { viewer: user.viewer(), from, to, now, by };
        Plan::run(rename, move |renamed, _| {
            Plan::Done(match renamed {
                Ok(changes) => Answer::ok(&tag, "RENAME completed").with_changes(changes).of_own(own),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

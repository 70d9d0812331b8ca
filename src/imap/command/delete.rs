//! DELETE (RFC 3501 §6.3.4): a mailbox ends; what was in it can be taken back for a while.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::mailbox::MailboxName;

/// The mailbox that is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    pub name: MailboxName,
}

/// `delete = "DELETE" SP mailbox`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Delete> {
    map(preceded(sp, mailbox(enabled)), |name| Delete { name }).parse(input)
}

impl Delete {
    /// Deletes it, unless it is INBOX.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        if self.name.is_inbox() {
            return Plan::Done(Answer::failed(&tag, Error::no(Code::Cannot, "INBOX cannot be deleted")));
        }
        let own = [self.name.clone()];
        let delete = db::DeleteMailbox { viewer: user.viewer(), name: self.name, by: user.culprit("DELETE") };
        Plan::run(delete, move |deleted, _| {
            Plan::Done(match deleted {
                Ok(changes) => Answer::ok(&tag, "DELETE completed").with_changes(changes).of_own(own),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

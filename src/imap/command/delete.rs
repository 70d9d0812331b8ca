//! DELETE (RFC 3501 §6.3.4): a mailbox ends; what was in it can be taken back for a while.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Conversation, Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::response;
use crate::mailbox::{Change, MailboxName};
use crate::policy::Viewer;

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
        let deleting =
            Deleting { tag, by: user.culprit("DELETE"), viewer: user.viewer(), changes: Vec::new() };
        deleting.go_on(self.name, db::ThinnedOut::default())
    }
}

/// A DELETE under way: of very many messages some thousand go at a time.
struct Deleting {
    tag: String,
    by: db::Culprit,
    viewer: Viewer,
    changes: Vec<Change>,
}

impl Deleting {
    fn go_on(mut self, name: MailboxName, so_far: db::ThinnedOut) -> Plan {
        let (viewer, by) = (self.viewer, self.by.clone());
        let unit = db::DeleteMailbox { viewer, name: name.clone(), by, so_far };
        Plan::run(unit, move |deleted, _| match deleted {
            Ok(db::DeletedMailbox { changes, rest }) => {
                self.changes.extend(changes);
                let Some(rest) = rest else {
                    let answer = Answer::ok(&self.tag, "DELETE completed");
                    return Plan::Done(answer.with_changes(self.changes).of_own([name]));
                };
                let progress = response::in_progress(&self.tag, rest.done, rest.all);
                Plan::progress(progress, move |_: &mut Conversation| self.go_on(name, rest))
            }
            Err(error) => Plan::Done(Answer::failed(&self.tag, error).with_changes(self.changes)),
        })
    }
}

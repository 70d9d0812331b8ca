//! RENAME (RFC 3501 §6.3.5): a mailbox and all below it get another name; INBOX only gives its messages away.

use jiff::Timestamp;
use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Conversation, Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::{mailbox, mailbox_to_create};
use crate::imap::response;
use crate::mailbox::{Change, MailboxName};
use crate::policy::Viewer;

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
        let (viewer, by) = (user.viewer(), user.culprit("RENAME"));
        Renaming { tag, viewer, by, now, names: self, changes: Vec::new() }.go_on(None)
    }
}

/// A RENAME under way: of very many messages of INBOX some thousand move at a time.
struct Renaming {
    tag: String,
    viewer: Viewer,
    by: db::Culprit,
    now: Timestamp,
    names: Rename,
    changes: Vec<Change>,
}

impl Renaming {
    fn go_on(mut self, so_far: Option<db::MovedInbox>) -> Plan {
        let Rename { from, to } = self.names.clone();
        let (viewer, by, now) = (self.viewer, self.by.clone(), self.now);
        let unit = db::RenameMailbox { viewer, from, to, now, by, so_far };
        Plan::run(unit, move |renamed, _| match renamed {
            Ok(db::Renamed { changes, rest }) => {
                self.changes.extend(changes);
                let Some(rest) = rest else {
                    let own = [self.names.from, self.names.to];
                    let answer = Answer::ok(&self.tag, "RENAME completed");
                    return Plan::Done(answer.with_changes(self.changes).of_own(own));
                };
                let progress = response::in_progress(&self.tag, rest.done, rest.all);
                Plan::progress(progress, move |_: &mut Conversation| self.go_on(Some(rest)))
            }
            Err(error) => Plan::Done(Answer::failed(&self.tag, error).with_changes(self.changes)),
        })
    }
}

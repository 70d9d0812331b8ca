//! SUBSCRIBE (RFC 3501 §6.3.6) and UNSUBSCRIBE (§6.3.7).

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::mailbox::MailboxName;

/// Whether a name is to be among those that LSUB lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    pub name: MailboxName,
    /// False for UNSUBSCRIBE.
    pub subscribed: bool,
}

/// `subscribe = "SUBSCRIBE" SP mailbox`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Subscribe> {
    map(preceded(sp, mailbox(enabled)), |name| Subscribe { name, subscribed: true }).parse(input)
}

/// `unsubscribe = "UNSUBSCRIBE" SP mailbox`, from the space on
pub fn parse_unsubscribe(input: &[u8], enabled: Enabled) -> Parsed<'_, Subscribe> {
    map(preceded(sp, mailbox(enabled)), |name| Subscribe { name, subscribed: false }).parse(input)
}

impl Subscribe {
    /// Adds the name, or takes it away.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let Subscribe { name, subscribed } = self;
        let text = if subscribed { "SUBSCRIBE completed" } else { "UNSUBSCRIBE completed" };
        let own = [name.clone()];
        let subscribe = db::Subscribe { account: user.account.id, name, subscribed };
        Plan::run(subscribe, move |done, _| {
            Plan::Done(match done {
                Ok(()) => Answer::ok(&tag, text).of_own(own),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

//! SELECT (RFC 3501 §6.3.1) and EXAMINE (§6.3.2): find the mailbox that a session is to open.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::{After, Answer, Opening};
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::response;
use crate::mailbox::MailboxName;
use crate::policy::Rights;

/// Which mailbox, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    pub name: MailboxName,
    /// EXAMINE.
    pub read_only: bool,
}

/// `select = "SELECT" SP mailbox`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Select> {
    map(preceded(sp, mailbox(enabled)), |name| Select { name, read_only: false }).parse(input)
}

/// `examine = "EXAMINE" SP mailbox`, from the space on
pub fn parse_examine(input: &[u8], enabled: Enabled) -> Parsed<'_, Select> {
    map(preceded(sp, mailbox(enabled)), |name| Select { name, read_only: true }).parse(input)
}

impl Select {
    /// Looks the mailbox up. Whatever comes of it, the mailbox that was open is not open any more.
    pub fn plan(self, tag: String, was_open: bool, user: &User) -> Plan {
        let enabled = user.enabled;
        let viewer = user.viewer();
        let find = db::FindMailbox { viewer, name: self.name.clone() };
        let (acting, client) = (user.acting(), user.client.clone());
        Plan::run(find, move |found, _| {
            let no_such = || Error::no(Code::NonExistent, "there is no such mailbox");
            let found = found.map_err(Error::from);
            let found = found.and_then(|found| db::FoundMailbox::for_whom_has(Rights::READ, found, no_such));
            Plan::Done(match found {
                Ok(found) => {
                    let opening = Opening::new(tag, self.name, self.read_only, viewer, &found);
                    let next = After::Open(Opening { acting, client, enabled, ..opening });
                    Answer { untagged: closed(was_open), next, ..Answer::default() }
                }
                Err(error) => {
                    let next = After::Unselect;
                    Answer { untagged: closed(was_open), next, sync: None, ..Answer::failed(&tag, error) }
                }
            })
        })
    }
}

/// What parts the responses of the mailbox that was open from those of the new one (RFC 9051 §7.1, CLOSED).
fn closed(was_open: bool) -> Vec<u8> {
    match was_open {
        true => response::ok("*", Some("CLOSED"), "The mailbox that was open is closed"),
        false => Vec::new(),
    }
}

//! SELECT (RFC 3501 §6.3.1) and EXAMINE (§6.3.2): find the mailbox that a session is to open.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::{After, Answer, Opening};
use crate::imap::conversation::{Plan, User};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
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
pub fn parse(input: &[u8]) -> Parsed<'_, Select> {
    map(preceded(sp, mailbox), |name| Select { name, read_only: false }).parse(input)
}

/// `examine = "EXAMINE" SP mailbox`, from the space on
pub fn parse_examine(input: &[u8]) -> Parsed<'_, Select> {
    map(preceded(sp, mailbox), |name| Select { name, read_only: true }).parse(input)
}

impl Select {
    /// Looks the mailbox up. Whatever comes of it, the mailbox that was open is not open any more.
    pub fn plan(self, tag: String, user: &User) -> Plan {
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
                    Answer { next: After::Open(Opening { acting, client, ..opening }), ..Answer::default() }
                }
                Err(error) => Answer { next: After::Unselect, sync: None, ..Answer::failed(&tag, error) },
            })
        })
    }
}

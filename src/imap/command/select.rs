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
        let find = db::FindMailbox { account: user.account.id, name: self.name.clone() };
        let client = user.client.clone();
        Plan::run(find, move |found, _| {
            let next = match found {
                Ok(Some(found)) => {
                    let opening = Opening::new(tag, self.name, self.read_only, &found);
                    return Plan::Done(Answer {
                        next: After::Open(Opening { client, ..opening }),
                        ..Answer::default()
                    });
                }
                Ok(None) => Error::no(Code::NonExistent, "there is no such mailbox"),
                Err(error) => error.into(),
            };
            Plan::Done(Answer { next: After::Unselect, sync: None, ..Answer::failed(&tag, next) })
        })
    }
}

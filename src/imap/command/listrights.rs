//! LISTRIGHTS (RFC 4314 §3.4): which rights somebody can be given in a mailbox.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::acl::as_written;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::response;
use crate::mailbox::MailboxName;
use crate::policy::{Rights, Subject};

/// Whose rights are asked about, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRights {
    pub name: MailboxName,
    pub subject: Subject,
    /// As the client wrote him, which is how the answer calls him.
    written: Vec<u8>,
}

/// `listrights = "LISTRIGHTS" SP mailbox SP identifier`, from the first space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, ListRights> {
    let arguments = (preceded(sp, mailbox(enabled)), preceded(sp, as_written));
    map(arguments, |(name, (subject, written))| ListRights { name, subject, written }).parse(input)
}

impl ListRights {
    /// Only the owner is a special case.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let enabled = user.enabled;
        let mailbox = db::Administered::By(user.viewer(), self.name.clone());
        let of = Some(self.subject.clone());
        Plan::run(db::ListRights { mailbox, of }, move |listed, _| {
            Plan::Done(match listed {
                Ok(listed) => {
                    let is_owner = listed.is_owner(&self.subject.identifier);
                    Answer::ok(&tag, "LISTRIGHTS completed").with_untagged(self.respond(
                        is_owner,
                        listed.possible,
                        enabled,
                    ))
                }
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    /// `listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)`: what he has always, and what he
    /// can be given. No right is tied to another one, so `c` and `d` stand by themselves (RFC 4314 §2.1.1).
    fn respond(&self, is_owner: bool, possible: Rights, enabled: Enabled) -> Vec<u8> {
        let mut out = b"* LISTRIGHTS ".to_vec();
        response::mailbox(&mut out, self.name.as_str(), enabled);
        out.push(b' ');
        response::astring(&mut out, &self.written);
        out.push(b' ');
        match (is_owner, self.subject.negative) {
            (true, false) => response::astring(&mut out, possible.to_string().as_bytes()),
            (true, true) => out.extend_from_slice(b"\"\""),
            (false, _) => {
                out.extend_from_slice(b"\"\"");
                let letters = possible.to_string();
                letters.bytes().for_each(|letter| out.extend_from_slice(&[b' ', letter]));
            }
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}

//! GETACL (RFC 4314 §3.3): who may do what in a mailbox.

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
use crate::imap::response;
use crate::mailbox::MailboxName;
use crate::policy::Rights;

/// The mailbox that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAcl {
    pub name: MailboxName,
}

/// `getacl = "GETACL" SP mailbox`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, GetAcl> {
    map(preceded(sp, mailbox(enabled)), |name| GetAcl { name }).parse(input)
}

impl GetAcl {
    /// Reads the list.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let enabled = user.enabled;
        let mailbox = db::Administered::By(user.viewer(), self.name.clone());
        Plan::run(db::ListRights { mailbox, of: None }, move |listed, _| {
            Plan::Done(match listed {
                Ok(listed) => {
                    Answer::ok(&tag, "GETACL completed").with_untagged(self.respond(&listed, enabled))
                }
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    /// `acl-data = "ACL" SP mailbox *(SP identifier SP rights)`
    fn respond(&self, listed: &db::ListedRights, enabled: Enabled) -> Vec<u8> {
        let mut out = b"* ACL ".to_vec();
        response::mailbox(&mut out, self.name.as_str(), enabled);
        let mut say = |identifier: &str, rights: Rights| {
            out.push(b' ');
            response::astring(&mut out, identifier.as_bytes());
            out.push(b' ');
            response::astring(&mut out, rights.to_string().as_bytes());
        };
        listed.owner.iter().for_each(|owner| say(owner, listed.of_owner));
        listed.entries.iter().for_each(|(subject, rights)| say(&subject.to_string(), *rights));
        out.extend_from_slice(b"\r\n");
        out
    }
}

//! MYRIGHTS (RFC 4314 §3.5): what the user may do in a mailbox.

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
use crate::imap::response;
use crate::mailbox::MailboxName;
use crate::policy::Rights;

/// The mailbox that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyRights {
    pub name: MailboxName,
}

/// `myrights = "MYRIGHTS" SP mailbox`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, MyRights> {
    map(preceded(sp, mailbox(enabled)), |name| MyRights { name }).parse(input)
}

impl MyRights {
    /// Looks the mailbox up. Who has none of the rights that let him know of it hears that it does not exist.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let enabled = user.enabled;
        let find = db::FindMailbox { viewer: user.viewer(), name: self.name.clone() };
        Plan::run(find, move |found, _| {
            let told = |found: &db::FoundMailbox| found.permit.rights.has_any(Rights::TELLING);
            Plan::Done(match found.map(|found| found.filter(told)) {
                Ok(Some(found)) => {
                    let mut out = Vec::new();
                    write(&mut out, self.name.as_str(), found.permit.rights, enabled);
                    Answer::ok(&tag, "MYRIGHTS completed").with_untagged(out)
                }
                Ok(None) => Answer::failed(&tag, Error::no(Code::NonExistent, "there is no such mailbox")),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

/// `myrights-data = "MYRIGHTS" SP mailbox SP rights`, as a line of its own.
pub(super) fn write(out: &mut Vec<u8>, name: &str, rights: Rights, enabled: Enabled) {
    out.extend_from_slice(b"* MYRIGHTS ");
    response::mailbox(out, name, enabled);
    out.push(b' ');
    response::astring(out, rights.to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
}

//! SETACL and DELETEACL (RFC 4314 §3.1, §3.2): who may do what in a mailbox.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::db;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::acl::{identifier, mod_rights};
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::mailbox::MailboxName;
use crate::policy::{Modification, Rights, Subject};

/// What becomes of whose rights, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAcl {
    pub name: MailboxName,
    pub subject: Subject,
    pub modification: Modification,
    /// As the answer calls it.
    word: &'static str,
}

/// `setacl = "SETACL" SP mailbox SP identifier SP mod-rights`, from the first space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, SetAcl> {
    let arguments = (preceded(sp, mailbox(enabled)), preceded(sp, identifier), preceded(sp, mod_rights));
    map(arguments, |(name, subject, modification)| SetAcl { name, subject, modification, word: "SETACL" })
        .parse(input)
}

/// `deleteacl = "DELETEACL" SP mailbox SP identifier`, from the first space on
pub fn parse_deleteacl(input: &[u8], enabled: Enabled) -> Parsed<'_, SetAcl> {
    let modification = Modification::Replace(Rights::NONE);
    let arguments = (preceded(sp, mailbox(enabled)), preceded(sp, identifier));
    map(arguments, move |(name, subject)| SetAcl { name, subject, modification, word: "DELETEACL" })
        .parse(input)
}

impl SetAcl {
    /// Changes the rights; whoever has the mailbox open hears of it.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let SetAcl { name, subject, modification, word } = self;
        let mailbox = db::Administered::By(user.viewer(), name);
        Plan::run(db::ChangeRights { mailbox, subject, modification }, move |changed, _| {
            Plan::Done(match changed {
                Ok(change) => {
                    let changes = change.into_iter().collect();
                    Answer::ok(&tag, &format!("{word} completed")).with_changes(changes)
                }
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn setacl_is_read() {
        let read = |input: &str| {
            let read = complete(input.as_bytes(), |input| parse(input, Enabled::default()));
            read.map(|set| format!("{} {} {}", set.name, set.subject, set.modification))
        };
        assert_eq!(read(" inbox -$team +lrd").as_deref(), Ok("INBOX -$team +lrte"));
        assert_eq!(read(" a \"b c\" \"\"").as_deref(), Ok("a b c "));
        for input in [" inbox anna", " inbox anna lrQ", " inbox \"\" l", " inbox anna l x"] {
            assert!(matches!(read(input), Err(Error::Bad(_))), "{input}");
        }
        assert!(complete(b" inbox anna", |input| parse_deleteacl(input, Enabled::default())).is_ok());
    }
}

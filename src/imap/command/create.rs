//! CREATE (RFC 3501 §6.3.3): a new mailbox, and its use (RFC 6154).

use std::sync::Arc;

use jiff::Timestamp;
use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, opt, value};
use nom::error::context;
use nom::sequence::{delimited, preceded};

use crate::db;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, parenthesized, sp, word};
use crate::imap::grammar::mailbox::{mailbox_to_create, reference};
use crate::imap::response;
use crate::mailbox::first_mailbox::special_use;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::object_id::mailbox_id;
use crate::mailbox::{FirstMailbox, MailboxName};

/// The name that the new mailbox is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    pub name: MailboxName,
    /// The same as the client has written it.
    pub written: String,
    /// What it is to be used for, as the client writes that; mostly nothing.
    pub uses: Vec<String>,
}

/// `create = "CREATE" SP mailbox [create-params]`, from the first space on (RFC 4466 §6)
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Create> {
    let params = opt(preceded(sp, delimited(char('('), create_param, char(')'))));
    let (rest, (name, uses)) = (preceded(sp, mailbox_to_create(enabled)), params).parse(input)?;
    let written = preceded(sp, reference(enabled)).parse(input);
    let written = written.map_or_else(|_| name.as_str().to_owned(), |(_, written)| written);
    Ok((rest, Create { name, written, uses: uses.unwrap_or_default() }))
}

/// `create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"`, `use-attr = "\All" / "\Archive" / ... / use-attr-ext`
/// (RFC 6154 §6)
fn create_param(input: &[u8]) -> Parsed<'_, Vec<String>> {
    let use_attr = |input| map(preceded(char('\\'), atom), str::to_ascii_lowercase).parse(input);
    let none = value(Vec::new(), (char('('), char(')')));
    context("what it is used for", preceded((word("USE"), sp), alt((none, parenthesized(use_attr)))))
        .parse(input)
}

impl Create {
    /// Creates it, with the use that is asked for, or else that which `uses` has for a mailbox of its name (RFC 6154).
    pub fn plan(self, tag: String, user: &User, uses: Arc<[FirstMailbox]>, now: Timestamp) -> Plan {
        let special_use = match special_use(&self.uses) {
            Ok(special_use) => special_use,
            Err(refusal) => return Plan::Done(Answer::failed(&tag, refusal)),
        };
        let (own, untagged) = ([self.name.clone()], self.called_otherwise(user.enabled));
        let create = db::CreateMailbox { viewer: user.viewer(), name: self.name, special_use, uses, now };
        Plan::run(create, move |created, _| {
            Plan::Done(match created {
                Ok(mailbox) => {
                    // RFC 8474 §4.1
                    let code = format!("MAILBOXID ({})", mailbox_id(mailbox));
                    let answer = Answer::ok_code(&tag, Some(&code), "CREATE completed");
                    Answer { untagged, ..answer }.of_own(own)
                }
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    /// RFC 9051 §6.3.4: the client learns what a mailbox is called whose name was normalized.
    fn called_otherwise(&self, enabled: Enabled) -> Vec<u8> {
        let written = self.written.strip_suffix(SEPARATOR).unwrap_or(&self.written);
        let mut out = Vec::new();
        if enabled.imap4rev2 && written != self.name.as_str() {
            out.extend_from_slice(format!("* LIST () \"{SEPARATOR}\" ").as_bytes());
            response::mailbox(&mut out, self.name.as_str(), enabled);
            response::oldname(&mut out, written, enabled);
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};
    use crate::imap::grammar::fault::complete;

    #[test]
    fn create_may_say_what_for() {
        let read = |input: &str| complete(input.as_bytes(), |all| parse(all, Enabled::default()));
        let uses = |input: &str| special_use(&read(input).unwrap().uses);
        assert_eq!(uses(" a"), Ok(None));
        assert_eq!(uses(" a (USE ())"), Ok(None));
        assert_eq!(uses(" a (use (\\SENT))"), Ok(Some("sent")));
        for refused in [" a (USE (\\All))", " a (USE (\\Sent \\Junk))"] {
            assert!(matches!(uses(refused), Err(Error::No { code: Code::UseAttr, .. })), "{refused}");
        }
        for wrong in [" a (USE)", " a USE (\\Sent)", " a (USE (Sent))", " a ()"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

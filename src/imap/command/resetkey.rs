//! RESETKEY (RFC 4467 §7): takes keys of URLs away, and with them all that was made with those.

use nom::Parser;
use nom::combinator::opt;
use nom::multi::many0;
use nom::sequence::preceded;

use super::urlfetch::token::INTERNAL;
use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::url::mechanism;
use crate::mailbox::MailboxName;

/// Whose key is replaced; None for all of the user's keys, which are taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetKey {
    mailbox: Option<MailboxName>,
    mechanisms: Vec<String>,
}

/// `resetkey = "RESETKEY" [SP mailbox *(SP mechanism)]`, from the first space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, ResetKey> {
    let arguments = (preceded(sp, mailbox(enabled)), many0(preceded(sp, mechanism)));
    let (rest, found) = opt(arguments).parse(input)?;
    let (mailbox, mechanisms) = found.map_or((None, Vec::new()), |(mailbox, found)| (Some(mailbox), found));
    Ok((rest, ResetKey { mailbox, mechanisms }))
}

impl ResetKey {
    /// Replaces the key, or takes all away.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let viewer = user.viewer();
        if viewer.anonymous {
            let error = Error::no(Code::NoPerm, "Who is anonymous has no keys");
            return Plan::Done(Answer::failed(&tag, error));
        }
        if self.mechanisms.iter().any(|name| name != INTERNAL) {
            let error = Error::no(Code::Cannot, "INTERNAL is the only mechanism here");
            return Plan::Done(Answer::failed(&tag, error));
        }
        let Some(mailbox) = self.mailbox else {
            let all = db::DeleteUrlKeys { account: viewer.account };
            return Plan::run(all, move |done, _| {
                Plan::Done(match done {
                    Ok(()) => Answer::ok(&tag, "All keys removed"),
                    Err(error) => Answer::failed(&tag, error),
                })
            });
        };
        let key = db::MakeUrlKey { viewer, mailbox, uidvalidity: None, renew: true };
        Plan::run(key, move |key, _| {
            Plan::Done(match key {
                Ok(Some(_)) => Answer::ok_code(&tag, Some(URLMECH), "The key is another one"),
                Ok(None) => Answer::failed(&tag, Error::no(Code::NonExistent, "There is no such mailbox")),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

/// `resp-text-code =/ "URLMECH" SP "INTERNAL" *(SP mechanism ["=" base64])`
pub const URLMECH: &str = "URLMECH INTERNAL";

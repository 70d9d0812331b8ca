//! GETQUOTAROOT (RFC 9208 §4.1.2): which quota roots a mailbox has, and how much of each is used.

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use super::getquota::{not_for_anonymous, write_quota};
use super::status::readable;
use crate::db::{self, Quota};
use crate::error::Error;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::response;
use crate::mailbox::{AccountId, Located, MailboxName};

/// Which mailbox, which need not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetQuotaRoot {
    pub mailbox: MailboxName,
}

/// `getquotaroot = "GETQUOTAROOT" SP mailbox`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, GetQuotaRoot> {
    map(preceded(sp, mailbox(enabled)), |mailbox| GetQuotaRoot { mailbox }).parse(input)
}

impl GetQuotaRoot {
    /// Every mailbox of a user has the same roots. Those of others are told to whom may read the mailbox (RFC 9208 §6).
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let viewer = user.viewer();
        if viewer.anonymous {
            return Plan::Done(Answer::failed(&tag, not_for_anonymous()));
        }
        if let Located::Own(_) = Located::of(&self.mailbox) {
            return self.of_account(tag, viewer.account, user.enabled);
        }
        let enabled = user.enabled;
        let find = db::FindMailbox { viewer, name: self.mailbox.clone() };
        Plan::run(find, move |found, _| match found.map_err(Error::from).and_then(readable) {
            Ok(found) => self.of_account(tag, found.key.account, enabled),
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        })
    }

    fn of_account(self, tag: String, account: AccountId, enabled: Enabled) -> Plan {
        Plan::run(db::ReadQuotas { account }, move |quotas, _| {
            Plan::Done(match quotas {
                Ok(quotas) => self.respond(&tag, &quotas.unwrap_or_default(), enabled),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    /// `quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)`, then a quota-response for each root
    fn respond(&self, tag: &str, quotas: &[Quota], enabled: Enabled) -> Answer {
        let mut untagged = b"* QUOTAROOT ".to_vec();
        response::mailbox(&mut untagged, self.mailbox.as_str(), enabled);
        for quota in quotas {
            untagged.push(b' ');
            response::astring(&mut untagged, quota.root.to_string().as_bytes());
        }
        untagged.extend_from_slice(b"\r\n");
        for quota in quotas {
            write_quota(&mut untagged, &quota.root.to_string(), quota);
        }
        Answer::ok(tag, "GETQUOTAROOT completed").with_untagged(untagged)
    }
}

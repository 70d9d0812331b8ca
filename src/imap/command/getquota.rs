//! GETQUOTA (RFC 9208 §4.1.1): how much of a quota root is used, and how much there is.

use nom::Parser;
use nom::combinator::map;
use nom::error::context;
use nom::sequence::preceded;

use crate::db::{self, Quota};
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{astring, sp};
use crate::imap::response;
use crate::policy::quota::{Resource, Root};

/// Which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetQuota {
    /// As the client calls it.
    pub root: String,
}

/// `getquota = "GETQUOTA" SP quota-root-name`, from the space on
pub fn parse(input: &[u8]) -> Parsed<'_, GetQuota> {
    map(preceded(sp, quota_root_name), |root| GetQuota { root }).parse(input)
}

/// `quota-root-name = astring`
pub(super) fn quota_root_name(input: &[u8]) -> Parsed<'_, String> {
    map(context("a quota root", astring), |octets| String::from_utf8_lossy(&octets).into_owned()).parse(input)
}

impl GetQuota {
    /// Looks among the quotas that the user is under; those of others are for administrators only.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        if user.viewer().anonymous {
            return Plan::Done(Answer::failed(&tag, not_for_anonymous()));
        }
        let account = user.account.id;
        let group = user.administrators_group.clone();
        Plan::run(db::ReadQuotas { account }, move |quotas, _| {
            let quotas = match quotas {
                Ok(quotas) => quotas.unwrap_or_default(),
                Err(error) => return Plan::Done(Answer::failed(&tag, error)),
            };
            let root = Root::parse(&self.root);
            let is_it = |quota: &Quota| match &root {
                Some(root) => quota.root.is_same_as(root),
                None => self.root == OWN && matches!(quota.root, Root::User(_)),
            };
            match (quotas.iter().find(|quota| is_it(quota)), root) {
                (Some(quota), _) => Plan::Done(respond(&tag, &self.root, quota)),
                (None, Some(root)) => {
                    if_administrator(tag, account, group, move |tag| self.of_other(tag, root))
                }
                (None, None) => Plan::Done(Answer::failed(&tag, no_such_root())),
            }
        })
    }

    fn of_other(self, tag: String, root: Root) -> Plan {
        Plan::run(db::ReadQuota { root }, move |quota, _| {
            Plan::Done(match quota {
                Ok(Some(quota)) => respond(&tag, &self.root, &quota),
                Ok(None) => Answer::failed(&tag, no_such_root()),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

/// Goes on if the user is an administrator. To others, what they may not see is not there (RFC 9208 §8).
fn if_administrator(
    tag: String,
    account: crate::mailbox::AccountId,
    group: String,
    then: impl FnOnce(String) -> Plan + Send + 'static,
) -> Plan {
    Plan::run(db::IsMember { account, group }, move |is_member, _| match is_member {
        Ok(true) => then(tag),
        Ok(false) => Plan::Done(Answer::failed(&tag, no_such_root())),
        Err(error) => Plan::Done(Answer::failed(&tag, error)),
    })
}

fn respond(tag: &str, name: &str, quota: &Quota) -> Answer {
    let mut untagged = Vec::new();
    write_quota(&mut untagged, name, quota);
    Answer::ok(tag, "GETQUOTA completed").with_untagged(untagged)
}

/// `quota-response = "QUOTA" SP quota-root-name SP quota-list`, with those resources that are limited (§4.2.1)
pub(super) fn write_quota(out: &mut Vec<u8>, name: &str, quota: &Quota) {
    out.extend_from_slice(b"* QUOTA ");
    response::astring(out, name.as_bytes());
    let told = |resource: Resource| {
        let limit = resource.limit_told(quota.limits.get(resource)?);
        Some(format!("{} {} {limit}", resource.name(), resource.usage_told(quota.usage.get(resource))))
    };
    let list: Vec<String> = Resource::ALL.into_iter().filter_map(told).collect();
    out.extend_from_slice(format!(" ({})\r\n", list.join(" ")).as_bytes());
}

/// RFC 9208 §8 wants that nothing of quotas is disclosed to them.
pub(super) fn not_for_anonymous() -> Error {
    Error::no(Code::NoPerm, "quotas are told to users with a name only")
}

pub(super) fn no_such_root() -> Error {
    Error::no(Code::NonExistent, "there is no such quota root")
}

/// What clients that ask no GETQUOTAROOT before call the root of their user.
const OWN: &str = "";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;
    use crate::policy::quota::{Limits, Usage};

    #[test]
    fn roots_are_any_strings() {
        for (input, root) in [(" \"\"", ""), (" user/anna", "user/anna"), (" {3}\r\na b", "a b")] {
            assert_eq!(complete(input.as_bytes(), parse).unwrap().root, root);
        }
        assert!(complete(b" a b", parse).is_err());
        assert!(complete(b"", parse).is_err());
    }

    #[test]
    fn only_what_is_limited_is_told() {
        let mut limits = Limits::default();
        let told = |limits| {
            let usage = Usage { storage: 2049, messages: 3, mailboxes: 6, annotations: 0 };
            let mut out = Vec::new();
            write_quota(&mut out, "user/a b", &Quota { root: Root::User("a b".to_owned()), limits, usage });
            String::from_utf8(out).unwrap()
        };
        assert_eq!(told(limits), "* QUOTA \"user/a b\" ()\r\n");
        limits.set(Resource::Storage, 5120);
        limits.set(Resource::Mailbox, 10);
        assert_eq!(told(limits), "* QUOTA \"user/a b\" (STORAGE 3 5 MAILBOX 6 10)\r\n");
    }
}

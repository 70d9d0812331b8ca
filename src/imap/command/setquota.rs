//! SETQUOTA (RFC 9208 §4.1.3): an administrator limits what a user, a group or a domain may keep.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag as octets;
use nom::combinator::{map, value};
use nom::error::context;
use nom::sequence::{preceded, separated_pair};

use super::getquota::{no_such_root, quota_root_name, write_quota};
use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, number64, parenthesized, sp};
use crate::policy::quota::{Limits, Resource, Root};

/// Which root, and all its limits: those that are not named are no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetQuota {
    pub root: String,
    /// Each resource as the client calls it, and its limit.
    pub limits: Vec<(String, u64)>,
}

/// `setquota = "SETQUOTA" SP quota-root-name SP setquota-list`, from the space on
pub fn parse(input: &[u8]) -> Parsed<'_, SetQuota> {
    let arguments = (preceded(sp, quota_root_name), preceded(sp, setquota_list));
    map(arguments, |(root, limits)| SetQuota { root, limits }).parse(input)
}

/// `setquota-list = "(" [setquota-resource *(SP setquota-resource)] ")"`
fn setquota_list(input: &[u8]) -> Parsed<'_, Vec<(String, u64)>> {
    // `setquota-resource = resource-name SP resource-limit`
    let resource = || separated_pair(map(atom, str::to_owned), sp, number64);
    context(
        "a list of limits",
        alt((value(Vec::new(), octets("()")), parenthesized(move |input| resource().parse(input)))),
    )
    .parse(input)
}

impl SetQuota {
    /// Only administrators may do that.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let membership = db::IsMember { account: user.account.id, group: user.administrators_group.clone() };
        Plan::run(membership, move |is_member, _| match is_member {
            Ok(true) => self.set(tag),
            Ok(false) => Plan::Done(Answer::failed(&tag, not_allowed())),
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        })
    }

    fn set(self, tag: String) -> Plan {
        let (root, limits) = match (Root::parse(&self.root), self.limits()) {
            (Some(root), Ok(limits)) => (root, limits),
            (_, Err(error)) => return Plan::Done(Answer::failed(&tag, error)),
            (None, _) => return Plan::Done(Answer::failed(&tag, no_such_root())),
        };
        Plan::run(db::SetQuota { root: root.clone(), limits }, move |set, _| match set {
            Ok(true) => respond(tag, self.root, root),
            Ok(false) => Plan::Done(Answer::failed(&tag, no_such_root())),
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        })
    }

    fn limits(&self) -> Result<Limits, Error> {
        let mut limits = Limits::default();
        for (name, limit) in &self.limits {
            let unknown =
                || Error::no(Code::Cannot, format!("there is no resource {name} that can be limited"));
            let resource = Resource::named(name).ok_or_else(unknown)?;
            limits.set(resource, resource.limit_heard(*limit));
        }
        Ok(limits)
    }
}

/// Tells what came of it.
fn respond(tag: String, name: String, root: Root) -> Plan {
    Plan::run(db::ReadQuota { root }, move |quota, _| {
        Plan::Done(match quota {
            Ok(quota) => {
                let mut untagged = Vec::new();
                quota.iter().for_each(|quota| write_quota(&mut untagged, &name, quota));
                Answer::ok(&tag, "SETQUOTA completed").with_untagged(untagged)
            }
            Err(error) => Answer::failed(&tag, error),
        })
    })
}

fn not_allowed() -> Error {
    Error::no(Code::NoPerm, "only administrators may set quotas")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    fn read(input: &str) -> Result<SetQuota, Error> {
        complete(input.as_bytes(), parse)
    }

    #[test]
    fn a_list_may_be_empty() {
        assert_eq!(read(" user/anna ()").unwrap().limits, []);
        let two = read(" \"group/a b\" (STORAGE 512 message 10)").unwrap();
        assert_eq!(two.root, "group/a b");
        let limits = two.limits().unwrap();
        assert_eq!((limits.storage, limits.messages, limits.mailboxes), (Some(524_288), Some(10), None));
    }

    #[test]
    fn other_forms_and_resources_are_refused() {
        for input in [" a", " a (STORAGE)", " a (STORAGE -1)", " a STORAGE 1", " (STORAGE 1)"] {
            assert!(matches!(read(input), Err(Error::Bad(_))), "{input}");
        }
        let unknown = read(" a (X-COFFEE 5)").unwrap().limits();
        assert!(matches!(unknown, Err(Error::No { code: Code::Cannot, .. })));
    }
}

//! What the commands about policies have in common: what they are about, how they are told, and what they cover.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Reply, counted, moment, octets};
use super::conversation::{Context, Outcome};
use super::grammar::{MailboxPath, domain, mailbox_path};
use super::search_words;
use crate::db::{self, AddPolicy, CountCovered, Covered, ListPolicies, ListedPolicy, Place, PolicyScope};
use crate::error::{Code, Error};
use crate::mailbox::Login;
use crate::plan::Plan;
use crate::policy::PolicyKind;
use crate::search::Selector;

/// Who makes and takes back policies, as their rows say it.
pub(super) const BY: &str = "aox";

/// What a policy covers now, in mailboxes and among what was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    pub live: Covered,
    pub deleted: Covered,
}

/// Of which users a policy is, as an administrator has named them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WhoseMail {
    pub user: Option<String>,
    /// All who have or had an address in it.
    #[serde(default)]
    pub domain: Option<String>,
}

/// What a policy is about: the mail of a user, of a domain, or of a mailbox with all below it, or all mail.
pub(super) fn scope(whose: &WhoseMail, mailbox: Option<&str>) -> Result<PolicyScope, Error> {
    match (&whose.user, &whose.domain, mailbox) {
        (Some(login), None, None) => {
            let login = Some(Login::new(login)?.as_str().to_owned());
            Ok(PolicyScope { login, ..PolicyScope::default() })
        }
        (None, Some(name), None) => Ok(PolicyScope { domain: Some(domain(name)?), ..PolicyScope::default() }),
        (None, None, Some(path)) => {
            let MailboxPath { login, mailbox } = MailboxPath::parse(path)?;
            Ok(PolicyScope { login: Some(login), mailbox: Some(mailbox), ..PolicyScope::default() })
        }
        (None, None, None) => Ok(PolicyScope::default()),
        _ => Err(Error::bad("name a user, a domain or a mailbox, not several: a mailbox says whose it is")),
    }
}

/// What follows the days of a policy: a mailbox if it begins with a slash, then a search.
pub(super) fn mailbox_and_search(words: &[String]) -> Result<(Option<&str>, Option<Selector>), Error> {
    let (mailbox, words) = match words.split_first() {
        Some((first, rest)) if first.starts_with('/') => (Some(first.as_str()), rest),
        _ => (None, words),
    };
    Ok((mailbox, search(words)?))
}

/// A search; none when there are no words.
pub(super) fn search(words: &[String]) -> Result<Option<Selector>, Error> {
    match words.is_empty() {
        true => Ok(None),
        false => search_words::selector(words).map(Some),
    }
}

/// Makes a policy, counts what it covers, and tells that; `told` begins the sentence.
pub(super) fn make(unit: AddPolicy, told: String) -> Plan<Context, Outcome> {
    Plan::run(unit, move |made: Result<i64, db::Error>, _: &mut Context| match made {
        Err(error) => Plan::Done(Err(error.into())),
        Ok(id) => count(id, move |count, _| {
            let sentence = format!("{told} It is policy {id}; {}.", covers(&count));
            let json = json!({"id": id, "covers": count_json(&count)});
            Ok(super::answer::Answer::sentence(sentence, json))
        }),
    })
}

/// Finds the one policy that is meant by a number or a name.
pub(super) fn find(
    policy: &str,
    then: impl FnOnce(ListedPolicy, &mut Context) -> Plan<Context, Outcome> + Send + 'static,
) -> Plan<Context, Outcome> {
    let unit = match policy.parse() {
        Ok(id) => ListPolicies { id: Some(id), ..ListPolicies::default() },
        Err(_) => ListPolicies { name: Some(policy.to_owned()), ..ListPolicies::default() },
    };
    let policy = policy.to_owned();
    Plan::run(unit, move |found: Result<Vec<ListedPolicy>, db::Error>, context: &mut Context| {
        let nothing = || Error::no(Code::NonExistent, format!("there is no policy {policy}"));
        let one = found.map_err(Error::from).and_then(|found| found.into_iter().next().ok_or_else(nothing));
        match one {
            Ok(found) => then(found, context),
            Err(error) => Plan::Done(Err(error)),
        }
    })
}

/// Counts what a policy covers, page by page, with a line of progress for each.
pub(super) fn count(
    policy: i64,
    then: impl FnOnce(Count, &mut Context) -> Outcome + Send + 'static,
) -> Plan<Context, Outcome> {
    let begin = (false, Place::START);
    count_behind(policy, begin, move |count, context| Plan::Done(then(count, context)))
}

/// Counts what a policy covers behind a place, in mailboxes or among what was deleted; then goes on.
pub(super) fn count_behind(
    policy: i64,
    (deleted, after): (bool, Place),
    then: impl FnOnce(Count, &mut Context) -> Plan<Context, Outcome> + Send + 'static,
) -> Plan<Context, Outcome> {
    count_page(policy, deleted, after, Count::default(), Box::new(then))
}

type Then = Box<dyn FnOnce(Count, &mut Context) -> Plan<Context, Outcome> + Send>;

fn count_page(
    policy: i64,
    deleted: bool,
    after: Place,
    mut sum: Count,
    then: Then,
) -> Plan<Context, Outcome> {
    let unit = CountCovered { policy, deleted, after };
    Plan::run(unit, move |page: Result<(Covered, Option<Place>), db::Error>, context: &mut Context| {
        let (covered, next) = match page {
            Ok(page) => page,
            Err(error) => return Plan::Done(Err(error.into())),
        };
        let part = if deleted { &mut sum.deleted } else { &mut sum.live };
        *part = part.plus(covered);
        let (deleted, after) = match (deleted, next) {
            (deleted, Some(after)) => (deleted, after),
            (false, None) => (true, Place::START),
            (true, None) => return then(sum, context),
        };
        let progress = Reply::Progress(covers(&sum)).to_line();
        Plan::emit(progress, move |_| count_page(policy, deleted, after, sum, then))
    })
}

/// What is covered, as the end of a sentence.
pub(super) fn covers(count: &Count) -> String {
    let Count { live, deleted } = count;
    let unread = match live.unread + deleted.unread {
        0 => String::new(),
        many => format!("; {} more must be read before that is known for certain", counted(many, "message")),
    };
    format!(
        "it covers {} ({}) in mailboxes and {} ({}) among the deleted now{unread}",
        counted(live.messages, "message"),
        octets(live.octets),
        deleted.messages,
        octets(deleted.octets)
    )
}

/// The same for programs.
pub(super) fn count_json(count: &Count) -> Value {
    let part =
        |part: &Covered| json!({"messages": part.messages, "octets": part.octets, "unread": part.unread});
    json!({"in_mailboxes": part(&count.live), "deleted": part(&count.deleted)})
}

/// What a policy says, as a sentence without its end.
pub(super) fn sentence(policy: &ListedPolicy) -> String {
    let ListedPolicy { domain, login, mailbox, selector, .. } = policy;
    let what = place(domain.as_deref(), login.as_deref(), mailbox.as_deref());
    says(policy.kind, policy.days.map(i64::from), &matching(what, selector.as_deref()))
}

/// What a policy of this kind says about `what`.
pub(super) fn says(kind: PolicyKind, days: Option<i64>, what: &str) -> String {
    match (kind, days) {
        (PolicyKind::Hold, _) => format!("{what} is on hold"),
        (PolicyKind::Retain, None) => format!("{what} is kept forever"),
        (PolicyKind::Retain, Some(days)) => format!("{what} is kept for {}", counted(days, "day")),
        (PolicyKind::Delete, days) => {
            format!("{what} is deleted when it is {} old", counted(days.unwrap_or_default(), "day"))
        }
    }
}

/// What a policy is about.
pub(super) fn about(scope: &PolicyScope, search: Option<&Selector>) -> String {
    let PolicyScope { domain, login, mailbox } = scope;
    let what = place(domain.as_deref(), login.as_deref(), mailbox.as_ref().map(AsRef::as_ref));
    matching(what, search.map(Selector::to_string).as_deref())
}

fn place(domain: Option<&str>, login: Option<&str>, mailbox: Option<&str>) -> String {
    match (domain, login, mailbox) {
        (Some(domain), ..) => format!("all mail of users of {domain}"),
        (None, None, _) => "all mail".to_owned(),
        (None, Some(login), None) if login.starts_with('/') => format!("all mail in {login}"),
        (None, Some(login), None) => format!("all mail of {login}"),
        (None, Some(login), Some(mailbox)) => {
            format!("all mail in {} and below", mailbox_path(login, mailbox))
        }
    }
}

fn matching(place: String, search: Option<&str>) -> String {
    match search {
        None => place,
        Some(search) => format!("{place} that matches {}", search.replace("\r\n", " ")),
    }
}

/// For how long a policy that was taken back keeps mail from ending.
pub(super) fn still_kept(policy: &ListedPolicy) -> Option<String> {
    let until = policy.kept_until?;
    Some(format!("what it kept cannot end before {}, so that this can be seen and undone", moment(until)))
}

/// All that is known of a policy.
pub(super) fn policy_json(policy: &ListedPolicy) -> Value {
    json!({
        "id": policy.id,
        "kind": policy.kind.word(),
        "name": policy.name,
        "domain": policy.domain,
        "user": policy.login,
        "mailbox": policy.mailbox,
        "days": policy.days,
        "search": policy.selector,
        "created_at": policy.created_at.to_string(),
        "created_by": policy.created_by,
        "removed_at": policy.removed_at.map(|at| at.to_string()),
        "removed_by": policy.removed_by,
        "kept_until": policy.kept_until.map(|at| at.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_mailbox_begins_with_a_slash_and_a_search_follows() {
        let all = words("/users/anna/Work FLAGGED SEEN");
        let (mailbox, search) = mailbox_and_search(&all).unwrap();
        assert_eq!(mailbox, Some("/users/anna/Work"));
        assert_eq!(search.unwrap().to_string(), "(FLAGGED SEEN)");
        assert_eq!(mailbox_and_search(&[]).unwrap(), (None, None));
        assert!(mailbox_and_search(&words("dance")).is_err());
    }

    #[test]
    fn policies_are_told_as_people_say_them() {
        let at = |whose: &WhoseMail, mailbox| scope(whose, mailbox).unwrap();
        let (all, anna) = (WhoseMail::default(), WhoseMail { user: Some("anna".into()), domain: None });
        let flagged = search(&words("FLAGGED")).unwrap();
        let what = about(&at(&all, Some("/users/anna/Work")), flagged.as_ref());
        assert_eq!(what, "all mail in /users/anna/Work and below that matches FLAGGED");
        let kept = says(PolicyKind::Retain, Some(1), &about(&at(&all, None), None));
        assert_eq!(kept, "all mail is kept for 1 day");
        let deleted = says(PolicyKind::Delete, Some(30), &about(&at(&anna, None), None));
        assert_eq!(deleted, "all mail of anna is deleted when it is 30 days old");
        let domain = WhoseMail { user: None, domain: Some("Example.ORG".into()) };
        assert_eq!(about(&at(&domain, None), None), "all mail of users of example.org");
    }

    #[test]
    fn a_scope_is_one_thing() {
        let (all, anna) = (WhoseMail::default(), WhoseMail { user: Some("anna".into()), domain: None });
        let both = WhoseMail { domain: Some("example.org".into()), ..anna.clone() };
        assert_eq!(scope(&all, None).unwrap(), PolicyScope::default());
        assert!(scope(&anna, Some("/users/anna/Work")).is_err() && scope(&both, None).is_err());
        assert_eq!(scope(&all, Some("/shared/team")).unwrap().login.as_deref(), Some("/shared"));
    }
}

//! Policies for the mail of a domain: they are about who has, or had, an address in it.

use archiveopteryx::db::{Administered, CountCovered, ListPolicies, Place, TellMessage};

use super::*;

/// The domain where anna has her address.
fn domain() -> PolicyScope {
    PolicyScope { domain: Some("example.org".to_owned()), ..PolicyScope::default() }
}

#[test]
fn a_message_is_followed_to_its_end_under_every_combination_of_policies_of_its_domain() {
    follow_to_the_end(domain);
}

#[test]
fn who_is_or_was_of_a_domain_stays_under_its_holds_and_who_is_under_its_deletions() {
    test(async |site| {
        let covered = async |policy: i64| -> i64 {
            let count = CountCovered { policy, deleted: false, after: Place::START };
            site.lender.run(count).await.expect("it is counted").0.messages
        };
        site.append(letter("a").as_bytes(), 100).await;
        let other = PolicyScope { domain: Some("example.net".to_owned()), ..PolicyScope::default() };
        let hold = site.policy_for(domain(), PolicyKind::Hold, None, None).await;
        let retain = site.policy_for(other.clone(), PolicyKind::Retain, None, None).await;
        let delete = site.policy_for(other, PolicyKind::Delete, Some(90), None).await;
        assert_eq!([covered(hold).await, covered(retain).await, covered(delete).await], [1, 0, 0]);
        // She moves to the other domain. What is said of the first goes on to keep her mail; what deletes does not.
        site.lender
            .client()
            .batch_execute("update aox.aliases set domain = 'example.net'")
            .await
            .expect_err("no");
        site.owner.batch_execute("update aox.aliases set domain = 'example.net'").await.expect("she moves");
        assert_eq!([covered(hold).await, covered(retain).await, covered(delete).await], [1, 1, 1]);
        vacuum(&site.lender).await;
        assert_eq!(site.where_they_are().await, (1, 0, 1), "the hold counts");
        site.lender.client().batch_execute("delete from aox.aliases").await.expect("the server may");
        assert_eq!([covered(hold).await, covered(retain).await, covered(delete).await], [1, 1, 0]);
        let message = site.messages().await[0].0;
        let told = site.lender.run(TellMessage { account: WORK.account, message }).await;
        let policies = told.expect("it is told").expect("it is there").policies;
        let said: Vec<_> = policies.iter().map(|policy| (policy.id, policy.domain.as_deref())).collect();
        assert_eq!(said, [(hold, Some("example.org")), (retain, Some("example.net"))]);
        let place = Some(Administered::Of("anna".to_owned(), MailboxName::new("Work").expect("a name")));
        let listed =
            site.lender.run(ListPolicies { place, ..ListPolicies::default() }).await.expect("it is listed");
        assert_eq!(listed.len(), 2);
    });
}

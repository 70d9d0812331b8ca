//! Quotas on a real PostgreSQL: counters are exact whatever happens, and no limit is passed, however many try at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{
    self, AddMembers, Append, Appending, CheckPools, CheckUsage, CopyMessages, CreateMailbox, Culprit,
    DeleteMailbox, DeleteMember, DeleteQuota, Deliver, Delivered, Delivering, Expunge, FindMailbox,
    LoadSnapshot, Mark, NewMessage, ReadQuotas, RepairPool, RepairUsage, SetQuota, ThinnedOut, Unit,
    WarnOfQuota,
};
use archiveopteryx::error::{Code, Error};
use archiveopteryx::mailbox::{
    AccountId, FlagSet, InternalDate, MailboxId, MailboxKey, MailboxName, MessageId, System, Uid, UidSet,
};
use archiveopteryx::policy::Viewer;
use archiveopteryx::policy::quota::{Limits, Root};
use futures_util::future;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Two users with two mailboxes each; both are in a group, and the first has an address in the domain.
const PEOPLE: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna'), ('bert', 'bert');
    insert into aox.mailboxes (account, name, uidvalidity)
        values (1, 'INBOX', 1), (1, 'Sent', 2), (2, 'INBOX', 1), (2, 'Sent', 2);
    insert into aox.groups (name, name_key) values ('Staff', 'staff');
    insert into aox.group_members values (1, 1), (2, 1);
    insert into aox.domains (name) values ('example.org');
    insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
        values ('anna', 'anna', 'example.org', 1, 1, true);";

fn test(body: impl AsyncFnOnce(&Scratch, &Lender)) {
    let scratch = Scratch::start();
    scratch.sql(PEOPLE);
    units::runtime().block_on(async {
        let lender = scratch.lender().await;
        body(&scratch, &lender).await;
        assert_exact(&lender).await;
    });
}

async fn run<U: Unit>(lender: &Lender, unit: U) -> U::Output {
    lender.run(unit).await.expect("the unit succeeds")
}

/// Every counter is what `aox check quota` finds in the mailboxes.
async fn assert_exact(lender: &Lender) {
    let page = run(lender, CheckUsage { after: AccountId(0) }).await;
    assert_eq!(page.wrong, []);
    assert_eq!(run(lender, CheckPools).await, []);
}

fn message(account: i64, octets: usize) -> NewMessage {
    let mut text = b"Subject: x\r\n\r\n".to_vec();
    text.resize(octets.max(20), b'y');
    NewMessage::prepare(AccountId(account), text, Timestamp::UNIX_EPOCH)
}

fn delivering(key: MailboxKey, octets: usize) -> Arc<Delivering> {
    static IDS: AtomicI64 = AtomicI64::new(1_000_000_000);
    let id = MessageId(IDS.fetch_add(1, Ordering::Relaxed));
    let message = NewMessage { id, ..message(key.account.0, octets) };
    let mark = Mark { digest: [0; 32], recipient: id.to_string(), sender: String::new() };
    Arc::new(Delivering { key, message, mark, client: "192.0.2.1".into(), others: Vec::new() })
}

fn key(account: i64, mailbox: i64) -> MailboxKey {
    MailboxKey { account: AccountId(account), mailbox: MailboxId(mailbox) }
}

async fn deliver(lender: &Lender, messages: &[(i64, i64, usize)]) -> Vec<bool> {
    let messages =
        messages.iter().map(|(account, mailbox, octets)| delivering(key(*account, *mailbox), *octets));
    let unit = Deliver {
        saved_at: Timestamp::UNIX_EPOCH,
        messages: messages.collect(),
        clear: vec![],
        cautious: false,
    };
    let group = run(lender, unit).await;
    group.delivered.iter().map(|delivered| *delivered == Delivered::New).collect()
}

async fn set(lender: &Lender, root: &str, storage: Option<u64>, messages: Option<u64>) {
    let root = Root::parse(root).expect("a root");
    let limits = Limits { storage, messages, ..Limits::default() };
    assert!(run(lender, SetQuota { root, limits }).await);
}

async fn append(lender: &Lender, key: MailboxKey, octets: usize, system: System) -> Result<bool, db::Error> {
    let flags = FlagSet::new(system, []);
    let internal_date = InternalDate { seconds: 0, zone_minutes: 0 };
    let messages = vec![Appending { message: message(key.account.0, octets), flags, internal_date }];
    let unit =
        Append { key, saved_at: Timestamp::UNIX_EPOCH, messages, is_limited: true, actor: units::nobody() };
    lender.run(unit).await.map(|appended| appended.is_nearly_full)
}

fn is_over<T>(outcome: &Result<T, db::Error>) -> bool {
    matches!(outcome, Err(db::Error::Refused(Error::No { code: Code::OverQuota, .. })))
}

fn by() -> Culprit {
    Culprit { account: None, door: "imap", client: None, reason: "test" }
}

fn viewer(account: i64) -> Viewer {
    Viewer::new(AccountId(account))
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).expect("a name")
}

#[test]
fn of_a_group_of_deliveries_only_what_fits_is_stored() {
    test(async |_, lender| {
        set(lender, "user/anna", Some(350), None).await;
        let sent = deliver(lender, &[(1, 1, 100), (2, 3, 500), (1, 2, 100), (1, 1, 200), (1, 1, 100)]).await;
        // The last ones are left out until the rest fits.
        assert_eq!(sent, [true, true, true, false, false]);
        set(lender, "default", None, Some(1)).await;
        assert_eq!(deliver(lender, &[(2, 3, 30), (1, 1, 100)]).await, [false, true]);
        set(lender, "group/staff", None, Some(5)).await;
        set(lender, "user/bert", None, None).await;
        assert_eq!(deliver(lender, &[(2, 3, 30), (2, 4, 30)]).await, [true, false]);
        set(lender, "domain/example.org", Some(320), None).await;
        assert_eq!(deliver(lender, &[(1, 1, 50)]).await, [false]);
        for root in ["group/STAFF", "domain/example.org", "user/anna"] {
            assert!(run(lender, DeleteQuota { root: Root::parse(root).expect("a root") }).await);
        }
        set(lender, "default", None, None).await;
        assert_eq!(deliver(lender, &[(1, 1, 5000)]).await, [true]);
    });
}

#[test]
fn append_and_copy_stop_at_the_limit_and_move_does_not() {
    test(async |_, lender| {
        set(lender, "user/anna", Some(1000), None).await;
        assert_eq!(append(lender, key(1, 1), 600, System::default()).await.ok(), Some(false));
        assert!(is_over(&append(lender, key(1, 1), 401, System::default()).await));
        let all = || UidSet::range(Uid::MIN, Uid::MAX);
        let copy = |by| CopyMessages {
            viewer: viewer(1),
            source: key(1, 1),
            uids: all(),
            target: name("Sent"),
            moved_by: by,
        };
        assert!(is_over(&lender.run(copy(None)).await));
        assert_eq!(append(lender, key(1, 1), 320, System::default()).await.ok(), Some(true));
        // The limit is below what is there now, and yet messages may be moved about.
        set(lender, "user/anna", Some(100), None).await;
        let moved = run(lender, copy(Some(by()))).await.expect("they are there");
        assert!(!moved.is_nearly_full);
        assert!(is_over(&append(lender, key(1, 1), 30, System::default()).await));
    });
}

#[test]
fn mailboxes_are_limited_too() {
    test(async |_, lender| {
        let limits = Limits { mailboxes: Some(3), ..Limits::default() };
        assert!(run(lender, SetQuota { root: Root::User("anna".into()), limits }).await);
        let create = |name| CreateMailbox {
            viewer: viewer(1),
            name,
            special_use: None,
            now: Timestamp::UNIX_EPOCH,
            uses: Arc::new([]),
        };
        run(lender, create(name("a"))).await;
        assert!(is_over(&lender.run(create(name("b"))).await));
        let limits = Limits { mailboxes: Some(6), ..Limits::default() };
        assert!(run(lender, SetQuota { root: Root::Group("staff".into()), limits }).await);
        assert!(run(lender, DeleteQuota { root: Root::User("Anna".into()) }).await);
        // A level that has no mailbox needs no room, until it is made one.
        run(lender, create(name("b/c"))).await;
        assert!(is_over(&lender.run(create(name("b"))).await));
        let quotas = run(lender, ReadQuotas { account: AccountId(1) }).await.expect("she is there");
        let told: Vec<_> =
            quotas.iter().map(|quota| (quota.root.to_string(), quota.usage.mailboxes)).collect();
        assert_eq!(told, [("user/anna".to_owned(), 4), ("group/Staff".to_owned(), 6)]);
    });
}

#[test]
fn a_user_is_warned_once_for_each_time_that_room_runs_out() {
    test(async |_, lender| {
        set(lender, "default", Some(20_000), None).await;
        let warn = || WarnOfQuota { account: AccountId(1), hostname: "h".into(), now: Timestamp::UNIX_EPOCH };
        let is_due = async |octets| {
            let message = delivering(key(1, 1), octets);
            let unit = Deliver {
                saved_at: Timestamp::UNIX_EPOCH,
                messages: vec![message],
                clear: vec![],
                cautious: false,
            };
            run(lender, unit).await.warnings == [AccountId(1)]
        };
        assert!(!is_due(10_000).await);
        assert!(run(lender, warn()).await.is_none());
        assert!(is_due(8_000).await);
        // It is due until it has been sent, and is sent once.
        assert!(is_due(100).await);
        let change = run(lender, warn()).await.expect("it is due");
        assert_eq!(change.appended.len(), 1);
        assert!(run(lender, warn()).await.is_none());
        assert!(!is_due(20).await);
        // Not enough room is made, then enough.
        let expunge = |uid| Expunge { key: key(1, 1), uids: vec![uid], only_deleted: false, by: by() };
        let third = Uid::new(3).expect("not zero");
        run(lender, expunge(third)).await.expect("it is there");
        assert!(!is_due(100).await);
        run(lender, expunge(Uid::MIN)).await.expect("it is there");
        assert!(!is_due(100).await);
        assert!(is_due(10_000).await);
    });
}

#[test]
fn parallel_deliveries_never_pass_a_limit() {
    test(async |scratch, lender| {
        set(lender, "user/anna", None, Some(17)).await;
        set(lender, "group/staff", None, Some(40)).await;
        let lenders = future::join_all((0..10).map(|_| scratch.lender())).await;
        let sessions = lenders.iter().enumerate().map(|(number, lender)| async move {
            let mut stored = 0;
            for turn in 0..8 {
                // Different mailboxes of two accounts, in all orders.
                let order = [(1, 1 + turn % 2, 30), (2, 3 + turn % 2, 30)];
                let messages = if number % 3 == 0 { &order[..] } else { &order[number % 2..number % 2 + 1] };
                let delivered = deliver(lender, messages).await;
                stored += delivered.iter().filter(|stored| **stored).count();
            }
            stored
        });
        let stored: usize = future::join_all(sessions).await.into_iter().sum();
        assert_eq!(stored, 40);
        let quotas = run(lender, ReadQuotas { account: AccountId(1) }).await.expect("she is there");
        let used: Vec<u64> = quotas.iter().map(|quota| quota.usage.messages).collect();
        assert!(used[0] <= 17 && used[1] == 40, "{used:?}");
    });
}

#[test]
fn what_is_counted_wrong_is_found_and_mended() {
    test(async |scratch, lender| {
        set(lender, "group/staff", Some(1000), None).await;
        deliver(lender, &[(1, 1, 100), (2, 3, 100)]).await;
        scratch.sql("update aox.quota_usage set octets = octets + 7 where account = 2");
        let page = run(lender, CheckUsage { after: AccountId(0) }).await;
        assert_eq!((page.accounts, page.wrong.len()), (2, 1));
        assert_eq!((page.wrong[0].login.as_str(), page.wrong[0].counted_octets), ("bert", 107));
        run(lender, RepairUsage { account: page.wrong[0].account }).await;
        assert_exact(lender).await;
        scratch.sql("update aox.quota_pools set messages = 9");
        let wrong = run(lender, CheckPools).await;
        assert_eq!(
            (wrong[0].root.as_str(), wrong[0].counted_messages, wrong[0].messages),
            ("group/Staff", 9, 2)
        );
        let repair: RepairPool = wrong[0].repair();
        run(lender, repair).await;
    });
}

/// Something that changes what accounts hold, or may hold.
#[derive(Debug, Clone)]
enum Act {
    Deliver(Vec<(i64, i64, usize)>),
    Append(i64, i64, usize, bool),
    Copy(i64, bool, bool),
    Expunge(i64, i64, bool),
    Recreate(i64),
    Limit(usize, Option<u64>, Option<u64>),
    Unlimit(usize),
    Join(i64, bool),
}

const ROOTS: [&str; 5] = ["user/anna", "user/bert", "default", "group/Staff", "domain/example.org"];

fn act() -> impl Strategy<Value = Act> {
    let place = || (1..=2i64, 0..2i64);
    let one = place().prop_flat_map(|(account, mailbox)| (Just(account), Just(mailbox), 20..400usize));
    prop_oneof![
        4 => prop::collection::vec(one, 1..6).prop_map(Act::Deliver),
        2 => (1..=2i64, 0..2i64, 20..400usize, any::<bool>()).prop_map(|(a, m, o, d)| Act::Append(a, m, o, d)),
        2 => (1..=2i64, any::<bool>(), any::<bool>()).prop_map(|(a, back, moved)| Act::Copy(a, back, moved)),
        2 => (1..=2i64, 0..2i64, any::<bool>()).prop_map(|(a, m, deleted)| Act::Expunge(a, m, deleted)),
        1 => (1..=2i64).prop_map(Act::Recreate),
        2 => (0..5usize, prop::option::of(0..4000u64), prop::option::of(0..20u64))
            .prop_map(|(root, storage, messages)| Act::Limit(root, storage, messages)),
        1 => (0..5usize).prop_map(Act::Unlimit),
        1 => (1..=2i64, any::<bool>()).prop_map(|(account, joins)| Act::Join(account, joins)),
    ]
}

/// Carries `act` out. Returns the accounts that got something, and so must be within their limits now.
async fn carry_out(lender: &Lender, act: Act) -> Vec<AccountId> {
    match act {
        Act::Deliver(messages) => {
            let mut found = Vec::new();
            for (account, mailbox, octets) in messages {
                found.push((account, mailbox_of(lender, account, mailbox).await.mailbox.0, octets));
            }
            let stored = deliver(lender, &found).await;
            let stored = found.iter().zip(stored).filter(|(_, stored)| *stored);
            stored.map(|((account, _, _), _)| AccountId(*account)).collect()
        }
        Act::Append(account, mailbox, octets, deleted) => {
            let system = if deleted { System::DELETED } else { System::default() };
            let outcome = append(lender, mailbox_of(lender, account, mailbox).await, octets, system).await;
            assert!(outcome.is_ok() || is_over(&outcome));
            outcome.into_iter().map(|_| AccountId(account)).collect()
        }
        Act::Copy(account, back, moved) => {
            let source = mailbox_of(lender, account, i64::from(back)).await;
            let target = name(if back { "INBOX" } else { "Sent" });
            let uids = UidSet::range(Uid::MIN, Uid::MAX);
            let moved_by = moved.then(by);
            let outcome =
                lender.run(CopyMessages { viewer: viewer(account), source, uids, target, moved_by }).await;
            assert!(outcome.is_ok() || is_over(&outcome) && !moved);
            outcome.into_iter().flatten().filter(|_| !moved).map(|_| AccountId(account)).collect()
        }
        Act::Expunge(account, mailbox, only_deleted) => {
            let key = mailbox_of(lender, account, mailbox).await;
            let snapshot = run(lender, LoadSnapshot { key }).await.expect("it is there").snapshot;
            let uids = snapshot.uids().iter().step_by(2).collect();
            run(lender, Expunge { key, uids, only_deleted, by: by() }).await;
            Vec::new()
        }
        Act::Recreate(account) => {
            let viewer = viewer(account);
            let (sent, so_far) = (name("Sent"), ThinnedOut::default());
            run(lender, DeleteMailbox { viewer, name: sent, by: by(), so_far }).await;
            run(
                lender,
                CreateMailbox {
                    viewer,
                    name: name("Sent"),
                    special_use: None,
                    now: Timestamp::UNIX_EPOCH,
                    uses: Arc::new([]),
                },
            )
            .await;
            Vec::new()
        }
        Act::Limit(root, storage, messages) => {
            set(lender, ROOTS[root], storage, messages).await;
            Vec::new()
        }
        Act::Unlimit(root) => {
            run(lender, DeleteQuota { root: Root::parse(ROOTS[root]).expect("a root") }).await;
            Vec::new()
        }
        Act::Join(account, joins) => {
            let (group, login) = ("staff".to_owned(), if account == 1 { "anna" } else { "bert" }.to_owned());
            match joins {
                true => drop(run(lender, AddMembers { group, logins: vec![login] }).await),
                // Whoever is no member cannot be taken out.
                false => drop(lender.run(DeleteMember { group, login }).await),
            }
            Vec::new()
        }
    }
}

async fn mailbox_of(lender: &Lender, account: i64, mailbox: i64) -> MailboxKey {
    let name = name(if mailbox == 0 { "INBOX" } else { "Sent" });
    run(lender, FindMailbox { viewer: viewer(account), name }).await.expect("it is there").key
}

async fn assert_within_limits(lender: &Lender, account: AccountId) {
    for quota in run(lender, ReadQuotas { account }).await.expect("it is there") {
        let fits = |usage: u64, limit: Option<u64>| limit.is_none_or(|limit| usage <= limit);
        assert!(
            fits(quota.usage.storage, quota.limits.storage)
                && fits(quota.usage.messages, quota.limits.messages),
            "{quota:?}"
        );
    }
}

#[test]
fn counters_are_exact_whatever_happens() {
    let scratch = Scratch::start();
    scratch.sql(PEOPLE);
    let runtime = units::runtime();
    let lender = runtime.block_on(scratch.lender());
    let mut runner = TestRunner::new(Config { cases: 24, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(act(), 1..40), |acts| {
        runtime.block_on(async {
            for act in acts {
                for account in carry_out(&lender, act).await {
                    assert_within_limits(&lender, account).await;
                }
                assert_exact(&lender).await;
            }
        });
        Ok(())
    });
    outcome.expect("every sequence leaves the counters exact");
}

//! The units of work on one mailbox, run on a real PostgreSQL: what they write, and what they say has changed.

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{
    CopyMessages, Culprit, Expunge, LoadSnapshot, MarkRecent, Marking, ReadChanges, SetFlags,
};
use archiveopteryx::db::{MailboxModseqs, Unit};
use archiveopteryx::limits;
use archiveopteryx::mailbox::{
    AccountId, Change, FlagMask, FlagSet, Keyword, MailboxId, MailboxKey, MailboxName, ModSeq, Snapshot,
    System, Uid, UidSet,
};
use archiveopteryx::policy::Viewer;

const INBOX: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };
const ANNA: Viewer = Viewer::new(AccountId(1));
const SENT: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

/// Two mailboxes; the first has messages 1 to 10, the odd ones \Seen, the tenth with a keyword.
const MAIL: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7), (1, 'Sent', 8);
    insert into aox.messages (account, id, digest, octets, header, recipe, arrived_at, envelope, bodystructure)
        select 1, n, '', 100, '', '', now(), '', '' from generate_series(1, 10) n;
    insert into aox.mailbox_keywords values (1, 1, 1, '$Work', '$work');
    insert into aox.mailbox_messages
            (account, mailbox, uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, saved_at)
        select 1, 1, n, n, 2, n % 2, case n when 10 then '{1}'::integer[] end, '2026-11-23 10:00:00.9+00', 60, 100, now()
        from generate_series(1, 10) n;
    update aox.mailboxes set uidnext = 11, highestmodseq = 2, messages = 10, unseen = 5, octets = 1000 where id = 1";

fn test(body: impl AsyncFnOnce(&Lender)) {
    test_and_sql(body, "");
}

/// Runs `afterwards` as the owner of the tables when `body` has ended.
fn test_and_sql(body: impl AsyncFnOnce(&Lender), afterwards: &str) {
    let scratch = Scratch::start();
    scratch.sql(MAIL);
    units::runtime().block_on(async {
        let lender = scratch.lender().await;
        body(&lender).await;
        counters_are_exact(&lender).await;
    });
    scratch.sql(afterwards);
}

async fn run<U: Unit>(lender: &Lender, unit: U) -> U::Output {
    lender.run(unit).await.expect("the unit succeeds")
}

async fn snapshot(lender: &Lender, key: MailboxKey) -> Snapshot {
    run(lender, LoadSnapshot { key }).await.expect("the mailbox is there").snapshot
}

async fn counters_are_exact(lender: &Lender) {
    let sql = "select b.id from aox.mailboxes b
               left join lateral (
                   select count(*) messages, count(*) filter (where flags & 1 = 0) unseen,
                       count(*) filter (where flags & 8 <> 0) deleted, coalesce(sum(octets), 0) octets
                   from aox.mailbox_messages m where m.account = b.account and m.mailbox = b.id
               ) c on true
               where (b.messages, b.unseen, b.deleted, b.octets) <> (c.messages, c.unseen, c.deleted, c.octets)";
    let wrong = lender.client().query(sql, &[]).await.expect("the tables are there");
    assert!(wrong.is_empty(), "mailboxes whose counters are wrong: {}", wrong.len());
}

fn uids(set: &str) -> UidSet {
    set.parse::<archiveopteryx::mailbox::SequenceSet>().expect("a set").resolve(None)
}

fn set_flags(set: &str, marking: Marking, system: System, keywords: &[&str]) -> SetFlags {
    let keywords = keywords.iter().map(|name| Keyword::new(name).expect("a keyword"));
    let flags = FlagSet::new(system, keywords);
    SetFlags { key: INBOX, uids: uids(set), marking, flags, permitted: FlagMask::ALL }
}

/// Every message as `uid flags`, for comparing.
fn listing(snapshot: &Snapshot) -> Vec<String> {
    let line = |(_, entry): (_, &archiveopteryx::mailbox::Entry)| {
        let flags = String::from_utf8_lossy(snapshot.flags_text(entry.flags)).into_owned();
        format!("{} {} {} {}", entry.uid, entry.message, entry.modseq, flags)
    };
    snapshot.iter().map(line).collect()
}

/// What a reader of changes, and one of the database, see: the same.
async fn assert_follows(lender: &Lender, before: &Snapshot, change: &Change) {
    let now = snapshot(lender, change.key).await;
    let followed = before.apply(change).expect("the change follows");
    assert_eq!(listing(&followed), listing(&now));
    assert_eq!((followed.highestmodseq, followed.uidnext), (now.highestmodseq, now.uidnext));
    let unit = ReadChanges { key: change.key, since: before.highestmodseq, uidnext: before.uidnext };
    let read = run(lender, unit).await.expect("the mailbox is there");
    assert_eq!(listing(&before.apply(&read).expect("it follows")), listing(&now));
    let known = run(lender, MailboxModseqs { keys: vec![change.key] }).await;
    assert_eq!(known, vec![(change.key, change.modseq)]);
}

#[test]
fn a_mailbox_is_read_whole() {
    test(async |lender| {
        let loaded = run(lender, LoadSnapshot { key: INBOX }).await.expect("it is there");
        assert_eq!(loaded.first_recent_uid, 1);
        let snapshot = loaded.snapshot;
        assert_eq!((snapshot.len(), snapshot.uidnext, snapshot.highestmodseq), (10, 11, ModSeq(2)));
        assert_eq!(listing(&snapshot)[8..], ["9 9 2 (\\Seen)", "10 10 2 ($Work)"]);
        let date = snapshot.by_uid(Uid::MIN).expect("uid 1").1.internal_date();
        assert_eq!((date.seconds, date.zone_minutes), (1_795_428_000, 60));
        let nowhere = MailboxKey { mailbox: MailboxId(99), ..INBOX };
        assert!(run(lender, LoadSnapshot { key: nowhere }).await.is_none());
    });
}

#[test]
fn flags_change_and_nothing_else_does() {
    test(async |lender| {
        let before = snapshot(lender, INBOX).await;
        let change =
            run(lender, set_flags("2:4,9:99", Marking::Add, System::SEEN, &[])).await.expect("some change");
        let changed: Vec<u32> = change.flags.iter().map(|flags| flags.uid.get()).collect();
        assert_eq!(changed, [2, 4, 10]);
        assert_eq!((change.after, change.modseq), (ModSeq(2), ModSeq(3)));
        assert_follows(lender, &before, &change).await;
        // Nothing left to do uses no modseq.
        assert!(run(lender, set_flags("1:4", Marking::Add, System::SEEN, &[])).await.is_none());
        assert_eq!(snapshot(lender, INBOX).await.highestmodseq, ModSeq(3));
        let before = snapshot(lender, INBOX).await;
        let change =
            run(lender, set_flags("10", Marking::Replace, System::DELETED, &[])).await.expect("it changes");
        assert_eq!(change.flags[0].flags.to_string(), "\\Deleted");
        assert_follows(lender, &before, &change).await;
    });
}

#[test]
fn keywords_come_and_go() {
    test(async |lender| {
        for (marking, keywords, expected) in [
            (Marking::Add, &["$work", "Later"][..], "(Later $Work)"),
            (Marking::Remove, &["$WORK", "unheard"][..], "(Later)"),
            (Marking::Replace, &["b", "A"][..], "(A b)"),
            (Marking::Remove, &["later", "a", "B"][..], "()"),
        ] {
            let before = snapshot(lender, INBOX).await;
            let change =
                run(lender, set_flags("10", marking, System::default(), keywords)).await.expect("a change");
            assert_follows(lender, &before, &change).await;
            let after = snapshot(lender, INBOX).await;
            let (_, entry) = after.by_uid(Uid::new(10).expect("not zero")).expect("it is there");
            let mut words: Vec<&str> = std::str::from_utf8(after.flags_text(entry.flags))
                .expect("ASCII")
                .trim_matches(['(', ')'])
                .split(' ')
                .collect();
            let mut wanted: Vec<&str> = expected.trim_matches(['(', ')']).split(' ').collect();
            words.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(words, wanted);
        }
    });
}

#[test]
fn too_many_keywords_change_nothing() {
    test(async |lender| {
        let before = snapshot(lender, INBOX).await;
        let names: Vec<String> = (0..=limits::KEYWORDS_PER_MAILBOX_MAX).map(|n| format!("k{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let refused = lender.run(set_flags("1:10", Marking::Add, System::FLAGGED, &names)).await;
        assert!(matches!(refused, Err(archiveopteryx::db::Error::Refused(_))), "{refused:?}");
        assert_eq!(snapshot(lender, INBOX).await.highestmodseq, before.highestmodseq);
        run(lender, set_flags("10", Marking::Add, System::FLAGGED, &names[..9])).await.expect("these fit");
    });
}

#[test]
fn copies_keep_flags_and_dates() {
    test(async |lender| {
        let before = snapshot(lender, SENT).await;
        let unit = CopyMessages {
            viewer: ANNA,
            source: INBOX,
            uids: uids("9:12"),
            target: name("Sent"),
            moved_by: None,
        };
        let copied = run(lender, unit).await.expect("two messages are there");
        let pairs: Vec<(u32, u32)> = copied.uids.iter().map(|(a, b)| (a.get(), b.get())).collect();
        assert_eq!(pairs, [(9, 1), (10, 2)]);
        assert_eq!(copied.uidvalidity.get(), 8);
        assert_eq!(copied.changes.len(), 1);
        assert_follows(lender, &before, &copied.changes[0]).await;
        let after = snapshot(lender, SENT).await;
        assert_eq!(listing(&after), ["1 9 2 (\\Seen)", "2 10 2 ($Work)"]);
        let unit = CopyMessages {
            viewer: ANNA,
            source: INBOX,
            uids: uids("1"),
            target: name("Nowhere"),
            moved_by: None,
        };
        let refused = lender.run(unit).await.expect_err("there is no such mailbox");
        assert!(refused.to_string().contains("no mailbox"), "{refused}");
        let unit = CopyMessages {
            viewer: ANNA,
            source: INBOX,
            uids: uids("77"),
            target: name("Sent"),
            moved_by: None,
        };
        assert!(run(lender, unit).await.is_none());
    });
}

#[test]
fn moved_messages_leave_a_tombstone() {
    test(async |lender| {
        let (inbox, sent) = (snapshot(lender, INBOX).await, snapshot(lender, SENT).await);
        let unit = CopyMessages {
            viewer: ANNA,
            source: INBOX,
            uids: uids("2:3"),
            target: name("Sent"),
            moved_by: Some(by("move")),
        };
        let moved = run(lender, unit).await.expect("they are there");
        assert_follows(lender, &sent, &moved.changes[0]).await;
        assert_follows(lender, &inbox, &moved.changes[1]).await;
        assert_eq!(snapshot(lender, INBOX).await.len(), 8);
        // A mailbox can be the target of its own messages: they get new uids (RFC 6851 §3.3).
        let before = snapshot(lender, INBOX).await;
        let unit = CopyMessages {
            viewer: ANNA,
            source: INBOX,
            uids: uids("1"),
            target: name("INBOX"),
            moved_by: Some(by("move")),
        };
        let moved = run(lender, unit).await.expect("it is there");
        let between = before.apply(&moved.changes[0]).expect("it follows");
        assert_follows(lender, &between, &moved.changes[1]).await;
        assert_eq!(snapshot(lender, INBOX).await.last_uid(), Uid::new(11));
    });
}

#[test]
fn only_deleted_messages_are_expunged() {
    test(async |lender| {
        run(lender, set_flags("3:4", Marking::Add, System::DELETED, &[])).await.expect("they change");
        let before = snapshot(lender, INBOX).await;
        let all: Vec<Uid> = before.uids().iter().collect();
        let unit = Expunge { key: INBOX, uids: all.clone(), only_deleted: true, by: by("expunge") };
        let change = run(lender, unit).await.expect("two go");
        assert_eq!(change.expunged.to_string(), "3:4");
        assert_follows(lender, &before, &change).await;
        let unit = Expunge { key: INBOX, uids: all, only_deleted: true, by: by("expunge") };
        assert!(run(lender, unit).await.is_none());
    });
}

#[test]
fn what_came_and_went_while_changes_were_read_is_gone() {
    test(async |lender| {
        let before = snapshot(lender, SENT).await;
        let (viewer, source, target) = (ANNA, INBOX, name("Sent"));
        let unit = CopyMessages { viewer, source, uids: uids("9:10"), target, moved_by: None };
        let copied = run(lender, unit).await.expect("two messages are there");
        let unit =
            Expunge { key: SENT, uids: vec![Uid::new(1).unwrap()], only_deleted: false, by: by("expunge") };
        run(lender, unit).await.expect("it goes");
        // Who reads knew neither of them, and hears of the copies before the answer comes.
        let unit = ReadChanges { key: SENT, since: before.highestmodseq, uidnext: before.uidnext };
        let read = run(lender, unit).await.expect("the mailbox is there");
        let meanwhile = before.apply(&copied.changes[0]).expect("it follows");
        let followed = meanwhile.apply(&read).expect("it follows");
        assert_eq!(listing(&followed), listing(&snapshot(lender, SENT).await));
    });
}

#[test]
fn a_message_stays_as_long_as_a_tombstone_names_it() {
    let expunge = async |lender: &Lender| {
        let uids = vec![Uid::new(3).expect("a uid")];
        let unit = Expunge { key: INBOX, uids, only_deleted: false, by: by("expunge") };
        run(lender, unit).await.expect("it goes");
    };
    test_and_sql(
        expunge,
        "do $$
         begin
             delete from aox.messages where id in (3, 4);
             raise 'messages have ended that are still needed';
         exception when foreign_key_violation then
             delete from aox.tombstones where message = 3;
             delete from aox.messages where id = 3;
         end $$",
    );
}

#[test]
fn recent_is_remembered_and_never_goes_back() {
    test(async |lender| {
        let first = run(lender, LoadSnapshot { key: INBOX }).await.expect("it is there").first_recent_uid;
        for (mark, before, expected) in [(11, first, 11), (5, 11, 11), (12, 11, 12)] {
            assert_eq!(run(lender, MarkRecent { key: INBOX, first_recent_uid: mark }).await, before);
            let loaded = run(lender, LoadSnapshot { key: INBOX }).await.expect("it is there");
            assert_eq!(loaded.first_recent_uid, expected);
        }
    });
}

fn by(reason: &'static str) -> Culprit {
    Culprit { account: Some(AccountId(1)), door: "imap", client: None, reason }
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).expect("a name")
}

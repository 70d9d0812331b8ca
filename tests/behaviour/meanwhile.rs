//! What one session does between two steps of another, put exactly there.

use std::pin::pin;
use std::time::{Duration, Instant};

use archiveopteryx::db::{ReadKeys, ReplaceMessage};
use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey, MessageId, Uid};
use archiveopteryx::policy::Viewer;
use archiveopteryx::search::Collation;
use archiveopteryx::search::keys::Wanted;

use crate::support::{Lender, Scratch, units};

const INBOX: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };
const DRAFTS: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

const ACCOUNT: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7), (1, 'Drafts', 8)";

const MESSAGES: &str = "
    insert into aox.messages (account, id, digest, octets, header, recipe, arrived_at, envelope, bodystructure)
        select 1, n, '', 100, '', '', now(), '', '' from generate_series(1, 10) n";

fn sort(messages: std::ops::RangeInclusive<i64>, wanted: Wanted) -> ReadKeys {
    let messages = messages.map(MessageId).collect();
    ReadKeys { key: INBOX, messages, wanted, collation: Collation::default(), begun: None }
}

#[test]
fn a_sort_has_all_its_keys_also_when_another_session_puts_a_table_in_place_meanwhile() {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNT);
    scratch.sql(MESSAGES);
    units::runtime().block_on(async {
        let [one, two] = scratch.lenders().await;
        let subjects = Wanted { subjects: true, ..Wanted::default() };
        one.run(sort(1..=5, subjects)).await.expect("they are read");
        let mut first = pin!(one.run(sort(1..=10, subjects)));
        // It has looked which messages the table lacks, and asks the database about those.
        tokio::select! {
            biased;
            _ = &mut first => panic!("PostgreSQL cannot have answered"),
            () = std::future::ready(()) => {}
        }
        // Who wants other columns has a table of his own messages, which takes the place of that one.
        let more = Wanted { addresses: true, ..subjects };
        two.run(sort(8..=10, more)).await.expect("they are read");
        let mut read = first.await.expect("they are read");
        let mut rounds = 0;
        while read.missing() > 0 {
            assert!(rounds < 3, "it comes to an end");
            rounds += 1;
            let next = ReadKeys { begun: Some(read), ..sort(1..=10, subjects) };
            read = one.run(next).await.expect("they are read");
        }
        let mut rows = read.keys.rows((1..=10).map(MessageId));
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 10, "each message has a row of its own");
    });
}

/// Waits until the server waits for a lock.
async fn wait_for_a_waiter(scratch: &Scratch) {
    let client = scratch.client("super").await;
    let sql = "select exists (select from pg_stat_activity where usename = 'aox_server' and wait_event_type = 'Lock')";
    let begun = Instant::now();
    while !client.query_one(sql, &[]).await.expect("it can be asked").get::<_, bool>(0) {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for a lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Replaces the first message of a mailbox by one in another, while somebody expunges the second one.
async fn replace_while_expunging(scratch: &Scratch, source: MailboxKey, target: MailboxKey) {
    let [one, two]: [Lender; 2] = scratch.lenders().await;
    let letter = || units::appending(AccountId(1), b"Subject: x\r\n\r\nx\r\n".to_vec());
    one.run(units::append(source, [letter(), letter()])).await.expect("they are stored");
    let uid = Uid::new(1).expect("a uid");
    let (viewer, by) = (Viewer::new(AccountId(1)), units::expunge(source, vec![uid]).by);
    let replace = ReplaceMessage {
        viewer,
        append: units::append(target, [letter()]),
        annotations: vec![Vec::new()],
        source,
        uid,
        octets: 17,
        by,
    };
    let MailboxKey { account: AccountId(account), mailbox: MailboxId(mailbox) } = source;
    let this = format!("account = {account} and id = {mailbox}");
    let ask = async |sql: &str| two.client().batch_execute(sql).await;
    // As EXPUNGE begins.
    ask(&format!("begin; select from aox.mailboxes where {this} for no key update"))
        .await
        .expect("it is free");
    let expunge = async {
        wait_for_a_waiter(scratch).await;
        let arguments = format!("{account}, {mailbox}, '{{2}}', false, null, 'imap', null, 'expunge'");
        ask(&format!("select aox.expunge({arguments}); commit")).await
    };
    let (expunged, replaced) = tokio::join!(expunge, one.run(replace));
    expunged.expect("EXPUNGE does not wait for REPLACE");
    let replaced = replaced.expect("REPLACE does not wait for EXPUNGE for ever");
    assert_eq!(replaced.expunged.expunged.iter().collect::<Vec<_>>(), [uid]);
}

#[test]
fn replace_and_expunge_never_wait_for_each_other() {
    for (source, target) in [(DRAFTS, INBOX), (INBOX, DRAFTS), (INBOX, INBOX)] {
        let scratch = Scratch::start();
        scratch.sql(ACCOUNT);
        units::runtime().block_on(replace_while_expunging(&scratch, source, target));
    }
}

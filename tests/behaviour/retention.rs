//! How long mail stays: followed from its delivery to its end, under every combination of policies, with time moved on.

mod domains;

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{
    AddPolicy, Append, Appending, CheckMessages, Culprit, DeleteMailbox, PolicyScope, ReadPlacements,
    RemovePolicy, SearchPage, TakeVacuumRun, ThinnedOut, Vacuum, VacuumStep, VacuumTally,
};
use archiveopteryx::mailbox::{AccountId, InternalDate, MailboxId, MailboxKey, MailboxName, MessageId, Uid};
use archiveopteryx::policy::{PolicyKind, Viewer};
use archiveopteryx::search::{Collation, Selector, StoredLeaf};
use jiff::Timestamp;
use tokio_postgres::Client;

const WORK: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

const ACCOUNTS: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7), (1, 'Work', 8);
    insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
        values ('anna', 'anna', 'example.org', 1, 1, true)";

/// One test's database.
struct Site {
    scratch: Scratch,
    lender: Lender,
    owner: Client,
}

impl Site {
    /// Stores a message that came so many days ago.
    async fn append(&self, octets: &[u8], days_ago: i64) -> Uid {
        let came = Timestamp::now().as_second() - days_ago * 86_400;
        let internal_date = InternalDate { seconds: came, zone_minutes: 0 };
        let appending = Appending { internal_date, ..units::appending(WORK.account, octets) };
        let unit = Append { saved_at: Timestamp::now(), ..units::append(WORK, [appending]) };
        self.lender.run(unit).await.expect("it is stored").uids[0]
    }

    async fn expunge(&self, uid: Uid) {
        self.lender.run(units::expunge(WORK, vec![uid])).await.expect("it is expunged");
    }

    /// A policy for the mailbox.
    async fn policy(&self, kind: PolicyKind, days: Option<u32>, search: Option<&str>) -> i64 {
        self.policy_for(work(), kind, days, search).await
    }

    async fn policy_for(
        &self,
        scope: PolicyScope,
        kind: PolicyKind,
        days: Option<u32>,
        search: Option<&str>,
    ) -> i64 {
        let selector = search.map(|search| Selector::parse(search).expect("it is a search"));
        let name = (kind == PolicyKind::Hold).then(|| format!("case {}", Timestamp::now()));
        let unit = AddPolicy { kind, name, scope, days, selector, by: "test".to_owned() };
        self.lender.run(unit).await.expect("it is made")
    }

    async fn remove(&self, id: i64) {
        let unit = RemovePolicy { id, by: "test".to_owned() };
        assert!(self.lender.run(unit).await.expect("it is taken back"));
    }

    /// The clock goes on for everything but the ages of messages.
    async fn days_pass(&self, days: i64) {
        let sql = format!(
            "update aox.tombstones set deleted_at = deleted_at - interval '{days} days';
             update aox.policies set removed_at = removed_at - interval '{days} days';
             update aox.undelete_times set set_at = set_at - interval '{days} days'"
        );
        self.owner.batch_execute(&sql).await.expect("time passes");
    }

    async fn number(&self, sql: &str) -> i64 {
        self.owner.query_one(sql, &[]).await.expect("it can be asked").get(0)
    }

    async fn messages(&self) -> Vec<(MessageId, Uid)> {
        let sql = "select message, uid from aox.mailbox_messages order by uid";
        let rows = self.owner.query(sql, &[]).await.expect("they are there");
        let uid = |number: i64| Uid::new(number as u32).expect("uids begin with 1");
        rows.iter().map(|row| (MessageId(row.get(0)), uid(row.get(1)))).collect()
    }

    /// Keys that ask for what messages and conversations are called.
    async fn names_of(&self, messages: &[(MessageId, Uid)]) -> Vec<String> {
        let unit = ReadPlacements { key: WORK, messages: messages.to_vec(), threads: true };
        let placements = self.lender.run(unit).await.expect("they are there");
        let names = placements.iter().flat_map(|placement| {
            let (email, thread) = (placement.email_id(), placement.thread_id());
            [format!("EMAILID {email}"), format!("THREADID {thread}")]
        });
        names.collect()
    }

    /// Live, deleted, and stored at all.
    async fn where_they_are(&self) -> (i64, i64, i64) {
        let live = self.number("select count(*) from aox.mailbox_messages").await;
        let deleted = self.number("select count(*) from aox.tombstones").await;
        (live, deleted, self.number("select count(*) from aox.messages").await)
    }
}

fn test(body: impl AsyncFnOnce(&Site)) {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNTS);
    units::runtime().block_on(async {
        let (lender, owner) = (scratch.lender().await, scratch.client("super").await);
        body(&Site { scratch, lender, owner }).await;
    });
}

/// The mailbox of anna.
fn work() -> PolicyScope {
    let mailbox = MailboxName::new("Work").expect("a name");
    PolicyScope { login: Some("anna".to_owned()), mailbox: Some(mailbox), ..PolicyScope::default() }
}

/// A whole run of the vacuum, as the server makes one.
async fn vacuum(lender: &Lender) -> VacuumTally {
    let take = TakeVacuumRun { host: "test".to_owned(), interval_minutes: 1 };
    let run = lender.run(take).await.expect("it begins").map_or(0, |run| run.id);
    vacuum_run(lender, run, 100).await
}

async fn vacuum_run(lender: &Lender, run: i64, batch: u32) -> VacuumTally {
    let mut step = Some(VacuumStep::Begin);
    let mut sum = VacuumTally::default();
    while let Some(next) = step {
        let now = Timestamp::now();
        let done = lender.run(Vacuum { run, step: next, batch, now }).await.expect("a step is done");
        step = done.next;
        sum.deleted += done.tally.deleted;
        sum.tombstones += done.tally.tombstones;
        sum.messages += done.tally.messages;
        sum.bodies += done.tally.bodies;
        sum.addresses += done.tally.addresses;
        sum.mailboxes += done.tally.mailboxes;
    }
    sum
}

fn letter(subject: &str) -> String {
    format!(
        "From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: {subject}\r\n\
         Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\nThe marmalade tree.\r\n--cut\r\n\
         Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUg==\r\n--cut--\r\n"
    )
}

#[test]
fn a_message_is_followed_to_its_end_under_every_combination_of_policies() {
    follow_to_the_end(work);
}

fn follow_to_the_end(scope: fn() -> PolicyScope) {
    test(async |site| {
        for combination in 0..32 {
            let has = |bit: i32| combination & (1 << bit) != 0;
            let uid = site.append(letter("trees").as_bytes(), 100).await;
            let mut policies = Vec::new();
            // By their days, the first retains the message and the second does not; the hold finds it by its subject.
            for (bit, kind, days, search) in [
                (0, PolicyKind::Retain, Some(365), None),
                (1, PolicyKind::Retain, Some(30), None),
                (2, PolicyKind::Delete, Some(90), Some("FROM alice")),
                (3, PolicyKind::Hold, None, Some("SUBJECT TREES")),
                (4, PolicyKind::Hold, None, Some("SUBJECT flowers")),
            ] {
                if has(bit) {
                    policies.push((kind, site.policy_for(scope(), kind, days, search).await));
                }
            }
            let stays = has(0) || has(3);
            let what = format!("combination {combination:05b}");
            vacuum(&site.lender).await;
            let is_deleted = has(2) && !stays;
            let expected = if is_deleted { (0, 1, 1) } else { (1, 0, 1) };
            assert_eq!(
                site.where_they_are().await,
                expected,
                "{what}: only \"delete\" touches what is there"
            );
            if !is_deleted {
                site.expunge(uid).await;
            }
            site.days_pass(6).await;
            vacuum(&site.lender).await;
            assert_eq!(site.where_they_are().await, (0, 1, 1), "{what}: it can be taken back");
            site.days_pass(2).await;
            vacuum(&site.lender).await;
            let expected = if stays { (0, 1, 1) } else { (0, 0, 0) };
            assert_eq!(site.where_they_are().await, expected, "{what}: its time has passed");
            for (_, id) in policies {
                site.remove(id).await;
            }
            vacuum(&site.lender).await;
            assert_eq!(site.where_they_are().await, expected, "{what}: taken back counts later");
            site.days_pass(8).await;
            let done = vacuum(&site.lender).await;
            assert_eq!(site.where_they_are().await, (0, 0, 0), "{what}: nothing keeps it");
            assert_eq!(done.messages, i64::from(stays), "{what}");
        }
        for empty in [
            "bodies",
            "body_refs",
            "parts",
            "addresses",
            "message_addresses",
            "ended_bodies",
            "ended_addresses",
        ] {
            let left = site.number(&format!("select count(*) from aox.{empty}")).await;
            assert_eq!(left, 0, "{empty} are left of nothing");
        }
    });
}

#[test]
fn a_copy_keeps_its_message_and_a_held_mailbox_its_hold() {
    test(async |site| {
        let hold = site.policy(PolicyKind::Hold, None, None).await;
        let uid = site.append(letter("a").as_bytes(), 1).await;
        let other = site.append(letter("b").as_bytes(), 1).await;
        // A copy in another mailbox, which nobody holds, and which is deleted as well.
        site.owner
            .batch_execute(
                "insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
                     select account, 1, 1, message, 2, internal_date, octets, saved_at from aox.mailbox_messages where uid = 1;
                 update aox.mailboxes set uidnext = 2, messages = 1, unseen = 1 where id = 1",
            )
            .await
            .expect("it is copied");
        let keys = "insert into aox.url_keys (account, owner, mailbox, key) select 1, account, id, sha256('') from aox.mailboxes";
        site.lender.client().batch_execute(keys).await.expect("URLs are authorized");
        site.expunge(uid).await;
        site.expunge(other).await;
        site.lender
            .client()
            .batch_execute("select aox.expunge(1, 1, null, false, 1, 'imap', null, 'EXPUNGE')")
            .await
            .expect("it is expunged");
        let name = MailboxName::new("Work").expect("a name");
        let by = Culprit { account: Some(WORK.account), door: "imap", client: None, reason: "DELETE" };
        let viewer = Viewer::new(WORK.account);
        site.lender
            .run(DeleteMailbox { viewer, name, by, so_far: ThinnedOut::default() })
            .await
            .expect("it is deleted");
        site.days_pass(30).await;
        site.owner
            .batch_execute("update aox.mailboxes set deleted_at = deleted_at - interval '30 days'")
            .await
            .expect("time passes");
        let done = vacuum(&site.lender).await;
        assert_eq!((done.tombstones, done.messages, done.mailboxes), (1, 0, 0), "the copy's tombstone alone");
        assert_eq!(site.where_they_are().await, (0, 2, 2));
        site.remove(hold).await;
        site.days_pass(30).await;
        let done = vacuum(&site.lender).await;
        assert_eq!((done.tombstones, done.messages, done.mailboxes), (2, 2, 1));
        assert_eq!(
            site.number("select count(*) from aox.url_keys").await,
            1,
            "the other mailbox keeps its key"
        );
    });
}

#[test]
fn what_bodies_say_is_read_before_it_counts() {
    test(async |site| {
        let with = site.append(letter("a").as_bytes(), 100).await;
        let without = site.append(b"Subject: b\r\n\r\nNothing of that.\r\n", 100).await;
        site.policy(PolicyKind::Hold, None, Some("BODY MARMALADE")).await;
        site.expunge(with).await;
        site.expunge(without).await;
        site.days_pass(8).await;
        // Nobody has read them yet: both count as held.
        let sql = "select ended::bigint from aox.end_tombstones('-infinity', -1, 0, 0, 100, false)";
        assert_eq!(site.number(sql).await, 0);
        let done = vacuum(&site.lender).await;
        assert_eq!(done.messages, 1, "the one that does not say so");
        assert_eq!(site.where_they_are().await, (0, 1, 1));
        // "Delete mail" does nothing until they have been read, and then what it says.
        let again = site.append(letter("c").as_bytes(), 100).await;
        site.append(b"Subject: d\r\n\r\nNothing of that.\r\n", 100).await;
        site.policy(PolicyKind::Delete, Some(10), Some("NOT BODY marmalade")).await;
        let done = vacuum(&site.lender).await;
        assert_eq!(done.deleted, 1);
        let left = format!("select count(*) from aox.mailbox_messages where uid = {}", again.get());
        assert_eq!(site.number(&left).await, 1, "the hold's message is there, and the other has gone");
    });
}

#[test]
fn letters_are_folded_here_as_they_are_there() {
    test(async |site| {
        let is_letter =
            |c: &char| c.is_alphabetic() || c.to_uppercase().ne([*c]) || c.to_lowercase().ne([*c]);
        let letters: Vec<char> = ('\u{1}'..=char::MAX).filter(is_letter).collect();
        assert!(letters.len() > 100_000);
        // Many at a time, and apart from each other, so that none changes another one.
        let texts: Vec<String> = letters
            .chunks(100)
            .map(|letters| letters.iter().flat_map(|letter| [*letter, '|']).collect())
            .collect();
        let sql = "select aox.folded(t) from unnest($1::text[]) with ordinality u (t, n) order by n";
        let rows = site.owner.query(sql, &[&texts]).await.expect("they are folded");
        for (text, row) in texts.iter().zip(rows) {
            let program = Selector::Stored(StoredLeaf::Subject(text.clone())).program().expect("a program");
            let here = program.json["text"].as_str().expect("a text");
            let pairs = here.split('|').zip(row.get::<_, &str>(0).split('|'));
            for (letter, (here, there)) in text.split('|').zip(pairs) {
                let number = letter.chars().next().map_or(0, u32::from);
                assert_eq!(here, there, "U+{number:04X}");
            }
            assert_eq!(here, row.get::<_, &str>(0));
        }
    });
}

#[test]
fn to_fold_a_text_reads_the_letters_that_it_has() {
    test(async |site| {
        // What this session has read is told to others at once.
        let read = async || -> i64 {
            site.number("select count(*) from (select pg_stat_force_next_flush()) f").await;
            let sql = "select (seq_tup_read + idx_tup_fetch)::bigint from pg_stat_user_tables where relname = 'letter_cases'";
            site.number(sql).await
        };
        let before = read().await;
        let sql = "select count(*) from generate_series(1, 50) n where aox.folded('\u{dc}ber \u{c4}pfel ' || n) <> ''";
        assert_eq!(site.number(sql).await, 50);
        let read = read().await - before;
        assert!(read <= 100, "{read} letters were read for fifty texts that have two each");
    });
}

const HEADERS: &[&str] = &[
    "From: Bob <bob@example.org>\r\nTo: zoe@example.net\r\nSubject: Lunch on Monday\r\nX-Case: A\r\n b c\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\n",
    "From: =?utf-8?q?J=C3=BCrgen?= <juergen@example.org>\r\nCc: BOB@EXAMPLE.ORG\r\nSubject: =?utf-8?q?Stra=C3=9Fe?=\r\nX-Case: =?utf-8?q?a_b?=\r\n",
    "From: M\u{fc}ller <mueller@example.org>\r\nSubject: \u{fc}ber ALLES\r\nX-Case: \u{c4}B\r\nX-Empty:\r\n",
    "Subject: none\r\nx-case : a\tb\r\nX-Case: second\r\nTo: undisclosed-recipients:;\r\nBcc: \"Bob's\" <bob@x>\r\n",
    "\u{feff}X-Case: behind a mark\r\nFrom: nobody\r\nMessage-Id: <a@x>\r\n",
    "From: =?utf-8?q?Zo=C3=A9?= <zoe@www.XN--Mnchen-3ya.de>\r\nTo: d@xn--r8jz45g.xn--zckzah, e@xn--a.xn--ls8h\r\n",
    "From: zoe@m\u{fc}nchen.de\r\nTo: d@\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}\r\n",
    "References: <a@x> <b@x>\r\nMessage-Id: <c@x>\r\n",
    "In-Reply-To: <a@x>\r\nMessage-Id: <d@x>\r\n",
];

const KEYS: &[&str] = &[
    "SUBJECT lunch",
    "SUBJECT STRASSE",
    "SUBJECT {5+}\r\n\u{dc}BER",
    "SUBJECT \"\"",
    "FROM bob",
    "FROM example.org",
    "FROM \"Bob <bob\"",
    "CC bob@example",
    "BCC bob",
    "TO zoe",
    "TO undisclosed",
    "FROM {3+}\r\nM\u{fc}",
    "FROM xn--mnchen-3ya.de",
    "FROM {13+}\r\nwww.M\u{fc}NCHEN.",
    "FROM {9+}\r\n@m\u{fc}nchen",
    "TO {10+}\r\n\u{3048}.\u{30c6}\u{30b9}",
    "TO xn--r8jz45g.xn--zckzah",
    "TO \"Zo\"",
    "HEADER X-Case a",
    "HEADER X-Case \"a b\"",
    "HEADER x-case {2+}\r\n\u{e4}",
    "HEADER X-Case \"\"",
    "HEADER X-Empty \"\"",
    "HEADER X-None \"\"",
    "HEADER X-Case mark",
    "HEADER Subject stra",
    "SENTON 3-Feb-2026",
    "SENTBEFORE 3-Feb-2026",
    "SENTSINCE 4-Feb-2026",
    "BODY body",
    "TEXT bob",
    "SAVEDSINCE 1-Jan-2020",
    "SAVEDON 1-Jan-2020",
    "SAVEDBEFORE 1-Jan-2020",
    "EMAILID foreign",
    "THREADID foreign",
];

/// The database may be in doubt where the server is sure; it must never be sure of something else.
#[test]
fn what_a_search_finds_a_hold_covers_and_what_delete_covers_a_search_finds() {
    test(async |site| {
        let mut latin = HEADERS[2].replace('\u{fc}', "\u{1}").into_bytes();
        latin.iter_mut().filter(|octet| **octet == 1).for_each(|octet| *octet = 0xfc);
        let mut headers: Vec<Vec<u8>> = HEADERS.iter().map(|header| header.as_bytes().to_vec()).collect();
        headers.push(latin);
        for mut header in headers {
            header.extend_from_slice(b"\r\nbody\r\n");
            site.append(&header, 1).await;
        }
        let messages = site.messages().await;
        let leaves: Vec<Selector> = KEYS
            .iter()
            .map(|key| key.to_string())
            .chain(site.names_of(&messages).await)
            .map(|key| Selector::parse(&key).expect("it is a search"))
            .collect();
        let stored: Vec<StoredLeaf> = leaves.iter().flat_map(Selector::stored_leaves).collect();
        let unit = SearchPage {
            key: WORK,
            messages,
            leaves: stored.clone(),
            collation: Collation::default(),
            reader: None,
        };
        let found = site.lender.run(unit).await.expect("they are searched");
        let is_found = |key: &str| {
            let mut leaves = stored.iter().zip(&found);
            leaves.any(|(leaf, found)| leaf.to_string().starts_with(key) && !found.selected.is_empty())
        };
        assert!(is_found("EMAILID") && is_found("THREADID") && is_found("SAVEDSINCE"));
        let mut random = Lcg(7);
        let (mut sure, mut open) = (0, 0);
        for round in 0..200 {
            let tree = if round < leaves.len() { leaves[round].clone() } else { random.tree(&leaves, 3) };
            let program = tree.program().expect("a program").json.to_string();
            let rows = site
                .owner
                .query(
                    "select m.uid, aox.selects($1::text::jsonb, 0, c, true), aox.selects($1::text::jsonb, 0, c, false)
                     from aox.mailbox_messages m cross join lateral (
                         select row(m.account, m.mailbox, m.uid, m.message, 0::smallint, null, m.internal_date, 0::smallint,
                             m.octets)::aox.candidate as c) k",
                    &[&program],
                )
                .await
                .expect("the database can tell");
            for row in rows {
                let uid = Uid::new(row.get::<_, i64>(0) as u32).expect("uids begin with 1");
                let (generous, certain) = (row.get::<_, bool>(1), row.get::<_, bool>(2));
                let truth = is_selected(&tree, &|leaf| {
                    let at = stored.iter().position(|known| known == leaf).expect("it was asked");
                    found[at].selected.contains(uid)
                });
                assert!(generous || !truth, "{tree} finds {uid}, and a hold lets it go");
                assert!(truth || !certain, "{tree} does not find {uid}, and would have it deleted");
                if generous == certain { sure += 1 } else { open += 1 }
            }
        }
        assert!(sure > open, "the database is sure {sure} times, and in doubt {open} times");
    });
}

fn is_selected(tree: &Selector, leaf: &impl Fn(&StoredLeaf) -> bool) -> bool {
    match tree {
        Selector::And(keys) => keys.iter().all(|key| is_selected(key, leaf)),
        Selector::Or(keys) => keys.iter().any(|key| is_selected(key, leaf)),
        Selector::Not(key) => !is_selected(key, leaf),
        Selector::Stored(key) => leaf(key),
        other => panic!("{other} is not asked here"),
    }
}

/// Numbers that look random and are the same each time.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn tree(&mut self, leaves: &[Selector], depth: usize) -> Selector {
        match self.below(if depth == 0 { 1 } else { 4 }) {
            0 => leaves[self.below(leaves.len())].clone(),
            1 => Selector::Not(Box::new(self.tree(leaves, depth - 1))),
            2 => Selector::And((0..2).map(|_| self.tree(leaves, depth - 1)).collect()),
            _ => Selector::Or((0..2).map(|_| self.tree(leaves, depth - 1)).collect()),
        }
    }
}

#[test]
fn bodies_and_addresses_end_while_deliveries_use_them_again() {
    test(async |site| {
        let deliverer = site.scratch.lender().await;
        let reaper = site.scratch.lender().await;
        let over = std::cell::Cell::new(false);
        let deliver = async {
            for round in 0..300 {
                // The same attachment and the same addresses each time.
                let unit = units::append(WORK, [units::appending(WORK.account, letter("race"))]);
                let appended =
                    deliverer.run(unit).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
                let uids = if round >= 280 { Vec::new() } else { appended.uids };
                deliverer.run(units::expunge(WORK, uids)).await.expect("it goes");
                tokio::time::sleep(std::time::Duration::from_millis(round % 7 * 4)).await;
                // Now and then it is waited until everything has ended.
                let begin = std::time::Instant::now();
                while round % 20 == 19
                    && round < 280
                    && site
                        .number(
                            "select (select count(*) from aox.bodies) + (select count(*) from aox.addresses)",
                        )
                        .await
                        > 0
                {
                    assert!(begin.elapsed().as_secs() < 60, "round {round}: it does not end");
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            }
            over.set(true);
        };
        let end = async {
            let mut sum = VacuumTally::default();
            while !over.get() {
                site.days_pass(8).await;
                let done = vacuum_run(&reaper, 0, 50).await;
                sum.bodies += done.bodies;
                sum.addresses += done.addresses;
                sum.messages += done.messages;
            }
            sum
        };
        let ((), ended) = tokio::join!(deliver, end);
        assert!(ended.bodies > 3 && ended.addresses > 3, "nothing ended between: {ended:?}");
        let page = site.lender.run(CheckMessages { after: (0, 0) }).await.expect("they are read");
        assert!(page.messages >= 20, "{page:?}");
        assert_eq!(page.damaged, Vec::new());
        let lost = "select count(*) from aox.message_addresses u where not exists (
            select from aox.addresses a where a.account = u.account and a.id = u.address)";
        assert_eq!(site.number(lost).await, 0, "a message has an address that has ended");
    });
}

#[test]
fn two_vacuums_at_once_end_everything_once() {
    test(async |site| {
        for _ in 0..200 {
            let uid = site.append(letter("many").as_bytes(), 1).await;
            site.expunge(uid).await;
        }
        site.days_pass(8).await;
        let (one, two) = (site.scratch.lender().await, site.scratch.lender().await);
        let (one, two) = tokio::join!(vacuum_run(&one, 0, 7), vacuum_run(&two, 0, 11));
        assert_eq!(one.tombstones + two.tombstones, 200);
        assert_eq!(one.messages + two.messages, 200);
        assert!(one.messages > 0 && two.messages > 0, "one of them did nothing");
        assert_eq!(site.where_they_are().await, (0, 0, 0));
        assert_eq!(one.bodies + two.bodies, 1);
        // A run is at work on one host only.
        let take = || TakeVacuumRun { host: "test".to_owned(), interval_minutes: 1 };
        assert!(site.lender.run(take()).await.expect("it begins").is_some());
        assert!(site.lender.run(take()).await.expect("it looks").is_none());
        site.owner
            .batch_execute("update aox.vacuum_runs set heard_at = now() - interval '1 minute', started_at = now() - interval '2 minutes'")
            .await
            .expect("its server was killed");
        assert!(site.lender.run(take()).await.expect("it begins").is_some());
    });
}

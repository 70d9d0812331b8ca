//! The text index on a real PostgreSQL: however far it has come, every search gives the same answer.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Lender, Scratch, Server, corpus, units};
use archiveopteryx::db::{
    CheckTextBlock, CountWaiting, Culprit, Expunge, FindMessages, IndexTexts, Indexing, MeantMessage,
    SearchPage,
};
use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey, MessageId, Uid};
use archiveopteryx::search::{Collation, Field, LeafAnswer, Selector, StoredLeaf};
use jiff::{Timestamp, ToSpan};

const INBOX: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };

const ACCOUNT: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7)";

fn test(body: impl AsyncFnOnce(&Scratch, &Lender)) {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNT);
    units::runtime().block_on(async { body(&scratch, &scratch.lender().await).await });
}

async fn append(lender: &Lender, messages: &[Vec<u8>]) {
    for messages in messages.chunks(50) {
        let messages = messages.iter().map(|octets| units::appending(INBOX.account, octets.clone()));
        lender.run(units::append(INBOX, messages)).await.expect("it is stored");
    }
}

/// Indexes until nothing waits.
async fn index(lender: &Lender) {
    let mut after = None;
    loop {
        match lender.run(IndexTexts { after }).await.expect("it is indexed") {
            Indexing::Done { mailbox, .. } => after = Some(mailbox),
            Indexing::Nothing => break,
            Indexing::Elsewhere => panic!("nobody else is here"),
        }
    }
    assert_eq!(lender.run(CountWaiting).await.expect("it is counted"), 0);
}

/// Looks at every block.
async fn check_blocks(lender: &Lender) {
    let now = Timestamp::now();
    let before = now + 1.hour();
    let mut left = 100;
    while left > 0 && lender.run(CheckTextBlock { before, now: before }).await.expect("it is checked") {
        left -= 1;
    }
    assert!(left > 0, "it comes to an end");
}

async fn number(lender: &Lender, sql: &str) -> i64 {
    lender.client().query_one(sql, &[]).await.expect("it can be asked").get(0)
}

async fn indexed(lender: &Lender) -> i64 {
    number(lender, "select coalesce(sum(messages), 0)::bigint from aox.text_blocks where edition > 0").await
}

async fn messages(lender: &Lender) -> Vec<(MessageId, Uid)> {
    let sql = "select message, uid from aox.mailbox_messages order by uid";
    let rows = lender.client().query(sql, &[]).await.expect("it can be asked");
    let uid = |number: i64| Uid::new(number as u32).expect("uids begin with 1");
    rows.iter().map(|row| (MessageId(row.get(0)), uid(row.get(1)))).collect()
}

/// For each leaf what it selects, and how relevant that is if the leaf is fuzzy.
async fn answers(lender: &Lender, leaves: &[StoredLeaf], collation: Collation) -> Vec<LeafAnswer> {
    let messages = messages(lender).await;
    let mut answers = Vec::new();
    for leaves in leaves.chunks(20) {
        let unit = SearchPage {
            key: INBOX,
            messages: messages.clone(),
            leaves: leaves.to_vec(),
            collation,
            reader: None,
        };
        answers.extend(lender.run(unit).await.expect("it is searched"));
    }
    answers
}

/// Numbers that look random, and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// A piece of one of the messages as it is written there, or as nobody has written it.
    fn piece(&mut self, mail: &[Vec<u8>]) -> String {
        let text = String::from_utf8_lossy(&mail[self.below(mail.len())]).into_owned();
        let length = 1 + self.below(12);
        let start = self.below(text.chars().count());
        let piece: String = text.chars().skip(start).take(length).filter(|c| *c != '\0').collect();
        match self.below(4) {
            0 => piece.to_uppercase(),
            1 => piece.to_lowercase(),
            2 => piece.trim().to_owned(),
            _ => piece,
        }
    }

    /// One in four looks for words that are only nearly so.
    fn leaf(&mut self, mail: &[Vec<u8>]) -> StoredLeaf {
        let leaf = self.exact_leaf(mail);
        match (self.below(4), Selector::Stored(leaf.clone()).fuzzy()) {
            (0, Selector::Stored(fuzzy)) => fuzzy,
            _ => leaf,
        }
    }

    fn exact_leaf(&mut self, mail: &[Vec<u8>]) -> StoredLeaf {
        let text = self.piece(mail);
        let names = ["Subject", "received", "X-Mailer", "List-Id", "Message-ID", "Content-Type"];
        let days = |number| jiff::civil::date(2000, 1, 1) + (number as i64 * 25).days();
        match self.below(10) {
            8 => StoredLeaf::SentBefore(days(self.below(400))),
            9 => StoredLeaf::SentSince(days(self.below(400))),
            0 => StoredLeaf::Subject(text),
            1 => StoredLeaf::Address { field: Field::From, text },
            2 => StoredLeaf::Address { field: Field::To, text },
            3 => StoredLeaf::Header { name: names[self.below(names.len())].to_owned(), text },
            4 => StoredLeaf::Header { name: names[self.below(names.len())].to_owned(), text: String::new() },
            5 | 6 => StoredLeaf::Body(text),
            _ => StoredLeaf::Text(text),
        }
    }
}

/// Mail of every kind, as much as a test has the time for.
fn some_mail() -> Vec<Vec<u8>> {
    let files = corpus::files();
    let read = |file| std::fs::read(file).expect("a listed file exists");
    files.iter().step_by(9).map(read).filter(|mail: &Vec<u8>| mail.len() < 200_000).collect()
}

#[test]
fn every_search_is_answered_alike_however_far_the_index_has_come() {
    let mail = some_mail();
    if mail.is_empty() {
        println!("skipped: there is no mail corpus; AOX_MAIL_CORPUS names one");
        return;
    }
    test(async |scratch, lender| {
        let (old, new) = mail.split_at(mail.len() / 2);
        let mut dice = Dice(0x5EED_5EED_5EED);
        let leaves: Vec<StoredLeaf> = (0..300).map(|_| dice.leaf(&mail)).collect();
        append(lender, old).await;
        index(lender).await;
        append(lender, new).await;
        assert_eq!(indexed(lender).await, old.len() as i64);
        let half = answers(lender, &leaves, Collation::default()).await;
        index(lender).await;
        assert_eq!(indexed(lender).await, mail.len() as i64);
        let whole = answers(lender, &leaves, Collation::default()).await;
        let octets = answers(lender, &leaves, Collation::Octet).await;
        scratch.sql("truncate aox.text_blocks, aox.text_lists");
        let none = answers(lender, &leaves, Collation::default()).await;
        assert_eq!(answers(lender, &leaves, Collation::Octet).await, octets, "octet by octet");
        let mut found = 0;
        for (((leaf, none), half), whole) in leaves.iter().zip(&none).zip(&half).zip(&whole) {
            assert_eq!(none, half, "{leaf}: half indexed");
            assert_eq!(none, whole, "{leaf}: indexed");
            found += usize::from(!none.selected.is_empty());
        }
        assert!(found > 100, "most of these texts are in some message: {found}");
    });
}

/// Letters of which each has a word of its own, and a word that it shares with one in three.
fn letters(count: usize) -> Vec<Vec<u8>> {
    let shared = ["Hippopotamus", "zeppelin", "rhubarb"];
    let letter = |number: usize| {
        let word = shared[number % 3];
        format!(
            "From: Anna <anna@example.org>\r\nSubject: letter number{number}x\r\nMessage-Id: <{number}@example.org>\r\n\r\n\
             Dear Zoe,\r\nthe {word} is here, unique{number}x.\r\n"
        )
    };
    (0..count).map(|number| letter(number).into_bytes()).collect()
}

/// A message with a picture that is described; what stands before its parts has so many octets.
fn picture(number: usize, preamble: usize) -> Vec<u8> {
    let preamble = "for old readers\r\n".repeat(preamble / 17);
    format!(
        "From: Anna <anna@example.org>\r\nSubject: picture\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{preamble}\
         --b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <pict{number}x@example.org>\r\n\
         Content-Description: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from afar\r\n\r\niVBORw0K\r\n--b--\r\n"
    )
    .into_bytes()
}

#[test]
fn text_finds_the_headers_of_parts_however_far_the_index_has_come() {
    test(async |scratch, lender| {
        let leaf = |text: &str| StoredLeaf::Text(text.to_owned());
        let mut leaves =
            ["pict33x", "pict61x", "GRÜẞE FROM", "content-id: <pict", "grünkohl"].map(leaf).to_vec();
        leaves.push(StoredLeaf::Header { name: "Content-ID".into(), text: String::new() });
        leaves.push(StoredLeaf::Header { name: "Subject".into(), text: "pict33x".into() });
        leaves.push(StoredLeaf::Body("pict33x".into()));
        let counts = async || -> Vec<u64> {
            let answers = answers(lender, &leaves, Collation::default()).await;
            answers.iter().map(|answer| answer.selected.len()).collect()
        };
        append(lender, &letters(30)).await;
        append(lender, &(0..60).map(|number| picture(number, 0)).collect::<Vec<_>>()).await;
        index(lender).await;
        // Of these, the headers of parts are kept like bodies.
        append(lender, &(60..65).map(|number| picture(number, 5000)).collect::<Vec<_>>()).await;
        let expected = [1, 1, 65, 65, 0, 0, 0, 0];
        assert_eq!(counts().await, expected, "indexed in part");
        index(lender).await;
        assert_eq!(counts().await, expected, "indexed");
        // What an earlier edition has made knows nothing of parts.
        scratch.sql("update aox.text_blocks set edition = 4");
        assert_eq!(counts().await, expected, "not indexed");
        check_blocks(lender).await;
        index(lender).await;
        assert_eq!(indexed(lender).await, 95);
        assert_eq!(counts().await, expected, "indexed again");
    });
}

#[test]
fn what_is_not_there_any_more_leaves_the_index() {
    test(async |scratch, lender| {
        append(lender, &letters(90)).await;
        index(lender).await;
        let leaves = ["hippo", "unique11x", "the zeppelin"].map(|text| StoredLeaf::Body(text.into()));
        let counts = async || -> Vec<u64> {
            let answers = answers(lender, &leaves, Collation::default()).await;
            answers.iter().map(|answer| answer.selected.len()).collect()
        };
        assert_eq!(counts().await, [30, 1, 30]);
        let ended = "uid between 11 and 20";
        scratch.sql(&format!(
            "create temporary table ended as select message from aox.mailbox_messages where {ended};
             delete from aox.mailbox_messages where {ended};
             delete from aox.messages where id in (select message from ended)"
        ));
        assert_eq!(counts().await, [27, 0, 26], "columns of messages that ended are harmless");
        check_blocks(lender).await;
        assert_eq!(indexed(lender).await, 80);
        assert_eq!(counts().await, [27, 0, 26]);
        scratch.sql(
            "delete from aox.mailbox_messages; delete from aox.messages; update aox.text_blocks set checked_at = '2026-01-01'",
        );
        check_blocks(lender).await;
        assert_eq!(number(lender, "select count(*) from aox.text_lists").await, 0);
    });
}

#[test]
fn what_cannot_be_used_is_made_again() {
    test(async |scratch, lender| {
        append(lender, &letters(60)).await;
        index(lender).await;
        let leaves = ["hippo", "unique11x"].map(|text| StoredLeaf::Body(text.into()));
        let counts = async || -> Vec<u64> {
            let answers = answers(lender, &leaves, Collation::default()).await;
            answers.iter().map(|answer| answer.selected.len()).collect()
        };
        for damage in [
            "update aox.text_lists set words = 'damaged'",
            "update aox.text_lists set columns = 'damaged'",
            "update aox.text_blocks set members = '\\xff'",
            "update aox.text_blocks set edition = 0",
        ] {
            scratch.sql(damage);
            assert_eq!(counts().await, [20, 1], "{damage}");
            check_blocks(lender).await;
            index(lender).await;
            assert_eq!(indexed(lender).await, 60, "{damage}");
            assert_eq!(counts().await, [20, 1], "{damage}");
        }
    });
}

#[test]
fn a_message_in_two_mailboxes_is_indexed_once() {
    test(async |scratch, lender| {
        append(lender, &letters(40)).await;
        index(lender).await;
        scratch.sql(
            "insert into aox.mailboxes (account, name, uidvalidity, uidnext) values (1, 'Copies', 8, 41);
             insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
                 select account, 2, uid, message, 1, internal_date, octets, saved_at from aox.mailbox_messages",
        );
        index(lender).await;
        assert_eq!(indexed(lender).await, 40);
    });
}

/// How many rows of messages were read so far, by whichever way.
async fn messages_read(lender: &Lender) -> i64 {
    number(lender, "select count(*) from (select pg_stat_force_next_flush()) f").await;
    let sql =
        "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relid = 'aox.messages'::regclass";
    number(lender, sql).await
}

#[test]
fn a_message_id_is_found_without_reading_all_messages_deleted_or_not() {
    test(async |scratch, lender| {
        let named = async |id: &str| -> Vec<i64> {
            let meant = MeantMessage::MessageId(id.to_owned());
            let found = lender.run(FindMessages { meant, limit: 50 }).await.expect("it is found");
            found.iter().map(|(_, message)| message.0).collect()
        };
        append(lender, &letters(200)).await;
        // A fold within the id is no part of it.
        append(lender, &[b"Message-Id: <fol\r\n ded@example.org>\r\n\r\nx\r\n".to_vec()]).await;
        let uids: Vec<Uid> = messages(lender).await.into_iter().map(|(_, uid)| uid).collect();
        let id_of = |uid: usize| format!("select message from aox.mailbox_messages where uid = {uid}");
        let ids = [number(lender, &id_of(8)).await, number(lender, &id_of(101)).await];
        let culprit = || Culprit { account: None, door: "aox", client: None, reason: "test" };
        let expunge = async |at: usize| {
            let unit = Expunge { key: INBOX, uids: vec![uids[at]], only_deleted: false, by: culprit() };
            lender.run(unit).await.expect("it is expunged").expect("it was there");
        };
        // One goes before it is indexed, and one afterwards.
        expunge(7).await;
        assert_eq!(named("<7@example.org>").await, ids[..1], "not indexed");
        index(lender).await;
        expunge(100).await;
        let before = messages_read(lender).await;
        assert_eq!(named("<7@example.org>").await, ids[..1]);
        assert_eq!(named("100@example.org").await, ids[1..]);
        assert_eq!(named("<folded@example.org>").await.len(), 1);
        assert_eq!(named("<00@example.org>").await, [0i64; 0], "a part of an id is no id");
        assert_eq!(named("<nobody@example.org>").await, [0i64; 0]);
        let read = messages_read(lender).await - before;
        assert!(read <= 6, "{read} messages were read for three that are there");
        // What came later and is the same is found as well, the latest first.
        append(lender, &letters(8)[7..]).await;
        let both = named("<7@example.org>").await;
        assert!(both.len() == 2 && both[1] == ids[0], "{both:?}");
        scratch.sql("update aox.text_lists set words = 'damaged'");
        assert_eq!(named("<7@example.org>").await, both, "a damaged list refuses nobody");
    });
}

#[test]
fn a_server_that_is_killed_while_it_indexes_loses_nothing() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", "secret");
    let mail = letters(900);
    let mut lmtp = server.lmtp();
    for letter in &mail {
        let replies = lmtp.deliver("sender@example.net", &["anna@example.org"], letter);
        replies.expect("LMTP answers")[0].expect(250).expect("the message is accepted");
    }
    // Somewhere between the first look of the indexer and its last piece of work; wherever it is, nothing may be lost.
    for pause in [1200, 300, 150] {
        std::thread::sleep(Duration::from_millis(pause));
        server.kill();
        server.serve();
    }
    let status = server.wait_for_index();
    assert_eq!(status["messages"], 900);
    let mut imap = server.imap("anna", "secret");
    imap.ok("SELECT INBOX").expect("it opens");
    for (text, count) in [("hippopotamus", 300), ("unique777x", 1), ("unique77", 11), ("nowhere", 0)] {
        let reply = imap.ok(&format!("SEARCH BODY {text}")).expect("it answers");
        let lines: Vec<String> = reply.iter().map(|line| line.text()).collect();
        let found = lines.iter().find_map(|line| line.strip_prefix("* SEARCH")).expect("an answer");
        assert_eq!(found.split_whitespace().count(), count, "{text}");
    }
}

/// psql as the superuser, who alone sees what others are doing.
fn psql(server: &Server, statement: &str) -> Command {
    let socket = server.postgres_socket().expect("PostgreSQL runs");
    let mut psql = Command::new("psql");
    psql.arg("-h").arg(socket).args(["-U", "postgres", "-d", "aox", "-qtA", "-c", statement]);
    psql.stdin(Stdio::null());
    psql
}

/// Waits until so many searches are under way in PostgreSQL.
fn wait_for_searches(server: &Server, count: &str) {
    // The statement begins with this remark; what the indexer says does not.
    let searches = "select count(*) from pg_stat_activity
                    where state = 'active' and query like '-- Lists of the blocks of the text index%'";
    let begun = Instant::now();
    loop {
        let output = psql(server, searches).output().expect("psql runs");
        let running = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if running == count {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{running} searches run, and not {count}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_search_that_is_abandoned_ends_in_the_database_too() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", "secret");
    let mut imap = server.imap("anna", "secret");
    for letter in letters(40) {
        assert!(imap.append("INBOX", &letter).expect("it answers").result.starts_with("OK"));
    }
    imap.ok("SELECT INBOX").expect("it opens");
    // Nobody reads the lists of the index while this holds them, so that the search takes as long.
    let hold = "lock table aox.text_lists in access exclusive mode; select pg_sleep(60)";
    let mut holder = psql(&server, hold).stdout(Stdio::null()).spawn().expect("psql runs");
    std::thread::sleep(Duration::from_millis(500));
    imap.send("SEARCH BODY hippopotamus").expect("it is sent");
    wait_for_searches(&server, "1");
    drop(imap);
    wait_for_searches(&server, "0");
    let _ = holder.kill();
    let _ = holder.wait();
}

//! What the database lets nobody do who has only the server's password: make mail end that is to stay.

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{AddPolicy, CheckMessages, PolicyScope};
use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey, Uid};
use archiveopteryx::policy::PolicyKind;
use tokio_postgres::Client;

const WORK: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

const ACCOUNTS: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna'), ('bert', 'bert');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7), (1, 'Work', 8), (1, 'Work/Old', 9),
        (2, 'INBOX', 7);
    insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
        values ('anna', 'anna', 'example.org', 1, 1, true)";

const LETTER: &str = "From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: trees\r\nX-Case: 7\r\n\
    Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\nThe picture of the marmalade tree.\r\n--cut\r\n\
    Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUg==\r\n--cut--\r\n";

/// Tables that name messages, bodies or policies, and in which the server may delete or change rows all the same: each
/// with the columns that it may change, and the reason.
const MAY_CHANGE: &[(&str, bool, &[&str], &str)] = &[
    ("mailbox_messages", false, &["modseq", "flags", "keywords"], "flags are what changes of a message"),
    ("text_blocks", true, &["checked_at"], "they are derived from messages, and can be made again"),
    ("delivery_receipts", true, &[], "they say that a delivery was answered, and hold no mail"),
];

/// Columns by which a table holds mail, or says something about mail that is to stay.
const TELLING: &[&str] =
    &["message", "hash", "header", "body", "policy", "selector", "undelete", "folded", "digest"];

fn test(body: impl AsyncFnOnce(&Scratch, &Lender, &Client)) {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNTS);
    units::runtime().block_on(async {
        let (lender, owner) = (scratch.lender().await, scratch.client("super").await);
        body(&scratch, &lender, &owner).await;
    });
}

async fn append(lender: &Lender, key: MailboxKey, count: usize) -> Vec<Uid> {
    let messages = (0..count).map(|_| units::appending(key.account, LETTER));
    lender.run(units::append(key, messages)).await.expect("it is stored").uids
}

async fn expunge(lender: &Lender, key: MailboxKey, uids: Vec<Uid>) {
    lender.run(units::expunge(key, uids)).await.expect("it is expunged");
}

async fn hold(lender: &Lender, name: &str, scope: PolicyScope, search: Option<&str>) -> i64 {
    let selector = search.map(|search| archiveopteryx::search::Selector::parse(search).expect("a search"));
    let (kind, name, by) = (PolicyKind::Hold, Some(name.to_owned()), "test".to_owned());
    lender.run(AddPolicy { kind, name, scope, days: None, selector, by }).await.expect("it is made")
}

fn work() -> PolicyScope {
    let mailbox = archiveopteryx::mailbox::MailboxName::new("Work").expect("a name");
    PolicyScope { login: Some("anna".to_owned()), mailbox: Some(mailbox), ..PolicyScope::default() }
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect("it can be asked").get(0)
}

/// Lets a statement fail; whatever it does is undone.
async fn attempt(client: &Client, sql: &str) -> Result<(), String> {
    client.batch_execute("begin").await.expect("a transaction begins");
    let outcome = client.batch_execute(sql).await;
    client.batch_execute("rollback").await.expect("it ends");
    outcome.map_err(|error| {
        error.as_db_error().map_or_else(|| error.to_string(), |e| e.code().code().to_owned())
    })
}

/// 42501: not permitted, by a grant or because it belongs to another.
async fn assert_forbidden(client: &Client, sql: &str) {
    assert_eq!(attempt(client, sql).await, Err("42501".to_owned()), "{sql}");
}

#[test]
fn no_table_that_holds_mail_can_be_changed_beyond_flags() {
    test(async |_, lender, owner| {
        let uids = append(lender, WORK, 2).await;
        hold(lender, "case", work(), Some("SUBJECT trees")).await;
        expunge(lender, WORK, uids).await;
        let tables = owner
            .query(
                "select c.relname, array_agg(a.attname::text order by a.attnum)
                 from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 where c.relnamespace = 'aox'::regnamespace and c.relkind in ('r', 'p') group by c.relname",
                &[],
            )
            .await
            .expect("the catalog is read");
        let mut telling = 0;
        for row in &tables {
            let (table, columns): (&str, Vec<String>) = (row.get(0), row.get(1));
            let server = lender.client();
            assert_forbidden(server, &format!("truncate aox.{table} cascade")).await;
            assert_forbidden(server, &format!("alter table aox.{table} disable trigger all")).await;
            assert_forbidden(server, &format!("alter table aox.{table} add column x integer")).await;
            assert_forbidden(server, &format!("drop table aox.{table} cascade")).await;
            assert_forbidden(server, &format!("create trigger x before delete on aox.{table} for each row execute function suppress_redundant_updates_trigger()")).await;
            let tells = |column: &String| TELLING.iter().any(|word| column.contains(word));
            let is_counter = |column: &String| column == "messages";
            if table == "vacuum_runs" || !columns.iter().any(|column| tells(column) && !is_counter(column)) {
                continue;
            }
            telling += 1;
            let may = MAY_CHANGE.iter().find(|(name, ..)| *name == table);
            if !may.is_some_and(|(_, may_delete, ..)| *may_delete) {
                assert_forbidden(server, &format!("delete from aox.{table}")).await;
            }
            for column in &columns {
                if !may.is_some_and(|(_, _, may_change, _)| may_change.contains(&column.as_str())) {
                    assert_forbidden(server, &format!("update aox.{table} set {column} = default")).await;
                }
            }
        }
        assert!(telling > 50, "only {telling} tables were found to hold mail, partitions among them");
        for table in ["undelete_times", "horizons", "addresses", "ended_bodies"] {
            assert_forbidden(lender.client(), &format!("delete from aox.{table}")).await;
        }
        for table in [
            "policies",
            "policy_mailboxes",
            "policy_accounts",
            "policy_verdicts",
            "tombstones",
            "undelete_times",
        ] {
            assert_forbidden(lender.client(), &format!("insert into aox.{table} default values")).await;
        }
    });
}

#[test]
fn nobody_becomes_the_reaper_or_changes_what_it_does() {
    test(async |_, lender, owner| {
        let server = lender.client();
        for sql in [
            "set role aox_reaper",
            "set role aox_owner",
            "set session authorization aox_reaper",
            "grant aox_reaper to aox_server",
            "alter role aox_reaper login",
            "create function aox.x() returns void language sql as ''",
            "create or replace function aox.begin_ending() returns void language sql as ''",
            "alter function aox.covers(aox.policies, aox.candidate) rename to x",
            "drop function aox.covers(aox.policies, aox.candidate)",
            "alter schema aox rename to x",
            "select aox.begin_ending()",
            "select aox.end_messages('{1}', '{1}')",
            "set session_replication_role = replica",
        ] {
            assert_forbidden(server, sql).await;
        }
        // What acts with other rights than the caller's looks nowhere else for what it calls, and what can be called belongs
        // to the reaper and is not for everybody.
        let functions = owner
            .query(
                "select p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, p.proconfig::text,
                     has_function_privilege('public', p.oid, 'execute'), p.prorettype = 'trigger'::regtype
                 from pg_proc p where p.pronamespace = 'aox'::regnamespace and p.prosecdef",
                &[],
            )
            .await
            .expect("the catalog is read");
        assert!(functions.len() >= 10, "{}", functions.len());
        for row in functions {
            let (name, by, settings): (&str, &str, Option<&str>) = (row.get(0), row.get(1), row.get(2));
            let is_trigger: bool = row.get(4);
            assert!(is_trigger || by == "aox_reaper", "{name} belongs to {by}");
            assert!(
                settings.is_some_and(|set| set.contains("search_path=aox, pg_temp")),
                "{name}: {settings:?}"
            );
            assert!(is_trigger || !row.get::<_, bool>(3), "everybody may call {name}");
        }
    });
}

/// All that whoever has the server's password could try, and the time that passes while nobody sees it.
#[test]
fn no_lie_makes_mail_on_hold_end() {
    test(async |_, lender, owner| {
        let uids = append(lender, WORK, 3).await;
        hold(lender, "tree", work(), None).await;
        hold(lender, "not bob", PolicyScope::default(), Some("NOT FROM bob")).await;
        let server = lender.client();
        expunge(lender, WORK, uids).await;
        owner
            .batch_execute("update aox.tombstones set deleted_at = deleted_at - interval '400 days'")
            .await
            .expect("time passes");
        for lie in [
            "update aox.mailboxes set name = 'Elsewhere' where account = 1 and id = 2",
            "update aox.mailboxes set deleted_at = now() - interval '1 year' where account = 1 and id = 2",
            "update aox.accounts set state = 2, deleted_at = '-infinity' where id = 1",
            "delete from aox.aliases where account = 1",
            "insert into aox.mailboxes (account, name, uidvalidity) values (1, 'Work', 77)",
            "insert into aox.message_addresses (account, message, field, position, address)
                select account, message, 1, 99, (select address from aox.message_addresses where field = 4 limit 1)
                from aox.tombstones",
            "select aox.remove_policy(1, 'nobody'), aox.remove_policy(2, 'nobody')",
            "select aox.set_undelete_time(0::smallint, null, null, null, 0, 'nobody')",
            "select aox.set_undelete_time(2::smallint, null, 1, null, 0, 'nobody')",
            "select aox.set_undelete_time(3::smallint, null, 1, 2, 0, 'nobody')",
            "select aox.add_policy('delete', 'mine', null, null, 1, null, null, 0, 'nobody')",
            "select aox.give_verdicts(1, 0, 1, array(select message from aox.tombstones), '{false,false,false}')",
            "set timezone = 'Pacific/Kiritimati'; set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'",
            "create temporary table policies (like aox.policies)",
            "create temporary table tombstones (like aox.tombstones)",
            "set search_path = pg_temp, aox",
        ] {
            server.batch_execute(lie).await.unwrap_or_else(|error| panic!("{lie}: {error}"));
            for sql in [
                "select aox.end_tombstones('-infinity', -1, 0, 0, 5000, false)",
                "select aox.end_tombstones(null, null, null, null, null, false)",
                "select aox.end_bodies('', 5000)",
                "select aox.end_addresses(-1, 0, 5000)",
                "select aox.end_changes(-1, 0, 5000)",
                "select aox.end_mailboxes(-1, 0, 5000)",
                "select aox.end_accounts(-1, 5000)",
            ] {
                server.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            assert_eq!(number(owner, "select count(*) from aox.tombstones").await, 3, "{lie}");
            assert_eq!(number(owner, "select count(*) from aox.messages").await, 3, "{lie}");
        }
        server.batch_execute("reset all").await.expect("it can");
        let checked = lender.run(CheckMessages { after: (0, 0) }).await.expect("they are read");
        assert_eq!((checked.messages, checked.damaged.len()), (3, 0));
        // The time in which somebody could have seen it passes: now what was taken back counts as taken back.
        owner
            .batch_execute("update aox.policies set removed_at = removed_at - interval '8 days'")
            .await
            .expect("time passes");
        server
            .batch_execute("select aox.end_tombstones('-infinity', -1, 0, 0, 5000, false)")
            .await
            .expect("it can");
        assert_eq!(number(owner, "select count(*) from aox.messages").await, 0);
    });
}

#[test]
fn an_old_view_of_the_database_is_refused() {
    test(async |scratch, lender, owner| {
        let uids = append(lender, WORK, 1).await;
        expunge(lender, WORK, uids).await;
        owner
            .batch_execute("update aox.tombstones set deleted_at = deleted_at - interval '400 days'")
            .await
            .expect("time passes");
        let server = lender.client();
        for level in ["repeatable read", "serializable"] {
            let sql = format!(
                "set transaction isolation level {level}; select count(*) from aox.policies;
                 select aox.end_tombstones('-infinity', -1, 0, 0, 10, false)"
            );
            assert_eq!(attempt(server, &sql).await, Err("25001".to_owned()), "{level}");
        }
        // A hold that is being made is waited for, and seen.
        let other = scratch.client("aox_server").await;
        other.batch_execute("begin").await.expect("a transaction begins");
        other
            .batch_execute("select aox.add_policy('hold', 'late', 1, null, null, null, null, 0, 'test')")
            .await
            .expect("it is made");
        let ending = server.batch_execute("select aox.end_tombstones('-infinity', -1, 0, 0, 10, false)");
        let commit = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            other.batch_execute("commit").await
        };
        let (ended, committed) = tokio::join!(ending, commit);
        ended.and(committed).expect("both end");
        assert_eq!(number(owner, "select count(*) from aox.tombstones").await, 1);
    });
}

#[test]
fn what_was_promised_when_something_was_deleted_is_kept() {
    test(async |_, lender, owner| {
        let first = append(lender, WORK, 1).await;
        let days = "select aox.undelete_days(1, 2, now())";
        let ask = async || owner.query_one(days, &[]).await.expect("it is asked").get::<_, i32>(0);
        assert_eq!(ask().await, 7);
        expunge(lender, WORK, first).await;
        let server = lender.client();
        let set = async |sql: &str| server.batch_execute(sql).await.expect("it is set");
        set("select aox.set_undelete_time(0::smallint, null, null, null, 1, 'test')").await;
        assert_eq!(ask().await, 7, "a shorter time counts for what is deleted in a week");
        set("select aox.set_undelete_time(2::smallint, null, 1, null, 30, 'test')").await;
        assert_eq!(ask().await, 30, "a longer one at once");
        owner
            .batch_execute("update aox.undelete_times set set_at = set_at - interval '8 days'")
            .await
            .expect("time passes");
        assert_eq!(ask().await, 30);
        set("select aox.set_undelete_time(3::smallint, null, 1, 2, 2, 'test')").await;
        set("select aox.set_undelete_time(1::smallint, 'example.org', null, null, 90, 'test')").await;
        assert_eq!(ask().await, 30, "a domain counts less than a user");
        owner
            .batch_execute("update aox.undelete_times set set_at = set_at - interval '8 days'")
            .await
            .expect("time passes");
        assert_eq!(ask().await, 2, "a mailbox counts most");
        assert_eq!(number(owner, "select aox.undelete_days(1, 1, now())::bigint").await, 30);
        assert_eq!(number(owner, "select aox.undelete_days(2, 4, now())::bigint").await, 1);
    });
}

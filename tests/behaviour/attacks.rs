//! Whoever has stolen the server's password thinks of more than plain statements: types and functions of his own, settings
//! that change what functions mean, sequences, large objects, files. What is on hold is there afterwards.

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{AddPolicy, CheckMessages, PolicyScope};
use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey};
use archiveopteryx::policy::PolicyKind;
use archiveopteryx::search::Selector;
use tokio_postgres::Client;

/// Four users, of whom the one with the number n has the mailboxes 2n - 1, INBOX, and 2n, Work.
const ACCOUNTS: &str = "
    insert into aox.accounts (login, login_key) select 'user' || n, 'user' || n from generate_series(1, 4) n;
    insert into aox.mailboxes (account, name, uidvalidity)
        select n, name, 7 from generate_series(1, 4) n, unnest('{INBOX,Work}'::text[]) with ordinality m (name, k) order by n, k";

/// Three messages, the last of which begins with a mark that some editors put before a text.
const LETTERS: [&str; 3] = [
    "From: Alice <alice@example.org>\r\nSubject: trees\r\nX-Case: 7\r\n\r\nThe marmalade tree.\r\n",
    "From: Alice <alice@example.org>\r\nSubject: flowers\r\nX-Case: 7\r\n\r\nThe other tree.\r\n",
    "\u{feff}X-Case: 7\r\nFrom: alice@example.org\r\n\r\nA mark.\r\n",
];

/// What is on hold of each user: all three messages, by another way of asking.
const HOLDS: [&str; 4] =
    ["BEFORE 1-Jan-2020", "HEADER X-Case 7", "NOT FROM bob", "NOT SUBJECT \"a text that nobody has\""];

/// Runs `attack` as the server's role against messages on hold, which were deleted long ago; and then all that ends mail.
/// They must be there, every octet.
fn with_held_mail(what: &str, attack: impl AsyncFn(&Scratch, &Client, &Client)) {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNTS);
    units::runtime().block_on(async {
        let (lender, owner) = (scratch.lender().await, scratch.client("super").await);
        for (number, hold) in (1..).zip(HOLDS) {
            hold_and_expunge(&lender, number, hold).await;
        }
        owner
            .batch_execute("update aox.tombstones set deleted_at = deleted_at - interval '400 days'")
            .await
            .expect("time passes");
        let thief = scratch.client("aox_server").await;
        attack(&scratch, &thief, &owner).await;
        end_all(&thief).await;
        // The same with a session that means no harm.
        end_all(lender.client()).await;
        let rows = owner.query("select account, count(*) from aox.messages group by 1 order by 1", &[]).await;
        let left: Vec<(i64, i64)> = rows.expect("rows").iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(left, [(1, 3), (2, 3), (3, 3), (4, 3)], "{what}: of the holds {HOLDS:?}");
        let orphans = "select count(*) from aox.messages m where not exists (select from aox.tombstones t
            where t.account = m.account and m.id in (t.message, t.restored_message))";
        let orphans = owner.query_one(orphans, &[]).await.expect("a row").get::<_, i64>(0);
        assert_eq!(orphans, 0, "{what}: messages without tombstones");
        let checked = lender.run(CheckMessages { after: (0, 0) }).await.expect("they are read");
        assert_eq!((checked.messages, checked.damaged.len()), (12, 0), "{what}: {:?}", checked.damaged);
    });
}

async fn hold_and_expunge(lender: &Lender, number: i64, hold: &str) {
    let key = MailboxKey { account: AccountId(number), mailbox: MailboxId(2 * number) };
    let selector = Some(Selector::parse(hold).expect("a search"));
    let (kind, name, by) = (PolicyKind::Hold, Some(format!("case {number}")), "test".to_owned());
    let scope = PolicyScope { login: Some(format!("user{number}")), ..PolicyScope::default() };
    let unit = AddPolicy { kind, name, scope, days: None, selector, by };
    lender.run(unit).await.expect("it is made");
    let messages = LETTERS.map(|letter| units::appending(key.account, letter));
    let uids = lender.run(units::append(key, messages)).await.expect("they are stored").uids;
    lender.run(units::expunge(key, uids)).await.expect("they are expunged");
}

/// Whatever ends mail; what it refuses is as good.
async fn end_all(client: &Client) {
    for sql in [
        "select aox.end_tombstones('-infinity', -1, 0, 0, 5000, false)",
        "select aox.end_bodies('', 5000)",
        "select aox.end_addresses(-1, 0, 5000)",
        "select aox.end_changes(-1, 0, 5000)",
        "select aox.end_mailboxes(-1, 0, 5000)",
        "select aox.end_accounts(-1, 5000)",
    ] {
        let _ = client.batch_execute(sql).await;
    }
}

/// A check of a domain is carried out by whoever gives a value to a variable of it.
#[test]
fn a_type_of_ones_own_is_none_of_theirs() {
    for (name, base) in [
        ("date", "date"),
        ("text", "text"),
        ("jsonb", "jsonb"),
        ("bytea", "bytea"),
        ("timestamptz", "timestamptz"),
    ] {
        with_held_mail(name, async |_, thief, _| poison(thief, name, base).await);
    }
}

/// Without that which keeps it out, the same attack destroys everything.
#[test]
fn a_function_that_looked_where_its_caller_looks_would_be_lost() {
    let left = std::sync::atomic::AtomicI64::new(-1);
    let destroyed = std::panic::catch_unwind(|| {
        with_held_mail("date", async |_, thief, owner| {
            let open = "alter function aox.selects(jsonb, bigint, aox.candidate, boolean) reset search_path";
            owner.batch_execute(open).await.expect("the owner may");
            poison(thief, "date", "date").await;
            end_all(thief).await;
            let row = owner.query_one("select count(*) from aox.tombstones", &[]).await.expect("a row");
            left.store(row.get(0), std::sync::atomic::Ordering::Relaxed);
        });
    });
    // Without the tombstones, the messages are nobody's, whether they could be destroyed with them or not.
    drop(destroyed);
    assert_eq!(left.into_inner(), 0, "the attack is none, and the test before shows nothing");
}

/// Makes a domain whose check deletes everything, and has it compiled into what the functions of others use.
async fn poison(thief: &Client, name: &str, base: &str) {
    let setup = format!(
        "create function pg_temp.mine(x pg_catalog.{base}) returns pg_catalog.bool language plpgsql as $f$
                     begin
                        begin
                            begin delete from aox.tombstones; exception when others then null; end;
                            begin delete from aox.body_refs; exception when others then null; end;
                            begin delete from aox.parts; exception when others then null; end;
                            begin delete from aox.message_addresses; exception when others then null; end;
                            begin delete from aox.messages; exception when others then null; end;
                        exception when others then null;
                        end;
                        return true;
                     end $f$;
                     create domain pg_temp.{name} as pg_catalog.{base} check (pg_temp.mine(value));
                     set search_path = pg_temp, aox, pg_catalog"
    );
    thief.batch_execute(&setup).await.expect("temporary things may be made");
    // Compiles what the functions of others use: the innermost first, before another one has them compiled where it looks.
    for poison in [
                    "select aox.selects(p.program, p.id, row(1, 2, 1, 1, 0::smallint, null, now(), 0::smallint, 1)::aox.candidate, true)
                        from aox.policies p",
                    "select aox.has_in_header(m.header, 'x-case', '7', true) from aox.messages m",
                    "select aox.is_about(p, 1, 2) from aox.policies p",
                    "select aox.folded('\u{e4}'), aox.delete_ban(1, 1, 2), aox.octets_to_text('\\x41')",
                    "select aox.covers(p, row(1, 2, 1, 1, 0::smallint, null, now(), 0::smallint, 1)::aox.candidate) from aox.policies p",
                ] {
                    let _ = thief.batch_execute(poison).await;
                }
}

/// A domain that cuts texts off would make "not" select more.
#[test]
fn no_setting_changes_what_a_hold_covers() {
    let cut =
        "create domain pg_temp.text as pg_catalog.varchar(3); set search_path = pg_temp, aox, pg_catalog";
    for setting in [
        cut,
        "set standard_conforming_strings = off",
        "set standard_conforming_strings = off; set backslash_quote = on",
        "set transform_null_equals = on",
        "set datestyle = 'SQL, DMY'; set timezone = 'Pacific/Kiritimati'; set intervalstyle = 'sql_standard'",
        "set timezone_abbreviations = 'Australia'",
        "set bytea_output = 'escape'; set extra_float_digits = -15; set array_nulls = off",
        "set client_encoding = 'LATIN1'",
        "set statement_timeout = 1",
        "set lock_timeout = 1",
        "set work_mem = '64kB'; set enable_indexscan = off; set enable_seqscan = off; set gin_fuzzy_search_limit = 1",
        "set plan_cache_mode = force_generic_plan; set jit = on; set jit_above_cost = 0",
        "set default_transaction_read_only = on",
        "set row_security = off",
    ] {
        with_held_mail(setting, async |_, thief, _| {
            thief.batch_execute(setting).await.unwrap_or_else(|error| panic!("{setting}: {error}"));
            for warm in [
                "select aox.covers(p, row(1, 2, 3, 3, 0::smallint, null, now(), 0::smallint, 1)::aox.candidate) from aox.policies p",
                "select aox.has_in_header(m.header, 'x-case', '7', true) from aox.messages m",
            ] {
                let _ = thief.batch_execute(warm).await;
            }
        });
    }
}

/// Numbers that are given out again, rows that stand beside others, and the way back.
#[test]
fn nothing_that_may_be_written_makes_mail_on_hold_end() {
    with_held_mail("what may be written", async |scratch, thief, owner| {
        for (account, lie) in (1..5).flat_map(|account| LIES.map(|lie| (account, lie))) {
            let (inbox, work) = ((2 * account - 1).to_string(), (2 * account).to_string());
            let lie = lie.replace("$A", &account.to_string()).replace("$I", &inbox).replace("$W", &work);
            // Some is refused; the rest must not help.
            let _ = thief.batch_execute(&lie).await;
            owner
                .batch_execute(
                    "update aox.tombstones set deleted_at = '2020-01-01' where deleted_at > '2020-01-02'",
                )
                .await
                .expect("time passes");
            end_all(&scratch.client("aox_server").await).await;
        }
    });
}

/// For the account $A with the mailboxes $I, INBOX, and $W, Work.
const LIES: [&str; 12] = [
    "update aox.mailboxes set uidnext = 1, highestmodseq = 1, deleted_uidnext = 1 where account = $A",
    "update aox.mailboxes set uidvalidity = 99, messages = 0, octets = 0 where account = $A",
    "insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
        select $A, $I, uid + 100, message, 9, '-infinity', 0, now() from aox.tombstones where account = $A and message is not null",
    "select count(*) from aox.expunge($A, $I, null, false, null, 'sql', null, 'x')",
    // Back from where it was held, and deleted again elsewhere, twice.
    "select count(*) from aox.undelete($A, $W, '{1,2,3}', $A, $I, 31::smallint, '{}', '{}', '{}', '{}', false)",
    "select count(*) from aox.expunge($A, $I, null, false, null, 'sql', null, 'x')",
    "select count(*) from aox.undelete($A, $I, '{1,2,3,4,5,6}', $A, $W, 31::smallint, '{}', '{}', '{}', '{}', false)",
    "select count(*) from aox.expunge($A, $W, null, false, null, 'policy', null, 'policy 1')",
    "select aox.set_undelete_time(3::smallint, null, $A, $I, 0, 'x'), aox.set_undelete_time(0::smallint, null, null, null, 0, 'x')",
    "select aox.remove_policy(id, 'x') from aox.policies",
    "select aox.give_verdicts(id, 0, $A, array(select id from aox.messages where account = $A), '{false,false,false}') from aox.policies",
    "insert into aox.message_addresses (account, message, field, position, address)
        select account, message, 1, 99, address from aox.message_addresses where account = $A limit 1",
];

#[test]
fn what_is_of_others_is_not_touched() {
    with_held_mail("what is of others", async |_, thief, _| {
        let mut done = Vec::new();
        for sql in OF_OTHERS {
            if thief.batch_execute(sql).await.is_ok() {
                done.push(sql);
            }
            let _ = thief.batch_execute("rollback").await;
        }
        assert!(done.is_empty(), "these were done: {done:?}");
        // Those that only warn, and do nothing.
        for sql in [
            "vacuum full aox.messages",
            "grant delete on aox.messages to aox_server",
            "grant all on all tables in schema aox to aox_server",
            "cluster",
        ] {
            let _ = thief.batch_execute(sql).await;
        }
        let may = thief
            .query_one("select has_table_privilege('aox.messages', 'delete')", &[])
            .await
            .expect("a row");
        assert!(!may.get::<_, bool>(0));
    });
}

/// What the server's role may not do.
const OF_OTHERS: &[&str] = &[
    "delete from aox.mailboxes",
    "delete from aox.accounts",
    "delete from aox.mailbox_messages",
    "delete from aox.mailbox_keywords",
    "delete from aox.change_log",
    "delete from aox.audit",
    "delete from aox.delete_policies",
    "update aox.delete_policies set verdict = 0",
    "update aox.mailboxes set id = 9 where false",
    "update aox.mailbox_messages set message = 1 where false",
    "update aox.mailbox_messages set internal_date = now() where false",
    "insert into aox.ended_bodies select hash from aox.bodies",
    "insert into aox.ended_addresses select account, id from aox.addresses",
    "select setval('aox.message_ids', 1)",
    "alter sequence aox.message_ids restart",
    "alter table aox.bodies detach partition aox.bodies_0",
    "alter table aox.messages owner to aox_server",
    "alter table aox.messages disable row level security",
    "alter type aox.candidate rename to mine",
    "alter function aox.selects(jsonb, bigint, aox.candidate, boolean) set search_path = pg_temp",
    "create rule mine as on insert to aox.tombstones do instead nothing",
    "create trigger mine before insert on aox.tombstones for each row execute function suppress_redundant_updates_trigger()",
    "create policy mine on aox.messages using (false)",
    "create table aox.mine ()",
    "create schema mine",
    "create extension pgcrypto",
    "create event trigger mine on ddl_command_end execute function mine()",
    "create cast (pg_catalog.text as pg_catalog.int4) without function",
    "create index on aox.messages (digest)",
    "comment on table aox.messages is 'mine'",
    "begin; lock table aox.messages in access exclusive mode",
    "begin; lock table aox.policies in access exclusive mode",
    "copy aox.messages to '/tmp/mine'",
    "copy aox.messages to program 'cat'",
    "select pg_read_file('PG_VERSION')",
    "select lo_import('/etc/passwd')",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_switch_wal()",
    "alter system set fsync = off",
    "set fsync = off",
    "set zero_damaged_pages = on",
    "set ignore_checksum_failure = on",
    "set allow_system_table_mods = on",
    "set session_replication_role = replica",
    "set role aox_owner",
    "reassign owned by aox_owner to aox_server",
    "drop owned by aox_owner",
    "alter default privileges for role aox_owner grant all on tables to aox_server",
    "alter database aox set default_transaction_isolation = 'serializable'",
    "drop database aox",
    "alter role aox_owner set search_path = pg_temp",
    "alter role aox_reaper set search_path = pg_temp",
    "delete from pg_catalog.pg_proc",
    "update pg_catalog.pg_class set relowner = 0",
    "truncate aox.messages, aox.tombstones",
    "merge into aox.messages m using aox.messages n on m.id = n.id when matched then delete",
    "create view pg_temp.v as select * from aox.messages; delete from pg_temp.v",
    "create temporary table t (); alter table t inherit aox.tombstones",
];

#[test]
fn every_function_says_where_it_looks() {
    let scratch = Scratch::start();
    units::runtime().block_on(async {
        let owner = scratch.client("super").await;
        let sql = "
            select p.oid::regprocedure::text
            from pg_proc p join pg_language l on l.oid = p.prolang
            where p.pronamespace = 'aox'::regnamespace and p.prosqlbody is null
                and not exists (select from unnest(p.proconfig) c where c = 'search_path=aox, pg_temp')
                and (l.lanname = 'plpgsql' or p.prosrc ~ '::\\s*[a-z]' and p.prosrc !~ '^[^:]*(::\\s*(bigint|smallint|integer|boolean)\\y[^:]*)*$')";
        let found = owner.query(sql, &[]).await.expect("the catalog is read");
        let names: Vec<String> = found.iter().map(|row| row.get(0)).collect();
        assert!(names.is_empty(), "these take types from where their caller looks: {names:?}");
    });
}

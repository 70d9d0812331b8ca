//! The public face in SQL: every query of the README is run as the role that may ask, which sees nothing else.

use crate::support::{Scratch, units};

/// Two users, of whom Anna has mail, also some that was deleted.
const MAIL: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna'), ('bert', 'bert');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 1);
    insert into aox.quota_usage (account, messages, octets) values (1, 1, 200), (2, 0, 0);
    insert into aox.messages (account, id, octets, arrived_at, sent_at, digest, subject, message_id, header, recipe, envelope,
            bodystructure)
        select 1, n, n * 100, now(), now(), '', 'An offer', '<' || n || '@x>',
            convert_to(e'Subject: An offer\r\nX-Spam-Flag:\r\n YES\r\n\r\n', 'UTF8'), '', '', ''
        from generate_series(1, 2) n;
    insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, internal_date, octets, saved_at)
        values (1, 1, 2, 2, 1, now(), 200, now());
    insert into aox.tombstones (account, mailbox, uid, message, modseq, flags, internal_date, internal_zone, octets,
            saved_at, deleted_by, door, client, reason)
        values (1, 1, 1, 1, 2, 9, now(), 0, 100, now(), 1, 'imap', '192.0.2.1', 'expunge');
    insert into aox.addresses (account, id, localpart, domain) values (1, 1, 'bert', 'example.com'), (1, 2, 'anna', 'example.org');
    insert into aox.message_addresses (account, message, field, position, address) values (1, 2, 1, 0, 1), (1, 2, 4, 0, 2);
    insert into aox.parts (account, message, ordinal, section, content_type, filename, octets, lines, body)
        select 1, 2, n, n::text, 'application/x-msdownload', 'run.exe', 50, 1, 'hash' from generate_series(1, 2) n;
    insert into aox.logins (at, login, account, door, address, mechanism, tls, outcome)
        values (now(), 'anna', 1, 'imap', '192.0.2.1', 'PLAIN', true, 'in');";

/// What each question is answered with, in the order of the README: some text in the first row.
const ANSWERS: [&str; 10] = [
    "anna",
    "An offer",
    "200",
    "example.com",
    "bert@example.com",
    "run.exe",
    "run.exe",
    "YES",
    "192.0.2.1",
    "bert",
];

#[test]
fn the_questions_of_the_readme_are_answered() {
    let scratch = Scratch::start();
    scratch.sql(MAIL);
    let readme = include_str!("../../README.md");
    let questions: Vec<&str> =
        readme.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(questions.len(), ANSWERS.len());
    units::runtime().block_on(async {
        let reader = scratch.client("aox_reader").await;
        for (question, answer) in questions.iter().zip(ANSWERS) {
            let rows = reader.simple_query(question).await.expect(question);
            let text = rows.iter().find_map(|row| match row {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).filter_map(|at| row.get(at)).collect::<Vec<_>>().join("|"))
                }
                _ => None,
            });
            assert!(text.as_ref().is_some_and(|text| text.contains(answer)), "{question}: {text:?}");
        }
    });
}

#[test]
fn who_may_ask_sees_nothing_else_and_changes_nothing() {
    let scratch = Scratch::start();
    scratch.sql(MAIL);
    units::runtime().block_on(async {
        let reader = scratch.client("aox_reader").await;
        let all = "select n.nspname, c.relname, has_table_privilege(c.oid, 'select'),
                has_table_privilege(c.oid, 'insert, update, delete, truncate, references, trigger')
                or has_any_column_privilege(c.oid, 'insert, update')
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('aox', 'aox_v1') and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1, 2";
        let rows = reader.query(all, &[]).await.expect("it is public what there is");
        assert!(rows.len() > 40);
        for row in rows {
            let (schema, name): (String, String) = (row.get(0), row.get(1));
            assert_eq!(row.get::<_, bool>(2), schema == "aox_v1", "{schema}.{name}");
            assert!(!row.get::<_, bool>(3), "{schema}.{name}");
        }
        for forbidden in [
            "select * from aox.messages",
            "select * from aox.expunge(1, 1, null, false, 1, 'x', null, 'x')",
            "update aox_v1.accounts set login = 'x'",
            "delete from aox_v1.accounts",
            "create table aox_v1.x (y integer)",
            "create table aox.x (y integer)",
            "set role aox_server",
        ] {
            let error = reader.batch_execute(forbidden).await.expect_err(forbidden);
            assert_eq!(error.code().expect("a code").code(), "42501", "{forbidden}");
        }
    });
}

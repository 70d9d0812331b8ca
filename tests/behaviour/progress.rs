//! Commands that take long say so, whichever they are (RFC 9585).

use std::time::Duration;

use crate::support::{Imap, Server};

const PASSWORD: &str = "secret";
/// Progress is told each ten seconds.
const PATIENCE: Duration = Duration::from_secs(40);
/// Nobody changes a mailbox while this is carried out.
const LOCKED: &str = "begin; lock table aox.mailboxes in exclusive mode; select pg_sleep(120); commit";

/// How many of those who hold the lock are there.
fn holders(server: &Server) -> String {
    server.superuser_sql("select count(*) from pg_stat_activity where query like 'begin; lock table%' and wait_event = 'PgSleep'")
}

/// Calls `work` while no mailbox can be changed, which has to call the function that it gets in the end.
fn while_locked(server: &Server, work: impl FnOnce(&dyn Fn())) {
    let unlock = || {
        server.superuser_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock table%'",
        );
    };
    std::thread::scope(|scope| {
        scope.spawn(|| server.psql("postgres", LOCKED));
        while holders(server) != "1" {
            std::thread::yield_now();
        }
        work(&unlock);
    });
}

/// Says a command while nothing can be changed, hears that it is at work, and then what it has come to.
fn waits(server: &Server, imap: &mut Imap, command: &str) {
    while_locked(server, |unlock| {
        let tag = imap.send(command).expect("it is sent");
        let heard = imap.read_within(PATIENCE);
        unlock();
        let heard = heard.expect("the client is connected").expect("something is said meanwhile").text();
        let expected = format!("* OK [INPROGRESS (\"{tag}\" NIL NIL)] ");
        assert!(heard.starts_with(&expected), "{command}: {heard}");
        let reply = imap.finish(&tag).expect("it comes to an end");
        assert!(reply.result.starts_with("OK"), "{command}: {}", reply.result);
    });
}

#[test]
fn whatever_has_to_wait_says_that_it_is_at_work() {
    let server = Server::start();
    server.add_user("anna", "anna@example.org", PASSWORD);
    server.deliver("anna@example.org", b"Subject: one\r\n\r\nx\r\n");
    let mut imap = server.imap("anna", PASSWORD);
    waits(&server, &mut imap, "CREATE Other");
    imap.ok("SELECT INBOX").expect("SELECT");
    imap.ok("STORE 1 +FLAGS (\\Deleted)").expect("STORE");
    waits(&server, &mut imap, "EXPUNGE");
}

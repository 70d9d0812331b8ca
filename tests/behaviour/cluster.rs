//! The server and its PostgreSQL: started, killed, stopped, found again; and the settings that stop a start.

use std::time::{Duration, Instant};

use crate::support::Server;
use crate::support::postgres::SitePostgres;
use crate::support::server::{Options, send_signal};

fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Polls until `done`, for as long as anything here may take.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what} does not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_killed_server_is_followed_by_one_that_serves_the_same_mail() {
    let server = Server::start();
    server.add_user("anna", "anna@cluster.example", "secret");
    server.deliver("anna@cluster.example", b"Subject: kept\r\n\r\nx\r\n");
    let orphan = server.postgres_pid().expect("PostgreSQL runs");

    // Only one server may have the home.
    let second = server.aox(&["serve"]);
    assert_eq!(second.status.code(), Some(1), "{}", said(&second));
    assert!(said(&second).contains("already"), "{}", said(&second));

    server.kill();
    assert!(is_running(orphan), "PostgreSQL is a process of its own");
    let refused = server.aox(&["list", "users"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("aox serve"), "it says how to start one: {}", said(&refused));

    server.serve();
    assert!(!is_running(orphan), "the orphan still runs beside the new one");
    assert!(server.aox_ok(&["list", "users"]).contains("anna@cluster.example"));

    // PostgreSQL dies: it comes back by itself, and so does the server.
    let postgres = server.postgres_pid().expect("PostgreSQL runs");
    send_signal(postgres, "KILL");
    eventually("a new PostgreSQL", || server.postgres_pid().is_some_and(|pid| pid != postgres));
    eventually("a server that is ready", || server.aox(&["status"]).status.success());
    server.deliver("anna@cluster.example", b"Subject: after\r\n\r\nx\r\n");
    let mailboxes: serde_json::Value =
        serde_json::from_str(&server.aox_ok(&["list", "mailboxes", "anna", "--json"])).expect("JSON");
    let inbox = mailboxes.as_array().and_then(|all| all.iter().find(|one| one["name"] == "INBOX"));
    assert_eq!(inbox.expect("she has one")["messages"], 2);

    // An orderly stop takes PostgreSQL along, with clients connected, in time.
    let idle = server.imap("anna", "secret");
    let postgres = server.postgres_pid().expect("PostgreSQL runs");
    assert!(server.stop() < Duration::from_secs(10), "the stop takes too long");
    assert!(!is_running(postgres), "PostgreSQL outlives the server");
    drop(idle);
}

#[test]
fn a_long_path_below_a_closed_directory_is_a_home_too() {
    use std::os::unix::fs::PermissionsExt;
    let closed = tempfile::tempdir().expect("a folder can be made");
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    let home = closed.path().join("x".repeat(120));
    let options = Options {
        settings: vec![
            ("AOX_HOME".to_owned(), home.to_string_lossy().into_owned()),
            ("AOX__POSTGRES__SHARED_BUFFERS".to_owned(), "32 MiB".to_owned()),
        ],
        ..Options::default()
    };
    let server = Server::start_with(options);
    assert!(home.join("postgres/data/PG_VERSION").exists());
    assert!(server.aox_ok(&["status"]).contains("ready"));
    let socket = std::fs::read_to_string(home.join("postgres/socket-directory")).expect("it is noted");
    server.stop();
    // Nothing else refers to it once the home is gone.
    let _ = std::fs::remove_dir_all(socket.trim());
}

#[test]
fn wrong_settings_stop_the_start_and_all_are_named() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("aox.toml");
    std::fs::write(&file, "[imap]\nlisten = \"everywhere\"\nport = 143\n").expect("it is ours");
    let server = Server::new_home(Options {
        settings: vec![("AOX__LOG__FORMAT".to_owned(), "loud".to_owned())],
        ..Options::default()
    });
    let path = file.to_string_lossy().into_owned();
    let output = server.aox(&["serve", "--config", &path]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    for wanted in [
        "aox.toml line 2: imap.listen is \"everywhere\"",
        "line 3: there is no setting imap.port",
        "AOX__LOG__FORMAT",
    ] {
        assert!(said(&output).contains(wanted), "{wanted} is not in: {}", said(&output));
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let server = Server::new_home(Options {
        settings: vec![("AOX__LMTP__LISTEN".to_owned(), address.clone())],
        ..Options::default()
    });
    let output = server.aox(&["serve"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("lmtp.listen") && said(&output).contains(&address), "{}", said(&output));
    assert_eq!(server.postgres_pid(), None, "PostgreSQL was left behind");
}

#[test]
fn a_database_of_the_site_is_served_over_tls_once_its_schema_fits() {
    let site = SitePostgres::start();
    let server = Server::new_home(Options {
        settings: vec![
            ("AOX__DATABASE__URL".to_owned(), site.url("aox_server")),
            ("AOX__DATABASE__OWNER_URL".to_owned(), site.url("aox_owner")),
        ],
        ..Options::default()
    });
    site.prepare(&server.aox_ok(&["upgrade", "--roles"]));

    let early = server.aox(&["serve"]);
    assert_eq!(early.status.code(), Some(1), "{}", said(&early));
    assert!(said(&early).contains("aox upgrade"), "{}", said(&early));

    assert!(server.aox_ok(&["upgrade"]).contains("applied"));
    assert!(server.aox_ok(&["upgrade"]).contains("nothing to do"));
    server.serve();
    assert_eq!(server.postgres_pid(), None, "a PostgreSQL of its own runs as well");
    server.add_user("sara", "sara@site.example", "secret");
    server.deliver("sara@site.example", b"Subject: one\r\n\r\nx\r\n");
    site.break_connections();
    eventually("a server that is ready again", || server.aox(&["status"]).status.success());
    server.deliver("sara@site.example", b"Subject: two\r\n\r\nx\r\n");
    let status: serde_json::Value =
        serde_json::from_str(&server.aox_ok(&["status", "--json"])).expect("--json prints JSON");
    assert_eq!(status["messages"], 2);
    assert_eq!(status["private_database"], false);

    // The server's role can take mail out of a mailbox, but end none.
    let may = "\\connect aox\nselect has_table_privilege('aox_server', 'aox.messages', 'delete, update, truncate');";
    assert_eq!(site.sql(may), "f");

    server.stop();
    site.sql("\\connect aox\ninsert into aox.schema_revisions values (9999, '9999_from_the_future', '');");
    let late = server.aox(&["serve"]);
    assert_eq!(late.status.code(), Some(1), "{}", said(&late));
    assert!(said(&late).contains("newer"), "{}", said(&late));
}

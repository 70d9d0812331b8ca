//! A directory (LDAP) as a source of truth, against a real slapd.

use std::path::{Path, PathBuf};

use crate::support::server::fresh_source;
use crate::support::{Authority, Directory, Imap, Options, Server};

#[test]
fn the_directory_decides_about_those_who_have_no_password_here() {
    let home = Folder::new("decides");
    let Some(mut directory) = Directory::start(home.path(), PEOPLE, None) else { return };
    let server = server_with(&[
        ("URL", &directory.url()),
        ("BIND_DN", "cn=reader,dc=example,dc=org"),
        ("BIND_PASSWORD", "may read"),
        ("BASE", "ou=people,dc=example,dc=org"),
        ("FILTER", "(|(uid=%u)(mail=%u))"),
        ("CREATE_ACCOUNTS", "true"),
    ]);
    server.add_user("boss", "boss@example.org", "here");

    first_logins_make_accounts(&server);
    refusals_all_look_alike(&server);
    a_password_of_its_own_wins(&server);
    whoever_is_switched_off_stays_out(&server);

    assert!(login(&server, "anna", "right").is_ok());
    directory.stop();
    // What was accepted within the last minute still is; nothing is said about others, least of all that they are wrong.
    assert!(login(&server, "anna", "right").is_ok());
    assert_refused(&server, "carla", "right", "[UNAVAILABLE]");
    assert_refused(&server, "carla", "wrong", "[UNAVAILABLE]");
    assert!(login(&server, "boss", "here").is_ok());
    directory.serve(false);
    assert!(login(&server, "carla", "right").is_ok());
}

fn first_logins_make_accounts(server: &Server) {
    let mut anna =
        login(server, "a.berg@example.org", "right").expect("the directory knows her by this address");
    let listed = anna.ok("LIST \"\" *").expect("LIST");
    for name in ["INBOX", "Sent", "Trash"] {
        assert!(listed.iter().any(|line| line.text().contains(name)), "{name} is missing: {listed:?}");
    }
    for address in ["anna@example.org", "a.berg@example.org"] {
        server.deliver(address, b"Subject: hello\r\n\r\nx\r\n");
    }
    anna.ok("SELECT INBOX").expect("SELECT");
    let mut again = login(server, "ANNA", "right").expect("it is the same account by any name");
    let selected = again.ok("SELECT INBOX").expect("SELECT");
    assert!(selected.iter().any(|line| line.number("EXISTS") == Some(2)), "{selected:?}");
    let users = server.aox_ok(&["show", "user", "anna"]);
    assert!(users.contains("Anna Berg") && users.contains("a.berg@example.org"), "{users}");
    // A login in letters beyond ASCII, with the characters that a filter would take for its own.
    assert!(login(server, "\"j\u{f6}rg (x*)\"", "right").is_err());
}

fn refusals_all_look_alike(server: &Server) {
    for (name, password) in [
        ("anna", "wrong"),
        ("anna", "\"\""),
        ("nobody", "right"),
        ("\"*\"", "right"),
        ("\"anna)(uid=*\"", "right"),
        ("\"*)(uid=anna\"", "right"),
        // Locked by the directory's password policy.
        ("locked", "right"),
        // Two entries fit, so neither does.
        ("shared@example.org", "right"),
        ("\"\"", "\"\""),
    ] {
        assert_refused(server, name, password, "[AUTHENTICATIONFAILED]");
    }
}

fn a_password_of_its_own_wins(server: &Server) {
    assert!(login(server, "boss", "here").is_ok());
    // There is an entry with this login as well: its password opens nothing here, by whatever name it is found.
    assert_refused(server, "boss", "there", "[AUTHENTICATIONFAILED]");
    assert_refused(server, "chief@example.org", "there", "[AUTHENTICATIONFAILED]");
}

fn whoever_is_switched_off_stays_out(server: &Server) {
    assert!(login(server, "berta", "right").is_ok());
    server.aox_ok(&["disable", "user", "berta"]);
    assert_refused(server, "berta", "right", "[AUTHORIZATIONFAILED]");
    server.aox_ok(&["enable", "user", "berta"]);
    assert!(login(server, "berta", "right").is_ok());
}

#[test]
fn without_create_accounts_only_those_who_have_one_enter() {
    let home = Folder::new("template");
    let Some(directory) = Directory::start(home.path(), PEOPLE, None) else { return };
    let server = server_with(&[
        ("URL", &format!("ldap://localhost:1 {}", directory.socket_url())),
        ("DN_TEMPLATE", "uid=%u,ou=people,dc=example,dc=org"),
        ("CACHE_SECONDS", "0"),
    ]);
    assert_refused(&server, "anna", "right", "[AUTHENTICATIONFAILED]");
    server.aox_ok(&["add", "user", "anna", "anna@example.org", "--without-password"]);
    assert!(login(&server, "anna", "right").is_ok());
    assert_refused(&server, "anna", "wrong", "[AUTHENTICATIONFAILED]");
    assert_refused(&server, "\"anna,ou=people\"", "right", "[AUTHENTICATIONFAILED]");
    assert_refused(&server, "anna", "\"\"", "[AUTHENTICATIONFAILED]");
}

#[test]
fn the_directory_is_believed_only_with_its_certificate() {
    let home = Folder::new("tls");
    let ours = Authority::new(home.path(), "our authority");
    let theirs = Authority::new(home.path(), "their authority");
    let issued = ours.issue_server("directory");
    let (ours, theirs) = (ours.certificate(), theirs.certificate());
    let tls = Some((&issued, ours.as_path()));
    let Some(directory) = Directory::start(&home.path().join("slapd"), PEOPLE, tls) else { return };
    let (plain, encrypted) = (directory.url(), directory.tls_url());
    let secret = file(home.path(), "may read\n");
    let ask = |url: &str, starttls: &str, authority: &Path, believed: bool| {
        let server = server_with(&[
            ("URL", url),
            ("STARTTLS", starttls),
            ("CA_FILE", &authority.display().to_string()),
            ("BIND_DN", "cn=reader,dc=example,dc=org"),
            ("BIND_PASSWORD_FILE", &secret),
            ("BASE", "dc=example,dc=org"),
            ("CREATE_ACCOUNTS", "true"),
        ]);
        if believed {
            assert!(login(&server, "anna", "right").is_ok(), "{url}");
            assert_refused(&server, "anna", "wrong", "[AUTHENTICATIONFAILED]");
        } else {
            assert_refused(&server, "anna", "right", "[UNAVAILABLE]");
            assert!(server.log().contains("the directory cannot be asked"), "{}", server.log());
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| ask(&plain, "true", &ours, true));
        scope.spawn(|| ask(&encrypted, "false", &ours, true));
        scope.spawn(|| ask(&plain, "true", &theirs, false));
        scope.spawn(|| ask(&encrypted, "false", &theirs, false));
    });
}

#[test]
fn wrong_settings_stop_the_start_and_are_named() {
    for (settings, complaint) in [
        (&[("URL", "ldap.example.org")][..], "ldap.url is \"ldap.example.org\", but must be an address"),
        (&[("URL", "ldap://localhost")], "ldap.base is \"\", but must be"),
        (&[("URL", "ldap://localhost"), ("BASE", "o=a"), ("FILTER", "(uid)(%u)")], "ldap.filter is"),
        (&[("URL", "ldap://localhost"), ("BASE", "o=a"), ("FILTER", "(!%u)")], "ldap.filter is"),
        (
            &[("URL", "ldap://localhost"), ("BASE", "o=a"), ("CA_FILE", "/nonexistent")],
            "ldap.ca_file: /nonexistent",
        ),
        (
            &[
                ("URL", "ldap://localhost"),
                ("BASE", "o=a"),
                ("BIND_DN", "cn=a"),
                ("BIND_PASSWORD_FILE", "/nonexistent"),
            ],
            "ldap.bind_password_file: /nonexistent",
        ),
    ] {
        let server = Server::new_home(options(settings));
        let output = server.aox(&["serve"]);
        let said = [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
        assert!(!output.status.success() && said.concat().contains(complaint), "{complaint}: {said:?}");
    }
}

fn server_with(settings: &[(&str, &str)]) -> Server {
    Server::start_with(options(settings))
}

fn options(settings: &[(&str, &str)]) -> Options {
    let settings = settings.iter().map(|(word, value)| (format!("AOX__LDAP__{word}"), (*value).to_owned()));
    Options { settings: settings.collect(), ..Options::default() }
}

fn login(server: &Server, name: &str, password: &str) -> std::io::Result<Imap> {
    let mut imap = Imap::connect_from(fresh_source(), server.imap_address())?;
    imap.ok(&format!("LOGIN {name} {password}"))?;
    Ok(imap)
}

fn assert_refused(server: &Server, name: &str, password: &str, code: &str) {
    let refused = login(server, name, password).err().map(|error| error.to_string());
    assert!(refused.as_ref().is_some_and(|text| text.contains(code)), "{name} {password}: {refused:?}");
}

/// A file with this content.
fn file(folder: &Path, content: &str) -> String {
    let path = folder.join("secret");
    std::fs::write(&path, content).expect("the folder can be written");
    path.display().to_string()
}

/// A folder that others than root can read, and that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        // The path is short because a unix socket's address holds 107 octets.
        let path = PathBuf::from(format!("/tmp/aoxl-{}-{name}", std::process::id()));
        std::fs::create_dir_all(path.join("slapd")).expect("a folder can be made in /tmp");
        Folder(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const PEOPLE: &str = "dn: uid=anna,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: anna
cn: Anna
sn: Berg
displayName: Anna Berg
mail: anna@example.org
mail: a.berg@example.org
userPassword: right

dn: uid=berta,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: berta
cn: Berta
sn: B
mail: berta@example.org
mail: shared@example.org
userPassword: right

dn: uid=carla,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: carla
cn: Carla
sn: C
mail: carla@example.org
mail: shared@example.org
userPassword: right

dn: uid=boss,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: boss
cn: Boss
sn: B
mail: chief@example.org
userPassword: there

dn: uid=locked,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: locked
cn: Locked
sn: L
mail: locked@example.org
userPassword: right
pwdAccountLockedTime: 000001010000Z
";

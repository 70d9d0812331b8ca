//! Logging in at the real server: the mechanisms, app passwords, administrators, what is written down, and who waits.

use std::io::Cursor;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::support::authority::Authority;
use crate::support::server::free_port;
use crate::support::stream::TlsClient;
use crate::support::{Imap, Options, Scratch, Server};
use archiveopteryx::db;
use archiveopteryx::limits;
use archiveopteryx::login::throttle::Failures;
use archiveopteryx::wire::sasl;
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::scram::{SCRAM_SHA1_PLUS, SCRAM_SHA256_PLUS};
use rsasl::prelude::{
    ChannelBindingCallback, Mechanism, Mechname, Registry, SASLClient, SASLConfig, SessionError,
};
use rsasl::property::{AuthId, Password};
use serde_json::Value;

#[test]
fn another_client_logs_in_by_every_mechanism_with_a_password() {
    let server = Server::shared();
    server.add_user("mara", "mara@login.example", "secret");
    for name in ["PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256"] {
        let entered = authenticate(&server, name, "mara", "secret", None);
        assert!(entered.starts_with("OK"), "{name}: {entered}");
        let noticed =
            listed(&server, &["--user", "mara", "--limit", "1"], |rows| rows[0]["mechanism"] == name);
        assert_eq!(noticed[0]["outcome"], "in");
    }
    let refused = authenticate(&server, "SCRAM-SHA-256", "mara", "guess", None);
    assert!(refused.starts_with("NO [AUTHENTICATIONFAILED]"), "{refused}");
    let nobody = authenticate(&server, "SCRAM-SHA-256", "no-such-user", "guess", None);
    assert_eq!(refused, nobody);
    let refused = authenticate(&server, "PLAIN", "mara", "secret", Some("somebody"));
    assert!(refused.starts_with("NO [AUTHORIZATIONFAILED]"), "{refused}");
}

#[test]
fn a_proof_is_bound_to_the_tls_that_carries_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let authority = Authority::new(folder.path(), "login");
    let issued = authority.issue_server("server");
    let settings = vec![
        ("AOX__TLS__CERTIFICATES".to_owned(), issued.certificate.display().to_string()),
        ("AOX__TLS__KEYS".to_owned(), issued.key.display().to_string()),
    ];
    let server = Server::start_with(Options { settings, ..Options::default() });
    server.add_user("anna", "anna@login.example", "secret");
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        for (mechanism, registry) in [("SCRAM-SHA-256-PLUS", SHA256), ("SCRAM-SHA-1-PLUS", SHA1)] {
            let client = TlsClient::of_version(&authority.certificate(), "localhost", version);
            let connect = || Imap::connect_tls(server.imaps_address(), &client).expect("IMAPS answers");
            let mut imap = connect();
            assert!(imap.greeting.text().contains(&format!(" AUTH={mechanism} ")), "it is offered");
            let entered = bound(&mut imap, mechanism, registry, None);
            assert!(entered.starts_with("a OK"), "{mechanism}: {entered}");
            // Who passes on what another TLS carries has other octets.
            let refused = bound(&mut connect(), mechanism, registry, Some([0; 32]));
            assert!(refused.contains("channel-bindings-dont-match"), "{mechanism}: {refused}");
        }
    }
    let rows = listed(&server, &["--user", "anna"], |rows| rows.len() == 4);
    assert!(rows.iter().all(|row| row["tls"] == true && row["outcome"] == "in"), "{rows:?}");
}

/// Proves to know Anna's password over `imap`, or as if it were the connection that has these octets.
fn bound(imap: &mut Imap, name: &str, registry: &'static [Mechanism], octets: Option<[u8; 32]>) -> String {
    let octets = octets.or(imap.stream().exporter()).expect("this is TLS");
    let config = SASLConfig::builder().with_registry(Registry::with_mechanisms(registry));
    let config = config.with_callback(Anna).expect("a configuration");
    let client = SASLClient::with_cb(config, Channel(octets));
    let mechanism = Mechname::parse(name.as_bytes()).expect("a name");
    let mut client = client.start_suggested(&[mechanism]).expect("the client knows it");
    let mut heard: Option<Vec<u8>> = None;
    let mut command = format!("a AUTHENTICATE {name} ");
    loop {
        let mut out = Cursor::new(Vec::new());
        let said = client.step(heard.as_deref(), &mut out).map(|_| sasl::encode(&out.into_inner()));
        command.push_str(&said.unwrap_or_else(|_| "*".to_owned()));
        imap.write(format!("{command}\r\n").as_bytes()).expect("the server listens");
        command.clear();
        let line = imap.read().expect("the server answers").text();
        match line.strip_prefix("+ ") {
            Some(challenge) => heard = sasl::decode(challenge.as_bytes()),
            None => return line,
        }
    }
}

/// Who logs in over TLS.
struct Anna;

impl SessionCallback for Anna {
    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        request.satisfy::<AuthId>("anna")?.satisfy::<Password>(b"secret")?;
        Ok(())
    }

    fn enable_channel_binding(&self) -> bool {
        true
    }
}

/// What the client believes its channel to be.
struct Channel([u8; 32]);

impl ChannelBindingCallback for Channel {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        (name == "tls-exporter").then_some(&self.0)
    }
}

static SHA256: &[Mechanism] = &[SCRAM_SHA256_PLUS];
static SHA1: &[Mechanism] = &[SCRAM_SHA1_PLUS];

#[test]
fn the_salt_of_nobody_is_always_the_same() {
    let server = Server::shared();
    server.add_user("selma", "selma@login.example", "secret");
    let challenge = |user: &str| {
        let mut imap = Imap::connect(server.imap_address()).expect("IMAP answers");
        let first = sasl::encode(format!("n,,n={user},r=abc").as_bytes());
        imap.send(&format!("AUTHENTICATE SCRAM-SHA-256 {first}")).expect("it is sent");
        let text = imap.read().expect("a challenge").text();
        let said = sasl::decode(text.trim_start_matches("+ ").as_bytes()).expect("base64");
        let said = String::from_utf8(said).expect("text");
        said.split_once(",s=").expect("a salt").1.to_owned()
    };
    let (known, unknown) = (challenge("selma"), challenge("nobody-at-all"));
    assert_eq!(unknown, challenge("nobody-at-all"));
    assert_ne!(unknown, challenge("somebody-else"));
    assert_eq!(known, challenge("Selma"));
    assert_eq!(known.len(), unknown.len());
}

#[test]
fn an_application_has_a_password_of_its_own() {
    let server = Server::shared();
    server.add_user("petra", "petra@login.example", "secret");
    let made = json(&server, &["add", "app-password", "petra", "phone"]);
    let password = made["password"].as_str().expect("it is shown once").to_owned();
    let again = server.aox(&["add", "app-password", "petra", "phone"]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert_eq!(server.aox(&["add", "app-password", "nobody", "phone"]).status.code(), Some(1));
    assert!(server.aox_ok(&["list", "app-passwords", "petra"]).contains("never"));

    for typed in [password.clone(), password.replace('-', ""), password.to_uppercase()] {
        drop(Imap::login(server.imap_address(), "petra", &typed).expect("it opens the account"));
    }
    drop(server.imap("petra", "secret"));
    let used = eventually(|| {
        let listed = json(&server, &["list", "app-passwords", "petra"]);
        (!listed[0]["last_used_at"].is_null()).then_some(listed)
    });
    assert_eq!(used[0]["name"], "phone");
    assert!(!used.to_string().contains(&password), "only a digest is kept");

    server.aox_ok(&["delete", "app-password", "petra", "phone"]);
    assert!(Imap::login(server.imap_address(), "petra", &password).is_err(), "it was revoked");
    assert_eq!(server.aox(&["delete", "app-password", "petra", "phone"]).status.code(), Some(1));
    drop(server.imap("petra", "secret"));
}

#[test]
fn what_was_tried_is_shown_but_nothing_that_may_be_a_password() {
    let server = Server::shared();
    server.add_user("Vera", "vera@login.example", "secret");
    let begin = jiff::Timestamp::now().to_string();
    drop(server.imap("vera", "secret"));
    for (user, password) in [("VERA", "wrong"), ("hunter2-my-password", "x"), ("ghost@login.example", "x")] {
        assert!(Imap::login(server.imap_address(), user, password).is_err());
    }
    let all = listed(&server, &["--user", "vera"], |rows| rows.len() == 2);
    assert_eq!((&all[0]["outcome"], &all[1]["outcome"]), (&Value::from("failed"), &Value::from("in")));
    for row in &all {
        assert_eq!(row["login"], "Vera");
        assert_eq!((&row["door"], &row["address"]), (&Value::from("imap"), &Value::from("127.0.0.1")));
        assert_eq!((&row["mechanism"], &row["tls"]), (&Value::from("LOGIN command"), &Value::from(false)));
    }
    let failed = json(&server, &["show", "logins", "--failed", "--since", &begin]).to_string();
    assert!(!failed.contains("hunter2"), "{failed}");
    assert!(failed.contains("(unknown ") && failed.contains("ghost@login.example"), "{failed}");
    assert!(server.aox_ok(&["show", "logins", "--since", "1h"]).contains("Vera"));
    assert_eq!(server.aox(&["show", "logins", "--since", "soon"]).status.code(), Some(2));
}

#[test]
fn administrators_act_for_others_and_that_is_shown() {
    let settings = vec![
        ("AOX__LOGIN__ADMINISTRATORS_GROUP".to_owned(), "Wheel".to_owned()),
        ("AOX__LOGIN__ANONYMOUS".to_owned(), "guest".to_owned()),
        ("AOX__LOGIN__MECHANISMS".to_owned(), "SCRAM-SHA-256,PLAIN,ANONYMOUS".to_owned()),
    ];
    let server = Server::start_with(Options { settings, ..Options::default() });
    for user in ["root", "anna", "guest", "gone"] {
        server.add_user(user, &format!("{user}@login.example"), "secret");
    }
    server.aox_ok(&["add", "group", "Wheel", "root"]);
    server.aox_ok(&["disable", "user", "gone"]);

    for name in ["PLAIN", "SCRAM-SHA-256"] {
        let entered = authenticate(&server, name, "root", "secret", Some("Anna"));
        assert!(entered.starts_with("OK"), "{name}: {entered}");
        for (user, other) in [("anna", "root"), ("root", "nobody"), ("root", "gone")] {
            let refused = authenticate(&server, name, user, "secret", Some(other));
            assert!(refused.starts_with("NO [AUTHORIZATIONFAILED]"), "{user} for {other}: {refused}");
        }
        let wrong = authenticate(&server, name, "root", "guess", Some("anna"));
        assert!(wrong.starts_with("NO [AUTHENTICATIONFAILED]"), "{wrong}");
    }
    let shown = listed(&server, &["--user", "anna"], |rows| rows.iter().any(|row| row["by"] == "root"));
    assert!(shown.iter().any(|row| row["outcome"] == "not permitted" && row["by"].is_null()));

    let refused = authenticate(&server, "PLAIN", "gone", "secret", None);
    assert!(refused.starts_with("NO [AUTHORIZATIONFAILED]"), "{refused}");
    let refused = authenticate(&server, "PLAIN", "gone", "guess", None);
    assert!(refused.starts_with("NO [AUTHENTICATIONFAILED]"), "only who has the password is told: {refused}");

    let mut imap = Imap::connect(server.imap_address()).expect("IMAP answers");
    let offered: Vec<_> = imap.greeting.text().split([' ', ']']).map(str::to_owned).collect();
    let offered: Vec<_> = offered.iter().filter_map(|word| word.strip_prefix("AUTH=")).collect();
    assert_eq!(offered, ["SCRAM-SHA-256", "PLAIN", "ANONYMOUS"]);
    imap.ok(&format!("AUTHENTICATE ANONYMOUS {}", sasl::encode(b"a.trace@example.net"))).expect("guests may");
    listed(&server, &["--user", "guest"], |rows| rows.len() == 1 && rows[0]["mechanism"] == "ANONYMOUS");
    let refused = authenticate(&server, "LOGIN", "anna", "secret", None);
    assert!(refused.starts_with("NO"), "the site does not want it: {refused}");
}

#[test]
fn who_guesses_waits_also_after_a_restart_and_who_is_known_does_not() {
    let server = Server::start();
    server.add_user("anna", "anna@login.example", "secret");
    server.add_user("bert", "bert@login.example", "secret");
    drop(server.imap("bert", "secret"));
    listed(&server, &["--user", "bert"], |rows| rows.len() == 1);
    for user in ["anna", "bert", "no-such-user"] {
        for _ in 0..3 {
            assert!(Imap::login(server.imap_address(), user, "guess").is_err());
        }
    }
    server.kill();
    server.serve();
    // Three failures have gone before, so the fourth costs two seconds, whether there is such a user or not.
    for user in ["anna", "no-such-user"] {
        let spent = time(|| assert!(Imap::login(server.imap_address(), user, "guess").is_err()));
        assert!(spent >= Duration::from_millis(1800), "{user} waited only {spent:?}");
    }
    // The right password from a place where the user is new waits as well, and gets in.
    let spent = time(|| drop(server.imap("anna", "secret")));
    assert!(spent >= Duration::from_millis(1500), "{spent:?}");
    listed(&server, &["--user", "anna"], |rows| rows[0]["outcome"] == "in");
    // Now this is a place where she is known; what failed there under her name is forgiven.
    let spent = time(|| drop(server.imap("anna", "secret")));
    assert!(spent < Duration::from_millis(1500), "{spent:?}");
    // Bert has been known there, but that is where the guesses came from.
    let spent = time(|| drop(server.imap("bert", "secret")));
    assert!(spent >= Duration::from_millis(800), "{spent:?}");
}

#[test]
fn a_guesser_elsewhere_costs_nobody_time_who_is_known() {
    let (near, far) = (free_port(), SocketAddr::new(Ipv6Addr::LOCALHOST.into(), free_port().port()));
    let settings = vec![
        ("AOX__IMAP__LISTEN".to_owned(), format!("{near},{far}")),
        ("AOX__LOGIN__SHARED_ADDRESSES".to_owned(), String::new()),
    ];
    let server = Server::start_with(Options { settings, ..Options::default() });
    server.add_user("anna", "anna@login.example", "secret");
    server.add_user("bert", "bert@login.example", "secret");
    drop(Imap::login(near, "anna", "secret").expect("she knows her password"));
    listed(&server, &["--user", "anna"], |rows| rows[0]["outcome"] == "in");
    for _ in 0..4 {
        assert!(Imap::login(far, "anna", "guess").is_err());
    }
    let log_in =
        |address, user| drop(Imap::login(address, user, "secret").expect("the right password opens"));
    let known = time(|| log_in(near, "anna"));
    assert!(known < Duration::from_millis(1500), "she waits {known:?} for a guesser elsewhere");
    // Whoever comes from the guesser's address for the first time waits, and gets in.
    let neighbour = time(|| log_in(far, "bert"));
    assert!(neighbour >= Duration::from_millis(1500), "{neighbour:?}");
    listed(&server, &["--user", "bert"], |rows| rows[0]["outcome"] == "in");
    assert!(time(|| log_in(far, "bert")) < Duration::from_millis(1500), "he is known there now");
}

/// The database lets failures fade as the policy does.
#[actix_rt::test]
async fn failures_fade_alike_in_the_database_and_in_the_policy() {
    let scratch = Scratch::start();
    let lender = scratch.lender().await;
    let begin = jiff::Timestamp::UNIX_EPOCH;
    let count = async |minutes: i64| {
        let now = begin + jiff::SignedDuration::from_mins(minutes);
        let failed = vec!["user x".to_owned()];
        let unit = db::RecordLogins { records: vec![], failed, forgiven: vec![], now };
        lender.run(unit).await.expect("it is counted").remove(0)
    };
    let policy = |minutes: i64, found: &db::LoginFailures| {
        let failures = Failures { count: found.count, last: found.last };
        failures.count_at(begin + jiff::SignedDuration::from_mins(minutes))
    };
    let mut last = count(0).await;
    assert_eq!((last.count, last.last), (1.0, begin));
    for minutes in [0, 0, 7, 15, 16, 60] {
        let expected = policy(minutes, &last) + 1.0;
        last = count(minutes).await;
        assert!((last.count - expected).abs() < 1e-6, "{} is not {expected}", last.count);
    }
    for _ in 0..30 {
        last = count(60).await;
    }
    assert_eq!(last.count, limits::LOGIN_FAILURES_MAX);
    let forget = |at| db::ForgetLogins { records_before: at, failures_before: at, places_before: at };
    lender.run(forget(begin)).await.expect("what is not old stays");
    let find = db::FindLogin {
        login_key: "x".to_owned(),
        administrators_key: String::new(),
        subjects: vec!["user x".to_owned(), "user y".to_owned()],
        place: String::new(),
    };
    let found = lender.run(find).await.expect("it is found");
    assert_eq!(found.failures, [last]);
    assert!(found.person.is_none() && !found.known_place);
    lender.run(forget(begin + jiff::SignedDuration::from_hours(3))).await.expect("what is old goes");
    assert_eq!(count(180).await.count, 1.0);
}

#[test]
fn guessers_keep_nobody_from_working() {
    let server = Server::start();
    server.add_user("anna", "anna@login.example", "secret");
    let mut anna = server.imap("anna", "secret");
    std::thread::scope(|scope| {
        for number in 0..50 {
            let address = server.imap_address();
            scope.spawn(move || {
                for round in 0..2 {
                    // A name of its own each time, so that nothing makes it wait but the work.
                    let _ = Imap::login(address, &format!("guess{number}x{round}"), "guess");
                }
            });
        }
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            slowest = slowest.max(time(|| drop(anna.ok("NOOP").expect("NOOP"))));
            std::thread::sleep(Duration::from_millis(10));
        }
        println!("the slowest of 50 NOOPs beside 50 guessers: {slowest:?}");
        assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    });
}

/// Logs in by a client that others wrote; returns the tagged answer without its tag.
fn authenticate(server: &Server, name: &str, user: &str, password: &str, authzid: Option<&str>) -> String {
    let config =
        SASLConfig::with_credentials(authzid.map(str::to_owned), user.to_owned(), password.to_owned());
    let client = SASLClient::new(config.expect("a configuration"));
    let mechanism = Mechname::parse(name.as_bytes()).expect("a name");
    let mut session = client.start_suggested(&[mechanism]).expect("the client knows it");
    let mut say = |heard: Option<&[u8]>| {
        let mut out = Cursor::new(Vec::new());
        session.step(heard, &mut out).map(|_| sasl::encode(&out.into_inner()))
    };
    let mut imap = Imap::connect(server.imap_address()).expect("IMAP answers");
    let first = (name != "LOGIN").then(|| format!(" {}", say(None).expect("the client begins")));
    let tag = imap.send(&format!("AUTHENTICATE {name}{}", first.unwrap_or_default())).expect("it is sent");
    loop {
        let heard = imap.read().expect("the server answers");
        if let Some(result) = heard.tagged(&tag) {
            return result;
        }
        let challenge = heard.text().trim_start_matches('+').trim().to_owned();
        let challenge = sasl::decode(challenge.as_bytes()).expect("base64");
        let response = say(Some(&challenge)).unwrap_or_else(|_| "*".to_owned());
        imap.write(format!("{response}\r\n").as_bytes()).expect("it is sent");
    }
}

/// What `aox show logins` lists, as soon as it is what is wanted: logins are written down a moment later.
fn listed(server: &Server, arguments: &[&str], wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    eventually(|| {
        let shown = json(server, &[&["show", "logins"], arguments].concat());
        let rows = shown.as_array().expect("a list").clone();
        (!rows.is_empty() && wanted(&rows)).then_some(rows)
    })
}

fn eventually<T>(attempt: impl Fn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not become so");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn json(server: &Server, arguments: &[&str]) -> Value {
    let printed = server.aox_ok(&[arguments, &["--json"]].concat());
    serde_json::from_str(&printed).expect("--json prints JSON")
}

fn time(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

//! TLS with the programs that people use, and with hostile ones.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::authority::Authority;
use crate::support::server::{free_port, send_signal};
use crate::support::stream::TlsClient;
use crate::support::{Imap, Lmtp, Options, Server};

#[test]
fn openssl_speaks_both_versions_both_ways() {
    let server = Server::shared();
    server.add_user("ossl", "ossl@example.org", PASSWORD);
    for version in ["-tls1_2", "-tls1_3"] {
        let mut imap = OpenSsl::start(&server, server.imaps_address(), &[version, "-alpn", "imap"]);
        imap.hear("* OK [CAPABILITY ");
        imap_session(&mut imap);
        let mut imap = OpenSsl::start(&server, server.imap_address(), &[version, "-starttls", "imap"]);
        imap_session(&mut imap);
        let mut pop3 = OpenSsl::start(&server, server.pop3s_address(), &[version, "-alpn", "pop3"]);
        pop3.hear("+OK ");
        pop3_session(&mut pop3);
        let mut pop3 = OpenSsl::start(&server, server.pop3_address(), &[version, "-starttls", "pop3"]);
        pop3_session(&mut pop3);
        let mut lmtp = OpenSsl::start(&server, server.lmtps_address(), &[version]);
        lmtp.hear("220 ");
        lmtp_session(&mut lmtp);
        let mut lmtp = OpenSsl::start(&server, server.lmtp_address(), &[version, "-starttls", "lmtp"]);
        lmtp_session(&mut lmtp);
    }
}

#[test]
fn old_versions_and_foreign_protocols_are_refused_with_the_right_alert() {
    let server = Server::shared();
    let imaps = server.imaps_address();
    let old = once(imaps, &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    assert!(old.contains("Cipher is (NONE)") && old.contains("alert"), "{old}");
    // RFC 7301 §3.2: no_application_protocol is alert 120.
    for version in ["-tls1_2", "-tls1_3"] {
        let foreign = once(imaps, &[version, "-alpn", "http/1.1,pop3"]);
        assert!(foreign.contains("alert number 120"), "{foreign}");
        let ours = once(imaps, &[version, "-alpn", "http/1.1,imap"]);
        assert!(ours.contains("ALPN protocol: imap"), "{ours}");
        let pop3 = once(server.pop3s_address(), &[version, "-alpn", "imap,pop3"]);
        assert!(pop3.contains("ALPN protocol: pop3"), "{pop3}");
    }
}

#[test]
fn python_reads_and_delivers() {
    let server = Server::shared();
    server.add_user("pytls", "pytls@example.org", PASSWORD);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls_session.py");
    let ports = [server.imap_address(), server.imaps_address(), server.lmtp_address()];
    let mut python = Command::new("python3");
    python.arg(script).args(ports.map(|address| address.port().to_string()));
    python.args(["pytls", PASSWORD]).arg(server.home().join("tls/self-signed.pem"));
    let output = python.output().expect("python3 can be run");
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(told.ends_with("all well\n"), "{told}\n{}", server.log());
}

#[test]
fn python_compresses_over_tls() {
    let server = Server::shared();
    server.add_user("pyzip", "pyzip@example.org", PASSWORD);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/compress_session.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(server.imaps_address().port().to_string());
    python.args(["pyzip", PASSWORD]).arg(server.home().join("tls/self-signed.pem"));
    let output = python.output().expect("python3 can be run");
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(told.ends_with("all well\n"), "{told}\n{}", server.log());
}

#[test]
fn a_session_is_resumed_and_keeps_its_own_exporter() {
    let server = Server::shared();
    let client = server.tls_client();
    let mut first = Imap::connect_tls(server.imaps_address(), &client).expect("TLS begins");
    // The tickets of TLS 1.3 come with the first answer.
    first.ok("NOOP").expect("NOOP");
    let mut second = Imap::connect_tls(server.imaps_address(), &client).expect("TLS begins again");
    assert!(!first.stream().is_resumed() && second.stream().is_resumed());
    let exporters = (first.stream().exporter(), second.stream().exporter());
    assert!(exporters.0.is_some() && exporters.0 != exporters.1);
    // The status tells where TLS is, and until when.
    let status = server.aox_ok(&["status"]);
    assert!(status.contains(&format!("{} (TLS)", server.imaps_address())), "{status}");
    assert!(status.contains("The certificate for localhost"), "{status}");
}

#[test]
fn the_name_chooses_the_certificate_and_new_files_are_used_at_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let authority = Authority::new(folder.path(), "authority");
    let one = authority.issue_host("one", "mail.example.org");
    let two = authority.issue_host("two", "*.example.net");
    let list = |paths: [&Path; 2]| paths.map(|path| path.display().to_string()).join(",");
    let server = Server::start_with(Options {
        settings: vec![
            ("AOX__TLS__CERTIFICATES".into(), list([&one.certificate, &two.certificate])),
            ("AOX__TLS__KEYS".into(), list([&two.key, &one.key])),
        ],
        ..Options::default()
    });
    let connect = |name: &str| {
        let client = TlsClient::new(&authority.certificate(), name);
        let mut imap = Imap::connect_tls(server.imaps_address(), &client)?;
        std::io::Result::Ok((imap.stream().certificate(), imap))
    };
    let (first, mut stays) = connect("mail.example.org").expect("the first certificate is for that name");
    let (second, _) = connect("IMAP.example.net").expect("the second certificate is for that name");
    assert_ne!(first, second);
    let unknown = once(server.imaps_address(), &["-servername", "mail.example.com"]);
    assert!(unknown.contains("subject=CN = mail.example.org"), "{unknown}");

    // Broken files change nothing, and the log tells why.
    let original = std::fs::read_to_string(&one.certificate).expect("the file can be read");
    std::fs::write(&one.certificate, "nothing").expect("the file can be written");
    wait_for("the log to tell", || server.log().contains("stay unused"));
    assert_eq!(connect("mail.example.org").expect("it is as before").0, first);
    std::fs::write(&one.certificate, original).expect("the file can be written");

    // New ones are used by who comes then, and who is there stays: within seconds, or at once by a hangup.
    let mut shown = first;
    for hangup in [false, true] {
        let new = authority.issue_host("new", "mail.example.org");
        std::fs::rename(&new.key, &one.key).expect("the folder can be written");
        std::fs::rename(&new.certificate, &one.certificate).expect("the folder can be written");
        if hangup {
            send_signal(server.pid().expect("it runs"), "HUP");
        }
        let before = shown.clone();
        wait_for("the new certificate", || {
            shown = connect("mail.example.org").expect("some certificate is shown").0;
            shown != before
        });
        stays.ok("NOOP").expect("the old connection is there");
    }
}

#[test]
fn settings_are_read_again_on_a_hangup() {
    let server = Server::new_home(Options::default());
    let file = server.home().join("aox.toml");
    std::fs::write(&file, "[log]\nlevel = \"info\"\n").expect("the home can be written");
    server.serve();
    let pid = server.pid().expect("it runs");
    std::fs::write(&file, "[log]\nlevel = \"off,aox::serve=info\"\n[tls]\nversion_min = \"1.3\"\n")
        .expect("the home can be written");
    send_signal(pid, "HUP");
    wait_for("the reading", || server.log().contains("were read again"));
    let old = once(server.imaps_address(), &["-tls1_2"]);
    assert!(old.contains("Cipher is (NONE)"), "{old}");
    server.aox_ok(&["list", "users"]);
    assert!(!server.log().contains("list users"), "{}", server.log());
    std::fs::write(&file, "[log]\nlevel = \"loud\"\n").expect("the home can be written");
    send_signal(pid, "HUP");
    wait_for("the complaint", || server.log().contains("the settings stay as they were"));
    std::fs::write(&file, "[log]\nlevel = \"info\"\n[delivery]\nsize_max = \"1 MB\"\n").expect("a write");
    send_signal(pid, "HUP");
    wait_for("the warning", || server.log().contains("take effect at the next start only"));
    assert!(once(server.imaps_address(), &["-tls1_2"]).contains("Cipher is ECDHE"));
}

#[test]
fn a_clients_certificate_lets_it_in() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let authority = Authority::new(folder.path(), "ours");
    let card = authority.issue("card", "/CN=anna", "extendedKeyUsage = clientAuth\n");
    let theirs = Authority::new(folder.path(), "theirs");
    let forged = theirs.issue("forged", "/CN=anna", "extendedKeyUsage = clientAuth\n");
    let server = Server::start_with(Options {
        settings: vec![
            ("AOX__TLS__CLIENT_AUTHORITIES".into(), authority.certificate().display().to_string()),
            ("AOX__LOGIN__CERTIFICATE_IDENTITY".into(), "cn".into()),
        ],
        ..Options::default()
    });
    server.add_user("anna", "anna@example.org", PASSWORD);
    let own = server.home().join("tls/self-signed.pem");
    let with_card = TlsClient::with_certificate(&own, "localhost", &card);
    for resumed in [false, true] {
        let mut imap = Imap::connect_tls(server.imaps_address(), &with_card).expect("TLS begins");
        assert!(String::from_utf8_lossy(&imap.greeting.0).contains("AUTH=EXTERNAL"));
        imap.ok("AUTHENTICATE EXTERNAL =").expect("the certificate is enough");
        assert_eq!(imap.stream().is_resumed(), resumed);
    }
    let mut imap = Imap::connect(server.imap_address()).expect("it connects");
    imap.start_tls(&with_card).expect("TLS begins");
    imap.ok("AUTHENTICATE EXTERNAL =").expect("the certificate is enough after STARTTLS, too");
    // Who shows none is served; who shows one that nobody has signed is not.
    let mut imap = Imap::connect_tls(server.imaps_address(), &server.tls_client()).expect("TLS begins");
    assert!(!String::from_utf8_lossy(&imap.greeting.0).contains("AUTH=EXTERNAL"));
    imap.ok(&format!("LOGIN anna {PASSWORD}")).expect("the password is enough");
    let with_forged = TlsClient::with_certificate(&own, "localhost", &forged);
    assert!(Imap::connect_tls(server.imaps_address(), &with_forged).is_err());
}

#[test]
fn passwords_from_elsewhere_need_tls_and_one_address_has_so_many_connections() {
    let (here, elsewhere) = (IpAddr::from([127, 0, 0, 1]), own_address());
    let (imap_port, imaps_port) = (free_port().port(), free_port().port());
    let server = Server::start_with(Options {
        settings: vec![
            ("AOX__IMAP__LISTEN".into(), format!("0.0.0.0:{imap_port}")),
            ("AOX__IMAP__TLS_LISTEN".into(), format!("0.0.0.0:{imaps_port}")),
            ("AOX__LIMITS__CONNECTIONS_PER_ADDRESS".into(), "3".into()),
            ("AOX__LIMITS__CONNECTIONS_PER_USER".into(), "4".into()),
        ],
        ..Options::default()
    });
    let (imap, imaps) = (SocketAddr::from((elsewhere, imap_port)), SocketAddr::from((elsewhere, imaps_port)));
    let local = SocketAddr::from((here, imap_port));
    server.add_user("anna", "anna@example.org", PASSWORD);
    let login = format!("LOGIN anna {PASSWORD}");

    let mut first = Imap::connect(imap).expect("it connects");
    assert!(String::from_utf8_lossy(&first.greeting.0).contains("LOGINDISABLED"));
    let refused = first.command(&login).expect("an answer").result;
    assert!(refused.starts_with("NO [PRIVACYREQUIRED]"), "{refused}");
    first.start_tls(&server.tls_client()).expect("TLS begins");
    first.ok(&login).expect("in TLS it is taken");
    let mut second = Imap::connect_tls(imaps, &server.tls_client()).expect("TLS begins");
    second.ok(&login).expect("in TLS it is taken");

    // Both listeners are one door, so one is left.
    let third = Imap::connect(imap).expect("it connects");
    let fourth = Imap::connect(imap).expect("it is told").greeting.0;
    assert!(fourth.starts_with(b"* BYE [UNAVAILABLE] too many"), "{}", String::from_utf8_lossy(&fourth));
    assert!(Imap::connect_tls(imaps, &server.tls_client()).is_err());
    // This machine is not bound by it, but the user is.
    let two_more = (0..2).map(|_| Imap::login(local, "anna", PASSWORD).expect("LOGIN"));
    let _two_more: Vec<Imap> = two_more.collect();
    let mut fifth = Imap::connect(local).expect("it connects");
    let refused = fifth.command(&login).expect("an answer").result;
    assert!(refused.starts_with("NO [LIMIT]"), "{refused}");
    drop((second, third));
    wait_for("a place", || fifth.command(&login).is_ok_and(|reply| reply.result.starts_with("OK")));
    wait_for("another place", || Imap::connect(imap).is_ok_and(|imap| imap.greeting.0.starts_with(b"* OK")));
}

#[test]
fn garbage_and_silence_at_the_door_cost_nobody_else() {
    let server = Server::shared();
    server.add_user("calm", "calm@example.org", PASSWORD);
    let imaps = server.imaps_address();
    let mut silent = Vec::new();
    for number in 0..150u32 {
        let mut stream = TcpStream::connect(imaps).expect("it connects");
        let octets: Vec<u8> = (0..number * 7).map(|n| (n * n + number) as u8).collect();
        let begun = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &octets].concat();
        match number % 3 {
            0 => {}
            1 => stream.write_all(&begun[..begun.len().min(400)]).expect("a write"),
            // It may be closed already while we write.
            _ => drop(stream.write_all(&octets)),
        }
        silent.push(stream);
    }
    let begin = Instant::now();
    for _ in 0..10 {
        let mut imap = Imap::connect_tls(imaps, &server.tls_client()).expect("TLS begins");
        imap.ok(&format!("LOGIN calm {PASSWORD}")).expect("LOGIN");
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    // Plain IMAP at the port of TLS is answered by an alert, and closed.
    let mut plain = TcpStream::connect(imaps).expect("it connects");
    plain.write_all(b"a1 LOGIN calm secret\r\n").expect("a write");
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).expect("it is closed in order");
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
}

#[test]
fn large_mail_comes_through_tls_unchanged() {
    let server = Server::shared();
    server.add_user("large", "large@example.org", PASSWORD);
    let line = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n";
    let message = format!("Subject: large\r\n\r\n{}", line.repeat(150_000));
    let client = server.tls_client();
    let mut lmtp = Lmtp::connect_tls(server.lmtps_address(), &client).expect("TLS begins");
    lmtp.reply().and_then(|reply| reply.expect(220)).expect("a greeting");
    lmtp.command("LHLO mta.example.org").and_then(|reply| reply.expect(250)).expect("LHLO");
    let replies = lmtp.deliver("a@example.net", &["large@example.org"], message.as_bytes());
    replies.expect("an answer")[0].expect(250).expect("it is taken");
    lmtp.quit().expect("QUIT");
    let mut imap = Imap::connect_tls(server.imaps_address(), &client).expect("TLS begins");
    imap.ok(&format!("LOGIN large {PASSWORD}")).expect("LOGIN");
    imap.ok("SELECT INBOX").expect("SELECT");
    let fetched = imap.ok("FETCH 1 BODY.PEEK[]").expect("FETCH");
    let body = fetched[0].literal().expect("a literal");
    assert!(body.ends_with(message.as_bytes()), "{} octets", body.len());
    assert!(String::from_utf8_lossy(&body[..400]).contains("with LMTPS id"));
    let appended = imap.append("INBOX", message.as_bytes()).expect("APPEND");
    assert!(appended.result.starts_with("OK"), "{}", appended.result);
}

#[test]
fn a_retry_after_a_lost_reply_makes_no_second_copy_in_tls_either() {
    let server = Server::shared();
    server.add_user("retry", "retry@example.org", PASSWORD);
    let client = server.tls_client();
    let open = || {
        let mut lmtp = Lmtp::connect_tls(server.lmtps_address(), &client).expect("TLS begins");
        lmtp.reply().and_then(|reply| reply.expect(220)).expect("a greeting");
        lmtp.command("LHLO mta.example.org").and_then(|reply| reply.expect(250)).expect("LHLO");
        lmtp
    };
    let deliver = |lmtp: &mut Lmtp, subject: &str| {
        let message = format!("Subject: {subject}\r\n\r\nx\r\n");
        let replies = lmtp.deliver("a@example.net", &["retry@example.org"], message.as_bytes());
        replies.expect("an answer")[0].expect(250).expect("it is taken");
    };
    let count = || {
        let mut imap = server.imap("retry", PASSWORD);
        let said = imap.ok("SELECT INBOX").expect("SELECT");
        said.iter().find_map(|response| response.number("EXISTS")).expect("a number")
    };
    // The server cannot know that this client has read its reply.
    let mut lost = open();
    deliver(&mut lost, "once");
    drop(lost);
    let mut again = open();
    deliver(&mut again, "once");
    assert_eq!(count(), 1);
    // By going on, it shows that it has; then the same message is meant to come twice.
    again.command("NOOP").and_then(|reply| reply.expect(250)).expect("NOOP");
    deliver(&mut again, "once");
    again.quit().expect("QUIT");
    assert_eq!(count(), 2);
}

fn imap_session(imap: &mut OpenSsl) {
    imap.say("a1 LOGIN ossl secret");
    imap.hear("a1 OK ");
    imap.say("a2 SELECT INBOX");
    imap.hear("a2 OK ");
    imap.say("a3 LOGOUT");
    imap.hear("* BYE ");
    imap.hear("a3 OK ");
    imap.end();
}

fn pop3_session(pop3: &mut OpenSsl) {
    pop3.say("USER ossl");
    pop3.hear("+OK");
    pop3.say("PASS secret");
    pop3.hear("+OK");
    pop3.say("STAT");
    pop3.hear("+OK ");
    pop3.say("QUIT");
    pop3.hear("+OK");
    pop3.end();
}

fn lmtp_session(lmtp: &mut OpenSsl) {
    lmtp.say("LHLO mta.example.org");
    lmtp.hear("250 SIZE ");
    lmtp.say("MAIL FROM:<a@example.net>");
    lmtp.hear("250 2.1.0 ");
    lmtp.say("RCPT TO:<ossl@example.org>");
    lmtp.hear("250 2.1.5 ");
    lmtp.say("DATA");
    lmtp.hear("354 ");
    lmtp.say("Subject: by TLS\r\n\r\nx\r\n.");
    lmtp.hear("250 2.0.0 ");
    lmtp.say("QUIT");
    lmtp.hear("221 ");
    lmtp.end();
}

/// A conversation by `openssl s_client`, which trusts nothing but the server's own certificate.
struct OpenSsl {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl OpenSsl {
    fn start(server: &Server, address: SocketAddr, arguments: &[&str]) -> OpenSsl {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-verify_return_error", "-servername", "localhost", "-CAfile"]);
        command.arg(server.home().join("tls/self-signed.pem"));
        command.args(["-connect", &address.to_string()]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("openssl can be run");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        OpenSsl { child, input, output }
    }

    fn say(&mut self, line: &str) {
        self.input.write_all(format!("{line}\r\n").as_bytes()).expect("openssl reads");
    }

    /// Reads up to a line that begins so.
    fn hear(&mut self, wanted: &str) {
        let mut heard = String::new();
        while !heard.lines().last().is_some_and(|line| line.starts_with(wanted)) {
            let got = self.output.read_line(&mut heard).expect("what is said here is text");
            assert!(got > 0, "{wanted:?} did not come: {heard}");
        }
    }

    fn end(&mut self) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("what is said here is text");
        assert_eq!(rest, "");
        self.child.wait().expect("openssl ends");
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `openssl s_client` tells of one connection on which nothing is said.
fn once(address: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address.to_string()]).args(arguments);
    let output = command.stdin(Stdio::null()).output().expect("openssl can be run");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// An address of this machine by which it talks with others.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a port is free");
    // Nothing is sent: only the route is looked up.
    socket.connect("192.0.2.77:9").expect("there is a route");
    socket.local_addr().expect("it has an address").ip()
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_there() {
        assert!(begin.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const PASSWORD: &str = "secret";
const PATIENCE: Duration = Duration::from_secs(30);

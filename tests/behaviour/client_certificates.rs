//! Certificates of clients, made and shown by openssl, as proof of who somebody is (SASL EXTERNAL).

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::authority::Issued;
use crate::support::{Authority, Options, Server};

#[test]
fn a_certificate_opens_the_account_that_it_names() {
    let Some(folder) = folder() else { return };
    let ours = Authority::new(folder.path(), "our authority");
    let theirs = Authority::new(folder.path(), "their authority");
    let anna = ours.issue("anna", "/O=Example, Inc./CN=Anna Berg", &with_address("anna@example.org"));
    let nobody = ours.issue("nobody", "/CN=anna@example.org", CLIENT);
    let forged = theirs.issue("forged", "/CN=Anna Berg", &with_address("anna@example.org"));
    let server = server_with(&ours, "email", "");
    server.add_user("anna@example.org", "anna@example.org", "secret");
    server.add_user("berta", "berta@example.org", "secret");

    for starttls in [false, true] {
        let offered = talk(
            &server,
            Some(&anna),
            starttls,
            &["CAPABILITY", "AUTHENTICATE EXTERNAL =", "LIST \"\" INBOX"],
        );
        assert!(offered.contains("AUTH=EXTERNAL") && offered.contains("INBOX"), "{offered}");
        // The identity may be said: her own, and nobody else's.
        assert!(enters(&server, &anna, starttls, "YW5uYUBleGFtcGxlLm9yZw=="));
        assert!(!enters(&server, &anna, starttls, "YmVydGE="));
        // The name in the subject is not the address.
        let refused = talk(&server, Some(&nobody), starttls, &["CAPABILITY", "AUTHENTICATE EXTERNAL ="]);
        assert!(!refused.contains("AUTH=EXTERNAL") && refused.contains("c2 NO"), "{refused}");
        let without = talk(&server, None, starttls, &["CAPABILITY", "AUTHENTICATE EXTERNAL ="]);
        assert!(without.contains("c1 OK") && !without.contains("AUTH=EXTERNAL"), "{without}");
        assert!(without.contains("c2 NO"), "{without}");
        let stranger = talk(&server, Some(&forged), starttls, &["CAPABILITY", "AUTHENTICATE EXTERNAL ="]);
        assert!(!stranger.contains("c1 OK") && !stranger.contains("c2 OK"), "{stranger}");
    }
    server.aox_ok(&["disable", "user", "anna@example.org"]);
    assert!(!enters(&server, &anna, false, "="));
    let logins = server.aox_ok(&["show", "logins"]);
    assert!(logins.contains("EXTERNAL"), "{logins}");
}

#[test]
fn a_map_of_the_site_says_which_certificate_opens_what() {
    let Some(folder) = folder() else { return };
    let ours = Authority::new(folder.path(), "our authority");
    let subject = "/DC=org/DC=example/O=Example, Inc./OU=#1 \\+ \u{e4}/CN=Anna Berg";
    let anna = ours.issue("anna", subject, &with_address("anna@example.org"));
    let berta = ours.issue("berta", "/CN=Berta", CLIENT);
    let carla = ours.issue("carla", "/CN=Carla", CLIENT);
    let map = folder.path().join("map");
    let name = openssl(&anna, &["-subject", "-nameopt", "RFC2253,-esc_msb,utf8"]);
    let name = name.trim().strip_prefix("subject=").expect("openssl says so");
    let fingerprint = openssl(&berta, &["-fingerprint", "-sha256"]);
    let fingerprint = fingerprint.trim().split_once('=').expect("openssl says so").1;
    std::fs::write(&map, format!("# who\nanna subject:{name}\nberta sha256:{fingerprint}\n"))
        .expect("a file");
    let server = server_with(&ours, "map", &map.display().to_string());
    for login in ["anna", "berta", "carla"] {
        server.add_user(login, &format!("{login}@example.org"), "secret");
    }
    assert!(enters(&server, &anna, false, "YW5uYQ=="), "{name}\n{}", server.log());
    assert!(enters(&server, &berta, false, "="));
    assert!(!enters(&server, &carla, false, "="));
    // Changed while the server runs; a map with a mistake changes nothing.
    std::fs::write(&map, "carla cn:Carla\n").expect("a file");
    assert!(enters(&server, &carla, false, "="));
    assert!(!enters(&server, &anna, false, "="));
    std::fs::write(&map, "carla\n").expect("a file");
    assert!(enters(&server, &carla, false, "="));
}

/// Whether the certificate opens an account, with this identity asked for.
fn enters(server: &Server, issued: &Issued, starttls: bool, identity: &str) -> bool {
    let said =
        talk(server, Some(issued), starttls, &[&format!("AUTHENTICATE EXTERNAL {identity}"), "LOGOUT"]);
    assert!(said.contains("c2 OK"), "{said}");
    said.contains("c1 OK")
}

/// What the server says to these commands, `c1`, `c2` and so on, in TLS.
fn talk(server: &Server, issued: Option<&Issued>, starttls: bool, commands: &[&str]) -> String {
    let mut command = Command::new("openssl");
    let address = if starttls { server.imap_address() } else { server.imaps_address() };
    command.args(["s_client", "-quiet", "-connect", &address.to_string()]);
    if starttls {
        command.args(["-starttls", "imap"]);
    }
    if let Some(Issued { certificate, key }) = issued {
        command.arg("-cert").arg(certificate).arg("-key").arg(key);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("openssl can be run");
    let mut said = String::new();
    for (number, text) in commands.iter().chain([&"LOGOUT"]).enumerate() {
        said += &format!("c{} {text}\r\n", number + 1);
    }
    let mut input = child.stdin.take().expect("the input is piped");
    // A handshake that was refused reads nothing.
    let _ = input.write_all(said.as_bytes());
    let output = child.wait_with_output().expect("openssl ends");
    drop(input);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn openssl(issued: &Issued, question: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-in"]).arg(&issued.certificate).args(question);
    let output = command.output().expect("openssl can be run");
    String::from_utf8(output.stdout).expect("it is text")
}

fn server_with(authority: &Authority, identity: &str, map: &str) -> Server {
    let certificate = authority.certificate();
    let settings = [
        ("AOX__TLS__CLIENT_AUTHORITIES", path(&certificate)),
        ("AOX__LOGIN__CERTIFICATE_IDENTITY", identity),
        ("AOX__LOGIN__CERTIFICATE_MAP", map),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    Server::start_with(Options { settings, ..Options::default() })
}

fn path(path: &Path) -> &str {
    path.to_str().expect("it was made of text")
}

/// A folder for certificates; none, and a sentence why, without openssl.
fn folder() -> Option<tempfile::TempDir> {
    if !Command::new("openssl")
        .arg("version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("skipped: openssl is not installed");
        return None;
    }
    Some(tempfile::tempdir().expect("a folder can be made"))
}

fn with_address(address: &str) -> String {
    format!("{CLIENT}subjectAltName = email:{address}\n")
}

const CLIENT: &str = "extendedKeyUsage = clientAuth\n";

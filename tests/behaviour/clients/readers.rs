//! Programs in which people read mail: mutt, NeoMutt, Alpine, and Roundcube in a browser.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{is_installed, library, messages, run, server_for, session, text};
use crate::support::server::free_port;
use crate::support::{Server, eventually};

#[test]
fn mutt_shows_the_mailbox() {
    let Some(server) = server_for("mutt", "mutt") else { return };
    let address = server.imap_address();
    let settings = format!("set spoolfile=imap://mutt@{address}/INBOX\nset imap_pass=secret\n");
    mutt_copies(&server, "mutt", &settings);
}

#[test]
fn mutt_copies_by_pop3() {
    let Some(server) = server_for("mutt", "muttpop") else { return };
    let address = server.pop3_address();
    let settings = format!("set spoolfile=pop://muttpop@{address}\nset pop_pass=secret\nset pop_delete=no\n");
    mutt_copies(&server, "muttpop", &settings);
}

/// Has mutt copy the two messages of a user into a file.
fn mutt_copies(server: &Server, user: &str, settings: &str) {
    let home = server.home().join(user);
    std::fs::create_dir_all(&home).expect("the home can be written");
    let (rc, copy) = (home.join("muttrc"), home.join("copy"));
    let commands = format!(
        "{settings}set folder={}\nset ssl_starttls=no\nset ssl_force_tls=no\nset mbox_type=mbox\n\
         set confirmcreate=no\nset confirmappend=no\nset delete=yes\nset move=no\nset header_cache=\n\
         set wait_key=no\npush \"<tag-pattern>~A<enter><tag-prefix><copy-message>{}<enter><quit>\"\n",
        home.display(),
        copy.display()
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    // It wants a terminal; script(1) gives it one.
    let command = format!("HOME={} TERM=xterm mutt -n -F {}", home.display(), rc.display());
    let output = run("timeout", &["30", "script", "-qec", &command, "/dev/null"]);
    let copied = std::fs::read_to_string(&copy).unwrap_or_default();
    assert!(copied.contains("The first.") && copied.contains("The second."), "{copied}{}", text(&output));
}

#[test]
fn mutt_takes_deleted_mail_back() {
    takes_deleted_mail_back("mutt");
}

#[test]
fn neomutt_takes_deleted_mail_back() {
    takes_deleted_mail_back("neomutt");
}

/// Deletes a message, and moves it back to where it was.
fn takes_deleted_mail_back(program: &str) {
    let user = format!("{program}back");
    let Some(server) = server_for(program, &user) else { return };
    let tagged = "<tag-pattern>~s first<enter><tag-prefix>";
    use_mutt(&server, program, &user, "INBOX", &format!("{tagged}<delete-message><sync-mailbox><quit>"));
    assert_eq!(messages(&server, &user, "INBOX"), 1);
    assert_eq!(messages(&server, &user, "Deleted Messages/INBOX"), 1);
    let save = format!("{tagged}<save-message>=INBOX<enter><sync-mailbox><quit>");
    use_mutt(&server, program, &user, "Deleted Messages/INBOX", &save);
    assert_eq!(messages(&server, &user, "INBOX"), 2);
}

/// Types these keys into mutt, or what is like it, in a mailbox.
fn use_mutt(server: &Server, program: &str, user: &str, mailbox: &str, keys: &str) {
    let home = server.home().join(user);
    std::fs::create_dir_all(&home).expect("the home can be written");
    let rc = home.join("muttrc");
    let commands = format!(
        "set folder=imap://{user}@{0}/\nset spoolfile=imap://{user}@{0}/INBOX\nset imap_pass=secret\n\
         set ssl_starttls=no\nset ssl_force_tls=no\nset confirmcreate=no\nset confirmappend=no\nset delete=yes\n\
         set move=no\nset imap_qresync=yes\nset header_cache={1}\nset wait_key=no\nset quit=yes\npush \"{keys}\"\n",
        server.imap_address(),
        home.join("cache").display(),
    );
    std::fs::write(&rc, commands).expect("the home can be written");
    // It wants a terminal; script(1) gives it one.
    let command =
        format!("HOME={} TERM=xterm {program} -n -F {} -f '={mailbox}'", home.display(), rc.display());
    run("timeout", &["30", "script", "-qec", &command, "/dev/null"]);
}

#[test]
fn alpine_saves_and_expunges() {
    let Some(server) = server_for("alpine", "alpine") else { return };
    let home = server.home().join("alpine");
    std::fs::create_dir_all(&home).expect("the home can be written");
    let port = server.imap_address().port().to_string();
    super::all_is_well("clients/alpine_session.py", &[&port, "alpine", "secret", &home.to_string_lossy()]);
    assert_eq!(messages(&server, "alpine", "INBOX"), 1);
    assert_eq!(messages(&server, "alpine", "Kept"), 1);
}

#[test]
fn roundcube_reads_moves_deletes_and_takes_back() {
    let Some(python) = library("venv/bin/python") else { return };
    if !Path::new(ROUNDCUBE).is_dir() || !is_installed("chromium") {
        println!("skipped: Roundcube or Chromium is not installed");
        return;
    }
    let Some(server) = server_for("php", "roundcube") else { return };
    let web = Webmail::start(&server);
    let output = run(&python, &[&session("roundcube_session.py"), &web.url(), "roundcube", "secret"]);
    assert!(text(&output).ends_with("all well\n"), "{}", text(&output));
    assert_eq!(messages(&server, "roundcube", "INBOX"), 1);
    assert_eq!(messages(&server, "roundcube", "Deleted Messages/Trash"), 0);
}

/// Where Debian puts the pages of Roundcube.
const ROUNDCUBE: &str = "/var/lib/roundcube/public_html";

/// Roundcube, served by PHP.
struct Webmail {
    address: SocketAddr,
    process: Child,
}

impl Webmail {
    /// Serves it from a configuration of its own, and waits until it answers.
    fn start(server: &Server) -> Webmail {
        let home = server.home().join("roundcube");
        for folder in ["config", "logs", "temp"] {
            std::fs::create_dir_all(home.join(folder)).expect("the home can be written");
        }
        std::fs::copy("/etc/roundcube/defaults.inc.php", home.join("config/defaults.inc.php"))
            .expect("Roundcube has defaults");
        let settings = format!(
            "<?php\n$config['db_dsnw'] = 'sqlite:///{0}/roundcube.db?mode=0600';\n\
             $config['imap_host'] = 'localhost:{1}';\n$config['imap_force_ns'] = true;\n\
             $config['des_key'] = 'a key of 24 characters..';\n$config['plugins'] = [];\n$config['skin'] = 'elastic';\n\
             $config['log_dir'] = '{0}/logs';\n$config['temp_dir'] = '{0}/temp';\n",
            home.display(),
            server.imap_address().port(),
        );
        std::fs::write(home.join("config/config.inc.php"), settings).expect("the home can be written");
        let address = free_port();
        let mut php = Command::new("php");
        php.args(["-S", &address.to_string()]).current_dir(ROUNDCUBE);
        php.env("ROUNDCUBE_CONFIG_DIR", home.join("config"))
            .env("PHP_CLI_SERVER_WORKERS", "4")
            .process_group(0);
        php.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = php.spawn().expect("php can be run");
        let webmail = Webmail { address, process };
        eventually("Roundcube answers", || std::net::TcpStream::connect(address).is_ok());
        webmail
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Webmail {
    fn drop(&mut self) {
        // The workers of PHP outlive it; they are of its process group.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.process.wait();
    }
}

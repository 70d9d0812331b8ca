//! A real LDAP server for tests: OpenLDAP's slapd with a directory of its own, as an unprivileged user.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::authority::Issued;
use super::server::free_port;

/// A running slapd; it ends, and its files go, when this is dropped.
pub struct Directory {
    home: PathBuf,
    plain: SocketAddr,
    encrypted: SocketAddr,
    process: Option<Child>,
}

impl Directory {
    /// Starts a directory that holds `entries` (LDIF) below `dc=example,dc=org`, in `home`, which must exist. With a
    /// certificate it speaks TLS as well. None, and a sentence why, when slapd is not installed.
    pub fn start(home: &Path, entries: &str, tls: Option<(&Issued, &Path)>) -> Option<Directory> {
        let Some(schemas) = schemas() else {
            println!("skipped: slapd, or its schema files, are not installed (apt-get install slapd)");
            return None;
        };
        let home = home.to_owned();
        std::fs::create_dir_all(home.join("data")).expect("the home can be written");
        let mut configuration = String::new();
        for schema in schemas {
            configuration += &format!("include {}\n", schema.display());
        }
        configuration +=
            &format!("modulepath /usr/lib/ldap:/usr/lib/openldap\npidfile {}/pid\n", home.display());
        if let Some((issued, authority)) = tls {
            for (word, file) in [
                ("TLSCACertificateFile", authority),
                ("TLSCertificateFile", &issued.certificate),
                ("TLSCertificateKeyFile", &issued.key),
            ] {
                // Copies, which whoever runs slapd may read.
                let copy = home.join(word);
                std::fs::copy(file, &copy).expect("the home can be written");
                configuration += &format!("{word} {}\n", copy.display());
            }
        }
        configuration += &DATABASE.replace("HOME", &home.display().to_string());
        std::fs::write(home.join("slapd.conf"), configuration).expect("the home can be written");
        std::fs::write(home.join("entries.ldif"), format!("{ROOTS}{entries}"))
            .expect("the home can be written");
        let mut load = Command::new(program("slapadd"));
        load.arg("-f").arg(home.join("slapd.conf")).arg("-l").arg(home.join("entries.ldif"));
        run(&mut load);
        if is_root() {
            run(Command::new("chown").args(["-R", "nobody"]).arg(&home));
        }
        let mut directory = Directory { home, plain: free_port(), encrypted: free_port(), process: None };
        directory.serve(tls.is_some());
        Some(directory)
    }

    /// Serves, and waits until somebody can connect.
    pub fn serve(&mut self, tls: bool) {
        let mut addresses = format!("ldap://{} {}", self.plain, self.socket_url());
        if tls {
            addresses += &format!(" ldaps://{}", self.encrypted);
        }
        let mut command = Command::new(program("slapd"));
        command.args(["-d", "0", "-h", &addresses, "-f"]).arg(self.home.join("slapd.conf"));
        if is_root() {
            command.args(["-u", "nobody", "-g", "nogroup"]);
        }
        // A test that is killed from the terminal takes it along, as it stays in the same group of processes.
        command.process_group(nix::unistd::getpgrp().as_raw());
        let log = std::fs::File::create(self.home.join("log")).expect("the home can be written");
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.process = Some(process.expect("slapd can be run"));
        let begin = Instant::now();
        while TcpStream::connect(self.plain).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "slapd does not listen: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it, by its process id.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Where it speaks in the clear.
    pub fn url(&self) -> String {
        format!("ldap://localhost:{}", self.plain.port())
    }

    /// Where it speaks TLS from the beginning.
    pub fn tls_url(&self) -> String {
        format!("ldaps://localhost:{}", self.encrypted.port())
    }

    /// Its unix socket.
    pub fn socket_url(&self) -> String {
        format!("ldapi://{}", self.home.join("socket").display().to_string().replace('/', "%2F"))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The schema files that slapd comes with; none when there is no slapd.
fn schemas() -> Option<Vec<PathBuf>> {
    let folders = ["/etc/ldap/schema", "/etc/openldap/schema"];
    let folder = folders.iter().map(Path::new).find(|folder| folder.join("core.schema").exists())?;
    let schemas = ["core", "cosine", "inetorgperson"].map(|name| folder.join(format!("{name}.schema")));
    (program("slapd").exists() && schemas.iter().all(|schema| schema.exists())).then(|| schemas.to_vec())
}

fn program(name: &str) -> PathBuf {
    let folders = ["/usr/sbin", "/usr/lib/openldap", "/usr/local/libexec", "/usr/libexec"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| PathBuf::from(name))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const DATABASE: &str = "moduleload back_mdb
moduleload ppolicy
database mdb
suffix dc=example,dc=org
rootdn cn=admin,dc=example,dc=org
directory HOME/data
maxsize 10485760
overlay ppolicy
ppolicy_default cn=policy,dc=example,dc=org
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact=cn=reader,dc=example,dc=org read by self read by anonymous auth by * none
";

const ROOTS: &str = "dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: cn=policy,dc=example,dc=org
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE

dn: cn=reader,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: may read

";

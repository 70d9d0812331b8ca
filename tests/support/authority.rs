//! A certificate authority for tests, made by openssl.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An authority with its files in a folder.
pub struct Authority {
    folder: PathBuf,
    name: String,
}

/// A certificate with its key, both in PEM.
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// Makes an authority below `folder`, which must exist.
    pub fn new(folder: &Path, name: &str) -> Authority {
        let authority = Authority { folder: folder.to_owned(), name: name.to_owned() };
        let configuration = "[req]\ndistinguished_name = dn\nx509_extensions = ca\n[dn]\n[ca]\n\
            basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n";
        std::fs::write(authority.file("conf"), configuration).expect("the folder can be written");
        let subject = format!("/CN={name}");
        let mut command = authority.openssl(&["req", "-x509", "-days", "30", "-subj", &subject, "-config"]);
        command.arg(authority.file("conf")).arg("-keyout").arg(authority.file("key"));
        run(command.args(NEW_KEY).arg("-out").arg(authority.certificate()));
        authority
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.file("pem")
    }

    /// Issues a certificate for `subject`, written as openssl's `-subj` wants it, with lines of extensions.
    pub fn issue(&self, name: &str, subject: &str, extensions: &str) -> Issued {
        let path = |end: &str| self.folder.join(format!("{name}.{end}"));
        let issued = Issued { certificate: path("pem"), key: path("key") };
        let (request, wanted) = (path("csr"), path("ext"));
        std::fs::write(&wanted, extensions).expect("the folder can be written");
        let mut command = self.openssl(&["req", "-new", "-subj", subject, "-utf8", "-config"]);
        command.arg(self.file("conf")).arg("-keyout").arg(&issued.key);
        run(command.args(NEW_KEY).arg("-out").arg(&request));
        let mut command = self.openssl(&["x509", "-req", "-days", "30", "-CAcreateserial", "-CA"]);
        command.arg(self.certificate()).arg("-CAkey").arg(self.file("key")).arg("-extfile").arg(wanted);
        run(command.arg("-in").arg(request).arg("-out").arg(&issued.certificate));
        issued
    }

    /// Issues a certificate for a server on this machine.
    pub fn issue_server(&self, name: &str) -> Issued {
        self.issue_host(name, "localhost")
    }

    /// Issues a certificate for the server `host`, which may be a wildcard, on this machine.
    pub fn issue_host(&self, name: &str, host: &str) -> Issued {
        let names = format!("subjectAltName = DNS:{host},IP:127.0.0.1");
        self.issue(name, &format!("/CN={host}"), &format!("{names}\nextendedKeyUsage = serverAuth\n"))
    }

    fn file(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{}.{end}", self.name.replace(' ', "-")))
    }

    fn openssl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.args(arguments);
        command
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("openssl can be run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

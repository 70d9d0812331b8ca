//! What TLS needs, read from its files: certificates with their keys, the names they are for, whom clients may be
//! certified by.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use archiveopteryx::aox::conversation::CertificateFacts;
use archiveopteryx::settings::{self, TlsVersion};
use jiff::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use x509_parser::extensions::GeneralName;

/// The certificates in `certificates`, which `settings` name or which are our own, as a configuration of TLS.
pub fn load(
    settings: &settings::Tls,
    certificates: &[PathBuf],
) -> Result<(ServerConfig, Vec<CertificateFacts>), String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let keys: Vec<_> = settings.keys.iter().map(PathBuf::from).collect();
    let keys = read_keys(keys.iter().chain(certificates), &provider)?;
    let mut chosen = ByName::default();
    let mut facts = Vec::new();
    for file in certificates {
        let certified = Arc::new(certified(file, &keys)?);
        let told = describe(file, &certified)?;
        chosen.add(&told.names, certified);
        facts.push(told);
    }
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions(settings.version_min))
        .map_err(|error| error.to_string())?;
    let builder = match settings.client_authorities.as_slice() {
        [] => builder.with_no_client_auth(),
        files => {
            let roots = Arc::new(authorities(files)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(
                verifier.map_err(|error| format!("tls.client_authorities: {error}"))?,
            )
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(chosen));
    // RFC 9266 §3: without it, what binds a login to a connection of TLS 1.2 would not be its own.
    config.require_ems = true;
    config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(|error| error.to_string())?;
    Ok((config, facts))
}

/// What is known of the first certificate in `file`, without its key.
pub fn look(file: &Path) -> Result<CertificateFacts, String> {
    let first = chain(file)?.into_iter().next();
    let first = first.ok_or_else(|| format!("there is no certificate in {}", file.display()))?;
    describe_certificate(file, &first)
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match min {
        TlsVersion::V12 => rustls::ALL_VERSIONS,
        TlsVersion::V13 => &NEWEST,
    }
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

/// All private keys in `files`.
fn read_keys<'a>(
    files: impl Iterator<Item = &'a PathBuf>,
    provider: &CryptoProvider,
) -> Result<Vec<Arc<dyn SigningKey>>, String> {
    let mut keys = Vec::new();
    for file in files {
        let wrong = |error: String| format!("the key in {} cannot be used: {error}", file.display());
        let found: Result<Vec<_>, pem::Error> =
            PrivateKeyDer::pem_file_iter(file).and_then(Iterator::collect);
        for key in found.map_err(|error| format!("{} cannot be read: {error}", file.display()))? {
            let key = provider.key_provider.load_private_key(key);
            keys.push(key.map_err(|error| wrong(error.to_string()))?);
        }
    }
    Ok(keys)
}

/// The chain in `file`, with the one of `keys` that belongs to it.
fn certified(file: &Path, keys: &[Arc<dyn SigningKey>]) -> Result<CertifiedKey, String> {
    let chain = chain(file)?;
    if chain.is_empty() {
        return Err(format!("there is no certificate in {}", file.display()));
    }
    let mut tried = keys.iter().map(|key| CertifiedKey::new(chain.clone(), key.clone()));
    tried
        .find(|certified| certified.keys_match().is_ok())
        .ok_or_else(|| format!("no key in tls.keys belongs to the certificate in {}", file.display()))
}

fn describe(file: &Path, certified: &CertifiedKey) -> Result<CertificateFacts, String> {
    let end_entity = certified.end_entity_cert().map_err(|error| error.to_string())?;
    describe_certificate(file, end_entity)
}

fn describe_certificate(file: &Path, der: &CertificateDer) -> Result<CertificateFacts, String> {
    let wrong = |error: &dyn std::fmt::Display| {
        format!("the certificate in {} is not understood: {error}", file.display())
    };
    let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|error| wrong(&error))?;
    let names = certificate.subject_alternative_name().map_err(|error| wrong(&error))?;
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let hosts = names.filter_map(|name| match name {
        GeneralName::DNSName(host) => Some(host.to_ascii_lowercase()),
        _ => None,
    });
    let ends = Timestamp::from_second(certificate.validity().not_after.timestamp());
    Ok(CertificateFacts {
        file: file.to_owned(),
        names: hosts.collect(),
        ends: ends.map_err(|error| wrong(&error))?,
    })
}

fn authorities(files: &[String]) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for file in files {
        for certificate in chain(Path::new(file))? {
            store.add(certificate).map_err(|error| format!("tls.client_authorities: {file}: {error}"))?;
        }
    }
    Ok(store)
}

static NEWEST: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

/// Chooses a certificate by the name that the client wants to talk with (RFC 6066 §3).
#[derive(Debug, Default)]
struct ByName {
    all: Vec<Arc<CertifiedKey>>,
    names: HashMap<String, Vec<Arc<CertifiedKey>>>,
}

impl ByName {
    fn add(&mut self, names: &[String], certified: Arc<CertifiedKey>) {
        for name in names {
            self.names.entry(name.clone()).or_default().push(certified.clone());
        }
        self.all.push(certified);
    }

    /// The certificates for `name`, itself or by a wildcard, which stands for one label (RFC 9525 §6.3).
    fn named(&self, name: &str) -> &[Arc<CertifiedKey>] {
        let name = name.to_ascii_lowercase();
        let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        let found = self.names.get(&name).or_else(|| self.names.get(&wildcard?));
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

impl ResolvesServerCert for ByName {
    /// One for the name, or else the first of all: a client that asks for a name we do not know may have been told to
    /// trust us under it.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().map(|name| self.named(name)).unwrap_or_default();
        let usable =
            |certified: &&Arc<CertifiedKey>| certified.key.choose_scheme(hello.signature_schemes()).is_some();
        named.iter().chain(&self.all).find(usable).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(folder: &Path, file: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let (pem, secret) = (folder.join(format!("{file}.pem")), folder.join(format!("{file}.key")));
        std::fs::write(&pem, certificate.pem()).unwrap();
        std::fs::write(&secret, key.serialize_pem()).unwrap();
        (pem, secret)
    }

    fn settings(keys: &[&PathBuf]) -> settings::Tls {
        let keys = keys.iter().map(|key| key.display().to_string()).collect();
        settings::Tls { keys, ..settings::Tls::default() }
    }

    #[test]
    fn keys_find_their_certificates_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let (one, one_key) = make(folder.path(), "one", &["mail.example.org", "*.example.net"]);
        let (two, two_key) = make(folder.path(), "two", &["imap.example.com"]);
        let files = [one.clone(), two];
        let (_, facts) = load(&settings(&[&two_key, &one_key]), &files).unwrap();
        assert_eq!(facts[0].names, ["mail.example.org", "*.example.net"]);
        assert_eq!(facts[1].names, ["imap.example.com"]);
        assert_eq!(look(&one).unwrap(), facts[0]);
        let missing = load(&settings(&[&two_key]), &files).unwrap_err();
        assert!(missing.contains("one.pem"), "{missing}");
        let none = load(&settings(&[]), &[one_key]).unwrap_err();
        assert!(none.contains("no certificate in"), "{none}");
    }

    #[test]
    fn a_name_finds_its_certificate_in_any_case_and_by_one_label() {
        let folder = tempfile::tempdir().unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let mut chosen = ByName::default();
        for names in [&["mail.example.org", "*.example.net"][..], &["a.example.net"]] {
            let (pem, key) = make(folder.path(), "it", names);
            let keys = read_keys([&key].into_iter(), &provider).unwrap();
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            chosen.add(&names, Arc::new(certified(&pem, &keys).unwrap()));
        }
        let which = |name: &str| {
            let found = chosen.named(name).first()?;
            chosen.all.iter().position(|one| Arc::ptr_eq(one, found))
        };
        assert_eq!(which("MAIL.example.org"), Some(0));
        assert_eq!(which("b.example.net"), Some(0));
        assert_eq!(which("a.example.net"), Some(1));
        assert_eq!(which("x.b.example.net"), None);
        assert_eq!(which("example.net"), None);
    }
}

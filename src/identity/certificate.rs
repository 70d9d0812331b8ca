//! Whom a client's certificate names. That an authority vouches for it has been checked before, in the handshake.

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::directory::escape_name;
use crate::settings::CertificateIdentity;

/// What a certificate says about its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The addresses in its subjectAltName, in their order. Those in the subject itself are history (RFC 5280 §4.1.2.6).
    pub addresses: Vec<String>,
    /// The last commonName of the subject, which is the most specific.
    pub common_name: Option<String>,
    /// The subject as RFC 4514 writes it; none when it holds what no text can say.
    pub name: Option<String>,
    /// The SHA-256 of the whole certificate, in lower-case hex digits.
    pub fingerprint: String,
}

/// Which certificates open which logins, as a file of the site says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateMap(Vec<(Mark, String)>);

/// By what a certificate is recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    Address(String),
    CommonName(String),
    Name(String),
    Fingerprint(String),
}

impl Subject {
    /// Reads a certificate in DER; none when it is none.
    pub fn of(certificate: &[u8]) -> Option<Subject> {
        let (rest, parsed) = X509Certificate::from_der(certificate).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let names = parsed.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|extension| &extension.value.general_names);
        let addresses = names.filter_map(|name| match name {
            GeneralName::RFC822Name(address) if is_printable(address) => Some((*address).to_owned()),
            _ => None,
        });
        let addresses = addresses.collect();
        let common_name = parsed.subject().iter_common_name().last().and_then(|name| name.as_str().ok());
        let digest = Sha256::digest(certificate);
        Some(Subject {
            addresses,
            common_name: common_name.filter(|name| is_printable(name)).map(str::to_owned),
            name: name_of(parsed.subject()),
            fingerprint: digest.iter().map(|octet| format!("{octet:02x}")).collect(),
        })
    }

    /// The login that this certificate opens, if any.
    pub fn login(&self, identity: CertificateIdentity, map: &CertificateMap) -> Option<String> {
        match identity {
            CertificateIdentity::Off => None,
            CertificateIdentity::Email => self.addresses.first().cloned(),
            CertificateIdentity::Cn => self.common_name.clone(),
            CertificateIdentity::Subject => self.name.clone(),
            CertificateIdentity::Map => map.login(self),
        }
    }
}

impl CertificateMap {
    /// Reads a map: on each line a login, then what a certificate must have to open it. Otherwise one sentence for each
    /// line that is wrong.
    pub fn parse(text: &str) -> Result<CertificateMap, Vec<String>> {
        let mut entries = Vec::new();
        let mut mistakes = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line
                .split_once(char::is_whitespace)
                .and_then(|(login, mark)| Some((Mark::parse(mark)?, login)))
            {
                Some((mark, login)) => entries.push((mark, login.to_owned())),
                None => mistakes.push(format!(
                    "line {}: a login is wanted, then email:, cn:, subject: or sha256: and a value",
                    number + 1
                )),
            }
        }
        if mistakes.is_empty() { Ok(CertificateMap(entries)) } else { Err(mistakes) }
    }

    /// The login on the first line that fits.
    fn login(&self, subject: &Subject) -> Option<String> {
        self.0.iter().find(|(mark, _)| mark.fits(subject)).map(|(_, login)| login.clone())
    }
}

impl Mark {
    fn parse(text: &str) -> Option<Mark> {
        let (kind, value) = text.trim().split_once(':')?;
        let value = value.trim();
        if value.is_empty() {
            return None;
        }
        Some(match kind {
            "email" => Mark::Address(value.to_lowercase()),
            "cn" => Mark::CommonName(value.to_owned()),
            "subject" => Mark::Name(value.to_owned()),
            "sha256" => {
                // openssl prints fingerprints with colons.
                let digits = value.replace(':', "").to_ascii_lowercase();
                let is_digest = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                Mark::Fingerprint(is_digest.then_some(digits)?)
            }
            _ => return None,
        })
    }

    fn fits(&self, subject: &Subject) -> bool {
        match self {
            Mark::Address(address) => subject.addresses.iter().any(|given| given.to_lowercase() == *address),
            Mark::CommonName(name) => subject.common_name.as_ref() == Some(name),
            Mark::Name(name) => subject.name.as_ref() == Some(name),
            Mark::Fingerprint(fingerprint) => subject.fingerprint == *fingerprint,
        }
    }
}

/// A name as RFC 4514 writes it, the most specific part first.
fn name_of(name: &X509Name<'_>) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in name.iter_rdn() {
        let mut pairs: Vec<String> = Vec::new();
        for pair in part.iter() {
            let value = pair.as_str().ok().filter(|value| is_printable(value))?;
            let kind = pair.attr_type().to_id_string();
            let kind = SHORT_NAMES.iter().find(|(id, _)| *id == kind).map(|(_, short)| *short)?;
            pairs.push(format!("{kind}={}", escape_name(value)));
        }
        parts.push(pairs.join("+"));
    }
    parts.reverse();
    (!parts.is_empty()).then(|| parts.join(","))
}

/// A name with a NUL or a line break in it is meant to be taken for another.
fn is_printable(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// RFC 4514 §3, and those besides that certificates of people carry, as openssl's `-nameopt RFC2253` writes them.
const SHORT_NAMES: [(&str, &str); 15] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subject() -> Subject {
        Subject {
            addresses: vec!["Anna@example.org".to_owned(), "a.berg@example.org".to_owned()],
            common_name: Some("Anna Berg".to_owned()),
            name: Some("CN=Anna Berg,O=Example\\, Inc.".to_owned()),
            fingerprint: "ab".repeat(32),
        }
    }

    #[test]
    fn the_setting_says_what_counts() {
        let none = CertificateMap::default();
        let login = |identity| subject().login(identity, &none);
        assert_eq!(login(CertificateIdentity::Off), None);
        assert_eq!(login(CertificateIdentity::Email).as_deref(), Some("Anna@example.org"));
        assert_eq!(login(CertificateIdentity::Cn).as_deref(), Some("Anna Berg"));
        assert_eq!(login(CertificateIdentity::Subject).as_deref(), Some("CN=Anna Berg,O=Example\\, Inc."));
        assert_eq!(login(CertificateIdentity::Map), None);
    }

    #[test]
    fn a_map_recognizes_certificates_by_each_mark() {
        let digest = "AB:".repeat(32);
        for (mark, fits) in [
            ("email:a.berg@EXAMPLE.org".to_owned(), true),
            ("email:berg@example.org".to_owned(), false),
            ("cn:Anna Berg".to_owned(), true),
            ("subject:CN=Anna Berg,O=Example\\, Inc.".to_owned(), true),
            ("subject:CN=Anna Berg".to_owned(), false),
            (format!("sha256:{}", digest.trim_end_matches(':')), true),
        ] {
            let map = CertificateMap::parse(&format!("# ours\n\nanna\t{mark}\n")).unwrap();
            let login = subject().login(CertificateIdentity::Map, &map);
            assert_eq!(login.as_deref(), fits.then_some("anna"), "{mark}");
        }
    }

    #[test]
    fn each_line_that_is_wrong_is_told() {
        let wrong = "anna\nanna email\nanna email:\nanna sha256:abc\nanna dn:x\nanna cn:right\n";
        let mistakes = CertificateMap::parse(wrong).unwrap_err();
        assert_eq!(mistakes.len(), 5, "{mistakes:?}");
        assert!(mistakes[4].starts_with("line 5:"));
    }

    #[test]
    fn what_is_no_certificate_names_nobody() {
        assert_eq!(Subject::of(b""), None);
        assert_eq!(Subject::of(b"0\x03\x02\x01\x05"), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_harm(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Subject::of(&octets), None);
        }
    }
}

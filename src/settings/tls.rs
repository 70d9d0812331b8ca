//! What TLS is configured with.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

/// Certificates and keys, and whom to trust.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM files, each with a certificate and those that lead from it to its authority; none means one of our own making.
    #[serde(deserialize_with = "files")]
    pub certificates: Vec<String>,
    /// PEM files with the keys of these certificates, in any order.
    #[serde(deserialize_with = "files")]
    pub keys: Vec<String>,
    pub version_min: TlsVersion,
    /// PEM files with the authorities that issue certificates to clients; none means that clients are not asked for any.
    #[serde(deserialize_with = "files")]
    pub client_authorities: Vec<String>,
}

/// A version of TLS that is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TlsVersion {
    #[default]
    V12,
    V13,
}

impl TryFrom<String> for TlsVersion {
    type Error = &'static str;

    fn try_from(text: String) -> Result<TlsVersion, &'static str> {
        match text.trim() {
            "1.2" => Ok(TlsVersion::V12),
            "1.3" => Ok(TlsVersion::V13),
            _ => Err("1.2 or 1.3 is wanted"),
        }
    }
}

impl From<TlsVersion> for String {
    fn from(version: TlsVersion) -> String {
        match version {
            TlsVersion::V12 => "1.2".to_owned(),
            TlsVersion::V13 => "1.3".to_owned(),
        }
    }
}

/// A list of file names. Empty items are skipped: that is how the environment gives an empty list.
fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let items = Vec::<String>::deserialize(deserializer)?;
    Ok(items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
}

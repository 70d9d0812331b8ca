//! What of a client's certificate names the login that it opens.

use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateIdentity {
    /// Certificates open nothing.
    #[default]
    Off,
    /// The first address in the subjectAltName.
    Email,
    /// The commonName.
    Cn,
    /// The whole subject, as RFC 4514 writes it.
    Subject,
    /// A file of the site says which certificate opens which login.
    Map,
}

//! How people prove who they are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::CertificateIdentity;
use crate::wire::sasl;

/// What is accepted as proof, and what is kept of each attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Login {
    /// The SASL mechanisms that are offered, where the connection permits them.
    pub mechanisms: Vec<String>,
    /// The group whose members may act for any user; empty means nobody.
    pub administrators_group: String,
    /// The group whose members may read what others have authorized for submission; empty means nobody.
    pub submission_group: String,
    /// The account for those who do not say who they are; empty means none.
    pub anonymous: String,
    /// What of a client's certificate names the login that it opens.
    pub certificate_identity: CertificateIdentity,
    /// The file that says so for "map".
    pub certificate_map: String,
    /// Addresses from which many people come, such as that of a webmail: failures are counted for each user only.
    #[serde(deserialize_with = "super::addresses")]
    pub shared_addresses: Vec<IpAddr>,
    /// How long `aox show logins` remembers.
    pub keep_days: u32,
}

impl Default for Login {
    fn default() -> Login {
        Login {
            mechanisms: sasl::NAMES.map(str::to_owned).to_vec(),
            administrators_group: String::new(),
            submission_group: String::new(),
            anonymous: String::new(),
            certificate_identity: CertificateIdentity::Off,
            certificate_map: String::new(),
            shared_addresses: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            keep_days: 90,
        }
    }
}

impl Login {
    /// What is wrong with the values.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let known = |name: &String| sasl::NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !self.mechanisms.iter().all(known) {
            faults.push(("login.mechanisms", format!("a list of {}", sasl::NAMES.join(", "))));
        }
        if (self.certificate_identity == CertificateIdentity::Map) == self.certificate_map.is_empty() {
            let wanted = "a file when login.certificate_identity is \"map\", and nothing otherwise";
            faults.push(("login.certificate_map", wanted.to_owned()));
        }
        if self.keep_days == 0 {
            faults.push(("login.keep_days", "at least 1".to_owned()));
        }
        faults
    }
}

//! What becomes of the record of what happened.

use serde::{Deserialize, Serialize};

/// Where it is written how far the record goes, beside the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// The file that the head is appended to; empty means none.
    pub head_file: String,
    /// Whether syslog is told of it, too.
    pub head_syslog: bool,
    /// Where syslog listens.
    pub syslog_socket: String,
    /// How often, in seconds.
    pub interval: u32,
}

impl Default for Audit {
    fn default() -> Audit {
        let syslog_socket = "/dev/log".to_owned();
        Audit { head_file: String::new(), head_syslog: false, syslog_socket, interval: 300 }
    }
}

impl Audit {
    /// What is wrong with the values.
    pub(super) fn faults(&self) -> Option<(&'static str, String)> {
        (self.interval == 0).then(|| ("audit.interval", "at least 1".to_owned()))
    }
}

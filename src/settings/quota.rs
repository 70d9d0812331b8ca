//! What happens at the limits of what users may keep.

use serde::{Deserialize, Serialize};

/// What happens at a limit. The limits themselves are kept in the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// How much of a quota may be used before the user is warned, in percent; 0 turns warnings off.
    pub warn_percent: u8,
    /// How mail is refused for which there is no room.
    pub over_reply: OverReply,
}

/// How a mail server is told that there is no room for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OverReply {
    /// It shall try again: there may be room soon.
    Temporary,
    /// It shall tell the sender.
    Permanent,
}

impl Default for Quota {
    fn default() -> Quota {
        Quota { warn_percent: 90, over_reply: OverReply::Temporary }
    }
}

impl Quota {
    /// What is wrong with the values.
    pub(super) fn faults(&self) -> Option<(&'static str, String)> {
        (self.warn_percent > 100).then(|| ("quota.warn_percent", "a number from 0 to 100".to_owned()))
    }
}

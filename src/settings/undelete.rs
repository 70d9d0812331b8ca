//! Who may take deleted mail back.

use serde::{Deserialize, Serialize};

/// How deleted mail is taken back. Administrators always can.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Undelete {
    /// Whether users see what they have deleted, and take it back by themselves.
    pub for_users: bool,
}

impl Default for Undelete {
    fn default() -> Undelete {
        Undelete { for_users: true }
    }
}

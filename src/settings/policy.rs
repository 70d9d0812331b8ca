//! What the site's policy is as long as nobody says otherwise.

use serde::{Deserialize, Serialize};

use crate::policy::deletion::Verdict;

/// What is allowed as long as no policy in the database says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Who may delete.
    pub delete: Verdict,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { delete: Verdict::Allowed }
    }
}

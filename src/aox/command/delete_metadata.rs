//! `aox delete metadata ENTRY`: what was written down about the server, or about a mailbox, is removed.

use serde::{Deserialize, Serialize};

use super::{at_once, set_metadata};
use crate::aox::conversation::{Context, Outcome};
use crate::plan::Plan;

/// The mailbox is a path; without one it is about the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMetadata {
    pub mailbox: Option<String>,
    pub entry: String,
}

impl DeleteMetadata {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(set_metadata::set(self.mailbox.as_deref(), &self.entry, None))
    }
}

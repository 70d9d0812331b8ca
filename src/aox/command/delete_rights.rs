//! `aox delete rights MAILBOX IDENTIFIER`: an entry leaves the list of who may do what.

use serde::{Deserialize, Serialize};

use super::{at_once, set_rights};
use crate::aox::conversation::{Context, Outcome};
use crate::plan::Plan;
use crate::policy::{Modification, Rights};

/// The mailbox is a path, the identifier is written as in IMAP: `anna`, `$team`, `-anyone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRights {
    pub mailbox: String,
    pub identifier: String,
}

impl DeleteRights {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let nothing = Modification::Replace(Rights::NONE);
        at_once(set_rights::change(&self.mailbox, &self.identifier, nothing))
    }
}

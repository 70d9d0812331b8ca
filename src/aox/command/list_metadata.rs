//! `aox list metadata`: what all users read about the server, or about a mailbox.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db::{self, MetadataPlace, MetadataValue, MetadataWanted};
use crate::error::Error;
use crate::mailbox::{Depth, MetadataEntry};
use crate::plan::Plan;

/// The mailbox is a path; without one it is about the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMetadata {
    pub mailbox: Option<String>,
}

impl ListMetadata {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let path = self.mailbox.as_deref().map(MailboxPath::parse).transpose()?;
        let place = MetadataPlace::Of(path.map(|path| (path.login, path.mailbox)));
        let entries = vec![MetadataEntry::to_look_at("/shared")?];
        let wanted = MetadataWanted { entries, depth: Depth::Infinity, octets_max: u32::MAX };
        Ok(one_unit(db::GetMetadata { place, wanted }, |found, _| Ok(respond(&found))))
    }
}

fn respond(found: &[MetadataValue]) -> Answer {
    let mut table = Table::new(&["Entry", "Value"]);
    let mut json = Vec::new();
    for MetadataValue { entry, value, .. } in found {
        let value = String::from_utf8_lossy(value.as_deref().unwrap_or_default());
        json.push(json!({"entry": entry, "value": value}));
        table.rows.push(vec![entry.clone(), value.into_owned()]);
    }
    Answer::list(table, "Nothing is written down.", json)
}

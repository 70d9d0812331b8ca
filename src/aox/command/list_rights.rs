//! `aox list rights MAILBOX`: who may do what in a mailbox.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::glob::{Glob, is_meant, listed};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::error::Error;
use crate::plan::Plan;

/// The mailbox is `/shared/NAME` or `/users/LOGIN/NAME`, or a login for its INBOX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRights {
    pub mailbox: String,
    /// Only what these have.
    #[serde(default)]
    pub glob: Option<Glob>,
}

impl ListRights {
    /// Two statements.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let path = MailboxPath::parse(&self.mailbox)?;
        let mailbox = db::Administered::Of(path.login, path.mailbox);
        Ok(one_unit(db::ListRights { mailbox, of: None }, move |rights, _| {
            Ok(listed(respond(&rights, self.glob.as_ref()), self.glob.as_ref()))
        }))
    }
}

fn respond(listed: &db::ListedRights, glob: Option<&Glob>) -> Answer {
    let mut table = Table::new(&["Identifier", "Rights", ""]);
    let mut json = Vec::new();
    let owner = listed.owner.iter().map(|login| (login.clone(), listed.of_owner, "the owner"));
    let others = listed.entries.iter().map(|(subject, rights)| {
        (subject.to_string(), *rights, if subject.negative { "taken away" } else { "" })
    });
    for (identifier, rights, remark) in owner.chain(others).filter(|one| is_meant(glob, [&*one.0])) {
        let letters = rights.letters();
        json.push(json!({"identifier": identifier, "rights": letters, "owner": remark == "the owner"}));
        table.rows.push(vec![identifier, letters, remark.to_owned()]);
    }
    Answer::list(table, "Nobody has rights in this mailbox.", json)
}

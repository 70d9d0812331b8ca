//! `aox undelete user LOGIN`: a deleted account is there again, with mailboxes, mail, addresses, passwords and rights.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::undelete::quota_hint;
use super::undelete_mailbox::Refilling;
use crate::aox::answer::{Answer, Table, counted, counted_as};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::alias_name;
use crate::db::{self, RevivedUser};
use crate::error::Error;
use crate::plan::Plan;

/// Which account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndeleteUser {
    pub login: String,
    #[serde(default)]
    pub dry_run: bool,
    #[serde(default)]
    pub beyond_quota: bool,
}

impl UndeleteUser {
    /// The account first, in one transaction; then its mail, in portions. Broken off, it is begun again in its middle.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let UndeleteUser { login, dry_run, beyond_quota } = self;
        let unit = db::ReviveUser { login, rehearse: dry_run, beyond_quota };
        Plan::run(unit, move |revived: Result<RevivedUser, db::Error>, _: &mut Context| {
            let revived = match revived {
                Ok(revived) => revived,
                Err(error) => return Plan::Done(Err(quota_hint(Error::from(error)))),
            };
            if dry_run {
                return Plan::Done(Ok(respond(&revived, None)));
            }
            Refilling {
                rest: revived.mailboxes.clone(),
                reasons: db::USER_REASONS,
                beyond_quota,
                messages: 0,
                told: revived,
                end: |revived, messages| respond(&revived, Some(messages)),
            }
            .next()
        })
    }
}

/// What came back, or would.
fn respond(revived: &RevivedUser, messages: Option<i64>) -> Answer {
    let expected: i64 = revived.mailboxes.iter().map(|mailbox| mailbox.messages).sum();
    let count = messages.unwrap_or(expected);
    let verb = if messages.is_some() { "came back" } else { "would come back" };
    let mailboxes = revived.mailboxes.len() as i64;
    let mut sentences = vec![format!(
        "User {} {verb}, with {}, {}, {} and {}.",
        revived.login,
        counted_as(mailboxes, "mailbox", "mailboxes"),
        counted(count, "message"),
        counted(revived.passwords as i64, "password"),
        counted_as(revived.addresses.len() as i64, "address", "addresses"),
    )];
    let lost: Vec<String> = revived.lost.iter().map(alias_name).collect();
    if !lost.is_empty() {
        sentences.push(format!(
            "These addresses belong to others now, or to no domain of the site: {}.",
            lost.join(", ")
        ));
    }
    let addresses: Vec<String> = revived.addresses.iter().map(alias_name).collect();
    let mut table = Table::new(&["Address"]);
    table.rows = addresses.iter().map(|address| vec![address.clone()]).collect();
    let json = json!({"login": revived.login, "mailboxes": mailboxes, "messages": count,
        "passwords": revived.passwords, "groups": revived.groups, "addresses": addresses, "lost": lost,
        "dry_run": messages.is_none()});
    Answer { sentences, table: (!table.rows.is_empty()).then_some(table), json, good: true }
}

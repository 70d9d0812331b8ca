//! `aox check messages`: puts every stored message together again and compares digests.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aox::answer::{Answer, Reply, Table, counted, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, CheckedPage, DamagedMessage};
use crate::error::Error;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckMessages {}

/// What all pages so far have shown.
#[derive(Default)]
struct Sum {
    messages: i64,
    octets: i64,
    verbatim: i64,
    damaged: Vec<DamagedMessage>,
}

impl CheckMessages {
    /// One page after the other, each with a line of progress.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        next_page((0, 0), Sum::default())
    }
}

fn next_page(after: (i64, i64), mut sum: Sum) -> Plan<Context, Outcome> {
    Plan::run(db::CheckMessages { after }, move |page: Result<CheckedPage, db::Error>, _: &mut Context| {
        let page = match page {
            Ok(page) => page,
            Err(error) => return Plan::Done(Err(Error::from(error))),
        };
        sum.messages += page.messages;
        sum.octets += page.octets;
        sum.verbatim += page.verbatim;
        sum.damaged.extend(page.damaged);
        let Some(last) = page.last else { return Plan::Done(Ok(respond(&sum))) };
        let progress = format!(
            "{} checked, {}, {} damaged",
            counted(sum.messages, "message"),
            octets(sum.octets),
            sum.damaged.len()
        );
        Plan::emit(Reply::Progress(progress).to_line(), move |_| next_page(last, sum))
    })
}

fn respond(sum: &Sum) -> Answer {
    let exact = sum.messages - sum.damaged.len() as i64;
    let mut table = Table::new(&["User", "Message", "What is wrong"]);
    table.rows = sum
        .damaged
        .iter()
        .map(|found| vec![found.login.clone(), found.message.to_string(), found.reason.clone()])
        .collect();
    let damaged: Vec<_> = sum
        .damaged
        .iter()
        .map(|found| json!({"login": found.login, "message": found.message, "reason": found.reason}))
        .collect();
    Answer {
        sentences: vec![format!(
            "{} checked, {}: {exact} exact ({} kept in one piece), {} damaged.",
            counted(sum.messages, "message"),
            octets(sum.octets),
            sum.verbatim,
            sum.damaged.len()
        )],
        table: (!table.rows.is_empty()).then_some(table),
        json: json!({"checked": sum.messages, "octets": sum.octets, "verbatim": sum.verbatim, "exact": exact,
                     "damaged": damaged}),
        good: sum.damaged.is_empty(),
    }
}

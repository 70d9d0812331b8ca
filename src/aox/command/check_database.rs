//! `aox check database`: whether what is stored fits together, and whether PostgreSQL keeps and guards it as it should.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aox::answer::{Answer, Reply, Table, counted, counted_as};
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, Finding, IndexToCheck};
use crate::error::Error;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDatabase {}

/// What has been looked at so far.
#[derive(Default)]
struct Sum {
    mailboxes: i64,
    accounts: i64,
    indexes: usize,
    /// Whether the indexes' contents could be compared with their tables.
    amcheck: bool,
    findings: Vec<Finding>,
}

impl CheckDatabase {
    /// The catalog first, then the mailboxes page by page, the accounts one by one, and the indexes one by one.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        then(db::CheckCatalog, |findings| next_mailboxes((0, 0), Sum { findings, ..Sum::default() }))
    }
}

fn next_mailboxes(after: (i64, i64), mut sum: Sum) -> Plan<Context, Outcome> {
    then(db::CheckMailboxes { after }, move |page: db::CheckedMailboxes| {
        sum.mailboxes += page.mailboxes;
        sum.findings.extend(page.findings);
        let Some(last) = page.last else { return next_account(0, sum) };
        emit(counted_as(sum.mailboxes, "mailbox", "mailboxes"), sum, move |sum| next_mailboxes(last, sum))
    })
}

fn next_account(after: i64, mut sum: Sum) -> Plan<Context, Outcome> {
    then(db::CheckAccount { after }, move |checked: Option<db::CheckedAccount>| {
        let Some(checked) = checked else {
            return then(db::ListIndexes, move |(amcheck, indexes)| {
                next_index(indexes, Sum { amcheck, ..sum })
            });
        };
        sum.accounts += 1;
        sum.findings.extend(checked.findings);
        let account = checked.account;
        emit(counted(sum.accounts, "account"), sum, move |sum| next_account(account, sum))
    })
}

fn next_index(mut indexes: Vec<IndexToCheck>, mut sum: Sum) -> Plan<Context, Outcome> {
    let Some(index) = indexes.pop().filter(|_| sum.amcheck) else { return Plan::Done(Ok(respond(&sum))) };
    then(db::CheckIndex { index }, move |finding: Option<Finding>| {
        sum.indexes += 1;
        sum.findings.extend(finding);
        emit(counted_as(sum.indexes as i64, "index", "indexes"), sum, move |sum| next_index(indexes, sum))
    })
}

/// Runs `unit`, and goes on with what it returned unless it failed.
fn then<U: db::Unit>(
    unit: U,
    next: impl FnOnce(U::Output) -> Plan<Context, Outcome> + Send + 'static,
) -> Plan<Context, Outcome> {
    Plan::run(unit, |outcome: Result<U::Output, db::Error>, _: &mut Context| match outcome {
        Ok(output) => next(output),
        Err(error) => Plan::Done(Err(Error::from(error))),
    })
}

/// Says how far it has come, then goes on.
fn emit(
    done: String,
    sum: Sum,
    next: impl FnOnce(Sum) -> Plan<Context, Outcome> + Send + 'static,
) -> Plan<Context, Outcome> {
    let progress = format!("{done} checked, {}", counted(sum.findings.len() as i64, "finding"));
    Plan::emit(Reply::Progress(progress).to_line(), move |_| next(sum))
}

fn respond(sum: &Sum) -> Answer {
    let mut table = Table::new(&["Where", "What is wrong"]);
    table.rows = sum.findings.iter().map(|found| vec![found.place.clone(), found.wrong.clone()]).collect();
    let json: Vec<_> =
        sum.findings.iter().map(|found| json!({"where": found.place, "what": found.wrong})).collect();
    let looked = format!(
        "{} and {} checked, and the catalog: {}.",
        counted_as(sum.mailboxes, "mailbox", "mailboxes"),
        counted(sum.accounts, "account"),
        match sum.findings.len() {
            0 => "nothing is wrong".to_owned(),
            count => counted(count as i64, "finding"),
        }
    );
    let indexes = match sum.amcheck {
        true => format!("{} compared with their tables.", counted_as(sum.indexes as i64, "index", "indexes")),
        false => "Indexes were not compared with their tables: a superuser can allow that by `create extension amcheck; \
                  grant execute on function bt_index_check(regclass) to aox_server`."
            .to_owned(),
    };
    Answer {
        sentences: vec![looked, indexes],
        table: (!table.rows.is_empty()).then_some(table),
        json: json!({"mailboxes": sum.mailboxes, "accounts": sum.accounts, "indexes": sum.indexes,
                     "amcheck": sum.amcheck, "findings": json}),
        good: sum.findings.is_empty(),
    }
}

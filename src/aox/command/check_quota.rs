//! `aox check quota [--repair]`: compares what is counted with what is there.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aox::answer::{Answer, Reply, Table, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, CheckedUsage, WrongPool, WrongUsage};
use crate::error::Error;
use crate::mailbox::AccountId;
use crate::plan::Plan;

/// Whether what is counted wrong is counted anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckQuota {
    #[serde(default)]
    pub repair: bool,
}

/// What has been found so far.
struct Sum {
    repair: bool,
    accounts: i64,
    users: Vec<WrongUsage>,
    pools: Vec<WrongPool>,
}

impl CheckQuota {
    /// Accounts first, page by page; then the groups and domains, which are sums of accounts.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let sum = Sum { repair: self.repair, accounts: 0, users: Vec::new(), pools: Vec::new() };
        next_page(AccountId(0), sum)
    }
}

fn next_page(after: AccountId, mut sum: Sum) -> Plan<Context, Outcome> {
    then(db::CheckUsage { after }, move |page: CheckedUsage| {
        sum.accounts += page.accounts;
        let Some(last) = page.last else { return check_pools(sum) };
        let first = sum.users.len();
        sum.users.extend(page.wrong);
        repair_users(first, last, sum)
    })
}

/// Counts anew the wrong accounts from the `n`th on, then goes on with the accounts after `last`.
fn repair_users(n: usize, last: AccountId, sum: Sum) -> Plan<Context, Outcome> {
    match sum.users.get(n).filter(|_| sum.repair).map(|wrong| wrong.account) {
        Some(account) => then(db::RepairUsage { account }, move |()| repair_users(n + 1, last, sum)),
        None => {
            let progress = format!("{} checked, {} wrong", counted(sum.accounts, "account"), sum.users.len());
            Plan::emit(Reply::Progress(progress).to_line(), move |_| next_page(last, sum))
        }
    }
}

fn check_pools(sum: Sum) -> Plan<Context, Outcome> {
    then(db::CheckPools, move |pools| repair_pools(0, Sum { pools, ..sum }))
}

fn repair_pools(n: usize, sum: Sum) -> Plan<Context, Outcome> {
    match sum.pools.get(n).filter(|_| sum.repair).map(WrongPool::repair) {
        Some(repair) => then(repair, move |()| repair_pools(n + 1, sum)),
        None => Plan::Done(Ok(respond(&sum))),
    }
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

fn respond(sum: &Sum) -> Answer {
    let users = sum.users.iter().map(|wrong| {
        let WrongUsage { counted_messages, counted_octets, messages, octets, .. } = *wrong;
        (format!("user/{}", wrong.login), [counted_messages, messages, counted_octets, octets])
    });
    let pools = sum.pools.iter().map(|wrong| {
        let WrongPool { counted_messages, counted_octets, messages, octets, .. } = *wrong;
        (wrong.root.clone(), [counted_messages, messages, counted_octets, octets])
    });
    let wrong: Vec<_> = users.chain(pools).collect();
    let mut table = Table::new(&["Quota", "Messages counted", "Messages", "Octets counted", "Octets"]);
    table.rows = wrong
        .iter()
        .map(|(root, numbers)| [vec![root.clone()], numbers.iter().map(i64::to_string).collect()].concat())
        .collect();
    let json = wrong.iter().map(|(root, [counted_messages, messages, counted_octets, octets])| {
        json!({"quota": root, "counted_messages": counted_messages, "messages": messages,
               "counted_octets": counted_octets, "octets": octets})
    });
    let json: Vec<_> = json.collect();
    let done = if sum.repair && !wrong.is_empty() { ", and counted anew" } else { "" };
    Answer {
        sentences: vec![format!(
            "{} checked: {} counted wrong{done}.",
            counted(sum.accounts, "account"),
            counted(wrong.len() as i64, "quota"),
        )],
        json: json!({"checked": sum.accounts, "wrong": json, "repaired": sum.repair}),
        table: (!table.rows.is_empty()).then_some(table),
        good: wrong.is_empty() || sum.repair,
    }
}

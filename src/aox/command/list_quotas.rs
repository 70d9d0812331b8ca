//! `aox list quotas`: every limit that was set, and how much is used of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::one_unit;
use crate::aox::answer::{Answer, Table, counted, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, Quota};
use crate::plan::Plan;
use crate::policy::quota::{Limits, Root, Usage};

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuotas {}

impl ListQuotas {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::ListQuotas, |quotas, _| Ok(list(&quotas)))
    }
}

/// Quotas as a table.
pub(super) fn list(quotas: &[Quota]) -> Answer {
    let mut table = Table::new(&["Quota", "Storage", "Messages", "Mailboxes", "Full"]);
    table.rows = quotas.iter().map(row).collect();
    let json = quotas.iter().map(|quota| json(&quota.root, &quota.limits, Some(&quota.usage)));
    Answer::list(table, "There are no limits; `aox set quota` sets some.", json.collect())
}

fn row(quota: &Quota) -> Vec<String> {
    let Quota { root, limits, usage } = quota;
    // The default is for many, who have each a usage of their own.
    let of = |used: String, limit: Option<String>| match (root, limit) {
        (Root::Default, limit) => limit.unwrap_or_default(),
        (_, Some(limit)) => format!("{used} of {limit}"),
        (_, None) => used,
    };
    let percent = usage.percent(limits).filter(|_| *root != Root::Default);
    vec![
        root.to_string(),
        of(size(usage.storage), limits.storage.map(size)),
        of(usage.messages.to_string(), limits.messages.map(|limit| limit.to_string())),
        of(usage.mailboxes.to_string(), limits.mailboxes.map(|limit| limit.to_string())),
        percent.map(|percent| format!("{percent} %")).unwrap_or_default(),
    ]
}

/// The limits, each with its unit.
pub(super) fn limits(limits: &Limits) -> Vec<String> {
    let number = |limit: u64, one: &str| counted(i64::try_from(limit).unwrap_or(i64::MAX), one);
    let mailboxes =
        |limit: u64| if limit == 1 { "1 mailbox".to_owned() } else { format!("{limit} mailboxes") };
    [
        limits.storage.map(|limit| format!("{} of mail", size(limit))),
        limits.messages.map(|limit| number(limit, "message")),
        limits.mailboxes.map(mailboxes),
        limits.annotations.map(|limit| format!("{} of annotations", size(limit))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A quota for programs.
pub(super) fn json(root: &Root, limits: &Limits, usage: Option<&Usage>) -> Value {
    let mut value = json!({
        "quota": root.to_string(),
        "limits": {"octets": limits.storage, "messages": limits.messages, "mailboxes": limits.mailboxes,
                   "annotation_octets": limits.annotations},
    });
    if let (Some(usage), Some(fields)) = (usage.filter(|_| *root != Root::Default), value.as_object_mut()) {
        let used = json!({"octets": usage.storage, "messages": usage.messages, "mailboxes": usage.mailboxes});
        fields.insert("usage".to_owned(), used);
        fields.insert("percent".to_owned(), json!(usage.percent(limits)));
    }
    value
}

fn size(count: u64) -> String {
    octets(i64::try_from(count).unwrap_or(i64::MAX))
}

//! Settings of accounts: what a new one gets.

use std::collections::HashSet;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::mailbox::FirstMailbox;

/// What accounts are like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// The mailboxes that are made with an account, beside INBOX.
    #[serde(deserialize_with = "read", serialize_with = "print")]
    pub first_mailboxes: Vec<FirstMailbox>,
}

impl Default for Accounts {
    fn default() -> Accounts {
        Accounts { first_mailboxes: FirstMailbox::defaults() }
    }
}

impl Accounts {
    /// What is wrong with the values together.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut names = HashSet::new();
        let mut uses = HashSet::new();
        let all = &self.first_mailboxes;
        let twice = all.iter().any(|first| !names.insert(first.name.as_str()))
            || all.iter().filter_map(|first| first.special_use).any(|special_use| !uses.insert(special_use));
        let wanted = "a list in which no name and no use comes twice".to_owned();
        if twice { vec![("accounts.first_mailboxes", wanted)] } else { Vec::new() }
    }
}

/// Empty items are skipped: that is how the environment gives an empty list.
fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FirstMailbox>, D::Error> {
    let items = Vec::<String>::deserialize(deserializer)?;
    let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    items.map(|item| item.parse().map_err(de::Error::custom)).collect()
}

fn print<S: Serializer>(mailboxes: &[FirstMailbox], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(mailboxes.iter().map(ToString::to_string))
}
